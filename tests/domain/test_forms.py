"""A checklist promises: only what concerns this equipment, exact limits, photos asked for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import AnswerInvalidError
from domain.forms import Line, check
from domain.questions import judge, limits, parse_answer
from tests.helpers.definitions import demo_definitions

PLANT = demo_definitions().plant
FORMS = demo_definitions().forms


def facts(asset: str) -> dict[str, object]:
    return {"asset": PLANT.assets[asset].facts}


def line(form: str, asset: str, item: str, answers: dict[str, str], photos: dict[str, int]) -> Line:
    progress = check(FORMS[form], answers, photos, facts(asset))
    return next(row for row in progress.lines if row.item.item_id == item)


@pytest.mark.parametrize(
    ("level", "state", "reason"),
    [
        ("0.99", "bad", "below_min"),
        ("1.0", "good", ""),
        ("10.99", "good", ""),
        ("11.0", "warn", "above_warn"),
        ("11.5", "warn", "above_warn"),
        ("11.51", "bad", "above_max"),
        ("11.8", "bad", "above_max"),
        ("", "open", ""),
    ],
)
def test_a_level_is_judged_at_its_limits(level: str, state: str, reason: str) -> None:
    item = FORMS["TANK-D"].item("T03")
    assert item
    judgement = judge(item, level, facts("TK-101"))
    assert (judgement.state, judgement.reason) == (state, reason)
    if reason == "above_max":
        assert judgement.params == {"limit": "11.5", "unit": "m"}


def test_a_level_above_the_limit_turns_red_and_demands_a_photo() -> None:
    found = line("TANK-D", "TK-101", "T03", {"T03": "11.8"}, {})
    assert (found.judgement.state, found.photo_needed, found.photo_missing) == ("bad", True, True)
    assert not found.complete
    assert line("TANK-D", "TK-101", "T03", {"T03": "11.8"}, {"T03": 1}).complete


@pytest.mark.parametrize(("value", "needed"), [("ok", False), ("na", False), ("ng", True)])
def test_a_photo_on_failure_is_asked_for_only_then(value: str, needed: bool) -> None:
    assert line("TANK-D", "TK-101", "T01", {"T01": value}, {}).photo_needed is needed


def test_what_does_not_apply_needs_no_photo() -> None:
    found = line("SWB-W", "DB-03", "S05", {"S05": "na"}, {})
    assert (found.judgement.state, found.photo_needed, found.complete) == ("na", False, True)


def test_a_tank_that_cannot_burn_is_not_asked_about_static_electricity() -> None:
    shown = [row.item.item_id for row in check(FORMS["TANK-D"], {}, {}, facts("TK-102")).lines]
    assert len(shown) == 9
    assert not {"T07", "T08", "T11"} & set(shown)
    numbers = [row.number for row in check(FORMS["TANK-D"], {}, {}, facts("TK-102")).lines]
    assert numbers == list(range(1, 10))


def test_the_answer_to_a_hidden_question_counts_for_nothing() -> None:
    progress = check(FORMS["SCAF-D"], {"J01": "red", "J08": "9"}, {}, facts("SC-12"))
    assert "J08" not in {row.item.item_id for row in progress.lines}


def test_the_next_question_is_the_first_that_is_not_complete() -> None:
    answers = {"T01": "ok", "T02": "ok", "T03": "5"}
    progress = check(FORMS["TANK-D"], answers, {}, facts("TK-101"))
    assert (progress.next_item_id, progress.done, progress.total) == ("T03", 2, 12)
    progress = check(FORMS["TANK-D"], answers, {"T03": 1}, facts("TK-101"))
    assert progress.next_item_id == "T04"


def test_the_limit_depends_on_the_medium_and_an_unknown_one_gets_the_strict_limit() -> None:
    item = FORMS["CSE-E"].item("C05")
    assert item
    assert limits(item, facts("CS-07")).maximum == Decimal("0.2")
    assert limits(item, facts("TK-101")).maximum == Decimal("0.5")


def test_a_photo_question_is_answered_by_its_photo_alone() -> None:
    assert line("CSE-E", "CS-07", "C14", {"C14": "done"}, {}).judgement.state == "open"
    assert line("CSE-E", "CS-07", "C14", {}, {"C14": 1}).complete


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("11.80", "11.80"),
        ("１１．８", "11.8"),
        (" 11,8 ", "11.8"),
        ("-0.2", "-0.2"),
        ("\N{MINUS SIGN}5", "-5"),
        ("+7", "7"),
        (".5", "0.5"),
        ("007", "7"),
        ("12。5", "12.5"),
        ("1 000", "1000"),
    ],
)
def test_a_number_is_read_as_people_type_it(typed: str, stored: str) -> None:
    item = FORMS["TANK-D"].item("T03")
    assert item
    assert parse_answer(item, typed) == stored


@pytest.mark.parametrize(
    ("item_id", "typed", "reason"),
    [
        ("T03", "eleven", "number"),
        ("T03", "", "number"),
        ("T03", "1,000.5", "number"),
        ("T03", "1e9", "number"),
        ("T03", "NaN", "number"),
        ("T03", "1234567890123", "size"),
        ("T03", "1" * 10_000, "size"),
        ("T01", "maybe", "choice"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_its_reason(
    item_id: str, typed: str, reason: str
) -> None:
    item = FORMS["TANK-D"].item(item_id)
    assert item
    with pytest.raises(AnswerInvalidError) as refused:
        parse_answer(item, typed)
    assert refused.value.params == {"item": item_id, "reason": reason}


def test_text_is_limited_in_size_and_a_choice_to_its_options() -> None:
    text, choice = FORMS["EXT-M"].item("X09"), FORMS["EXT-M"].item("X02")
    assert text
    assert choice
    assert parse_answer(text, "  2026-10-01 ") == "2026-10-01"
    with pytest.raises(AnswerInvalidError):
        parse_answer(text, "x" * 2001)
    with pytest.raises(AnswerInvalidError):
        parse_answer(choice, "blue")


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_number_that_stays_itself_or_is_refused(typed: str) -> None:
    item = FORMS["TANK-D"].item("T03")
    assert item
    try:
        stored = parse_answer(item, typed)
    except AnswerInvalidError:
        return
    assert parse_answer(item, stored) == stored
    assert Decimal(stored).is_finite()
