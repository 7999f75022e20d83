"""How sure a share is: 95 % intervals that count scenes, not pictures of them.

Pictures of one scene succeed and fail together, so a thousand pairs of nine rooms say little more
than nine cases. Scenes are drawn whole, one fewer than there are, which makes up for their being
few (Rao and Wu's rescaled bootstrap). Where nothing happened there is nothing to draw: of n scenes
without any event the rate is then below 1 - 0.05^(1/n), some 3/n; no interval is ever narrower than
that, else one event more would make us surer. On made clusters such intervals hold the truth in 87
to 100 of 100 cases; those that count pairs did in 15 to 97 (tests/media/test_bench_intervals.py).
"""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 2000
DOUBT: Final = 0.05
Doubles = NDArray[np.float64]


def scene_of(source: str) -> str:
    """Return what the photos of one place share: the first word of `source` in a manifest."""
    return re.split(r"[|_ ]", source, maxsplit=1)[0]


def share(name: str, hits: Sequence[bool], scenes: Sequence[str]) -> dict[str, float]:
    """Return a share as figures: itself, its interval, and over how many cases and scenes."""
    names, where = np.unique(np.array(scenes, str), return_inverse=True)
    if not len(names):
        return _named(name, 0.0, (0.0, 1.0), 0, 0)
    each = np.bincount(where, weights=np.array(hits, float))
    sizes = np.bincount(where).astype(np.float64)
    drawn = _drawn(len(names))
    low, high = _bounds(drawn @ each / np.maximum(drawn @ sizes, 1), len(names))
    value = float(each.sum() / sizes.sum())
    return _named(name, value, (min(low, value), max(high, value)), len(hits), len(names))


def order(
    name: str, scores: Sequence[float], changed: Sequence[bool], scenes: Sequence[str]
) -> dict[str, float]:
    """Return, as figures, the chance that a changed case scores above an unchanged one (AUC)."""
    score, label = np.array(scores, float), np.array(changed, bool)
    if label.all() or not label.any():
        return {}
    names, where = np.unique(np.array(scenes, str), return_inverse=True)
    yes, no = score[label], score[~label]
    above = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
    ones, others = np.eye(len(names))[where[label]], np.eye(len(names))[where[~label]]
    won, met = ones.T @ above @ others, np.outer(ones.sum(0), others.sum(0))
    drawn = _drawn(len(names))
    pairs = ((drawn @ met) * drawn).sum(1)
    wins = ((drawn @ won) * drawn).sum(1)
    some = pairs > 0  # a draw may hold no pair of the two
    value = float(above.mean())
    low, high = value, value
    if some.any():
        low, high = np.quantile(wins[some] / pairs[some], (DOUBT / 2, 1 - DOUBT / 2)).tolist()
    if low == high:  # nothing was drawn apart: as with a share
        low, high = _bounds(np.array([value]), len(names))
    return _named(name, value, (min(low, value), max(high, value)), len(score), len(names))


def nothing_seen(scenes: int) -> float:
    """Return the rate that as many scenes without an event still leave open."""
    return 1 - DOUBT ** (1 / scenes) if scenes else 1.0


def _drawn(scenes: int) -> Doubles:
    """Return how often each scene is drawn, a row a draw; always the same."""
    rng = np.random.default_rng(0)
    return rng.multinomial(max(1, scenes - 1), [1 / scenes] * scenes, DRAWS).astype(np.float64)


def _bounds(drawn: Doubles, scenes: int) -> tuple[float, float]:
    low, high = np.quantile(drawn, (DOUBT / 2, 1 - DOUBT / 2)).tolist()
    least = nothing_seen(scenes)
    return min(low, 1 - least), max(high, least)


def _named(
    name: str, value: float, bounds: tuple[float, float], cases: int, scenes: int
) -> dict[str, float]:
    low, high = bounds
    return {
        name: value, f"{name}_low": low, f"{name}_high": high,
        f"{name}_n": cases, f"{name}_units": scenes,
    }  # fmt: skip
