"""Is one photo a copy of another? Local features fit one turn, scale and shift far too well.

Measured on 3 154 pairs of other photos of the same places: none fitted like this; copies, re-saved,
resized, cropped, mirrored, turned, from a screen: 0.997 (guide EVIDENCE_VISION, section 3).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from media import exif as exif_block
from media import images
from media.rectify import align
from media.rectify.align import Gray, Points

EDGE = 640
_WIDE = 2.0  # pixels: what still counts as one fit


@dataclass(frozen=True, slots=True)
class Fit:
    """How many matches agree, their share, and the median error of those in pixels."""

    agree: int
    share: float
    error: float


@dataclass(frozen=True, slots=True)
class Look:
    """A photo ready to be compared, as it is and mirrored."""

    points: Points
    words: align.Words
    picture: Gray


def look(data: bytes) -> Look:
    """Decode a photo and describe it; raises PictureError and PictureTooLargeError."""
    picture = images.open_picture(data)
    orientation = exif_block.read(picture).orientation
    longest = max(picture.size)
    scale = next(s for s in (8, 4, 2, 1) if s == 1 or longest // s >= EDGE)
    grey = images.shrunk(images.upright(images.decode(picture, scale, "L"), orientation), EDGE)
    array = np.asarray(grey)
    points, words = align.described(array, 800)
    return Look(points, words, array)


def compare(one: Look, two: Look) -> Fit:
    """Return the best fit of `one`, as it is or mirrored, on `two`."""
    straight = _fit(one.points, one.words, two)
    if straight.agree >= 20 and straight.share >= 0.6:
        return straight
    mirrored = _fit(*align.described(np.ascontiguousarray(one.picture[:, ::-1]), 800), two)
    return max(straight, mirrored, key=lambda fit: (fit.share * min(fit.agree, 20), -fit.error))


def _fit(points: Points, words: align.Words, other: Look) -> Fit:
    pairs = align.matched(words, other.words, 0.8)
    nothing = Fit(0, 0.0, float("inf"))
    if len(pairs) < 4:
        return nothing
    source, target = points[pairs[:, 0]], other.points[pairs[:, 1]]
    found, marks = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=_WIDE)
    way, agreed = align.matrix(found), align.kept_of(marks)
    if way is None or agreed is None or not agreed.any():
        return nothing
    moved = source[agreed] @ way[:, :2].T + way[:, 2]
    error = float(np.median(np.linalg.norm(moved - target[agreed], axis=1)))
    return Fit(int(agreed.sum()), float(agreed.mean()), error)
