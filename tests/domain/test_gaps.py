"""Gaps promise: the third check in a row without its photo raises one, and nothing else does."""

from collections.abc import Sequence

import pytest

from domain.gaps import Gap, check_sheet, excuses_fit, missing, owner_of
from domain.records import Cell, Record, Value
from tests.helpers.definitions import demo_definitions

FOUND = demo_definitions()
FORM, ASSET = FOUND.forms["COMP-D"], FOUND.plant.assets["C-401"]
GOOD: dict[str, Value] = {"A01": "0.7", "A04": "ok"}
BOTH: dict[str, Value] = {"A01": ["p1"], "A04": ["p2"]}
NO_GAUGE: dict[str, Value] = {"A04": ["p2"]}


def record(record_id: str, type: str, **cells: Value) -> Record:
    made = {name: Cell(value, "d:1", 0, 0) for name, value in cells.items()}
    return Record(record_id, type, f"{type}@1", made)


def sheets(*photos: dict[str, Value] | None, answers: Value = None) -> list[Record]:
    """Checks one after another; None: out of service."""
    return [
        record(
            f"s{number}",
            "inspection",
            submitted_ms=number,
            answers={"A01": "na", "A04": "na"} if taken is None else answers or dict(GOOD),
            photos=taken or {},
        )
        for number, taken in enumerate(photos, start=1)
    ]


def raised(checks: Sequence[Record], *gaps: Record) -> list[tuple[str, tuple[str, ...]]]:
    return [(gap.item, gap.sheets) for gap in missing(FORM, ASSET, checks, gaps, 3)]


OUT: dict[str, Value] = {"A04": ["p2"]}


@pytest.mark.parametrize(
    ("photos", "found"),
    [
        ((NO_GAUGE,) * 2, []),
        ((NO_GAUGE,) * 3, [("A01", ("s1", "s2", "s3"))]),
        ((NO_GAUGE, BOTH, NO_GAUGE, NO_GAUGE), []),
        ((NO_GAUGE, NO_GAUGE, NO_GAUGE, BOTH), []),  # put right before anybody looked
        ((BOTH, NO_GAUGE, NO_GAUGE, NO_GAUGE), [("A01", ("s2", "s3", "s4"))]),
        ((NO_GAUGE,) * 5, [("A01", ("s1", "s2", "s3"))]),
    ],
)
def test_three_in_a_row(photos: tuple[dict[str, Value], ...], found: object) -> None:
    assert raised(sheets(*photos)) == found


def test_a_question_that_was_not_asked_neither_counts_nor_breaks_the_row() -> None:
    checks = sheets(NO_GAUGE, NO_GAUGE, NO_GAUGE, NO_GAUGE)
    still = record("s2", "inspection", submitted_ms=2, answers={"A01": "", "A04": "na"}, photos={})
    assert raised([checks[0], still, checks[2]]) == []
    assert raised([checks[0], still, *checks[2:]]) == [("A01", ("s1", "s3", "s4"))]


def test_while_a_gap_is_open_there_is_no_second_and_after_it_the_count_begins_anew() -> None:
    checks = sheets(*(NO_GAUGE,) * 6)
    still_open = record("g", "gap", item="A01", state="open")
    assert raised(checks, still_open) == []
    settled = record("g", "gap", item="A01", state="settled", settled_ms=3)
    assert raised(checks[:5], settled) == []
    assert raised(checks, settled) == [("A01", ("s4", "s5", "s6"))]
    elsewhere = record("g", "gap", item="A04", state="open")  # another question is another gap
    assert raised(checks[:3], elsewhere) == [("A01", ("s1", "s2", "s3"))]


def test_the_same_gap_has_the_same_id_and_another_one_has_not() -> None:
    one = Gap("C-401", "COMP-D", "A01", ("s1", "s2", "s3"))
    assert one.gap_id == Gap("C-401", "COMP-D", "A01", ("s1", "s2", "s3")).gap_id
    assert one.gap_id != Gap("C-401", "COMP-D", "A01", ("s4", "s5", "s6")).gap_id
    assert len(one.gap_id) <= 64


@pytest.mark.parametrize(
    ("unit", "owner_role"), [("T-ELE", "team_leader"), ("W-CHA", "unit_head"), ("K01", "")]
)
def test_the_nearest_leader_owns_a_gap(unit: str, owner_role: str) -> None:
    owner = owner_of(FOUND, unit, "")
    assert owner is not None
    assert (owner_role or "safety_manager") in owner.roles
    if owner_role:
        assert owner.unit in FOUND.plant.unit_line(unit)


@pytest.mark.parametrize(
    ("cells", "fits"),
    [
        ({}, True),
        ({"excused": {"A01": "dark"}, "photos": {}}, True),
        ({"excused": {"A01": "dark"}, "excuse_words": {"A01": "灯坏了"}}, True),
        ({"excused": {"A01": "lazy"}}, False),  # no reason of the plant
        ({"excused": {"A07": "dark"}}, False),  # no question that takes one
        ({"excused": {"Z99": "dark"}}, False),
        ({"excused": {"A01": "dark"}, "photos": {"A01": ["p"]}}, False),  # the photo is there
        ({"excused": ["A01"]}, False),
        ({"excuse_words": {"A01": "x"}}, False),
        ({"excused": {"A01": "dark"}, "excuse_words": {"A01": "x" * 201}}, False),
    ],
)
def test_a_reason_stands_in_only_where_the_data_lets_it(
    cells: dict[str, Value], fits: bool
) -> None:
    assert excuses_fit(FORM, record("s", "inspection", **cells), FOUND.excuses.keys()) is fits


def test_with_a_reason_the_question_is_complete_and_without_it_is_not() -> None:
    cells: dict[str, Value] = {"answers": dict(GOOD), "photos": NO_GAUGE}
    bare = check_sheet(FORM, ASSET, record("s", "inspection", **cells))
    told = check_sheet(FORM, ASSET, record("s", "inspection", excused={"A01": "dark"}, **cells))
    assert [bare.lines[0].complete, told.lines[0].complete] == [False, True]
    assert told.lines[0].excused
