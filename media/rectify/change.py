"""What changed inside the marked region, against what changed around it.

Both photos are brought to one small grid in which the region is `BOX` pixels long. Each pixel's
cell is looked for in the other photo within `REACH` pixels, in both directions: parallax, light and
noise move a cell a little everywhere, what was repaired is not found again.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media.rectify.align import Box, Matrix

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Picture = NDArray[np.uint8]  # (height, width, 3), RGB

BOX = 56
MARGIN = 0.7  # of the box on each side: the surroundings
CELL = 11
REACH = 15
LOST = 0.5
_PENALTY = 0.12
_FLAT = 1.5  # grey levels: a cell with less contrast says nothing


@dataclass(frozen=True, slots=True)
class Grids:
    """Both photos on the region's grid: `rgb`, where both `seen`, and the box on it."""

    before: Picture
    after: Picture
    seen: Mask
    box: tuple[int, int, int, int]
    frame: Matrix  # from the grid to the before photo


@dataclass(frozen=True, slots=True)
class Search:
    """For each pixel the likeness of its best place (ZNCC, -1 to 1) and where that is."""

    likeness: Floats
    dx: NDArray[np.int16]
    dy: NDArray[np.int16]
    texture: Floats


def frame_of(box: Box) -> tuple[Matrix, tuple[int, int], tuple[int, int, int, int]]:
    """Return grid -> photo, the grid's width and height, and the box on the grid."""
    x0, y0, x1, y1 = box
    long = max(x1 - x0, y1 - y0)
    scale = BOX / long
    aside, above = (MARGIN * max(side, 0.5 * long) for side in (x1 - x0, y1 - y0))
    left, top = x0 - aside, y0 - above
    size = (round((x1 - x0 + 2 * aside) * scale), round((y1 - y0 + 2 * above) * scale))
    inner = [round(v * scale) for v in (aside, above, x1 - left, y1 - top)]
    frame = np.array([[1 / scale, 0, left], [0, 1 / scale, top], [0, 0, 1]])
    return frame, size, (inner[0], inner[1], inner[2], inner[3])


def search(one: Floats, two: Floats, cell: int, reach: int) -> tuple[Search, Search]:
    """Look for each cell of `one` in `two` and the other way round, in one pass.

    The product of the two pictures at a shift serves both directions. The outermost half cell is
    not looked at: its likeness stays nan.
    """
    means = [_mean(picture, cell) for picture in (one, two)]
    spreads = [
        np.sqrt(np.maximum(_mean(picture * picture, cell) - mean * mean, 1e-3))
        for picture, mean in zip((one, two), means, strict=True)
    ]
    inverse = [1 / spread for spread in spreads]
    best = [np.full(one.shape, -9, np.float32) for _ in range(2)]
    like = [np.full(one.shape, np.nan, np.float32) for _ in range(2)]
    chosen = [np.zeros(one.shape, np.int16) for _ in range(2)]
    shifts = _shifts(reach)
    for number, (dx, dy) in enumerate(shifts):
        at = _overlap(one.shape, dx, dy), _overlap(one.shape, -dx, -dy)
        z = _mean(one[at[0]] * two[at[1]], cell)
        z -= means[0][at[0]] * means[1][at[1]]
        z *= inverse[0][at[0]]
        z *= inverse[1][at[1]]
        z = z[cell // 2 : -(cell // 2), cell // 2 : -(cell // 2)]
        score = z - np.float32(_PENALTY * np.hypot(dx, dy) / reach)
        for which in (0, 1):
            here = _overlap(one.shape, *((dx, dy) if which == 0 else (-dx, -dy)), cell // 2)
            better = score > best[which][here]
            np.copyto(best[which][here], score, where=better)
            np.copyto(like[which][here], z, where=better)
            np.copyto(chosen[which][here], number, where=better)
    table = np.array(shifts, np.int16)
    ways = [table[which] for which in chosen]
    return (
        Search(like[0], ways[0][..., 0], ways[0][..., 1], spreads[0]),
        Search(like[1], -ways[1][..., 0], -ways[1][..., 1], spreads[1]),
    )


def _shifts(reach: int) -> list[tuple[int, int]]:
    """Return all shifts of at most `reach` pixels (corners cut), the nearest first."""
    span = range(-reach, reach + 1)
    every = [(dx, dy) for dx in span for dy in span if dx * dx + dy * dy <= 1.3 * reach * reach]
    return sorted(every, key=lambda shift: (shift[0] ** 2 + shift[1] ** 2, shift))


def _overlap(shape: tuple[int, ...], dx: int, dy: int, rim: int = 0) -> tuple[slice, slice]:
    """Return the part of a picture that a shift by (dx, dy) leaves inside, less a rim."""
    height, width = shape
    return (
        slice(max(0, -dy) + rim, min(height, height - dy) - rim),
        slice(max(0, -dx) + rim, min(width, width - dx) - rim),
    )


def _mean(picture: Floats, cell: int) -> Floats:
    return cv2.boxFilter(picture, cv2.CV_32F, (cell, cell), borderType=cv2.BORDER_REFLECT)
