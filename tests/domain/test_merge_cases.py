"""The 45 acceptance cases promise: whoever comes first in the feed, and however often it comes."""

from typing import Any

import pytest

from domain.merge import FeedEntry, Merged, fold
from tests.helpers.merging import Case, cases, merge_all, trial_policies


def test_the_fixture_has_every_case_of_the_guide() -> None:
    assert [case.number for case in cases()] == list(range(1, 46))


def check(case: Case, ours_first: bool, merged: Merged) -> None:
    result: Any = case.result
    assert merged.record is not None
    for name, value in result.get("cells", {}).items():
        assert merged.record.get(name) == value, name
    for name, values in result.get("first", {}).items():
        assert merged.record.get(name) == values[0 if ours_first else 1], name
    held = [one.hold_id for one in merged.holds if one.lifted_by is None]
    assert held == result.get("holds", [])
    assert sorted(card.field for card in merged.conflicts) == result.get("cards", [])


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"case {case.number}")
@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "theirs first"])
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_case(case: Case, ours_first: bool, times: int) -> None:
    merged, said = merge_all(case.feed(ours_first), times=times)
    check(case, ours_first, merged)
    assert set(case.result.get("codes", [])) <= set(said)


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"case {case.number}")
def test_where_the_result_is_the_same_all_of_it_is(case: Case) -> None:
    one, _ = merge_all(case.feed(ours_first=True))
    two, _ = merge_all(case.feed(ours_first=False))
    assert [(hold.hold_id, hold.kind, hold.rank) for hold in one.holds] == [
        (hold.hold_id, hold.kind, hold.rank) for hold in two.holds
    ]
    asked = {card.conflict_id("r1") for card in one.conflicts}
    assert asked == {card.conflict_id("r1") for card in two.conflicts}
    if case.result.get("same", True) and "first" not in case.result:
        assert one.record == two.record
        assert sorted(one.conflicts, key=str) == sorted(two.conflicts, key=str)


def test_a_quarantined_approval_counts_once_it_is_released() -> None:  # case 37, the end of it
    [case] = [one for one in cases() if one.number == 37]
    feed = [FeedEntry(one.entry, None, one.received_ms) for one in case.feed(ours_first=True)]
    merged = fold(feed, trial_policies())
    assert merged is not None
    assert merged.record is not None
    assert merged.record.get("state") == "approved"
