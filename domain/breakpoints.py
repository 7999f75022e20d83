"""The three break points of a plant's care: found too late, not closed, nobody's (DOMAIN F041).

Each is a union of rules that can be measured; a hazard may break several. The thresholds are data
(`statistics.*` in defaults.yaml), except the deadlines, which are those of the hazard's grade.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from domain.defaults import Defaults
from domain.figures import Fact, Figure, figure

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LATE, CLOSURE, WHO = "late", "closure", "who"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something counts as broken; see the rows of the same name in defaults.yaml."""

    missed_days: int
    passed_h: int
    unassigned_h: int
    returned_n: int
    reopened_n: int
    hotspot_n: int
    hotspot_days: int
    rank_min: int


@dataclass(frozen=True, slots=True)
class BreakPoint:
    """One of the three: all hazards that break there, and by which rule."""

    whole: Figure
    rules: tuple[Figure, ...]


def thresholds(defaults: Defaults) -> Thresholds:
    """Read the thresholds from the defaults."""
    return Thresholds(
        missed_days=defaults.whole("statistics.missed_days"),
        passed_h=defaults.whole("statistics.passed_h"),
        unassigned_h=defaults.whole("statistics.unassigned_h"),
        returned_n=defaults.whole("statistics.returned_n"),
        reopened_n=defaults.whole("statistics.reopened_n"),
        hotspot_n=defaults.whole("statistics.hotspot_n"),
        hotspot_days=defaults.whole("statistics.hotspot_days"),
        rank_min=defaults.whole("statistics.rank_min"),
    )


def break_points(
    facts: Sequence[Fact], limits: Thresholds, now_ms: int
) -> tuple[BreakPoint, BreakPoint, BreakPoint]:
    """Return the three break points of these hazards."""
    rules: Mapping[str, Mapping[str, Callable[[Fact], bool]]] = {
        LATE: {
            "late=missed": lambda fact: bool(fact.missed),
            "late=passed": lambda fact: not fact.by_check and bool(fact.passed),
            "late=accept": lambda fact: is_accepted_late(fact, now_ms),
        },
        CLOSURE: {
            "closure=overdue": lambda fact: is_overdue(fact, now_ms),
            "closure=no_photo": lambda fact: fact.state == "closed" and not fact.after_photo,
            "closure=reopened": lambda fact: fact.way.reopened >= limits.reopened_n,
        },
        WHO: {
            "who=nobody": lambda fact: _is_nobodys(fact, limits, now_ms),
            "who=nowhere": lambda fact: _is_nowhere(fact, now_ms),
            "who=returned": lambda fact: fact.way.returned >= limits.returned_n,
        },
    }
    late, closure, who = (_point(key, facts, row) for key, row in rules.items())
    return late, closure, who


def is_overdue(fact: Fact, now_ms: int) -> bool:
    """Whether the next step of an open hazard is overdue."""
    return fact.is_open and fact.due_ms is not None and fact.due_ms < now_ms


def is_accepted_late(fact: Fact, now_ms: int) -> bool:
    """Whether nobody took it over in time, whether or not somebody did later."""
    accepted = fact.way.accepted_ms
    if accepted is None:
        return fact.is_open and fact.accept_by_ms < now_ms
    return accepted > fact.accept_by_ms


def _is_nobodys(fact: Fact, limits: Thresholds, now_ms: int) -> bool:
    patience_ms = limits.unassigned_h * HOUR_MS
    waits = fact.is_open and fact.accept_by_ms + patience_ms < now_ms
    return waits and not (fact.assignee and fact.unit)


def _is_nowhere(fact: Fact, now_ms: int) -> bool:
    return fact.is_open and not (fact.asset or fact.area) and fact.accept_by_ms < now_ms


def _point(
    key: str, facts: Sequence[Fact], rules: Mapping[str, Callable[[Fact], bool]]
) -> BreakPoint:
    broken = tuple(
        figure(rule, (fact for fact in facts if holds(fact))) for rule, holds in rules.items()
    )
    ids = {record_id for one in broken for record_id in one.ids}
    return BreakPoint(figure(key, (fact for fact in facts if fact.record_id in ids)), broken)
