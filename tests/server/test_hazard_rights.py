"""Hazards on the server: a grade goes down by one hand alone, and nothing is carried along."""

import pytest

from domain.errors import FieldError
from domain.records import Value
from offline_store import records
from server import rights
from tests.helpers.matrix import hazard, with_person
from tests.server.attempts import Attempt, entry, scene
from tests.server.phone import Bench, Phone, report

MANAGER, LEADER = "U001", "U019"


def judged(
    role: str, situation: str, cells: dict[str, Value], kind: Value = "edit", **now: Value
) -> str:
    """Return what the server says to somebody of this role: the code and reason, or "ok"."""
    target = hazard(situation, **{"state": "accepted", **now})
    one = Attempt("", entry("hazard", cells, str(kind)), set(), target)
    error = rights.check(one.entry, scene(one, with_person(role)))
    return "ok" if error is None else said(error)


def said(error: FieldError) -> str:
    reason = error.params.get("reason")
    return f"{error.code}:{reason}" if reason else error.code


@pytest.mark.parametrize(
    ("role", "before", "after", "note", "expected"),
    [
        ("safety_manager", "A", "B", "旁路已恢复，已核实", "ok"),
        ("safety_manager", "A", "D", "误判", "ok"),
        ("safety_manager", "A", "B", None, "move.refused:needs"),
        ("safety_manager", "A", "B", "  ", "move.refused:needs"),
        ("team_leader", "B", "C", "x", "access.denied"),
        ("unit_head", "B", "C", "x", "access.denied"),
        ("dept_manager", "A", "B", "x", "access.denied"),
        ("general_manager", "A", "B", "x", "access.denied"),
        ("team_leader", "C", "B", "有水", "ok"),  # up: whoever triages, with the reason
        ("inspector", "C", "A", "联锁", "ok"),
        ("team_leader", "C", "B", None, "move.refused:needs"),
        ("electrician", "C", "B", "x", "access.denied"),
        ("safety_manager", "B", "E", "x", "entry.invalid:grade"),
        ("safety_manager", "B", None, "x", "entry.invalid:grade"),
    ],
)
def test_a_grade_goes_up_by_who_triages_and_down_by_the_safety_manager_with_a_reason(
    role: str, before: str, after: Value, note: Value, expected: str
) -> None:
    cells: dict[str, Value] = {"grade": after}
    if note is not None:
        cells["note"] = note
    assert judged(role, "area", cells, grade=before) == expected


@pytest.mark.parametrize("now", [{"rectifier": "M001"}, {"rectifiers": ["M001", "U009"]}])
def test_who_repaired_it_does_not_lower_its_grade(now: dict[str, Value]) -> None:
    lower: dict[str, Value] = {"grade": "C", "note": "x"}
    found = judged("safety_manager", "area", lower, grade="B", **now)
    assert found == "move.refused:incompatible"
    assert judged("safety_manager", "area", {"grade": "A", "note": "x"}, grade="B", **now) == "ok"


def test_no_move_lowers_the_grade_beside() -> None:
    accept: dict[str, Value] = {"state": "accepted", "action": "hazard.accept", "owner": "M001"}
    cells: dict[str, Value] = {**accept, "grade": "D", "note": "x"}
    assert judged("team_leader", "area", cells, "decide", state="reported") == "access.denied"
    # not even theirs: the words of a move say why the move, not why the grade
    found = judged("safety_manager", "area", cells, "decide", state="reported")
    assert found == "move.refused:needs"


REPAIR: dict[str, Value] = {
    "state": "rectifying", "action": "hazard.rectify", "rectifier": "M001"
}  # fmt: skip


@pytest.mark.parametrize(
    "beside",
    [
        {"area": "A06", "asset": "DB-03"},  # elsewhere, where somebody else verifies
        {"unit": "T-ELE"},
        {"category": "HK"},
        {"grade": "A", "note": "x"},
        {"responsible": "U009"},
    ],
)
def test_a_repair_changes_nothing_but_its_own_cells(beside: dict[str, Value]) -> None:
    cells = {**REPAIR, **beside}
    found = judged("electrician", "assigned", cells, "decide", state="dispatched")
    assert found == "access.denied"
    assert judged("electrician", "assigned", REPAIR, "decide", state="dispatched") == "ok"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"area": "A02"}, "entry.invalid:place"),  # DB-03 does not stand there
        ({"asset": "TK-101"}, "entry.invalid:place"),
        ({"asset": "TK-101", "area": "A01"}, "ok"),
        ({"asset": "XX-9", "area": "A01"}, "entry.invalid:place"),
        ({"unit": "T-XXX"}, "entry.invalid:place"),
        ({"category": "ZZ"}, "entry.invalid:category"),
        ({"element": "luck"}, "entry.invalid:element"),
        ({"element": "man"}, "ok"),
        ({"responsible": "U999"}, "entry.invalid:person"),
        ({"note": "x" * 2001}, "entry.invalid:size"),
        ({"note": 7}, "entry.invalid:size"),
        ({"brand_new": 1}, "entry.invalid:fields"),
        ({"reported_ms": 1_700_000_000_001}, "entry.invalid:append_only"),
        ({"words": "没事"}, "entry.invalid:append_only"),
        ({"interim_by": "U009"}, "entry.invalid:person"),
        ({"region": {"photo": "p1", "box": [0, 0, 1000, 400]}}, "ok"),
        ({"region": {"photo": "p1", "box": [0, 0, 1001, 400]}}, "entry.invalid:region"),
    ],
)
def test_a_correction_holds_only_what_its_cell_may_hold(
    cells: dict[str, Value], expected: str
) -> None:
    assert judged("team_leader", "area", cells, asset="DB-03", area="A06") == expected


def test_what_is_settled_for_good_is_not_corrected() -> None:
    for state in ("void", "merged"):
        found = judged("safety_manager", "area", {"element": "man"}, state=state)
        assert found == "move.refused:final"


@pytest.mark.parametrize(
    "cells",
    [
        {"interim": "x"},  # nothing is in place before anybody knows of it
        {"brand_new": "x"},
        {"element": "luck"},
        {"rectifiers": ["U009"]},
        {"grade": None},
        {"unit": "T-XXX"},
        {"area": "A01"},  # DB-03 stands in A06
    ],
)
async def test_a_report_with_what_does_not_belong_into_one_is_refused(
    bench: Bench, cells: dict[str, Value]
) -> None:
    phone = await bench.phone()
    phone.write("U012", "hazard", {**report(), **cells})
    assert [one.code for one in (await phone.push()).exceptions] == ["entry.invalid"]


def write(phone: Phone, hazard_id: str, person: str, **cells: Value) -> None:
    phone.write(person, "hazard", cells, record_id=hazard_id)


async def test_nobody_who_ever_worked_on_it_verifies_it(bench: Bench) -> None:
    phone = await bench.phone()
    place = {"asset": "FX-05", "area": "A05", "unit": "T-FIRE", "category": "FP"}
    hazard_id = phone.write("U012", "hazard", report(**place))
    write(phone, hazard_id, "U027", state="accepted", action="hazard.accept", owner="U027")
    write(phone, hazard_id, "U027", state="dispatched", action="hazard.dispatch", assignee="U055")
    begin: dict[str, Value] = {"state": "rectifying", "action": "hazard.rectify"}
    write(phone, hazard_id, "U027", **begin, rectifier="U027")
    shot: dict[str, Value] = {"of": hazard_id, "shot": "after", "by": "U055", "original": "ab" * 32}
    phone.write("U055", "evidence", shot, kind="attach")
    done: dict[str, Value] = {"state": "to_verify", "action": "hazard.rectify", "rectifier": "U055"}
    cells_seen: list[str] = ["state", "action", "rectifier", "rectifiers"]
    seen = dict.fromkeys(cells_seen, f"{phone.device_id}:4")

    def finish(**more: Value) -> None:
        phone.write("U055", "hazard", {**done, **more}, record_id=hazard_id, base=seen)

    finish()  # forgets who began it
    finish(rectifiers=["U055"])
    finish(rectifiers=["U009", "U027", "U055"])  # and adds somebody who did nothing
    finish(rectifiers=["U027", "U055"])
    reply = await phone.push()
    assert [(one.n, one.code) for one in reply.exceptions] == [
        (number, "access.denied") for number in (6, 7, 8)
    ]
    seen = dict.fromkeys(cells_seen, f"{phone.device_id}:9")
    passed: dict[str, Value] = {"state": "closed", "action": "hazard.verify"}
    for person in ("U027", "U003"):
        cells = {**passed, "verifier": person}
        phone.write(person, "hazard", cells, record_id=hazard_id, base=seen)
    reply = await phone.push()
    assert [(one.n, one.code) for one in reply.exceptions] == [(10, "move.refused")]


async def test_a_downgrade_over_the_wire_takes_effect_and_keeps_its_reason(bench: Bench) -> None:
    phone = await bench.phone()
    hazard_id = phone.write("U012", "hazard", report(grade="A"))
    phone.write(LEADER, "hazard", {"grade": "B", "note": "x"}, kind="edit", record_id=hazard_id)
    lower: dict[str, Value] = {"grade": "B", "note": "只是信号线"}
    seen = {"grade": f"{phone.device_id}:1"}
    phone.write(MANAGER, "hazard", lower, kind="edit", record_id=hazard_id, base=seen)
    assert [one.n for one in (await phone.push()).exceptions] == [2]
    with bench.site.store.reading() as session:
        found = records.get(session, hazard_id)
    assert (found.text("grade"), found.text("note")) == ("B", "只是信号线")
