"""Finding each cell of one grey picture in another: the search under registration's accuracy."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FAR_COSTS = 0.12  # likeness that the farthest place must have more than the nearest


@dataclass(frozen=True, slots=True)
class Search:
    """For each pixel's cell: how alike its best place is (ZNCC, -1 to 1), and where that is.

    `texture` is the standard deviation in grey levels. Where nothing was looked for: nan.
    """

    likeness: Floats
    dx: NDArray[np.int16]
    dy: NDArray[np.int16]
    texture: Floats


def search(one: Floats, two: Floats, cell: int, reach: int) -> tuple[Search, Search]:
    """Look for each cell of `one` in `two` and the other way round, in one pass.

    The product of the two pictures at a shift serves both directions. The outermost half cell is
    not looked at.
    """
    means = [mean(picture, cell) for picture in (one, two)]
    spreads = [
        np.sqrt(np.maximum(mean(picture * picture, cell) - middle * middle, 1e-3))
        for picture, middle in zip((one, two), means, strict=True)
    ]
    inverse = [1 / spread for spread in spreads]
    best = [np.full(one.shape, -9, np.float32) for _ in range(2)]
    alike = [np.full(one.shape, np.nan, np.float32) for _ in range(2)]
    chosen = [np.zeros(one.shape, np.int16) for _ in range(2)]
    shifts = _shifts(reach)
    rim = cell // 2
    for number, (dx, dy) in enumerate(shifts):
        at = _overlap(one.shape, dx, dy), _overlap(one.shape, -dx, -dy)
        z = mean(one[at[0]] * two[at[1]], cell)
        z -= means[0][at[0]] * means[1][at[1]]
        z *= inverse[0][at[0]]
        z *= inverse[1][at[1]]
        z = z[rim : z.shape[0] - rim, rim : z.shape[1] - rim]
        score = z - np.float32(FAR_COSTS * np.hypot(dx, dy) / reach)
        for which, sign in ((0, 1), (1, -1)):
            here = _overlap(one.shape, sign * dx, sign * dy, rim)
            better = score > best[which][here]
            np.copyto(best[which][here], score, where=better)
            np.copyto(alike[which][here], z, where=better)
            np.copyto(chosen[which][here], number, where=better)
    ways = [np.array(shifts, np.int16)[which] for which in chosen]
    return (
        Search(alike[0], ways[0][..., 0], ways[0][..., 1], spreads[0].astype(np.float32)),
        Search(alike[1], -ways[1][..., 0], -ways[1][..., 1], spreads[1].astype(np.float32)),
    )


def mean(picture: Floats, cell: int) -> Floats:
    """Return the mean of each pixel's cell."""
    return boxed(picture, cell, cv2.BORDER_REFLECT)


def boxed(picture: Floats, cell: int, border: int) -> Floats:
    """Return the mean of each pixel's cell with that kind of border."""
    found = cv2.boxFilter(picture, cv2.CV_32F, (cell, cell), borderType=border)
    return found.astype(np.float32, copy=False)


def _shifts(reach: int) -> list[tuple[int, int]]:
    """Return all shifts of about `reach` pixels at most (corners cut), the nearest first."""
    span = range(-reach, reach + 1)
    every = [(dx, dy) for dx in span for dy in span if dx * dx + dy * dy <= 1.3 * reach * reach]
    return sorted(every, key=lambda shift: (shift[0] ** 2 + shift[1] ** 2, shift))


def _overlap(shape: tuple[int, ...], dx: int, dy: int, rim: int = 0) -> tuple[slice, slice]:
    """Return the part of a picture that a shift by (dx, dy) leaves inside, less a rim."""
    height, width = shape
    top, left = min(height, max(0, -dy) + rim), min(width, max(0, -dx) + rim)
    bottom, right = min(height, height - dy) - rim, min(width, width - dx) - rim
    return slice(top, max(top, bottom)), slice(left, max(left, right))
