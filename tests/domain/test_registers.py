"""Registers promise: what people administered is read as if it stood in the plant file."""

from dataclasses import replace
from datetime import date

import pytest

from domain import registers
from domain.definitions import Definitions, Problem, read
from domain.pins import hash_pin, is_easy, is_verifier
from domain.records import Value
from domain.register_rules import needs_second, wide
from domain.registers import Row, Rows, known_codes, located, row_problems, to_yaml
from tests.helpers.definitions import definition_files, demo_definitions

DAY0 = date(2026, 10, 20)
NEWCOMER: Row = {
    "zh": "新人", "en": "Newcomer", "roles": ["frontline"], "unit": "T-TANK", "areas": [],
}  # fmt: skip


def laid_over(rows: Rows) -> tuple[Definitions | None, tuple[Problem, ...]]:
    text = to_yaml(rows, "2000-01-01")
    return read({**definition_files(), **({registers.FILE: text} if text else {})}, DAY0)


def laid(rows: Rows) -> Definitions:
    found, problems = laid_over(rows)
    assert not problems
    assert found is not None
    return found


def test_columns_are_changed_and_the_others_stay() -> None:
    before = laid({}).plant.people["U003"]
    after = laid({"people": {"U003": {"zh": "张三", "en": "Zhang San"}}}).plant.people["U003"]
    assert after.name.in_("zh") == "张三"
    assert (after.roles, after.areas, after.unit) == (before.roles, before.areas, before.unit)


def test_rows_are_added_and_taken_away() -> None:
    plant = laid(
        {
            "people": {"U099": NEWCOMER},
            "inspection_plans": {"PL08": None, "PL09": {"owner": "U099"}},
        }
    ).plant
    owners = {plan.plan_id: plan.owner for plan in plant.plans}
    assert "PL08" not in owners
    assert owners["PL09"] == "U099"


def test_a_paused_plan_makes_no_rounds_and_stays_in_the_table() -> None:
    paused = laid({"inspection_plans": {"PL08": {"paused": True}}}).plant
    again = laid({"inspection_plans": {"PL08": {"paused": False}}}).plant
    assert "PL08" not in {plan.plan_id for plan in paused.plans}
    assert paused.tables["inspection_plans"]["PL08"]["paused"] is True
    assert "PL08" in {plan.plan_id for plan in again.plans}


def test_days_of_the_calendar_follow_the_first_day() -> None:
    row: Row = {"date": "2026-10-22", "shift": "day", "area": "A01", "people": ["U003"]}
    plant = laid({"roster": {"2026-10-22|day|A01": row}}).plant
    assert ("A01", ("U003",)) in {(one.area, one.people) for one in plant.roster if one.day == 2}


def test_a_label_version_rises() -> None:
    assert laid({"labels": {"TK-101": {"version": 9}}}).plant.assets["TK-101"].label_version == 9


def test_a_problem_names_table_and_key() -> None:
    rows: Rows = {"people": {"U003": {"unit": "T-TANK"}, "U099": {**NEWCOMER, "unit": "NOWHERE"}}}
    found, problems = laid_over(rows)
    assert found is None
    text = to_yaml(rows, "2000-01-01")
    assert {located(text, one.line) for one in problems if one.path == registers.FILE} == {
        ("people", "U099")
    }


def test_people_cannot_be_taken_away() -> None:
    found, problems = laid_over({"people": {"U003": None}})
    assert found is None
    assert [one.code for one in problems if one.path == registers.FILE] == ["value.kind"]


def test_the_same_rows_make_the_same_bytes_without_pins_and_old_days() -> None:
    old: Row = {"date": "2026-01-01", "shift": "day", "area": "A01", "people": ["U003"]}
    rows: Rows = {
        "pins": {"U003": {"verifier": "secret", "temporary": True}},
        "roster": {"2026-01-01|day|A01": old},
        "people": {"U099": NEWCOMER, "U003": {"zh": "张", "en": "Zhang"}},
    }
    turned: Rows = dict(reversed([(name, rows[name]) for name in rows]))
    assert to_yaml(rows, "2026-06-01") == to_yaml(turned, "2026-06-01")
    assert "secret" not in to_yaml(rows, "2026-06-01")
    assert "2026-01-01" not in to_yaml(rows, "2026-06-01")


WRONG: list[tuple[str, str, Row, str]] = [
    ("people", "U099", {**NEWCOMER, "roles": []}, "missing"),
    ("people", "U099", {**NEWCOMER, "roles": ["everyone"]}, "unknown.role"),
    ("people", "U099", {**NEWCOMER, "areas": ["A01", "A01"]}, "twice"),
    ("people", "U099", {**NEWCOMER, "zh": "x" * 121}, "text"),
    ("people", "U099", {**NEWCOMER, "pin": "1234"}, "column.unknown"),
    ("people", "../U1", NEWCOMER, "code.form"),
    ("inspection_plans", "PL01", {"times": ["25:00"]}, "time"),
    ("inspection_plans", "PL01", {"due_min": 0}, "number"),
    ("whitelist", "U005", {"from": "2026-02-30"}, "day"),
    ("labels", "TK-101", {"version": True}, "number"),
]


@pytest.mark.parametrize(("table", "key", "row", "code"), WRONG)
def test_a_wrong_value_is_named(table: str, key: str, row: Row, code: str) -> None:
    found = demo_definitions()
    known = known_codes(found.plant, found.access, found.forms)
    before = found.plant.tables[table].get(key)
    problems = row_problems(known, registers.TABLES[table], key, row, before)
    assert [one.code for one in problems] == [code]


SECOND: list[tuple[str | None, dict[str, Value], bool]] = [
    (None, {"roles": ["frontline"]}, False),
    (None, {"roles": ["frontline", "safety_officer"]}, True),
    ("U012", {"zh": "别名"}, False),
    ("U012", {"areas": ["A01"]}, False),  # a frontline operator's areas give no right
    ("U012", {"roles": ["craft"]}, True),
    ("U003", {"areas": ["A01"]}, False),  # fewer than before
    ("U003", {"areas": ["A01", "A02"]}, True),
    ("U003", {"unit": "T-ELE"}, True),
    ("U003", {"retired_ms": 1}, False),  # leaving works at once
    ("U003", {"retired_ms": 1, "areas": ["A01"]}, False),
    ("U003", {"retired_ms": 1, "roles": ["safety_manager"]}, True),
    ("U003", {"retired_ms": 1, "areas": ["A01", "A02"]}, True),
    ("U003", {"retired_ms": 1, "unit": "T-ELE"}, True),
]


@pytest.mark.parametrize(("key", "row", "second"), SECOND)
def test_what_widens_rights_takes_two(key: str | None, row: Row, second: bool) -> None:
    found = demo_definitions()
    before = found.plant.people[key] if key else None
    assert needs_second(found.access, before, row) is second


def test_who_has_left_gets_no_roles_and_does_not_come_back_by_one_alone() -> None:
    found = demo_definitions()
    left = replace(found.plant.people["U003"], retired_ms=1)
    assert not needs_second(found.access, left, {"zh": "别名", "retired_ms": 1})
    assert needs_second(found.access, left, {"roles": ["safety_manager"], "retired_ms": 1})
    assert needs_second(found.access, left, {"retired_ms": None})


def test_roles_that_carry_out_do_not_reach_far() -> None:
    access = demo_definitions().access
    assert not wide(access, ["frontline", "craft", "electrician", "contractor_worker", "guardian"])
    reaching = ["inspector", "team_leader", "administrator", "auditor"]
    assert wide(access, reaching) == set(reaching)


def test_only_our_own_hashes_are_taken_and_easy_pins_are_not() -> None:
    made = hash_pin("2580", b"0123456789abcdef")
    assert is_verifier(made)
    assert not is_verifier(made.replace("$16384$", "$2$"))
    assert not is_verifier("2580")
    assert [pin for pin in ("1111", "1234", "654321", "2580") if is_easy(pin)] == [
        "1111", "1234", "654321",
    ]  # fmt: skip
