"""The evidence grade promises: one weak point costs a letter, a wrong place makes it suspicious."""

import pytest

from domain.evidence import EvidenceFacts, EvidenceLimits, grade
from domain.places import Fix, Place
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
