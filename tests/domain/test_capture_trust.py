"""Signs and challenges promise: they lower a grade by the plant's data, and never raise one."""

import random
from dataclasses import replace
from typing import cast

import pytest

from domain.capture_trust import (
    CHALLENGE,
    KINDS,
    SIGNS,
    STATES,
    Challenge,
    TrustRules,
    are_grounds,
    challenge_of,
    doubtful,
    grounds,
    standing_grade,
)
from domain.evidence import EvidenceFacts, EvidenceLimits, grade
from domain.places import Fix
from domain.records import Cell, Record, Value
from tests.helpers.definitions import demo_definitions

RULES = demo_definitions().trust
PLACE = demo_definitions().plant.assets["TK-101"].place
SURE = EvidenceFacts(True, Fix(PLACE, 600, 0, False), PLACE, True)
LIMITS = EvidenceLimits(accuracy_m=30, mismatch_m=100)


def photo(**cells: Value) -> Record:
    cells = {"shot": "after", "source": "camera", "grade": "A", **cells}
    held = {name: Cell(value, "d:1", 1, 0) for name, value in cells.items()}
    return Record("P-1", "evidence", "evidence@1", held)


def test_one_sign_is_at_best_weak_and_two_are_doubtful_evidence() -> None:
    seen: list[str] = []
    for signs in ({}, {SIGNS[0]: 2}, {SIGNS[0]: 2, SIGNS[1]: None}):
        found = grade(replace(SURE, signs=signs), LIMITS, RULES)
        seen.append(found.letter)
        said = {reason.code: dict(reason.params) for reason in found.reasons if not reason.ok}
        assert said == {
            code: {} if rate is None else {"rate": rate} for code, rate in signs.items()
        }
    assert seen == ["A", "C", "D"]


@pytest.mark.parametrize(
    ("used", "letter", "said"),
    [("none", "A", "unique"), ("hint", "B", "used_hint"), ("block", "C", "used_block")],
)
def test_a_photo_that_was_there_before_proves_less(used: str, letter: str, said: str) -> None:
    facts = replace(SURE, used=used)  # pyright: ignore[reportArgumentType]
    found = grade(facts, LIMITS, RULES)
    assert (found.letter, found.reasons[-1].code) == (letter, said)


UNIQUE: Value = [["live", True, {}], ["unique", True, {}], ["photo_ok", True, {}]]
HINTED: Value = [["live", True, {}], ["used_hint", False, {}]]


@pytest.mark.parametrize(
    ("grade", "reasons", "how", "letter"),
    [
        ("A", UNIQUE, "block", "C"),
        ("A", UNIQUE, "same", "B"),
        ("B", UNIQUE, "same", "C"),
        ("A", UNIQUE, "hint", "B"),
        ("D", UNIQUE, "block", "D"),
        ("B", HINTED, "same", "B"),  # the weak point is in its grade already
        ("B", HINTED, "block", "C"),
        ("A", None, "block", "C"),
        ("A", "rubbish", "same", "B"),
    ],
)
def test_what_the_server_found_stands_in_the_place_of_what_the_device_knew(
    grade: str, reasons: Value, how: str, letter: str
) -> None:
    one = photo(shot="closeup", grade=grade, reasons=reasons,
                server_reuse={"how": how, "of": "P-9"})  # fmt: skip
    said = [row[:2] for row in grounds(one, RULES) if row[0] == "unique" or "used" in row[0]]
    assert said == [(f"used_{how}", False)]
    assert standing_grade(one, RULES) == letter


@pytest.mark.parametrize("said", [None, 7, "block", {"how": "block"}, {"how": [], "of": "x"},
                                  {"how": "block", "of": ""}])  # fmt: skip
def test_a_malformed_finding_changes_nothing(said: Value) -> None:
    one = photo(shot="closeup", reasons=UNIQUE, server_reuse=said)
    assert standing_grade(one, RULES) == "A"
    assert ("unique", True, {}) in grounds(one, RULES)


@pytest.mark.parametrize(
    ("challenge", "letter", "told"),
    [
        (Challenge("closer", "met", photo="P-2"), "A", ()),
        (Challenge("closer"), "C", ("challenge",)),
        (Challenge("closer", "failed", "same_exposure", "P-2"), "C", ("challenge",)),
        (Challenge("closer", "skipped", reason="space"), "C", ("challenge",)),
    ],
)
def test_only_a_second_shot_that_fits_keeps_the_grade(
    challenge: Challenge, letter: str, told: tuple[str, ...]
) -> None:
    first = photo(**{CHALLENGE: challenge.value()})
    assert challenge_of(challenge.value()) == challenge
    assert (standing_grade(first, RULES), doubtful(first, RULES)) == (letter, told)


def test_a_photo_of_a_repair_without_a_task_is_never_silently_sound() -> None:
    assert standing_grade(photo(), RULES) == "C"
    assert standing_grade(photo(source="file", grade="C"), RULES) == "C"
    assert standing_grade(photo(shot="closeup"), RULES) == "A"
    assert standing_grade(photo(), TrustRules("A", "A", "A")) == "A"  # a plant without these rules


@pytest.mark.parametrize("source", ["camera", "drawn", "webcam", "", None, 7])
@pytest.mark.parametrize("grade", ["A", "B", None, "A+"])
def test_whatever_a_photo_is_said_to_come_from_a_second_shot_left_out_is_told(
    source: Value, grade: Value
) -> None:
    first = photo(source=source, grade=grade)
    assert doubtful(first, RULES) == ("challenge",)
    assert standing_grade(first, RULES) not in ("A", "B")
    assert doubtful(first, TrustRules()) == ()  # a plant that asks for none


@pytest.mark.parametrize(
    "cells", [{"source": "file"}, {"shot": "closeup"}, {"media": "video"}, {"grade": "C"}]
)
def test_nobody_is_told_of_a_second_shot_that_was_not_due(cells: dict[str, Value]) -> None:
    assert doubtful(photo(**cells), RULES) == ()


def test_a_photo_from_files_is_worth_what_an_album_is_whatever_its_device_signed() -> None:
    assert [standing_grade(photo(source="file", grade=one), RULES) for one in "ABCD"] == [
        "C", "C", "C", "D",
    ]  # fmt: skip


def test_what_the_server_drew_itself_asks_for_nothing() -> None:
    drawn = photo(source="drawn")
    own = replace(drawn, cells={**drawn.cells, "source": Cell("drawn", "server:4", 1, 0)})
    assert (standing_grade(own, RULES), doubtful(own, RULES)) == ("A", ())


def test_whatever_a_cell_holds_no_grade_is_raised_and_nothing_breaks() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    parts: list[Value] = [
        None,
        "",
        7,
        True,
        [],
        {},
        "x" * 5000,
        *KINDS,
        *STATES,
        "not_moved",
        "P-2",
    ]
    for _ in range(500):
        cell: Value = {
            rng.choice(["kind", "state", "why", "photo", "reason", "more"]): rng.choice(parts)
            for _ in range(rng.randrange(6))
        }
        rows = [[rng.choice([*SIGNS, 3]), False, {}], rng.choice(parts)]
        letter = rng.choice("ABCD")
        first = photo(grade=letter, reasons=cast("Value", rows), **{CHALLENGE: cell})
        found = challenge_of(cell)
        assert standing_grade(first, RULES) >= letter
        assert found is None or challenge_of(found.value()) == found


def test_grounds_are_read_whatever_a_cell_holds_and_accepted_as_the_app_writes_them() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    odd: list[Value] = [
        None,
        "",
        7,
        True,
        [],
        {},
        ["x"],
        [["x"]],
        "y" * 500,
        {"rate": [1]},
        {"a": 1},
    ]
    for _ in range(500):
        cell: Value = [[rng.choice(odd) for _ in range(rng.randrange(5))] for _ in range(3)]
        found = grounds(photo(shot="closeup", reasons=cell), RULES)
        assert len(found) == 3 or not are_grounds(cell)
    told = grade(SURE, LIMITS)
    written: Value = [[row.code, row.ok, dict(row.params)] for row in told.reasons]
    assert are_grounds(written)
    assert [code for code, _, _ in grounds(photo(shot="closeup", reasons=written), RULES)] == [
        row.code for row in told.reasons
    ]
