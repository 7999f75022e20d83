"""Statistics promise: what is counted by hand comes out the same, and each figure is its list."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.breakpoints import Thresholds, thresholds
from domain.figures import Decided, Fact, Way, spread, way_of
from domain.plans import local_ms
from domain.statistics import GROUPS, Statistics, count, period
from tests.helpers.definitions import demo_definitions

ZONE = "Asia/Shanghai"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = local_ms(date(2026, 10, 21), time(12), ZONE)  # a Wednesday
LIMITS = thresholds(demo_definitions().defaults)
DEPARTMENTS = {"T-ELE": "D-EQU", "T-MEC": "D-EQU", "T-TANK": "D-PRO"}


def fact(number: int, days_ago: float, state: str = "reported", **changes: object) -> Fact:
    reported = NOW - round(days_ago * DAY)
    made = Fact(
        record_id=f"h{number}",
        state=state,
        grade="C",
        category="EL",
        element="machine",
        area="A06",
        unit="T-ELE",
        asset="DB-03",
        assignee="U009",
        reported_ms=reported,
        accept_by_ms=reported + 4 * HOUR,
        rectify_by_ms=None,
        due_ms=None,
        way=Way(),
        after_photo=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def counted(facts: Sequence[Fact], days: int = 30, limits: Thresholds = LIMITS) -> Statistics:
    asked = period(NOW, days, ZONE)
    return count(facts, asked, limits, NOW, lambda unit: DEPARTMENTS.get(unit, unit))


def closed(number: int, days_ago: float, accept_h: int, close_h: int, **changes: object) -> Fact:
    one = fact(number, days_ago, "closed", **changes)
    accepted = one.reported_ms + accept_h * HOUR
    done = one.reported_ms + close_h * HOUR
    way = Way(accepted, accepted, done - HOUR, done)
    return replace(one, way=way, rectify_by_ms=accepted + 7 * DAY)


# Ten reports: four closed, two open and late, one open in time, one void, one merged, one too old.
TEN = (
    closed(1, 3, accept_h=1, close_h=10, grade="B"),
    closed(2, 4, accept_h=2, close_h=20),
    closed(3, 9, accept_h=3, close_h=40, unit="T-TANK", asset="TK-101", category="ST"),
    closed(4, 10, accept_h=10, close_h=100, after_photo=False),
    fact(5, 1, due_ms=NOW - HOUR, assignee="", unit="T-TANK", asset="", area=""),
    fact(6, 8, "rectifying", due_ms=NOW - 1, way=Way(NOW - 8 * DAY + HOUR, None, None, None, 1, 2)),
    fact(7, 0.1, "accepted", due_ms=NOW + DAY, way=Way(NOW - HOUR)),
    fact(8, 2, "void"),
    fact(9, 2, "merged"),
    fact(10, 60, "closed"),
)


def test_the_key_numbers_of_ten_reports() -> None:
    found = counted(TEN)
    assert found.counted.ids == ("h4", "h3", "h6", "h2", "h1", "h5", "h7")
    assert (found.open.ids, found.overdue.ids) == (("h6", "h5", "h7"), ("h6", "h5"))
    assert (found.void.ids, found.merged.ids) == (("h8",), ("h9",))
    assert found.closed.part.ids == ("h4", "h3", "h2", "h1")
    assert found.closed.percent == 57  # 4 of 7
    # h4 was accepted after 10 h of 4, h5 not at all: 5 of 7
    assert found.accepted_in_time.part.ids == ("h3", "h6", "h2", "h1", "h7")
    assert (found.accepted_in_time.whole.count, found.accepted_in_time.percent) == (7, 71)
    assert found.repaired_in_time.percent == 100  # all four within 7 d


def test_times_are_median_mean_and_nearest_rank() -> None:
    times = counted(TEN).times
    assert times["whole"].figure.ids == ("h4", "h3", "h2", "h1")
    assert times["whole"].median_ms == 30 * HOUR  # between 20 and 40
    assert times["whole"].mean_ms == 42 * HOUR + 30 * MINUTE  # 170 / 4
    assert times["whole"].p90_ms == 100 * HOUR
    assert times["repair"].median_ms == (18 + 37) * HOUR // 2
    assert times["accept"].figure.count == 6


def test_p90_of_ten_is_the_ninth() -> None:
    found = spread("x", [(str(n), n) for n in range(1, 11)])
    assert (found.median_ms, found.mean_ms, found.p90_ms) == (5, 5, 9)
    assert spread("x", []).p90_ms is None
    assert spread("x", [("a", -5)]).mean_ms == 0  # a clock that ran back is no time


def test_frequent_types_come_first_with_their_share_so_far() -> None:
    bars = counted(TEN).groups["category"]
    assert [(bar.value, bar.figure.count, bar.so_far) for bar in bars] == [
        ("EL", 6, 85),
        ("ST", 1, 100),
    ]


def test_teams_are_ranked_by_closure_then_by_how_few_are_overdue() -> None:
    found = counted(TEN, limits=replace(LIMITS, rank_min=2))
    assert [(team.unit, team.closed.percent, team.overdue.count) for team in found.teams] == [
        ("T-ELE", 60, 1),
        ("T-TANK", 50, 1),
    ]
    few = counted(TEN)  # at least three to be ranked
    assert [(team.unit, team.ranked) for team in few.teams] == [("T-ELE", True), ("T-TANK", False)]
    assert [team.unit for team in few.departments] == ["D-EQU", "D-PRO"]


def test_a_hotspot_is_the_same_kind_at_the_same_equipment_within_the_window() -> None:
    again = (fact(1, 80, "closed"), fact(2, 5), fact(3, 5, asset="DB-04"), fact(4, 4, "void"))
    spots = counted(again).hotspots
    assert [(spot.asset, spot.category, spot.figure.ids) for spot in spots] == [
        ("DB-03", "EL", ("h1", "h2"))
    ]
    assert not counted((fact(1, 100), fact(2, 5))).hotspots  # 95 days apart
    assert not counted((fact(1, 80), fact(2, 60))).hotspots  # neither within the period


def test_weeks_begin_on_monday_and_add_up() -> None:
    found = counted(TEN, 30)
    days = [date(2026, 9, 22), *(date(2026, 9, 28), date(2026, 10, 5), date(2026, 10, 12))]
    begins = [local_ms(day, time(0), ZONE) for day in (*days, date(2026, 10, 19))]
    assert [week.begin_ms for week in found.weeks] == begins
    assert [week.reported.count for week in found.weeks] == [0, 0, 1, 4, 2]
    assert [week.closed.count for week in found.weeks] == [0, 0, 1, 3, 0]


def test_a_week_that_the_period_cuts_is_not_a_whole_one() -> None:
    found = counted(TEN, 30)  # Tuesday to Wednesday
    assert [week.whole for week in found.weeks] == [False, True, True, True, False]


def _broken(facts: Sequence[Fact]) -> dict[str, tuple[str, ...]]:
    return {
        one.key: one.ids
        for point in counted(facts).breaks
        for one in (point.whole, *point.rules)
        if one.ids
    }


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"missed": ("task-1",)}, {"late", "late=missed"}),
        ({"passed": ("sheet-1",)}, {"late", "late=passed"}),
        ({"passed": ("sheet-1",), "by_check": True}, set[str]()),
        ({"way": Way()}, {"late", "late=accept"}),  # nobody accepted it for a day
        ({"due_ms": NOW - 1}, {"closure", "closure=overdue"}),
        ({"due_ms": NOW + 1}, set[str]()),
        ({"state": "closed", "after_photo": False}, {"closure", "closure=no_photo"}),
        ({"way": Way(1, reopened=1)}, {"closure", "closure=reopened"}),
        ({"way": Way(1, returned=1)}, {"who", "who=returned"}),
        ({"asset": "", "area": ""}, {"who", "who=nowhere"}),
        ({"reported_ms": NOW, "accept_by_ms": NOW, "asset": "", "area": ""}, set[str]()),
        ({"assignee": "", "accept_by_ms": NOW - 25 * HOUR}, {"who", "who=nobody"}),
        ({"assignee": "", "accept_by_ms": NOW - 23 * HOUR}, set[str]()),
        ({"unit": "", "accept_by_ms": NOW - 25 * HOUR}, {"who", "who=nobody"}),
        ({"state": "void", "due_ms": NOW - 1, "way": Way(1, returned=3)}, set[str]()),
    ],
)
def test_each_rule_of_a_break_point(changes: dict[str, object], rules: set[str]) -> None:
    taken = replace(fact(1, 2, "accepted", way=Way(1)), **changes)  # type: ignore[arg-type]
    assert _broken([taken]).keys() == rules


def test_a_hazard_that_breaks_two_rules_counts_once_in_the_whole() -> None:
    way = Way(1, returned=2)
    found = _broken([fact(1, 2, "accepted", way=way, asset="", area="")])
    assert found["who"] == ("h1",)


def test_the_way_of_a_hazard_is_its_first_acceptance_and_its_last_closing() -> None:
    steps = [
        Decided(at, state)
        for at, state in enumerate(
            ("reported", "accepted", "returned", "accepted", "dispatched", "rectifying",
             "to_verify", "rectifying", "to_verify", "closed", "reopened", "rectifying",
             "to_verify", "closed")
        )
    ]  # fmt: skip
    assert way_of("closed", steps) == Way(1, 4, 12, 13, returned=1, reopened=1)
    assert way_of("reopened", steps[:11]).closed_ms is None


FACTS = st.lists(
    st.builds(
        fact,
        st.integers(0, 10_000),
        st.floats(0, 200),
        st.sampled_from(list(demo_definitions().workflows["hazard"].states)),
        grade=st.sampled_from("ABCD"),
        category=st.sampled_from(("EL", "FP", "")),
        area=st.sampled_from(("A01", "")),
        unit=st.sampled_from(("T-ELE", "T-TANK", "")),
        asset=st.sampled_from(("DB-03", "TK-101", "")),
        due_ms=st.none() | st.integers(NOW - DAY, NOW + DAY),
        rectify_by_ms=st.none() | st.integers(NOW - DAY, NOW + DAY),
        way=st.builds(Way, *[st.none() | st.integers(NOW - 9 * DAY, NOW)] * 4, st.integers(0, 2)),
    ),
    max_size=40,
    unique_by=lambda one: one.record_id,
)


@given(FACTS, st.sampled_from((7, 30, 90)))
def test_parts_add_up_and_every_figure_is_its_records(facts: list[Fact], days: int) -> None:
    found = counted(facts, days)
    whole = set(found.counted.ids)
    for name in GROUPS:
        ids = [one for bar in found.groups[name] for one in bar.figure.ids]
        assert len(ids) == len(whole)
        assert set(ids) == whole
    assert sorted(one for week in found.weeks for one in week.reported.ids) == sorted(whole)
    assert {*found.open.ids, *found.closed.part.ids} == whole
    assert found.open.count + found.closed.part.count == len(whole)
    for teams in (found.teams, found.departments):
        assert sum(team.counted.count for team in teams) == len(whole)
    known = {one.record_id for one in facts}
    for key, figure in found.figures().items():
        assert figure.count == len(set(figure.ids)), key
        assert known.issuperset(figure.ids)
    for point in found.breaks:
        assert set(point.whole.ids) == {one for rule in point.rules for one in rule.ids}
    for share in (found.closed, found.accepted_in_time, found.repaired_in_time):
        assert set(share.part.ids) <= set(share.whole.ids) <= whole
