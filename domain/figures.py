"""What statistics count: facts about one hazard, and numbers that carry the records behind them.

A number is never kept beside its records: it is how many they are. So it cannot disagree with the
list that a tap on it opens.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

P90 = Fraction(9, 10)
LEFT_OUT = frozenset({"void", "merged"})  # no hazard, or one that is counted elsewhere


class Decided(NamedTuple):
    """One step that counts: when it was taken, and the state it led to."""

    at_ms: int
    state: str


@dataclass(frozen=True, slots=True)
class Way:
    """How a hazard went so far, in ms since 1970; None for what did not happen.

    `accepted_ms` is the first acceptance, `rectified_ms` the last time that finished work was
    handed in, `closed_ms` the last closing (None again once it was reopened).
    """

    accepted_ms: int | None = None
    dispatched_ms: int | None = None
    rectified_ms: int | None = None
    closed_ms: int | None = None
    returned: int = 0
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """One hazard as statistics see it; empty text where something is not known.

    `due_ms`: until when its next step is due. `by_check`: found by a check and not by the way.
    `missed`: rounds on the equipment that were overdue when it was found; `passed`: checks that
    shortly before had not found it. `after_photo`: a picture of the finished work is there.
    """

    record_id: str
    state: str
    grade: str
    category: str
    element: str
    area: str
    unit: str
    asset: str
    assignee: str
    reported_ms: int
    accept_by_ms: int
    rectify_by_ms: int | None
    due_ms: int | None
    way: Way
    by_check: bool = False
    after_photo: bool = False
    missed: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.state != "closed" and self.state not in LEFT_OUT


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the records it was counted from."""

    key: str
    ids: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    part: Figure
    whole: Figure

    @property
    def percent(self) -> int | None:
        """The share in whole per cent, halves up; None of nothing."""
        if not self.whole.ids:
            return None
        return (200 * self.part.count + self.whole.count) // (2 * self.whole.count)


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took (ms): the middle, the average, and what nine of ten stay within.

    None where it never happened. P90 is the nearest rank: a time that really occurred.
    """

    figure: Figure
    median_ms: int | None
    mean_ms: int | None
    p90_ms: int | None


def way_of(state: str, steps: Iterable[Decided]) -> Way:
    """Return how a hazard went, from the steps that counted, oldest first."""
    accepted: int | None = None
    dispatched: int | None = None
    rectified: int | None = None
    closed: int | None = None
    returned = reopened = 0
    for step in steps:
        match step.state:
            case "accepted":
                accepted = step.at_ms if accepted is None else accepted
            case "dispatched":
                dispatched = step.at_ms if dispatched is None else dispatched
            case "to_verify":
                rectified = step.at_ms
            case "closed":
                closed = step.at_ms
            case "returned":
                returned += 1
            case "reopened":
                reopened += 1
            case _:
                pass
    return Way(
        accepted, dispatched, rectified, closed if state == "closed" else None, returned, reopened
    )


def figure(key: str, facts: Iterable[Fact]) -> Figure:
    """Return the number of these hazards."""
    return Figure(key, tuple(fact.record_id for fact in facts))


def spread(key: str, lengths: Sequence[tuple[str, int]]) -> Spread:
    """Return median, mean and P90 of (record, ms); a clock that ran back counts as no time."""
    found = Figure(key, tuple(record_id for record_id, _ in lengths))
    ordered = sorted(max(0, length) for _, length in lengths)
    count = len(ordered)
    if not count:
        return Spread(found, None, None, None)
    median = (ordered[(count - 1) // 2] + ordered[count // 2]) // 2
    rank = -(-P90.numerator * count // P90.denominator)  # rounded up
    return Spread(found, median, sum(ordered) // count, ordered[rank - 1])
