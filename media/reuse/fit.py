"""Is one photo a copy of another? Local features fit one turn, scale and shift far too well.

So does another photo of a bare wall from a step aside. What is left in error tells the two: that
of a copy is noise, for cutting, scaling and turning are linear, and so is the rounding of its
sides; who moved sees the wall under another angle, which is not (`bent`), and depth shifts
neighbours alike (`coherent`). `anshao bench reuse` measures both, also by lines that were chosen on
other scenes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.reuse import Fitted
from media import exif as exif_block
from media import images
from media.rectify import align
from media.rectify.align import Gray, Points

EDGE = 640
_WIDE = 2.0  # pixels: what still counts as one fit
_NEIGHBOURS = 3
_BENT_MIN = 20  # matches: fewer bend by chance


@dataclass(frozen=True, slots=True)
class Fit:
    """How many matches agree, their share, the median error of those in pixels, what that is like.

    Both from -1 to 1, less what chance gives. `coherent`: how much of what is left in error
    neighbours share. `bent`: how much of what a linear fit leaves a quadratic one explains.
    """

    agree: int
    share: float
    error: float
    coherent: float
    bent: float

    @property
    def numbers(self) -> Fitted:
        """As `domain.reuse.action` takes it."""
        return self.agree, self.share, self.error, self.coherent, self.bent


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
    nothing = Fit(0, 0.0, float("inf"), 0.0, 0.0)
    if len(pairs) < 4:
        return nothing
    source, target = points[pairs[:, 0]], other.points[pairs[:, 1]]
    found, marks = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=_WIDE)
    way, agreed = align.matrix(found), align.kept_of(marks)
    if way is None or agreed is None or not agreed.any():
        return nothing
    apart = target - (source @ way[:, :2].T + way[:, 2])
    errors = np.linalg.norm(apart, axis=1)
    near = errors <= 2 * _WIDE  # parallax goes on where the fit ends
    return Fit(
        int(agreed.sum()),
        float(agreed.mean()),
        float(np.median(errors[agreed])),
        _coherent(source[near], target[near]),
        _bent(source[near], target[near]),
    )


def _coherent(source: Points, target: Points) -> float:
    """Return how alike neighbouring points deviate from the best turn, scale and shift."""
    if len(source) < _NEIGHBOURS + 2:
        return 0.0
    left = _left(source, target)
    apart = np.linalg.norm(source[:, None] - source[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = np.argpartition(apart, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
    around = left[nearest].mean(axis=1)
    size = float(np.sqrt((left**2).sum() * (around**2).sum()))
    alike = float((left * around).sum()) / size if size > 0 else 0.0
    return alike - 1 / float(np.sqrt(len(source)))


def _bent(source: Points, target: Points) -> float:
    """Return the share of what a linear fit leaves that a quadratic one explains."""
    count = len(source)
    if count < _BENT_MIN:
        return 0.0
    x, y = ((source - source.mean(0)) / (source.std(0) + 1e-9)).astype(np.float64).T
    rows = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], 1)
    linear, curved = (_spread(rows[:, :terms], target) for terms in (3, 6))
    share = 1 - curved / linear if linear > 0 else 0.0
    return share - float(np.sqrt(12)) / (2 * count - 12)


def _spread(rows: NDArray[np.float64], target: Points) -> float:
    """Return the variance that the best fit leaves, for the freedom it has left."""
    wanted = target.astype(np.float64)
    left = wanted - rows @ np.linalg.lstsq(rows, wanted, rcond=None)[0]
    return float((left**2).sum()) / (left.size - 2 * rows.shape[1])


def _left(source: Points, target: Points) -> NDArray[np.float64]:
    """Return what the least-squares turn, scale and shift leave of each point."""
    x, y = source.astype(np.float64).T
    one, none = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([
        np.stack([x, -y, one, none], 1), np.stack([y, x, none, one], 1),
    ])  # fmt: skip
    wanted = target.astype(np.float64).T.ravel()
    way = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    return (wanted - rows @ way).reshape(2, -1).T
