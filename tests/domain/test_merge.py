"""The merge promises: nobody's work is lost in silence, and every node comes to the same record.

The table is SYNC_ANCHORS §6, cases 1 to 22 and 38 to 40. In each, `ours` was written on device A
and `theirs` on device B, neither knowing of the other; both orders of the feed are tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.changes import DeviceTime, Entry
from domain.joins import elements, identity
from domain.merge import (
    FeedEntry,
    Merged,
    Policy,
    apply,
    fold,
    heads,
    join_writers,
    seen,
)
from domain.records import Value

FIRST = object()  # the result is what the earlier one in the feed wrote
TIME = DeviceTime(0, 0, "boot", None)


def entry(
    device: str,
    number: int,
    changes: dict[str, Value],
    base: dict[str, str] | None = None,
    *,
    at: int = 1,
    kind: str = "edit",
) -> Entry:
    return Entry(
        device, number, f"{device}-{number}", kind, "P-001", "r1", "t", "t@1",
        base or {}, changes, at, 0, TIME,
    )  # fmt: skip


def folded(policy: Policy | dict[str, Policy], *entries: Entry | FeedEntry) -> Merged:
    fields = policy if isinstance(policy, dict) else {"f": policy}
    feed = [one if isinstance(one, FeedEntry) else FeedEntry(one) for one in entries]
    merged = fold(feed, {"t": fields})
    assert merged is not None
    return merged


@dataclass
class Case:
    number: int
    policy: Policy
    base: Value | None  # None: created on both sides
    ours: tuple[Value, ...]  # values written one after the other, each on the one before
    theirs: tuple[Value, ...]
    result: Any
    cards: int = 0
    ours_at: int = 2
    theirs_at: int = 3
    codes: set[str] = field(default_factory=set[str])
    created: bool = False


CASES = [
    Case(1, Policy.UNION, ["a"], (["a", "b"],), (["a", "c"],), ["a", "b", "c"]),
    Case(2, Policy.UNION, ["a", "b"], (["a"],), (["a", "b", "c"],), ["a", "c"]),
    Case(3, Policy.UNION, None, (["a"],), (["b"],), ["a", "b"], created=True),
    Case(4, Policy.UNION, ["a", "b"], (["a"],), (["b"],), []),
    Case(5, Policy.APPEND_ONLY, [1, 2], ([1, 2, "x"],), ([1, 2, "y"],), [1, 2, "x", "y"]),
    Case(5, Policy.APPEND_ONLY, [1, 2], ([1, 2, "x"],), ([1, 2, "y"],), [1, 2, "y", "x"],
         ours_at=4),
    Case(6, Policy.APPEND_ONLY, [1, 2], ([1],), ([1, 2, "y"],), [1, 2, "y"],
         codes={"append_only"}),
    Case(7, Policy.APPEND_ONLY, [1], ([1, "x"],), ([1, "x"],), [1, "x"]),
    Case(9, Policy.LATEST, "x", ("y",), ("z",), "y", ours_at=3, theirs_at=2),
    Case(10, Policy.LATEST, "x", ("y",), ("y",), "y"),
    Case(11, Policy.LATEST, "x", ("y",), ("z",), "z", ours_at=5, theirs_at=5),
    Case(13, Policy.LATEST, "x", (None,), ("y",), None, ours_at=3, theirs_at=2),
    Case(14, Policy.ASK, "11.8", ("11.7",), ("11.9",), FIRST, cards=1),
    Case(15, Policy.ASK, "11.8", ("11.7",), ("11.7",), "11.7"),
    Case(16, Policy.ASK, "11.8", ("11.7",), (), "11.7"),
    Case(17, Policy.ASK, None, ("a",), ("b",), FIRST, cards=1, created=True),
    Case(18, Policy.ASK, "11.8", ("11.7", "11.6"), (), "11.6"),
    Case(19, Policy.ASK, "11.8", ("11.7", "11.6"), ("11.9",), FIRST, cards=1),
]  # fmt: skip


def chain(device: str, values: Sequence[Value], base: str | None, at: int) -> list[Entry]:
    entries: list[Entry] = []
    for number, value in enumerate(values, 1):
        seen = {"f": base} if base else {}
        entries.append(entry(device, number, {"f": value}, seen, at=at))
        base = f"{device}:{number}"
    return entries


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"case {case.number}")
@pytest.mark.parametrize("swapped", [False, True], ids=["ours first", "theirs first"])
def test_two_people_wrote_without_knowing_of_each_other(case: Case, swapped: bool) -> None:
    start = [] if case.created else [entry("S", 1, {"f": case.base})]
    base = None if case.created else "S:1"
    ours = chain("A", case.ours, base, case.ours_at)
    theirs = chain("B", case.theirs, base, case.theirs_at)
    sides = [theirs, ours] if swapped else [ours, theirs]
    merged = folded(case.policy, *start, *sides[0], *sides[1])
    assert merged.record is not None
    expected = sides[0][-1].set["f"] if case.result is FIRST else case.result
    assert merged.record.get("f") == expected
    assert len(merged.conflicts) == case.cards
    if case.codes:
        steps = [folded(case.policy, *start, *sides[0]), merged]
        assert case.codes <= {step.code for step in steps}
    for conflict in merged.conflicts:
        assert conflict.base == base
        assert sorted(str(side.value) for side in (conflict.kept, conflict.other)) == sorted(
            str(side[-1].set["f"]) for side in (ours, theirs)
        )


def test_one_id_with_two_bodies_keeps_the_first_and_says_so() -> None:  # case 8
    start = entry("S", 1, {"f": [{"id": "1"}]})
    ours = entry("A", 1, {"f": [{"id": "1"}, {"id": "x", "by": "A"}]}, {"f": "S:1"})
    theirs = entry("B", 1, {"f": [{"id": "1"}, {"id": "x", "by": "B"}]}, {"f": "S:1"})
    for first, second in permutations([ours, theirs]):
        merged = folded(Policy.APPEND_ONLY, start, first, second)
        assert merged.record is not None
        assert merged.record.get("f") == first.set["f"]
        assert merged.code == "entry.two_bodies"


def test_a_clock_years_ahead_does_not_win() -> None:  # case 12
    start = entry("S", 1, {"f": "x"})
    ahead = FeedEntry(entry("A", 1, {"f": "y"}, {"f": "S:1"}, at=10**9), None, 10)
    right = FeedEntry(entry("B", 1, {"f": "z"}, {"f": "S:1"}, at=12), None, 13)
    for first, second in permutations([ahead, right]):
        merged = folded(Policy.LATEST, start, first, second)
        assert merged.record is not None
        assert merged.record.get("f") == "z"
    assert folded(Policy.LATEST, start, ahead).code == "clock.ahead"


def _disagreement() -> list[Entry]:
    return [
        entry("S", 1, {"f": "11.8"}),
        entry("A", 1, {"f": "11.7"}, {"f": "S:1"}),
        entry("B", 1, {"f": "11.9"}, {"f": "S:1"}),
    ]


def _settled(device: str, value: str) -> Entry:
    return entry(device, 1, {"f": value}, {"f": "A:1+B:1"}, kind="resolve")


def test_a_person_settles_a_conflict() -> None:  # case 20
    merged = folded(Policy.ASK, *_disagreement(), _settled("C", "11.9"))
    assert merged.record is not None
    assert merged.record.get("f") == "11.9"
    assert merged.conflicts == ()


def test_two_settle_the_same_conflict_differently() -> None:  # case 21
    merged = folded(Policy.ASK, *_disagreement(), _settled("C", "11.7"), _settled("D", "11.9"))
    assert merged.record is not None
    assert merged.record.get("f") == "11.7"
    [card] = merged.conflicts
    assert (card.kept.writer, card.other.writer) == ("C:1", "D:1")


def test_an_edit_on_the_old_base_after_settling_is_asked_about() -> None:  # case 22
    late = entry("D", 1, {"f": "12.0"}, {"f": "S:1"})
    merged = folded(Policy.ASK, *_disagreement(), _settled("C", "11.9"), late)
    assert merged.record is not None
    assert merged.record.get("f") == "11.9"
    [card] = merged.conflicts
    assert card.other.value == "12.0"


def test_an_edit_beats_a_deletion_and_asks() -> None:  # case 38
    start = entry("S", 1, {"f": "x"})
    deleted = entry("A", 1, {"deleted": True}, {"f": "S:1"}, kind="delete")
    edited = entry("B", 1, {"f": "y"}, {"f": "S:1"})
    for first, second in permutations([deleted, edited]):
        merged = folded(Policy.ASK, start, first, second)
        assert merged.record is not None
        assert merged.record.get("f") == "y"
        assert not merged.record.get("deleted")
        assert [card.field for card in merged.conflicts] == ["deleted"]


def test_deleted_twice_is_deleted() -> None:  # case 39
    start = entry("S", 1, {"f": "x"})
    ours = entry("A", 1, {"deleted": True}, {"f": "S:1"}, kind="delete")
    merged = folded(Policy.ASK, start, ours, replace(ours, device_id="B", entry_id="B-1"))
    assert merged.record is not None
    assert merged.record.get("deleted") is True
    assert merged.conflicts == ()


def test_different_fields_do_not_disturb_each_other() -> None:  # case 40
    start = entry("S", 1, {"p": 1, "q": 1})
    ours = entry("A", 1, {"p": 2}, {"p": "S:1"})
    theirs = entry("B", 1, {"q": 2}, {"q": "S:1"})
    for first, second in permutations([ours, theirs]):
        merged = folded({}, start, first, second)
        assert merged.record is not None
        assert (merged.record.get("p"), merged.record.get("q")) == (2, 2)
        assert (merged.verdict, merged.conflicts) == ("accepted", ())


def test_two_decisions_the_first_stands_and_nothing_of_the_second_is_applied() -> None:
    decides = {"state": Policy.FIRST, "assignee": Policy.ASK}
    start = entry("S", 1, {"state": "accepted"}, kind="decide")
    seen = {"state": "S:1"}
    ours = entry("A", 1, {"state": "dispatched", "assignee": "P-1"}, seen, kind="decide")
    theirs = entry("B", 1, {"state": "void", "note": "twice"}, seen, kind="decide")
    for first, second in permutations([ours, theirs]):
        merged = folded(decides, start, first, second)
        assert merged.record is not None
        assert merged.verdict == "conflict"
        assert merged.record.get("state") == first.set["state"]
        assert set(merged.record.cells) == {"state", *first.set}
        assert [card.field for card in merged.conflicts] == ["state"]


def test_the_same_decision_twice_is_no_conflict() -> None:
    start = entry("S", 1, {"state": "to_verify"}, kind="decide")
    ours = entry("A", 1, {"state": "closed"}, {"state": "S:1"}, kind="decide")
    theirs = entry("B", 1, {"state": "closed"}, {"state": "S:1"}, kind="decide")
    merged = folded({"state": Policy.FIRST}, start, ours, theirs)
    assert (merged.verdict, merged.code, merged.conflicts) == ("merged", "duplicate", ())


def test_work_that_builds_on_a_refused_entry_is_merged_from_what_that_one_had_seen() -> None:
    start = entry("S", 1, {"f": "x"})
    refused = FeedEntry(entry("A", 1, {"f": "bad"}, {"f": "S:1"}), "refused", 5)
    follows = entry("A", 2, {"f": "good"}, {"f": "A:1"})
    merged = folded(Policy.ASK, start, refused, follows)
    assert merged.record is not None
    assert merged.record.get("f") == "good"
    assert (merged.verdict, merged.conflicts) == ("accepted", ())


def test_a_choice_added_meanwhile_survives_the_next_edit_of_someone_who_has_not_seen_it() -> None:
    merged = folded(
        Policy.UNION,
        entry("S", 1, {"f": ["a"]}),
        entry("A", 1, {"f": ["a", "b"]}, {"f": "S:1"}),
        entry("B", 1, {"f": ["a", "c"]}, {"f": "S:1"}),
        entry("B", 2, {"f": ["a", "c", "d"]}, {"f": "B:1"}),  # still has not seen b
        entry("C", 1, {"f": ["a", "d"]}, {"f": "A:1+B:2"}),  # has seen all, removes b and c
    )
    assert merged.record is not None
    assert merged.record.get("f") == ["a", "d"]


def test_an_entry_of_another_type_is_refused() -> None:
    start = entry("S", 1, {"f": "x"})
    merged = apply(apply(None, start), replace(entry("A", 1, {"f": "y"}), type="other"))
    assert (merged.verdict, merged.code) == ("refused", "entry.type")
    assert merged.record is not None
    assert merged.record.get("f") == "x"


def test_an_entry_that_claims_to_build_on_itself_ends() -> None:
    start = entry("S", 1, {"f": "x"})
    loop = FeedEntry(entry("A", 1, {"f": "y"}, {"f": "A:1"}), "refused", 1)
    merged = folded(Policy.ASK, start, loop, entry("A", 2, {"f": "z"}, {"f": "A:1"}))
    assert merged.record is not None


@st.composite
def values(draw: st.DrawFn) -> Value:
    choices: list[Value] = list(draw(st.lists(st.sampled_from("abcd"), max_size=4, unique=True)))
    return draw(st.sampled_from([None, "x", "y", choices]))


POLICIES = st.sampled_from(list(Policy))


FIELDS = "pqr"
ASKED = (Policy.ASK, Policy.FIRST)


@st.composite
def writes(draw: st.DrawFn, device: str) -> Entry:
    """One entry of a device that had seen only what S wrote."""
    changed = draw(st.dictionaries(st.sampled_from(FIELDS), values(), min_size=1))
    return entry(device, 1, changed, dict.fromkeys(changed, "S:1"), at=draw(st.integers(0, 5)))


@st.composite
def starts(draw: st.DrawFn) -> Entry:
    """The first entry: all fields have a value."""
    return entry("S", 1, {name: draw(values()) for name in FIELDS}, at=0)


@given(starts(), writes("A"), writes("B"), POLICIES)
def test_merging_is_the_same_both_ways(
    start: Entry, ours: Entry, theirs: Entry, policy: Policy
) -> None:
    policies = dict.fromkeys(FIELDS, policy)
    one, two = folded(policies, start, ours, theirs), folded(policies, start, theirs, ours)
    assert one.record
    assert two.record
    asked = {card.field for card in one.conflicts}
    assert {card.conflict_id("r") for card in one.conflicts} == {
        card.conflict_id("r") for card in two.conflicts
    }
    for name in set(FIELDS) - asked:
        assert one.record.get(name) == two.record.get(name)


@given(starts(), writes("A"), writes("B"), POLICIES)
def test_nothing_is_lost(start: Entry, ours: Entry, theirs: Entry, policy: Policy) -> None:
    merged = folded(dict.fromkeys(FIELDS, policy), start, ours, theirs)
    assert merged.record
    cards = {card.field: {card.kept.writer, card.other.writer} for card in merged.conflicts}
    for name in FIELDS:
        wrote = [one for one in (ours, theirs) if name in one.set]
        if len(wrote) == 1:  # nobody else wrote it: it stands, or stands behind what only grows
            kept = merged.record.get(name)
            if policy is not Policy.APPEND_ONLY:
                assert kept == wrote[0].set[name]
        elif len(wrote) == 2 and policy in ASKED and ours.set[name] != theirs.set[name]:
            assert cards[name] == {"A:1", "B:1"}
        if wrote and policy is Policy.APPEND_ONLY:
            shown = {identity(part) for part in elements(merged.record.get(name))}
            for one in (start, *wrote):
                assert {identity(part) for part in elements(one.set[name])} <= shown


@given(starts(), writes("A"), POLICIES)
def test_the_same_words_from_two_people_are_no_disagreement(
    start: Entry, ours: Entry, policy: Policy
) -> None:
    policies = dict.fromkeys(FIELDS, policy)
    once = folded(policies, start, ours)
    twice = folded(policies, start, ours, replace(ours, device_id="B", entry_id="B-1"))
    assert once.record
    assert twice.record
    assert twice.conflicts == ()
    for name in FIELDS:
        if policy is not Policy.UNION:
            assert twice.record.get(name) == once.record.get(name)
        else:  # a set has no order
            shown = [elements(one.record.get(name)) for one in (once, twice) if one.record]
            assert {identity(part) for part in shown[0]} == {identity(part) for part in shown[1]}


def test_rights_and_merge_agree_on_what_an_author_knew() -> None:
    start = folded({}, entry("S", 1, {"f": "x"}), entry("A", 3, {"f": "y"}, {"f": "S:1"}))
    for author, base, knew in (
        ("A", {}, True),  # a device knows what it wrote itself, whatever it says
        ("A", {"f": "S:1"}, True),
        ("B", {}, False),
        ("B", {"f": "S:1"}, False),
        ("B", {"f": "A:3"}, True),
    ):
        one = entry(author, 9, {"f": "z"}, base)
        assert seen(start, one, "f") is knew
        after = apply(start, one, {"t": {"f": Policy.ASK}})
        assert (after.verdict == "accepted") is knew
    assert seen(start, entry("B", 1, {"g": 1}), "g")


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 9)), min_size=1, max_size=6))
def test_joined_writers_name_the_last_entry_of_each_device(parts: list[tuple[str, int]]) -> None:
    joined = join_writers(*(f"{device}:{number}" for device, number in parts))
    last = {device: max(n for d, n in parts if d == device) for device, _ in parts}
    assert heads(joined) == last
    assert join_writers(joined, joined) == joined
