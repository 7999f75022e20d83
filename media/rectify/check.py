"""All steps of the rectification check, from two files to findings and a picture of the heat.

`domain.rectification.judge` makes a verdict of the findings. Needs NumPy and OpenCV, nothing else;
about one second of a phone's time, and no more memory than the decoded photos.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from domain.rectification import Findings, Limits, RegionError
from media import images
from media.rectify import align, change, copies, grids, photos, quality, scene
from media.rectify.align import Box, Matrix
from media.rectify.cells import Floats
from media.rectify.photos import Photo, Picture

_DIFFERENT = 30  # grey levels of the literal comparison
_SIDE_MIN = 8  # pixels of the original


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings, and what is needed to show them (see `media.rectify.heat`).

    `apart_px`: how badly the best turn, scale and shift fits (see `copies`); None: they do not.
    """

    findings: Findings
    before: Photo
    after: Photo
    box: Box
    fit: Matrix | None  # from the before photo to the after photo, as decoded
    heat: Floats | None = None  # 0 to 1 over the region's grid
    frame: Matrix | None = None  # from that grid to the before photo, as decoded
    apart_px: float | None = None


def check(before: bytes, after: bytes, box: Box, limits: Limits) -> Checked:
    """Compare two photos; `box` is left, top, right, bottom in pixels of the upright before photo.

    Raises PictureError, PictureTooLargeError, and RegionError where the box is not in the photo.
    """
    facts = images.inspect(before)
    region = inside(box, facts.width, facts.height)
    share = photos.share_of(region, facts.width, facts.height)
    one, two = photos.opened(before, share), photos.opened(after, share)
    return compared(one, two, region, limits)


def compared(before: Photo, after: Photo, box: Box, limits: Limits) -> Checked:
    """Compare decoded photos; `box` in pixels of the upright original."""
    marked = _scaled(box, before.scale)
    shrinks = [_shrink(one) for one in (before, after)]
    small = [photos.reduced(p.rgb, s) for p, s in zip((before, after), shrinks, strict=True)]
    grey = [photos.grey(one) for one in small]
    flaws = (
        *quality.flaws(grey[0], "before", before.edge, limits.quality),
        *quality.flaws(grey[1], "after", after.edge, limits.quality),
    )
    literal = full_frame(small[0], small[1])
    region = _scaled(marked, shrinks[0])
    alignment = align.register(grey[0], grey[1], region)
    if alignment is None:
        return Checked(Findings(flaws, literal), before, after, marked, None)
    grow, shrink = (np.diag([s, s, 1.0]) for s in (1 / shrinks[1], shrinks[0]))
    fits = [grow @ fit @ shrink for fit in alignment.fits]
    laid = grids.laid_out(before.rgb, after.rgb, marked, fits)
    seen = change.measured(laid)
    apart_px = copies.residual(alignment, max(grey[0].shape))
    findings = Findings(
        flaws,
        literal,
        scene.agreement(grey[0], grey[1], region, alignment.fits[0]),
        apart_px < limits.copy_px,
        seen.features if seen else None,
        seen.share if seen else None,
        align.slant(alignment.fits[0], region),
    )
    if seen is None:
        return Checked(findings, before, after, marked, fits[0], apart_px=apart_px)
    return Checked(findings, before, after, marked, laid.fit, seen.heat, laid.frame, apart_px)


def expect(before: Photo) -> None:
    """Describe a photo before the other is there, so that the comparison takes less time."""
    align.described(photos.grey(photos.reduced(before.rgb, _shrink(before))))


def full_frame(before: Picture, after: Picture) -> float:
    """Return the literal share of pixels that differ, the photos laid on each other as they are."""
    height, width = before.shape[:2]
    other = cv2.resize(after, (width, height), interpolation=cv2.INTER_AREA)
    differ = cv2.absdiff(before, other).max(2) > _DIFFERENT
    return float(differ.mean())


def inside(box: Box, width: int, height: int) -> Box:
    """Return the box cut to the photo; raises RegionError where nothing usable is left."""
    if not all(math.isfinite(side) for side in box):
        raise RegionError(least=_SIDE_MIN)
    left, top = max(0.0, box[0]), max(0.0, box[1])
    right, bottom = min(float(width), box[2]), min(float(height), box[3])
    if not (right - left >= _SIDE_MIN and bottom - top >= _SIDE_MIN):
        raise RegionError(least=_SIDE_MIN)
    return left, top, right, bottom


def _shrink(photo: Photo) -> float:
    return min(1.0, photos.REGISTER_EDGE / max(photo.rgb.shape))


def _scaled(box: Box, factor: float) -> Box:
    left, top, right, bottom = (side * factor for side in box)
    return left, top, right, bottom
