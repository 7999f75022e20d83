"""The verdict on two photos: three numbers decide, and what could not look asks a person."""

import math
from dataclasses import replace

import pytest

from domain.rectification import Findings, Flaw, Limits, Model, Quality, Verdict, judge, percent

# One feature that is its own log-odds: probabilities can be asked for.
MODEL = Model(("odds",), (0.0,), (1.0,), (1.0,), 0.0, (9.0,))


LIMITS = Limits(0.85, 0.15, 0.35, 1.75, 3, 0.26, Quality(320, 14, 252, 6.0))


def seen(probability: float, **more: object) -> Findings:
    found = Findings(
        (), 0.9, scene=0.95, features={"odds": math.log(probability / (1 - probability))}
    )
    return replace(found, **more)  # type: ignore[arg-type]


def verdict(findings: Findings, **how: object) -> Verdict:
    return judge(findings, MODEL, LIMITS, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("probability", "outcome", "key"),
    [
        (0.86, "passed", "rectify.passed"),
        (0.84, "needs_person", "rectify.unsure"),
        (0.16, "needs_person", "rectify.unsure"),
        (0.14, "refused", "rectify.unchanged"),
    ],
)
def test_the_gates_of_the_defaults_decide(probability: float, outcome: str, key: str) -> None:
    found = verdict(seen(probability))
    assert found.outcome == outcome
    assert [reason.key for reason in found.reasons] == [key]
    assert found.probability == pytest.approx(probability)


def test_small_signs_of_a_change_keep_it_from_being_refused() -> None:
    """Two specks are gone from a large box: hardly a change, and yet no reason to refuse."""
    names, noughts = ("a", "b", "c"), (0.0, 0.0, 0.0)
    model = Model(names, noughts, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), -5.0, (0.1, 0.1, 0.1))
    some = Findings((), 0.9, scene=0.9, features={"a": 0.2, "b": 0.2, "c": 0.2})
    found = judge(some, model, LIMITS)
    assert (found.outcome, found.reasons[0].key) == ("needs_person", "rectify.small_signs")
    assert judge(some, model, replace(LIMITS, signs=4)).outcome == "refused"


def test_another_gate_is_data() -> None:
    assert judge(seen(0.9), MODEL, replace(LIMITS, passed=0.95)).outcome == "needs_person"


@pytest.mark.parametrize("probability", [0.01, 0.99])
@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"scene": None, "features": None}, "rectify.other_place"),
        ({"copied": True}, "rectify.copy"),
        ({"scene": 0.2}, "rectify.scene_differs"),
        ({"slant": 2.0}, "rectify.aside"),
        ({"flaws": (Flaw("after", "dark"),)}, "rectify.flaw.dark.after"),
    ],
)
def test_what_could_not_be_compared_needs_a_person_and_is_never_refused(
    probability: float, change: dict[str, object], key: str
) -> None:
    found = verdict(seen(probability, **change))
    assert found.outcome == "needs_person"
    assert found.reasons[0].key == key


def test_a_region_out_of_sight_needs_a_person() -> None:
    found = verdict(seen(0.5, features=None))
    assert (found.outcome, found.reasons[0].key) == ("needs_person", "rectify.region_hidden")


def test_a_photo_used_before_is_refused_and_a_likeness_is_shown_to_a_person() -> None:
    assert verdict(seen(0.99), reuse="block").outcome == "refused"
    hint = verdict(seen(0.99), reuse="hint")
    assert (hint.outcome, hint.reasons[0].key) == ("needs_person", "rectify.reuse_hint")


@pytest.mark.parametrize("probability", [0.01, 0.5, 0.99])
def test_one_picture_in_two_records_is_for_a_person_and_refuses_nobody(probability: float) -> None:
    found = verdict(seen(probability), reuse="same")
    assert (found.outcome, found.reasons[0].key) == ("needs_person", "rectify.reuse_same")


def test_pixel_figures_are_information_only() -> None:
    """S11: a whole picture that differs passes nothing, S10: nor does a small change refuse."""
    assert verdict(seen(0.05, full_frame=0.97, region=0.9)).outcome == "refused"
    assert verdict(seen(0.95, full_frame=0.03, region=0.1)).outcome == "passed"


def test_a_shown_percentage_never_reaches_a_gate_that_was_missed() -> None:
    assert percent(0.8499) == 84
    assert percent(0.1501) == 16
    assert percent(0.85) == 85
    assert percent(1.0) == 100
