"""The evidence grade promises: one weak point costs a letter, a wrong place makes it suspicious."""

import pytest

from domain.evidence import EvidenceFacts, EvidenceLimits, grade, shots_now
from domain.places import Fix, Place
from domain.records import Cell, Record, Value
from tests.helpers.definitions import demo_definitions

TANK = demo_definitions().plant.assets["TK-101"].place
OTHER_TANK = demo_definitions().plant.assets["TK-102"].place
LIMITS = EvidenceLimits(accuracy_m=30, mismatch_m=100)


def fix(place: Place, accuracy_m: float = 6, mocked: bool = False) -> Fix:
    return Fix(place, round(accuracy_m * 100), 0, mocked)


@pytest.mark.parametrize(
    ("facts", "letter", "position"),
    [
        (EvidenceFacts(True, fix(TANK), TANK, True), "A", "position_ok"),
        (EvidenceFacts(True, fix(TANK), None, True), "A", "position_ok"),
        (EvidenceFacts(True, fix(TANK), TANK, False), "B", "position_ok"),
        (EvidenceFacts(True, None, TANK, True), "B", "position_none"),
        (EvidenceFacts(True, fix(TANK, 31), TANK, True), "B", "position_poor"),
        (EvidenceFacts(True, fix(TANK, 30), TANK, True), "A", "position_ok"),
        (EvidenceFacts(True, None, TANK, False), "C", "position_none"),
        (EvidenceFacts(False, fix(TANK), TANK, True), "C", "position_ok"),
        (EvidenceFacts(False, None, TANK, False), "C", "position_none"),
        (EvidenceFacts(True, fix(OTHER_TANK), TANK, True), "D", "position_far"),
        (EvidenceFacts(True, fix(TANK, 0), TANK, True), "D", "position_mocked"),
        (EvidenceFacts(True, fix(TANK, 6, mocked=True), TANK, True), "D", "position_mocked"),
        (EvidenceFacts(True, None, TANK, True, mocked=True), "D", "position_mocked"),
    ],
)
def test_grade(facts: EvidenceFacts, letter: str, position: str) -> None:
    found = grade(facts, LIMITS)
    assert (found.letter, found.reasons[1].code) == (letter, position)
    assert [reason.ok for reason in found.reasons].count(False) >= (letter != "A")


def test_a_reason_says_how_far_and_how_exact() -> None:
    reason = grade(EvidenceFacts(True, fix(OTHER_TANK), TANK, True), LIMITS).reasons[1]
    assert reason.params == {"accuracy_m": 6, "distance_m": 255, "limit_m": 100}


def _record(type: str, writer: str, at_ms: int, **cells: Value) -> Record:
    made = {name: Cell(value, writer, at_ms, 0) for name, value in cells.items()}
    return Record(f"{type}-{writer}", type, f"{type}@1", made)


@pytest.mark.parametrize(
    ("writer", "at_ms", "counts"),
    [
        ("A:4", 50, False),  # made before the work was sent back
        ("A:6", 50, True),  # the same device: its numbers say more than its clock
        ("B:1", 50, False),
        ("B:1", 101, True),
    ],
)
def test_the_picture_of_finished_work_is_newer_than_the_work(
    writer: str, at_ms: int, counts: bool
) -> None:
    sent_back = _record("hazard", "A:5", 100, state="rectifying")
    after = _record("evidence", writer, at_ms, shot="after")
    before = _record("evidence", "B:0", 1, shot="panorama")
    assert shots_now(sent_back, [after, before]) == {"panorama"} | ({"after"} if counts else set())


def test_a_withdrawn_photo_never_counts() -> None:
    hazard = _record("hazard", "A:5", 100, state="accepted")
    assert shots_now(hazard, [_record("evidence", "A:6", 1, shot="closeup", withdrawn=True)]) == (
        frozenset()
    )
