"""Registration: where the place seen in one photo is in the other, outside the marked region.

Pictures are grey uint8; points and boxes are in pixels of the picture given, x before y.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Points = NDArray[np.float32]  # (n, 2)
Words = NDArray[np.float32]  # (n, 128), each of length one
Matrix = NDArray[np.float64]  # (3, 3)
Kept = NDArray[np.bool_]
Box = tuple[float, float, float, float]  # left, top, right, bottom

POINTS_MAX = 1500
MATCHES_MIN = 14
INLIERS_MIN = 22  # another place reached 19 at most, the same place 35 at least
_REMEMBERED = 4  # pictures, of some 1.3 MB each with their words
_RATIO = 0.8  # a match must be so much better than the second best
_NEAREST = 24
_NEIGHBOURS, _ASKED = 8, 400  # of the residual


@dataclass(frozen=True, slots=True)
class Alignment:
    """How before and after lie to each other.

    `fits`: matrices from before to after, the one of the whole picture first, then guesses for the
    region; `source`, `target`: the matches that obey the first; `matches`: how many there were.
    """

    fits: tuple[Matrix, ...]
    source: Points
    target: Points
    matches: int

    @property
    def inliers(self) -> int:
        """Return how many matches agree."""
        return len(self.source)


def register(before: Gray, after: Gray, box: Box) -> Alignment | None:
    """Return how the two lie to each other by what is outside `box`; None where they do not fit."""
    place, words = described(before)
    other, other_words = described(after)
    inside = within(place, box)
    outside = ~inside
    if outside.sum() < MATCHES_MIN or len(other) < MATCHES_MIN:
        return None
    pairs = matched(words[outside], other_words, _RATIO)
    if len(pairs) < MATCHES_MIN:
        return None
    source, target = place[outside][pairs[:, 0]], other[pairs[:, 1]]
    whole, kept = _homography(source, target, 4.0, 3000)
    if whole is None or not _sane(whole, before.shape) or kept.sum() < INLIERS_MIN:
        return None
    fits = [whole, *_near(source, target, box, whole)]
    own = _own(place[inside], words[inside], other, other_words)
    if own is not None:
        fits.append(own)
    return Alignment(tuple(fits), source[kept], target[kept], len(pairs))


def described(picture: Gray, most: int = POINTS_MAX) -> tuple[Points, Words]:
    """Return the picture's points and their descriptors (RootSIFT, light evened out).

    Most of a comparison's time goes here, so the last few pictures are remembered: the photo before
    is described while the camera opens, and both once more when they are shown side by side.
    """
    height, width = picture.shape
    return _described(picture.tobytes(), height, width, most)


def forget() -> None:
    """Remember no picture: a benchmark times the whole of the work."""
    _described.cache_clear()


@lru_cache(maxsize=_REMEMBERED)
def _described(pixels: bytes, height: int, width: int, most: int) -> tuple[Points, Words]:
    picture = np.frombuffer(pixels, np.uint8).reshape(height, width)
    even = cv2.createCLAHE(2.0, (8, 8)).apply(picture)
    sift = cv2.SIFT.create(most, contrastThreshold=0.02)
    found, words = sift.detectAndCompute(even, np.empty(0, np.uint8))
    if not found:
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    sums = np.abs(words).sum(1, keepdims=True) + 1e-7
    return np.array([one.pt for one in found], np.float32), np.sqrt(words / sums, dtype=np.float32)


def within(points: Points, box: Box) -> NDArray[np.bool_]:
    """Return which points lie in the box."""
    x, y = points[:, 0], points[:, 1]
    return (x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3])


def jacobian(fit: Matrix, box: Box) -> Matrix:
    """Return how a step on the source moves the target at the middle of the box, (2, 2)."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    points = np.array([[[x, y]], [[x + 1, y]], [[x, y + 1]]], np.float64)
    centre, beside, below = cv2.perspectiveTransform(points, fit)[:, 0]
    return np.array([beside - centre, below - centre], np.float64)


def slant(fit: Matrix, box: Box) -> float:
    """Return how much shorter the region is seen one way: 1 from the same side, 2 at 60."""
    most, least = np.linalg.svd(jacobian(fit, box))[1]
    return float(most / max(least, 1e-6))


def similarity_residual(source: Points, target: Points) -> float:
    """Return by how many pixels the best turn, scale and shift (robustly fitted) misses.

    Errors are taken together with those of the nearest points first: the noise of single points
    goes away, depth and perspective move neighbours alike and stay.
    """
    x, y = source.astype(np.float64).T
    one, zero = np.ones(len(x)), np.zeros(len(x))
    rows = np.stack([np.c_[x, -y, one, zero], np.c_[y, x, zero, one]], 1).reshape(-1, 4)
    goal, weight = target.astype(np.float64).ravel(), np.ones(len(x))
    error = np.zeros((len(x), 2))
    for _ in range(6):
        root = np.sqrt(np.repeat(weight, 2))
        fit = np.linalg.lstsq(rows * root[:, None], goal * root, rcond=None)[0]
        error = (goal - rows @ fit).reshape(-1, 2)
        size = np.hypot(error[:, 0], error[:, 1])
        weight = 1 / (1 + (size / (np.median(size) + 1e-6)) ** 2)
    asked = np.linspace(0, len(x) - 1, min(len(x), _ASKED)).astype(int)
    far = ((source[asked, None] - source[None]) ** 2).sum(2)
    near = np.argpartition(far, min(_NEIGHBOURS, len(x)) - 1, axis=1)[:, :_NEIGHBOURS]
    common = np.median(error[near], axis=1)
    return float(np.median(np.hypot(common[:, 0], common[:, 1])))


def matched(words: Words, others: Words, ratio: float) -> NDArray[np.intp]:
    """Return pairs of indices that choose each other and nobody else nearly as well."""
    if len(words) < 2 or len(others) < 2:
        return np.zeros((0, 2), np.intp)
    alike = words @ others.T  # both have length one: the nearest is the most alike
    first = alike.argmax(1)
    row = np.arange(len(words))
    best = alike[row, first]
    mutual = alike.argmax(0)[first] == row
    alike[row, first] = -1
    apart = (1 - best) < ratio * ratio * (1 - alike.max(1))
    keep = np.flatnonzero(mutual & apart)
    return np.stack([keep, first[keep]], 1)


def _near(source: Points, target: Points, box: Box, whole: Matrix) -> Iterator[Matrix]:
    """Yield fits of what is around the box: a place is not flat."""
    _, fine = cv2.findFundamentalMat(source, target, cv2.USAC_MAGSAC, 1.5, 0.999, 2000)
    agreed = kept_of(fine)
    if agreed is None:
        return
    source, target = source[agreed], target[agreed]
    if len(source) < 12:
        return
    size = float(np.hypot(box[2] - box[0], box[3] - box[1]))
    centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    far = np.linalg.norm(source - centre, axis=1)
    near = np.argsort(far)[: max(_NEAREST, int((far < size).sum()))]
    near = near[far[near] < 1.8 * size]
    if len(near) >= 12:
        local, kept = _homography(source[near], target[near], 2.5, 4000)
        if local is not None and kept.sum() >= 10:
            corners = np.array([[[box[i], box[j]]] for i in (0, 2) for j in (1, 3)], np.float32)
            moved = cv2.perspectiveTransform(corners, local)
            usual = cv2.perspectiveTransform(corners, whole)
            if np.abs(moved - usual).max() <= 0.6 * size:
                yield local
    for reach in (0.8, 2.0):
        yield _affine(source, target, centre, np.exp(-((far / (reach * size)) ** 2) / 2) + 1e-4)


def _affine(
    source: Points, target: Points, centre: NDArray[np.float64], weight: NDArray[np.float64]
) -> Matrix:
    """Return the affine fit with these weights, robust against what lies elsewhere."""
    rows = np.c_[source - centre, np.ones(len(source))]
    goal, now = target.astype(np.float64), weight
    fit: Matrix = np.zeros((3, 2))
    for _ in range(8):
        root = np.sqrt(now)[:, None]
        fit = solved(rows * root, goal * root)
        error = np.linalg.norm(goal - rows @ fit, axis=1)
        now = weight / (1 + (error / (np.average(error, weights=weight) + 0.5)) ** 2)
    matrix = np.eye(3)
    matrix[:2, :2] = fit[:2].T
    matrix[:2, 2] = fit[2] - fit[:2].T @ centre
    return matrix


def _own(inside: Points, words: Words, other: Points, others: Words) -> Matrix | None:
    """Return where the region's own points went together, if they did."""
    pairs = matched(words, others, 0.85)
    if len(pairs) < 5:
        return None
    found, marks = cv2.estimateAffine2D(
        inside[pairs[:, 0]], other[pairs[:, 1]], ransacReprojThreshold=4.0
    )
    fit, kept = matrix(found), kept_of(marks)
    if fit is None or kept is None or kept.sum() < 5 or not 0.2 < np.linalg.det(fit[:, :2]) < 5:
        return None
    return np.vstack([fit, [0.0, 0.0, 1.0]])


def _homography(
    source: Points, target: Points, reach: float, tries: int
) -> tuple[Matrix | None, Kept]:
    """Return the plane's way, and which matches obey it; None where there is none."""
    found, marks = cv2.findHomography(source, target, cv2.USAC_MAGSAC, reach, None, tries, 0.999)
    kept = kept_of(marks)
    if kept is None:
        return None, np.zeros(len(source), bool)
    return matrix(found), kept


def solved(rows: NDArray[np.float64], goal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least squares solution of rows times it = goal."""
    return np.asarray(np.linalg.lstsq(rows, goal, rcond=None)[0], np.float64)


def matrix(found: object) -> Matrix | None:
    """Return what OpenCV found; its stubs do not say that it may find nothing."""
    return None if found is None else np.asarray(found, np.float64)


def kept_of(marks: object) -> Kept | None:
    """Return which matches agree, by the marks that OpenCV gave."""
    return None if marks is None else np.asarray(marks).ravel() > 0


def _sane(matrix: Matrix, shape: tuple[int, ...]) -> bool:
    """Say whether the picture stays a picture: no fold, no flip, not a line."""
    height, width = shape[:2]
    corners = np.array([[[0, 0]], [[width, 0]], [[width, height]], [[0, height]]], np.float32)
    if not np.isfinite(matrix).all():
        return False
    moved = cv2.perspectiveTransform(corners, matrix)
    depth = matrix[2] @ np.c_[corners[:, 0], np.ones(4)].T
    area = cv2.contourArea(moved.astype(np.float32), oriented=True)
    usual = cv2.contourArea(corners, oriented=True)
    return bool((depth > 0).all() or (depth < 0).all()) and 0.05 < area / usual < 20
