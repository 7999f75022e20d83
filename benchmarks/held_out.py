"""Lines chosen on one half of the scenes and judged on the other, and the other way round.

A line that was placed after seeing the cases it is measured on looks better than it is. Here every
case is judged by a line whose choice saw no case of its scene, nor of any scene of its half.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Line = tuple[float, ...]
Costs = NDArray[np.float64]
_FAR: Final = 1e-9


def halves(scenes: Sequence[str]) -> frozenset[str]:
    """Return the scenes of one half: about half of all cases, whole scenes only."""
    counts = Counter(scenes)
    sides: tuple[list[str], list[str]] = ([], [])
    for scene in sorted(counts, key=lambda one: (-counts[one], one)):
        min(sides, key=lambda side: sum(counts[one] for one in side)).append(scene)
    return frozenset(sides[0])


def cross_fitted(
    costs: Costs, scenes: Sequence[str], half: frozenset[str], lines: Sequence[Line]
) -> tuple[Line, Line]:
    """Return the line for the cases of `half`, chosen on the rest, and the one for the rest.

    `costs` has a row for each case, a column for each line.
    """
    inside = np.array([scene in half for scene in scenes])
    return chosen(costs[~inside], lines), chosen(costs[inside], lines)


def chosen(costs: Costs, lines: Sequence[Line]) -> Line:
    """Return the line that costs least; of equals the one in their middle."""
    total = costs.sum(0)
    table = np.array(lines)
    span = np.maximum(table.max(0) - table.min(0), _FAR)
    equal = np.flatnonzero(total <= total.min() + _FAR)
    aside = (table[equal] - table[equal].mean(0)) / span
    return lines[int(equal[(aside**2).sum(1).argmin()])]
