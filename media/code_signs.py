"""Where a QR code seems to be, read or not: two of its corner squares are enough.

Worn and blurred codes that no engine reads nearly always keep two of the three squares in a square
in a square. Nothing is decoded, so it costs some 8 ms a megapixel and is the same on every machine.
Measured: it sees 31 of 34 labels that are too worn to be read (zxing tells of 8, OpenCV of 1), 59
of 64 hard codes that a quick look does not read, and nothing in 334 pictures without a code.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from media import vision
from media.codes import Code, Point, outline
from media.vision import Gray

PIXELS_MAX = 2_500_000  # a larger picture is halved
FIELD = 15  # px: what is darker than the mean around it is black; 25 px: 17 of 34, 51 px: 3
SQUARES_MAX = 60  # a wall of tiles shall not cost the time of its pairs
# areas of the squares of 7, 5 and 3 modules over each other, with room for blur and for ink
OUTER_OVER_INNER, MIDDLE_OVER_INNER = (2.5, 14.0), (1.3, 6.0)  # as printed: 5.4 and 2.8
INNER_MIN = 6.0  # px²
FLAT = 0.5  # sides of a square seen askew
OFF_CENTRE = 0.2  # of the outer side
ALIKE = 1.7  # the larger of two squares over the smaller
APART = (1.5, 15.0)  # outer sides from corner to corner of a code: of 18 to 90 modules


@dataclass(frozen=True, slots=True)
class _Square:
    """A corner square: its middle, and its side in pixels."""

    middle: Point
    side: float


def signs(picture: Gray) -> list[Code]:
    """Return a code without text for every two squares that belong together."""
    while picture.size > PIXELS_MAX:
        picture = vision.half(picture)
    height, width = picture.shape
    squares = sorted(_squares(vision.soft_binary(picture, FIELD)), key=lambda one: -one.side)
    return [
        Code("", "qr", outline(_between(one, other), width, height))
        for one, other in itertools.combinations(squares[:SQUARES_MAX], 2)
        if _together(one, other)
    ]


def _squares(binary: Gray) -> Iterator[_Square]:
    """Yield what is a dark square in a light one in a dark one, by its outlines in each other."""
    contours, tree = cv2.findContours(255 - binary, cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)
    parents: list[int] = np.reshape(tree, (-1, 4))[:, 3].tolist() if contours else []
    for inner, middle in enumerate(parents):
        outer = parents[middle] if middle >= 0 else -1
        if outer < 0:
            continue
        found = _square(*(_box(contours[one]) for one in (outer, middle, inner)))
        if found is not None:
            yield found


def _box(contour: cv2.typing.MatLike) -> tuple[Point, Point]:
    """Return the middle of the least rectangle around it, turned or not, and its sides."""
    (x, y), (width, height), _ = cv2.minAreaRect(contour)
    return (float(x), float(y)), (float(width), float(height))


def _square(*nested: tuple[Point, Point]) -> _Square | None:
    """Return the corner square that three rectangles make, from the outside in; None: none."""
    (place, size), (_, between), (core, least) = nested
    area, inner = math.prod(size), math.prod(least)
    if inner < INNER_MIN or min(size) < FLAT * max(size) or min(least) < FLAT * max(least):
        return None
    if not OUTER_OVER_INNER[0] < area / inner < OUTER_OVER_INNER[1]:
        return None
    if not MIDDLE_OVER_INNER[0] < math.prod(between) / inner < MIDDLE_OVER_INNER[1]:
        return None
    side = math.sqrt(area)
    return _Square(place, side) if math.dist(place, core) < OFF_CENTRE * side else None


def _together(one: _Square, other: _Square) -> bool:
    least, most = sorted((one.side, other.side))
    apart = math.dist(one.middle, other.middle) / most
    return most <= ALIKE * least and APART[0] <= apart <= APART[1]


def _between(one: _Square, other: _Square) -> tuple[Point, ...]:
    """Return a square around the middle of two: what a code is about, whichever corners it is."""
    (x0, y0), (x1, y1) = one.middle, other.middle
    x, y, half = (x0 + x1) / 2, (y0 + y1) / 2, math.dist((x0, y0), (x1, y1)) / 2
    return ((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half))
