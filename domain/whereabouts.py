"""Does a position agree with a label, and with the position before it?"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.places import Fix, Place, distance_m

WALK_M_S = 3.0  # nobody goes faster on foot with a phone in hand
AT_M = 10  # this near to something one stands at it, even if the receiver claims to know better


@dataclass(frozen=True, slots=True)
class LabelLimits:
    """Metres from its place at which a label is elsewhere; fewer for who stands at a neighbour."""

    mismatch_m: int
    neighbour_m: int


def misplaced_m(spot: Place, fix: Fix, others: Iterable[Place], limits: LabelLimits) -> int | None:
    """Return how far from a label's place the device is where the two contradict each other.

    They do when it is too far away for its accuracy, and when it is well away and stands at
    something else: a label copied from the machine next door. None: nothing speaks against it.
    """
    away_m, accuracy_m = distance_m(fix.place, spot), fix.accuracy_cm / 100
    if away_m > limits.mismatch_m + accuracy_m:
        return round(away_m)
    if away_m <= limits.neighbour_m + 2 * accuracy_m:  # the radius holds two positions of three
        return None
    beside = any(
        other.floor == spot.floor and distance_m(fix.place, other) <= max(AT_M, accuracy_m)
        for other in others
    )
    return round(away_m) if beside else None


def out_of_reach_m(spot: Place, before: Place, since_ms: int, limits: LabelLimits) -> int | None:
    """Return how far a label's place is from where the person was, if nobody walks that in time.

    For devices without a position: `before` is the checkpoint whose label was scanned `since_ms`
    ago. None: it can be.
    """
    away_m = distance_m(before, spot)
    reach_m = limits.mismatch_m + WALK_M_S * max(0, since_ms) / 1000
    return round(away_m) if away_m > reach_m else None


def speed_m_s(before: Fix, now: Fix) -> float:
    """Return how fast one must have been between two positions at least, in metres a second.

    What their accuracies allow is taken off first. Two positions of one moment are no movement.
    """
    seconds = abs(now.at_ms - before.at_ms) / 1000
    metres = distance_m(before.place, now.place) - (before.accuracy_cm + now.accuracy_cm) / 100
    return metres / seconds if metres > 0 and seconds >= 1 else 0.0
