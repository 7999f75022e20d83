"""Both photos on one small grid around the marked region, laid on each other as well as they go."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media.rectify.align import Box, Matrix, jacobian
from media.rectify.cells import Floats, boxed, search
from media.rectify.photos import Picture, grey, reduced

EDGE = 112  # pixels of the region's longer side
_MARGIN = 0.7  # surroundings on each side, of the region's side (at least of half the longer one)
_INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_BURNT = 253
_ROUGH_CELL, _ROUGH_REACH = 7, 7

Mask = NDArray[np.bool_]
Corners = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Grids:
    """The two pictures (RGB), where both show something, and the region's corners.

    `fit` leads from the before photo to the after photo, `frame` from the grid to the before photo.
    """

    before: Picture
    after: Picture
    seen: Mask
    corners: Corners
    fit: Matrix
    frame: Matrix


def laid_out(before: Picture, after: Picture, box: Box, fits: Sequence[Matrix]) -> Grids:
    """Return the grids by the fit that makes the surroundings and the region most alike."""
    frame, size, corners = _frame(box)
    shrink = min(1.0, 1 / float(frame[0, 0]))
    one = _warped(reduced(before, shrink), _centres(shrink) @ frame, size)
    seen = _covered(before, frame, size)
    rough = _quarter(one)
    best: tuple[float, Picture, Mask, Matrix] | None = None
    for fit in fits:
        down = min(1.0, shrink / _zoom(fit, box))
        two = _warped(reduced(after, down), _centres(down) @ fit @ frame, size)
        both = seen & _covered(after, fit @ frame, size)
        alike = _alike(rough, _quarter(two), both) if len(fits) > 1 else 0.0
        if best is None or alike > best[0]:
            best = alike, two, both, fit
    assert best is not None
    return Grids(one, best[1], best[2], corners, best[3], frame)


def halved(grids: Grids) -> Grids:
    """Return the grids at half their size."""
    before, after = _half(grids.before), _half(grids.after)
    seen = _half(grids.seen.astype(np.uint8) * 255) > 254
    left, top, right, bottom = (round(side / 2) for side in grids.corners)
    frame = grids.frame @ np.diag([2.0, 2.0, 1.0])
    return Grids(before, after, seen, (left, top, right, bottom), grids.fit, frame)


def parts(grids: Grids, cell: int) -> tuple[Mask, Mask] | None:
    """Return the region and its surroundings where both photos show them; None: not enough."""
    left, top, right, bottom = grids.corners
    inside = np.zeros(grids.seen.shape, bool)
    inside[top:bottom, left:right] = True
    around = np.ones(grids.seen.shape, bool)
    gap = cell // 2  # a cell of the surroundings shows nothing of the region
    around[max(0, top - gap) : bottom + gap, max(0, left - gap) : right + gap] = False
    shown = grids.seen.astype(np.float32)
    full: Mask = boxed(shown, cell, cv2.BORDER_CONSTANT) > 0.9
    for picture in (grids.before, grids.after):  # what is burnt out shows nothing
        burnt = (picture.min(2) >= _BURNT).astype(np.float32)
        full &= boxed(burnt, cell, cv2.BORDER_CONSTANT) < 0.5
    region, ring = inside & full, around & full
    if region.sum() < 0.3 * inside.sum():
        return None
    if ring.sum() < 100:
        ring = grids.seen & ~inside
    return (region, ring) if ring.sum() >= 25 else None


def _frame(box: Box) -> tuple[Matrix, tuple[int, int], Corners]:
    """Return the way from the grid to the photo, the grid's size, and the region on the grid."""
    left, top, right, bottom = box
    long = max(right - left, bottom - top)
    scale = EDGE / long
    aside, above = (_MARGIN * max(side, 0.5 * long) for side in (right - left, bottom - top))
    x, y = left - aside, top - above
    size = (round((right + aside - x) * scale), round((bottom + above - y) * scale))
    frame = np.array([[1 / scale, 0, x], [0, 1 / scale, y], [0, 0, 1]])
    corners = (aside * scale, above * scale, (right - x) * scale, (bottom - y) * scale)
    return frame, size, (round(corners[0]), round(corners[1]), round(corners[2]), round(corners[3]))


def _zoom(fit: Matrix, box: Box) -> float:
    """Return how much larger the region is in the after photo."""
    area = abs(float(np.linalg.det(jacobian(fit, box))))
    return min(4.0, max(0.25, area**0.5))


def _alike(one: Floats, two: Floats, seen: Mask) -> float:
    shown = _half(_half(seen.astype(np.uint8) * 255)) > 254
    found, _ = search(one, two, _ROUGH_CELL, _ROUGH_REACH)
    looked = ~np.isnan(found.likeness)
    weight = (np.clip(found.texture, 0, 25) + 0.1) * looked
    return float((np.nan_to_num(found.likeness) * shown * weight).sum() / weight.sum())


def _warped(picture: Picture, way: Matrix, size: tuple[int, int]) -> Picture:
    return cv2.warpPerspective(picture, way, size, flags=_INVERSE).astype(np.uint8, copy=False)


def _covered(picture: Picture, way: Matrix, size: tuple[int, int]) -> Mask:
    """Return where the grid lies on the picture."""
    full = np.full(picture.shape[:2], 255, np.uint8)
    return np.asarray(cv2.warpPerspective(full, way, size, flags=_INVERSE)) > 254


def _centres(shrink: float) -> Matrix:
    """Return the way of coordinates when a picture shrinks: pixel centres stay where they are."""
    off = 0.5 * shrink - 0.5
    return np.array([[shrink, 0, off], [0, shrink, off], [0, 0, 1]])


def _half(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = (max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _quarter(picture: Picture) -> Floats:
    return _half(grey(_half(picture))).astype(np.float32)
