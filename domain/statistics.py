"""Hazard statistics (DOMAIN F039, F041): pure functions from facts to figures.

What is counted: the hazards reported within the period, without those found void or merged into
another one; these two are counted apart. Every figure has a key by which a screen asks for the
records behind it; what it means in words stands in the catalogs (`statistics.about.*`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.breakpoints import (
    DAY_MS,
    BreakPoint,
    Thresholds,
    break_points,
    is_accepted_late,
    is_overdue,
)
from domain.figures import LEFT_OUT, Fact, Figure, Share, Spread, figure, spread
from domain.plans import local_ms

WEEK_MS: Final = 7 * DAY_MS
DAYS_MAX = 366  # a longer period would say little and draw more weeks than fit
GROUPS: Final[Mapping[str, Callable[[Fact], str]]] = {
    "state": lambda fact: fact.state,
    "grade": lambda fact: fact.grade,
    "category": lambda fact: fact.category,
    "element": lambda fact: fact.element,
    "area": lambda fact: fact.area,
    "unit": lambda fact: fact.unit,
}


@dataclass(frozen=True, slots=True)
class Period:
    """From (inclusive) to (exclusive), whole local days; the weeks in it begin on Mondays."""

    begin_ms: int
    end_ms: int
    weeks: tuple[int, ...]  # when each week begins; the first begins with the period


@dataclass(frozen=True, slots=True)
class Bar:
    """One value of a group; `so_far` is the share up to and with it, in per cent (Pareto)."""

    value: str
    figure: Figure
    so_far: int


@dataclass(frozen=True, slots=True)
class Team:
    """One unit in the ranking; `ranked` False: too few hazards to compare."""

    unit: str
    counted: Figure
    closed: Share
    overdue: Figure
    ranked: bool


@dataclass(frozen=True, slots=True)
class Week:
    """What was reported in a week, and what of it is closed by now.

    `whole` False: the period begins or ends within it, so it says less than the others.
    """

    begin_ms: int
    reported: Figure
    closed: Figure
    whole: bool


@dataclass(frozen=True, slots=True)
class Hotspot:
    """The same kind of hazard at the same equipment, again and again."""

    asset: str
    category: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Statistics:
    """All figures of one question."""

    period: Period
    counted: Figure
    open: Figure
    overdue: Figure
    void: Figure
    merged: Figure
    closed: Share
    accepted_in_time: Share
    repaired_in_time: Share
    times: Mapping[str, Spread]  # accept, repair, whole
    groups: Mapping[str, tuple[Bar, ...]]
    hotspots: tuple[Hotspot, ...]
    teams: tuple[Team, ...]
    departments: tuple[Team, ...]
    weeks: tuple[Week, ...]
    breaks: tuple[BreakPoint, ...]

    def figures(self) -> dict[str, Figure]:
        """Return every figure by its key."""
        shares = (self.closed, self.accepted_in_time, self.repaired_in_time)
        found = [self.counted, self.open, self.overdue, self.void, self.merged]
        found += [one for share in shares for one in (share.part, share.whole)]
        found += [row.figure for row in self.times.values()]
        found += [bar.figure for bars in self.groups.values() for bar in bars]
        found += [spot.figure for spot in self.hotspots]
        for team in (*self.teams, *self.departments):
            found += [team.counted, team.closed.part, team.overdue]
        found += [one for week in self.weeks for one in (week.reported, week.closed)]
        found += [one for point in self.breaks for one in (point.whole, *point.rules)]
        return {one.key: one for one in found}


def period(now_ms: int, days: int, timezone: str) -> Period:
    """Return the last `days` local days, today included."""
    zone = ZoneInfo(timezone)
    today = datetime.fromtimestamp(now_ms / 1000, tz=zone).date()
    first = today - timedelta(days=max(1, min(days, DAYS_MAX)) - 1)
    begin_ms = _midnight(first, timezone)
    weeks = [begin_ms]
    monday = first + timedelta(days=7 - first.weekday())
    while monday <= today:
        weeks.append(_midnight(monday, timezone))
        monday += timedelta(days=7)
    return Period(begin_ms, _midnight(today + timedelta(days=1), timezone), tuple(weeks))


def count(
    facts: Iterable[Fact],
    asked: Period,
    limits: Thresholds,
    now_ms: int,
    department: Callable[[str], str],
) -> Statistics:
    """Return the figures of a period.

    `facts` may reach further back: hotspots look that far. `department` gives the department of a
    unit, the unit itself where it is one.
    """
    known = sorted(facts, key=lambda fact: (fact.reported_ms, fact.record_id))
    within = [fact for fact in known if asked.begin_ms <= fact.reported_ms < asked.end_ms]
    counted = [fact for fact in within if fact.state not in LEFT_OUT]
    whole = figure("counted", counted)
    late = {fact.record_id for fact in counted if is_accepted_late(fact, now_ms)}
    to_accept = [
        fact for fact in counted if fact.way.accepted_ms is not None or fact.record_id in late
    ]
    to_repair = [fact for fact in counted if _repair_is_decided(fact, now_ms)]
    return Statistics(
        period=asked,
        counted=whole,
        open=figure("open", (fact for fact in counted if fact.is_open)),
        overdue=figure("overdue", (fact for fact in counted if is_overdue(fact, now_ms))),
        void=figure("void", (fact for fact in within if fact.state == "void")),
        merged=figure("merged", (fact for fact in within if fact.state == "merged")),
        closed=Share(figure("closed", _closed(counted)), whole),
        accepted_in_time=Share(
            figure("accepted", (fact for fact in to_accept if fact.record_id not in late)),
            figure("to_accept", to_accept),
        ),
        repaired_in_time=Share(
            figure("repaired", filter(_repaired_in_time, to_repair)),
            figure("to_repair", to_repair),
        ),
        times=_times(counted),
        groups={name: _bars(name, counted, value) for name, value in GROUPS.items()},
        hotspots=_hotspots(known, asked, limits),
        teams=_ranking("team", counted, limits, now_ms, lambda fact: fact.unit),
        departments=_ranking(
            "department", counted, limits, now_ms, lambda fact: department(fact.unit)
        ),
        weeks=_weeks(counted, asked),
        breaks=break_points(counted, limits, now_ms),
    )


def _midnight(day: date, timezone: str) -> int:
    return local_ms(day, time(0), timezone)


def _closed(facts: Iterable[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.state == "closed"]


def _repair_is_decided(fact: Fact, now_ms: int) -> bool:
    """Whether it is known by now that a repair with a date came in time or too late."""
    if fact.rectify_by_ms is None:
        return False
    handed_in = fact.way.rectified_ms is not None and fact.state in (
        "to_verify", "to_review", "closed"
    )  # fmt: skip
    return handed_in or fact.rectify_by_ms < now_ms


def _repaired_in_time(fact: Fact) -> bool:
    done, by = fact.way.rectified_ms, fact.rectify_by_ms
    in_hand = fact.state in ("to_verify", "to_review", "closed")
    return in_hand and done is not None and by is not None and done <= by


def _times(facts: Sequence[Fact]) -> dict[str, Spread]:
    accept: list[tuple[str, int]] = []
    repair: list[tuple[str, int]] = []
    whole: list[tuple[str, int]] = []
    for fact in facts:
        accepted, closed = fact.way.accepted_ms, fact.way.closed_ms
        if accepted is not None:
            accept.append((fact.record_id, accepted - fact.reported_ms))
        if closed is not None:
            whole.append((fact.record_id, closed - fact.reported_ms))
            if accepted is not None:
                repair.append((fact.record_id, closed - accepted))
    rows = {"accept": accept, "repair": repair, "whole": whole}
    return {name: spread(f"time={name}", lengths) for name, lengths in rows.items()}


def _bars(name: str, facts: Sequence[Fact], value: Callable[[Fact], str]) -> tuple[Bar, ...]:
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        found.setdefault(value(fact), []).append(fact)
    bars: list[Bar] = []
    so_far = 0
    for code, some in sorted(found.items(), key=lambda row: (-len(row[1]), row[0])):
        so_far += len(some)
        bars.append(Bar(code, figure(f"{name}={code}", some), 100 * so_far // len(facts)))
    return tuple(bars)


def _ranking(
    name: str,
    facts: Sequence[Fact],
    limits: Thresholds,
    now_ms: int,
    unit: Callable[[Fact], str],
) -> tuple[Team, ...]:
    """Best first: by share closed, then by how few are overdue; units with few hazards last."""
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        found.setdefault(unit(fact), []).append(fact)
    teams = [
        Team(
            unit=code,
            counted=(whole := figure(f"{name}={code}", some)),
            closed=Share(figure(f"{name}.closed={code}", _closed(some)), whole),
            overdue=figure(
                f"{name}.overdue={code}", (fact for fact in some if is_overdue(fact, now_ms))
            ),
            ranked=bool(code) and len(some) >= limits.rank_min,
        )
        for code, some in found.items()
    ]
    return tuple(sorted(teams, key=_rank))


def _rank(team: Team) -> tuple[bool, float, float, str]:
    size = team.counted.count
    return (
        not team.ranked, -team.closed.part.count / size, team.overdue.count / size, team.unit
    )  # fmt: skip


def _weeks(facts: Sequence[Fact], asked: Period) -> tuple[Week, ...]:
    ends = (*asked.weeks[1:], asked.end_ms)
    weeks: list[Week] = []
    for number, (begin, end) in enumerate(zip(asked.weeks, ends, strict=True)):
        some = [fact for fact in facts if begin <= fact.reported_ms < end]
        closed = figure(f"week.closed={number}", _closed(some))
        whole = end - begin > WEEK_MS - DAY_MS // 2  # where clocks change, a week is an hour off
        weeks.append(Week(begin, figure(f"week={number}", some), closed, whole))
    return tuple(weeks)


def _hotspots(facts: Sequence[Fact], asked: Period, limits: Thresholds) -> tuple[Hotspot, ...]:
    """Where the same kind came back within the window, at least once in the period."""
    found: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:  # in the order of their reports
        if fact.asset and fact.category and fact.state not in LEFT_OUT:
            found.setdefault((fact.asset, fact.category), []).append(fact)
    spots: list[Hotspot] = []
    for (asset, category), some in found.items():
        again = _again(some, limits)
        if any(asked.begin_ms <= fact.reported_ms < asked.end_ms for fact in again):
            spots.append(Hotspot(asset, category, figure(f"hotspot={asset},{category}", again)))
    return tuple(sorted(spots, key=lambda spot: (-spot.figure.count, spot.asset, spot.category)))


def _again(facts: Sequence[Fact], limits: Thresholds) -> list[Fact]:
    """Return the hazards that are part of a run of at least `hotspot_n` within the window."""
    size, window_ms = limits.hotspot_n, limits.hotspot_days * DAY_MS
    marked: set[int] = set()
    for first in range(len(facts) - size + 1):
        last = first + size - 1
        if facts[last].reported_ms - facts[first].reported_ms <= window_ms:
            marked.update(range(first, last + 1))
    return [facts[index] for index in sorted(marked)]
