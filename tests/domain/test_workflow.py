"""The state machine promises: rights first, no own repair verified, no dispatch without photos."""

from dataclasses import replace

import pytest

from domain.errors import FieldError, MoveRefusedError, NotAllowedError, ShotsMissingError
from domain.records import Cell, Record, Value
from domain.workflow import Move, clash, decide, missing_shots, moves, signature
from tests.helpers.definitions import demo_definitions

DEMO = demo_definitions()
FLOW, ACCESS, PLANT = DEMO.workflows["hazard"], DEMO.access, DEMO.plant
SHOTS = frozenset(("panorama", "closeup", "responsible"))
ELECTRIC = {"area": "A06", "asset": "DB-03", "unit": "T-ELE", "grade": "B", "reporter": "U012"}


def hazard(**cells: Value) -> Record:
    return Record(
        "r1",
        "hazard",
        "hazard@1",
        {name: Cell(value, "d:1", 0, 0) for name, value in cells.items()},
    )


def go(
    record: Record,
    person: str,
    action: str,
    target: str,
    shots: frozenset[str] = SHOTS,
    given: dict[str, Value] | None = None,
) -> Move:
    facts = {"shots": shots}
    people = PLANT.people
    return decide(FLOW, record, action, target, people[person], ACCESS, PLANT, facts, given)


def test_the_loop_of_a_hazard_from_report_to_closure() -> None:
    loop: list[tuple[str, str, str, dict[str, Value]]] = [
        ("U012", "hazard.report", "reported", {}),
        ("U019", "hazard.accept", "accepted", {"owner": "U019"}),
        ("U019", "hazard.dispatch", "dispatched", {"assignee": "U009"}),
        ("U009", "hazard.rectify", "rectifying", {"rectifier": "U009"}),
        ("U009", "hazard.rectify", "to_verify", {"rectifier": "U009"}),
        ("U034", "hazard.verify", "closed", {"verifier": "U034"}),
    ]
    cells: dict[str, Value] = dict(ELECTRIC)
    shots = SHOTS | {"after"}
    for person, action, target, given in loop:
        assert go(hazard(**cells), person, action, target, shots, given).target == target
        cells |= {**given, "state": target}


def test_moves_are_those_that_this_person_may_make_now() -> None:
    record = hazard(**ELECTRIC, state="accepted")
    found = moves(FLOW, record, PLANT.people["U019"], ACCESS, PLANT)
    assert {(move.action, move.target) for move in found} == {
        ("hazard.dispatch", "dispatched"),
        ("hazard.return", "returned"),
    }
    assert next(move for move in found if move.target == "dispatched").needs == ("assignee",)
    assert moves(FLOW, record, PLANT.people["U012"], ACCESS, PLANT) == ()


def test_only_the_branch_of_the_grade_is_offered_at_verification() -> None:
    for grade, target in (("A", "to_review"), ("B", "closed")):
        record = hazard(**{**ELECTRIC, "grade": grade}, state="to_verify", assignee="U009")
        found = moves(FLOW, record, PLANT.people["U034"], ACCESS, PLANT)
        assert [move.target for move in found if move.action == "hazard.verify"] == [target]


def test_nobody_verifies_the_own_repair() -> None:
    record = hazard(
        **{**ELECTRIC, "area": "A05", "unit": "T-FIRE"},
        state="to_verify",
        assignee="U055",  # somebody else did the work: that one counts
        rectifier="U027",
    )
    with pytest.raises(MoveRefusedError) as refused:
        go(record, "U027", "hazard.verify", "closed")
    assert refused.value.params == {"reason": "incompatible", "rule": "INC5"}
    assert clash(FLOW, record, ACCESS, "hazard.verify", "U034") is None
    found = moves(FLOW, record, PLANT.people["U027"], ACCESS, PLANT)
    assert [move.action for move in found] == ["hazard.return"]


@pytest.mark.parametrize(
    ("grade", "responsible", "shots", "missing"),
    [
        ("B", None, {"panorama"}, ["closeup", "responsible"]),
        ("B", "U009", {"panorama", "closeup"}, []),
        ("A", None, {"panorama", "closeup", "responsible"}, []),
        ("C", None, set[str](), []),
    ],
)
def test_a_serious_hazard_is_dispatched_only_with_its_photos(
    grade: str, responsible: str | None, shots: set[str], missing: list[str]
) -> None:
    cells = {**ELECTRIC, "grade": grade, "responsible": responsible}
    record = hazard(**cells, state="accepted")
    assert list(missing_shots(FLOW, record, frozenset(shots), grade)) == missing
    if not missing:
        go(record, "U019", "hazard.dispatch", "dispatched", frozenset(shots))
        return
    with pytest.raises(ShotsMissingError) as refused:
        go(record, "U019", "hazard.dispatch", "dispatched", frozenset(shots))
    assert refused.value.params == {"shots": missing, "grade": grade}


def test_the_responsible_person_may_be_named_in_the_dispatch_itself() -> None:
    record = hazard(**ELECTRIC, state="accepted")
    given: dict[str, Value] = {"assignee": "U009", "responsible": "U009"}
    shots = frozenset(("panorama", "closeup"))
    assert go(record, "U019", "hazard.dispatch", "dispatched", shots, given)


@pytest.mark.parametrize(
    ("cells", "person", "action", "target", "given", "expected"),
    [
        (ELECTRIC, "U012", "hazard.accept", "accepted", None, NotAllowedError),
        (ELECTRIC, "U019", "hazard.dispatch", "dispatched", None, MoveRefusedError),
        (ELECTRIC, "U001", "rule", "reopened", None, NotAllowedError),
        (ELECTRIC, "U001", "hazard.void", "void", {}, MoveRefusedError),
        (ELECTRIC, "U001", "hazard.void", "void", {"note": "  "}, MoveRefusedError),
    ],
)
def test_what_may_not_be_done_is_refused(
    cells: dict[str, Value],
    person: str,
    action: str,
    target: str,
    given: dict[str, Value] | None,
    expected: type[FieldError],
) -> None:
    with pytest.raises(expected):
        go(hazard(**cells, state="reported"), person, action, target, given=given)


def test_a_hazard_whose_place_is_unknown_waits_for_triage() -> None:
    record = hazard(unit="D-HSE", grade="C", state="accepted")
    with pytest.raises(MoveRefusedError) as refused:
        go(record, "U001", "hazard.dispatch", "dispatched")
    assert refused.value.params == {"reason": "place"}


@pytest.mark.parametrize("assignee", ["U034", "nobody"])
def test_a_hazard_goes_only_to_somebody_who_may_rectify(assignee: str) -> None:
    record = hazard(**ELECTRIC, state="accepted")
    with pytest.raises(MoveRefusedError) as refused:
        go(record, "U019", "hazard.dispatch", "dispatched", given={"assignee": assignee})
    assert refused.value.params == {"reason": "assignee", "person": assignee}


def test_a_repair_is_reported_with_its_after_photo() -> None:
    record = hazard(**ELECTRIC, state="rectifying", assignee="U009")
    with pytest.raises(ShotsMissingError) as refused:
        go(record, "U009", "hazard.rectify", "to_verify")
    assert refused.value.params == {"shots": ["after"], "grade": "B"}


@pytest.mark.parametrize(
    ("into", "state"),
    [(None, ""), ("r1", "reported"), ("r2", "closed"), ("r2", "void"), ("r2", "merged")],
)
def test_a_hazard_is_merged_only_into_another_open_one(into: str | None, state: str) -> None:
    record = hazard(**ELECTRIC, state="reported")
    given: dict[str, Value] = {"merged_into": into or "nothing", "note": "twice"}

    def merge(other: Record | None) -> Move:
        return decide(
            FLOW, record, "hazard.merge", "merged", PLANT.people["U001"], ACCESS, PLANT,
            {"merge_into": other}, given,
        )  # fmt: skip

    other = replace(hazard(**ELECTRIC, state=state), record_id=into) if into else None
    with pytest.raises(MoveRefusedError) as refused:
        merge(other)
    assert refused.value.params == {"reason": "merged_into"}
    good = replace(hazard(**ELECTRIC, state="accepted"), record_id="r2")
    assert merge(good).target == "merged"


def test_whoever_acts_signs_in_the_cell_of_the_action() -> None:
    begun = hazard(rectifier="U050")
    assert signature(FLOW, begun, "hazard.rectify", "U009") == {
        "rectifier": "U009",
        "rectifiers": ["U009", "U050"],  # who began it is not forgotten
    }
    assert signature(FLOW, begun, "hazard.verify", "U034") == {"verifier": "U034"}
    assert signature(FLOW, begun, "hazard.return", "U034") == {}


def test_who_began_a_repair_that_somebody_else_finished_does_not_verify_it() -> None:
    finished = hazard(
        **{**ELECTRIC, "area": "A05"},
        state="to_verify",
        rectifier="U055",
        rectifiers=["U027", "U055"],
    )
    assert clash(FLOW, finished, ACCESS, "hazard.verify", "U027") is not None
    assert clash(FLOW, finished, ACCESS, "hazard.verify", "U055") is not None
    assert clash(FLOW, finished, ACCESS, "hazard.verify", "U034") is None
