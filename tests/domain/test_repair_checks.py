"""What a record keeps of a check comes back as it was, and nothing else is taken for one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.records import Cell, Record, Value
from domain.rectification import Reason, Verdict, percent
from domain.repair_checks import (
    SIDE_MIN,
    Region,
    check_of,
    disagree,
    is_refused,
    kept,
    region_between,
    region_of,
    shown_percent,
    unread,
)

REGION = Region("photo-1", 400, 300, 600, 500)
VERDICT = Verdict(
    "passed", (Reason("rectify.passed", {"percent": 97}),), 0.97312, 0.9, "none", 0.31, 0.62
)
CHECK = kept(VERDICT, REGION, "2026-11-23/ab12cd34", "original")
shares = some.floats(0, 1)


@given(one=some.tuples(shares, shares), two=some.tuples(shares, shares))
def test_two_corners_in_any_order_make_one_region_that_a_cell_gives_back(
    one: tuple[float, float], two: tuple[float, float]
) -> None:
    found = region_between("p", one, two)
    assert found == region_between("p", two, one)
    if found is not None:
        assert region_of(found.value()) == found
        assert found.right - found.left >= SIDE_MIN


@pytest.mark.parametrize(
    "value",
    [
        None, 7, {}, {"photo": "p"}, {"photo": "", "box": [0, 0, 99, 99]},
        {"photo": "p", "box": [0, 0, 99]}, {"photo": "p", "box": [0, 0, 99, 1001]},
        {"photo": "p", "box": [0, 0, True, 99]}, {"photo": "p", "box": [90, 0, 20, 99]},
        {"photo": "p", "box": [-1, 0, 99, 99]}, {"photo": "p", "box": [0, 0, 10, 99]},
        {"photo": "p", "box": [0, 0, 99, 99], "more": 1},
    ],
)  # fmt: skip
def test_what_is_no_region_is_none(value: Value) -> None:
    assert region_of(value) is None


@given(probability=shares, scene=some.none() | shares, full=shares)
def test_a_check_comes_back_as_it_was_and_reaches_no_gate_that_was_missed(
    probability: float, scene: float | None, full: float
) -> None:
    verdict = replace(VERDICT, probability=probability, scene=scene, full_frame=full)
    found = kept(verdict, REGION, "m/1", "copy")
    assert check_of(found.value()) == found
    assert (float(found.probability) >= 0.85) == (probability >= 0.85)
    assert (float(found.probability) <= 0.15) == (probability <= 0.15)
    assert (shown_percent(found.scene) is None) == (scene is None)
    assert shown_percent(found.probability) == percent(probability)  # figure and sentence agree


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("outcome", "fine"), ("reuse", None), ("reasons", []), ("reasons", [["rectify.passed"]]),
        ("reasons", [["notice.check.used", {}]]),
        ("reasons", [["rectify.passed", {"percent": "9"}]]), ("model", ""),
        ("model", "m" * 81), ("before", ""),
        ("box", [0, 0, 5, 5]), ("basis", "guess"),
        ("probability", "1.2"), ("probability", "nan"), ("scene", 0), ("region", "x"), ("extra", 1),
    ],
)  # fmt: skip
def test_what_is_no_check_is_none(name: str, value: Value) -> None:
    assert check_of({**CHECK.value(), name: value}) is None


def test_only_checks_of_one_region_can_disagree() -> None:
    refused = replace(CHECK, outcome="refused")
    assert disagree(CHECK, refused)
    assert not disagree(CHECK, CHECK)
    assert not disagree(None, refused)
    assert not disagree(CHECK, replace(refused, region=Region("photo-2", 400, 300, 600, 500)))


def photo(number: int, **cells: Value) -> Record:
    return Record(
        f"p{number}",
        "evidence",
        "evidence@1",
        {name: Cell(value, f"d:{number}", number, 0) for name, value in cells.items()},
    )


def test_the_last_photo_of_the_repair_says_whether_it_is_refused() -> None:
    refused = replace(CHECK, outcome="refused").value()
    one, two = photo(1, shot="after", check=refused), photo(2, shot="after", check=CHECK.value())
    assert is_refused([one])
    assert not is_refused([one, two])
    assert not is_refused([])
    assert is_refused([one, photo(3, shot="after", check=CHECK.value(), withdrawn=True)])
    assert is_refused([one, photo(3, shot="after", media="video")])


def test_a_photo_that_cannot_be_read_is_a_case_for_a_person() -> None:
    found = unread(REGION, "m/1", "original", "after")
    assert (found.outcome, found.reasons[0].key) == ("needs_person", "rectify.unreadable.after")
    assert check_of(found.value()) == found


def test_that_nobody_knows_whose_photo_was_first_is_kept_so_that_versions_before_read_it() -> None:
    found = unread(REGION, "m/1", "original", "after", "same")
    assert (found.outcome, found.reuse) == ("needs_person", "hint")
    assert check_of(found.value()) == found
    assert found.knows("same")
    assert not found.knows("hint")
    assert not replace(found, reasons=found.reasons[1:]).knows("same")
