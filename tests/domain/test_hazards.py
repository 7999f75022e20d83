"""Hazards promise: a reasoned proposal from the own words, somebody who accepts, a deadline."""

import pytest

from domain.demo import DemoHazard
from domain.hazards import deadlines, next_deadline, propose, route
from tests.helpers.definitions import demo_definitions

DEMO = demo_definitions()
PLANT, WORDS = DEMO.plant, DEMO.hazards


@pytest.mark.parametrize("hazard", DEMO.demo.hazards, ids=lambda hazard: hazard.hazard_id)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_demo_hazards_are_graded_from_their_words_alone(
    hazard: DemoHazard, language: str
) -> None:
    asset, area = PLANT.assets[hazard.asset], PLANT.areas[hazard.area]
    proposal = propose(WORDS, hazard.said.in_(language), asset, area, None)
    assert (proposal.category, proposal.grade) == (hazard.category, hazard.grade)
    assert {"HZ-0001": "B", "HZ-0002": "B", "HZ-0004": "C", "HZ-0005": "A"}.get(
        hazard.hazard_id, proposal.grade
    ) == proposal.grade
    assert proposal.reasons


def test_static_electricity_goes_to_the_electricians() -> None:
    unit = route(WORDS, PLANT, DEMO.access, "ST", PLANT.areas["A01"], PLANT.assets["TK-101"])
    assert unit == "T-ELE"


@pytest.mark.parametrize(
    ("category", "area", "asset", "unit"),
    [
        ("IL", "A01", "TK-101", "T-INS"),
        ("LK", "A05", "LP-02", "T-LOAD"),
        ("LK", "A01", "TK-101", "T-TANK"),  # no row: the equipment's owner
        ("HT", "A04", "SC-12", "W-SYN"),  # a contractor may not accept: the area's unit
        ("HK", "A11", None, "D-PRO"),
        ("HK", None, None, "D-HSE"),  # place unknown
        (None, None, None, "D-HSE"),
    ],
)
def test_route(category: str | None, area: str | None, asset: str | None, unit: str) -> None:
    found = route(
        WORDS,
        PLANT,
        DEMO.access,
        category,
        PLANT.areas[area] if area else None,
        PLANT.assets[asset] if asset else None,
    )
    assert found == unit


def test_a_failed_question_decides_the_category_and_raises_the_grade() -> None:
    item = DEMO.forms["TANK-D"].item("T09")
    proposal = propose(WORDS, "", PLANT.assets["TK-101"], PLANT.areas["A01"], item)
    assert (proposal.category, proposal.grade) == ("IL", "A")
    assert [reason.kind for reason in proposal.reasons] == ["item", "grade"]


def test_words_may_raise_the_grade_of_a_failed_question() -> None:
    item = DEMO.forms["SWB-W"].item("S09")
    assert item
    asset, area = PLANT.assets["DB-03"], PLANT.areas["A06"]
    assert propose(WORDS, "", asset, area, item).grade == "C"
    assert propose(WORDS, "漏电", asset, area, item).grade == "B"


def test_a_person_may_set_or_clear_a_finding() -> None:
    said = "叉车超速，当场整改"
    assert propose(WORDS, said, None, None, None).grade == "D"
    assert propose(WORDS, said, None, None, None, {"fixed_on_the_spot": False}).grade == "C"
    assert propose(WORDS, said, None, None, None, {"may_kill_or_maim": True}).grade == "B"


def test_a_misheard_word_points_to_what_was_meant() -> None:
    assert propose(WORDS, "夸接线断了", None, None, None).category == "ST"


def test_no_word_known_proposes_no_category() -> None:
    proposal = propose(WORDS, "哎", None, None, None)
    assert (proposal.category, proposal.grade) == (None, "C")


def test_english_words_count_from_their_beginning_only() -> None:
    assert propose(WORDS, "a designer came by", None, None, None).category is None
    assert propose(WORDS, "SIGN missing", None, None, None).category == "SG"


@pytest.mark.parametrize(
    ("grade", "accept_min", "interim_h", "rectify_d"),
    [("A", 15, 0, None), ("B", 60, 4, 3), ("C", 240, 24, 7), ("D", 0, None, None)],
)
def test_deadlines_count_from_report_and_acceptance(
    grade: str, accept_min: int, interim_h: int | None, rectify_d: int | None
) -> None:
    found = deadlines(WORDS, grade, 1_000, None)
    assert (found.accept_by_ms, found.rectify_by_ms) == (1_000 + accept_min * 60_000, None)
    found = deadlines(WORDS, grade, 1_000, 5_000)
    assert found.interim_by_ms == (None if interim_h is None else 5_000 + interim_h * 3_600_000)
    assert found.rectify_by_ms == (None if rectify_d is None else 5_000 + rectify_d * 86_400_000)


@pytest.mark.parametrize(
    ("grade", "state", "expected_h"),
    [
        ("B", "reported", 1),  # accepted within an hour
        ("B", "returned", 1),
        ("B", "rectifying", 72),  # repaired within three days of acceptance
        ("A", "rectifying", None),  # by a plan of its own
        ("D", "accepted", None),  # within the shift
        ("B", "to_verify", None),
        ("B", "closed", None),
    ],
)
def test_the_next_deadline_is_that_of_the_next_step(
    grade: str, state: str, expected_h: int | None
) -> None:
    vocabulary = demo_definitions().hazards
    due = next_deadline(vocabulary, grade, state, 0, 0)
    assert due == (None if expected_h is None else expected_h * 3_600_000)
