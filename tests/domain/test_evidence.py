"""The evidence grade promises: one weak point costs a letter, a wrong place makes it suspicious."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.evidence import EvidenceFacts, EvidenceLimits, PhotoQuality, grade, shots_now
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


CLEAR = PhotoQuality(sharp=12, light=200, blown=1)
STRICT = EvidenceLimits(
    accuracy_m=30, mismatch_m=100, sharp=Decimal("2.5"), dark=40, blown=80
)  # the demo's


@pytest.mark.parametrize(
    ("quality", "letter", "said"),
    [
        (CLEAR, "A", "photo_ok"),
        (replace(CLEAR, sharp=2.4), "B", "photo_blurred"),
        (replace(CLEAR, light=39), "B", "photo_dark"),
        (replace(CLEAR, light=39, sharp=1), "B", "photo_dark"),
        (replace(CLEAR, blown=81), "B", "photo_blown"),
    ],
)
def test_a_photo_that_shows_little_is_one_weak_point(
    quality: PhotoQuality, letter: str, said: str
) -> None:
    facts = EvidenceFacts(True, fix(TANK), TANK, True, quality=quality)
    found = grade(facts, STRICT)
    assert (found.letter, found.reasons[-1].code) == (letter, said)
    assert grade(replace(facts, time_known=False), STRICT).letter == ("B" if letter == "A" else "C")


def test_a_label_that_contradicts_the_position_costs_a_letter() -> None:
    facts = EvidenceFacts(True, fix(TANK), TANK, True, label_elsewhere=True)
    found = grade(facts, LIMITS)
    assert (found.letter, found.reasons[-1].code) == ("B", "label_elsewhere")


@pytest.mark.parametrize(
    ("km", "minutes", "letter"), [(40, 1, "D"), (40, 30, "A"), (0.4, 0.1, "A"), (2, 0.1, "D")]
)
def test_a_position_that_jumped_is_suspicious(km: float, minutes: float, letter: str) -> None:
    now = Fix(TANK, 600, 3_600_000)
    north = Place(TANK.lat_e7 + round(km / 111.195 * 1e7), TANK.lon_e7)
    before = Fix(north, 600, now.at_ms - round(minutes * 60_000))
    found = grade(EvidenceFacts(True, now, TANK, True, before=before), LIMITS)
    assert found.letter == letter
    assert (found.reasons[1].code == "position_jumped") == (letter == "D")


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
    found = shots_now(sent_back, [after, before], lambda _sha256: False)
    assert found == {"panorama"} | ({"after"} if counts else set())


def test_a_withdrawn_photo_never_counts() -> None:
    hazard = _record("hazard", "A:5", 100, state="accepted")
    photo = _record("evidence", "A:6", 1, shot="closeup", withdrawn=True)
    assert shots_now(hazard, [photo], lambda _sha256: False) == frozenset()


def test_a_photo_whose_picture_was_removed_for_good_never_counts() -> None:
    hazard = _record("hazard", "A:5", 100, state="accepted")
    gone = _record("evidence", "A:6", 1, shot="responsible", original="aa")
    here = _record("evidence", "A:7", 1, shot="closeup", original="bb")
    assert shots_now(hazard, [gone, here], {"aa"}.__contains__) == {"closeup"}
