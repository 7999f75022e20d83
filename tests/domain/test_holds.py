"""Safety first promises: no stop is lost, whoever knew of what, and every node says the same."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.changes import Entry
from domain.merge import FeedEntry, Merged, apply, fold
from domain.records import Value
from tests.helpers.merging import LATER_MS, RECORD, TIME, TYPE, Written, seen, trial_policies

MOVES = (
    ("approved", "permit.approve"),
    ("started", "permit.start"),
    ("started", "permit.resume"),
    ("suspended", "permit.stop"),
    ("suspended", "rule"),
    ("rejected", "permit.reject"),
    ("expired", "clock"),
    ("done", "permit.accept"),
    ("void", "conflict.settle"),
)
LIFTS = {"stop": "permit.resume", "suspend": "permit.resume", "reject": "conflict.settle"}
DECIDE = st.tuples(st.just("decide"), st.sampled_from(MOVES), st.integers(1, 2))
STOP = st.just(("decide", ("suspended", "permit.stop"), 1))
START = st.just(("decide", ("started", "permit.start"), 1))
LIFT = st.tuples(st.just("lift"), st.sampled_from([None, "started"]), st.booleans())
STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(
            STOP,
            START,
            DECIDE,
            LIFT,
            LIFT,
            st.tuples(st.just("measure"), st.sampled_from(["19.4", "20.8", "soon"])),
            st.tuples(st.just("note"), st.sampled_from("xyz")),
            st.tuples(st.just("resolve"), st.sampled_from(["approved", "suspended"])),
            st.just(("sync",)),
            st.just(("sync",)),
            st.just(("push",)),
        ),
    ),
    min_size=3,
    max_size=16,
)


@dataclass
class Node:
    """A device: how much of the feed it has, and what it has not sent."""

    name: str
    known: int = 0
    unsent: list[Written] = field(default_factory=list[Written])
    number: int = 0


@dataclass
class Plant:
    """Three devices and a server that judges entry by entry, as its intake does."""

    nodes: list[Node] = field(default_factory=lambda: [Node(name) for name in "ABC"])
    feed: list[FeedEntry] = field(default_factory=list[FeedEntry])
    server: Merged | None = None
    ids: "itertools.count[int]" = field(default_factory=itertools.count)

    def known(self, node: Node) -> list[Written]:
        """Return what a device knows, its unsent entries on top."""
        fed = [Written(one.entry, LATER_MS) for one in self.feed[: node.known]
               if one.verdict != "refused"]  # fmt: skip
        here = {one.entry.writer for one in fed}
        own = [one for one in self.mine(node) if one.entry.writer not in here]
        return [*fed, *own]

    def mine(self, node: Node) -> list[Written]:
        sent = [
            Written(one.entry, LATER_MS)
            for one in self.feed
            if one.entry.device_id == node.name and one.verdict != "refused"
        ]
        return [*sent, *node.unsent]

    def write(self, node: Node, kind: str, cells: dict[str, Any]) -> None:
        node.number += 1
        at = next(self.ids)
        entry = Entry(
            node.name, node.number, f"e{at:03}", kind, f"P-{node.name}", RECORD, TYPE,
            f"{TYPE}@1", seen(self.known(node), kind, cells), cells, at, 0, TIME,
        )  # fmt: skip
        node.unsent.append(Written(entry, LATER_MS))

    def lift(self, node: Node, state: str | None, one_only: bool) -> None:
        view = fold([one.fed for one in self.known(node)], trial_policies())
        held = [one for one in view.holds if one.lifted_by is None] if view else []
        if held:
            action = LIFTS[held[0].kind]
            named = [one.hold_id for one in held if LIFTS[one.kind] == action]
            cells: dict[str, Any] = {"action": action}
            cells["holds"] = named[:1] if one_only else named
            self.write(node, "lift", cells | ({"state": state} if state else {}))

    def push(self, node: Node) -> None:
        for one in node.unsent:
            self.server = apply(self.server, one.entry, trial_policies(), LATER_MS)
            self.feed.append(FeedEntry(one.entry, self.server.verdict, LATER_MS))
        node.unsent = []

    def step(self, node: Node, what: str, how: Sequence[Any]) -> None:
        if what == "decide":
            (state, action), step = how
            slot = {f"slot.{action}.{step}": node.name} if action == "permit.approve" else {}
            self.write(node, "decide", {"state": state, "action": action, **slot})
        elif what == "lift":
            self.lift(node, *how)
        elif what == "measure":
            self.write(node, "edit", {"o2_vol": {"value": how[0], "sampled_ms": 1}})
        elif what == "note":
            self.write(node, "edit", {"note": how[0]})
        elif what == "resolve":
            self.write(node, "resolve", {"state": how[0]})
        else:
            self.push(node)
            if what == "sync":
                node.known = len(self.feed)


def played(steps: Sequence[tuple[int, tuple[Any, ...]]]) -> Plant:
    plant = Plant()
    first = plant.nodes[0]
    plant.step(first, "decide", (("submitted", "permit.apply"), 1))
    plant.step(first, "measure", ["20.9"])
    plant.step(first, "decide", (("approved", "permit.approve"), 1))
    plant.push(first)
    for node in plant.nodes:
        node.known = len(plant.feed)
    for who, (what, *how) in steps:
        plant.step(plant.nodes[who], what, how)
    for node in plant.nodes:
        plant.push(node)
    return plant


def lifted(one: FeedEntry) -> set[str]:
    named = one.entry.set.get("holds")
    return {str(name) for name in named} if isinstance(named, list) else set()


@given(STEPS)
def test_whoever_folds_the_feed_comes_to_what_the_server_says(
    steps: list[tuple[int, tuple[Any, ...]]],
) -> None:
    plant = played(steps)
    merged = fold(plant.feed, trial_policies())
    if merged is None or plant.server is None:
        assert merged is plant.server
        return
    assert merged.record == plant.server.record
    assert merged.holds == plant.server.holds
    assert merged.conflicts == plant.server.conflicts


@given(STEPS)
def test_no_stop_is_lost(steps: list[tuple[int, tuple[Any, ...]]]) -> None:
    plant = played(steps)
    counted = [one for one in plant.feed if one.verdict != "refused"]
    stops = {
        one.entry.entry_id
        for one in counted
        if one.entry.set.get("action") == "permit.stop" and one.entry.kind == "decide"
    }
    taken_away = {
        name for one in counted if one.entry.kind == "lift" for name in lifted(one)
    }  # fmt: skip
    holds = plant.server.holds if plant.server else ()
    assert {one.hold_id for one in holds if one.kind == "stop"} == stops
    assert {one.hold_id for one in holds if one.lifted_by is None and one.kind == "stop"} == (
        stops - taken_away
    )


@given(STEPS)
def test_nobody_works_while_a_hold_is_open(steps: list[tuple[int, tuple[Any, ...]]]) -> None:
    plant = played(steps)
    merged: Merged | None = None
    for one in plant.feed:
        merged = apply(merged, one.entry, trial_policies(), one.received_ms)
        assert merged.verdict == one.verdict
        if merged.record and any(hold.lifted_by is None for hold in merged.holds):
            assert merged.record.text("state") not in {"approved", "started"}


@given(STEPS)
def test_what_a_stop_meets_never_wins_in_another_order(
    steps: list[tuple[int, tuple[Any, ...]]],
) -> None:
    """The feed in another order that keeps each device's own: the same stops are held."""
    plant = played(steps)
    entries = sorted((one.entry for one in plant.feed), key=lambda one: (one.device_id, one.number))
    again = fold([FeedEntry(one, None, LATER_MS) for one in entries], trial_policies())
    stops = {one.entry_id for one in entries if one.set.get("action") == "permit.stop"}
    assert {one.hold_id for one in again.holds if one.kind == "stop"} == stops if again else True


def wrote(
    device: str, number: int, known: Sequence[Written], kind: str = "decide", **cells: Value
) -> Written:
    entry = Entry(
        device, number, f"{device}-{number}", kind, f"P-{device}", RECORD, TYPE, f"{TYPE}@1",
        seen(known, kind, cells), cells, len(known), 0, TIME,
    )  # fmt: skip
    return Written(entry, LATER_MS)


def outcome(*feed: Written) -> tuple[str, list[str], Merged]:
    """Return the state, the open holds and what was said of the last entry."""
    merged = fold([one.fed for one in feed], trial_policies())
    assert merged is not None
    assert merged.record is not None
    held = [one.hold_id for one in merged.holds if one.lifted_by is None]
    return merged.record.text("state"), held, merged


APPROVED = wrote("S", 1, [], state="approved", action="permit.approve")
STOPPED = wrote("S", 2, [APPROVED], state="suspended", action="permit.stop")


def test_a_lift_by_somebody_who_has_not_seen_the_hold_is_refused() -> None:
    lift = wrote("A", 1, [APPROVED], "lift", holds=["S-2"], action="permit.resume")
    _, held, merged = outcome(APPROVED, STOPPED, lift)
    assert (held, merged.verdict, merged.code) == (["S-2"], "refused", "hold_unknown")


def test_a_lift_that_names_nothing_lifts_nothing() -> None:
    for named in (list[Value](), list[Value](["S-9"]), None):
        lift = wrote("A", 1, [APPROVED, STOPPED], "lift", holds=named, action="permit.resume")
        _, held, merged = outcome(APPROVED, STOPPED, lift)
        assert (held, merged.verdict, merged.code) == (["S-2"], "refused", "hold_unknown")


def test_work_is_not_resumed_by_somebody_who_knows_that_a_hold_is_open() -> None:
    go = wrote("A", 1, [APPROVED, STOPPED], state="approved", action="permit.resume")
    state, held, merged = outcome(APPROVED, STOPPED, go)
    assert (state, held) == ("suspended", ["S-2"])
    assert (merged.verdict, merged.code) == ("refused", "hold_open")


def test_two_stops_need_two_lifts_and_work_goes_on_with_the_second() -> None:
    again = wrote("B", 1, [APPROVED, STOPPED], state="suspended", action="permit.stop")
    known = [APPROVED, STOPPED, again]
    one = wrote("A", 1, known, "lift", holds=["S-2"], state="approved", action="permit.resume")
    state, held, merged = outcome(*known, one)
    assert (state, held, merged.code) == ("suspended", ["B-1"], "hold_open")
    two = wrote(
        "A", 2, [*known, one], "lift", holds=["B-1"], state="approved", action="permit.resume"
    )
    state, held, merged = outcome(*known, one, two)
    assert (state, held, merged.conflicts) == ("approved", [], ())


def test_a_start_that_did_not_know_of_a_hold_on_a_measured_value_is_suspended() -> None:
    measured = wrote("S", 2, [APPROVED], "edit", flammable_vol="0.1")
    known = [APPROVED, measured]
    ours = wrote("A", 1, known, "edit", flammable_vol="0.3")
    theirs = wrote("B", 1, known, "edit", flammable_vol="0.2")
    start = wrote("D", 1, known, state="started", action="permit.start")
    for feed in ((start, ours, theirs), (ours, start, theirs), (ours, theirs, start)):
        state, held, merged = outcome(*known, *feed)
        assert (state, held) == ("suspended", ["A-1"])
        assert merged.record is not None
        assert merged.record.get("flammable_vol") == "0.3"


def test_a_late_copy_of_an_approval_does_not_undo_the_start_that_came_after_it() -> None:
    asked = wrote("S", 1, [], state="submitted", action="permit.apply")
    ours = wrote("A", 1, [asked], state="approved", action="permit.approve")
    start = wrote("A", 2, [asked, ours], state="started", action="permit.start")
    theirs = wrote("B", 1, [asked], state="approved", action="permit.approve")
    for feed in ((ours, start, theirs), (ours, theirs, start), (theirs, ours, start)):
        state, held, merged = outcome(asked, *feed)
        assert (state, held, merged.conflicts) == ("started", [], ())


def test_two_late_rejects_are_two_holds() -> None:
    asked = wrote("S", 1, [], state="submitted", action="permit.apply")
    start = wrote("A", 1, [asked], state="started", action="permit.start")
    one = wrote("B", 1, [asked], state="rejected", action="permit.reject")
    two = wrote("D", 1, [asked], state="rejected", action="permit.reject")
    for feed in ((start, one, two), (one, start, two), (two, one, start)):
        state, held, _ = outcome(asked, *feed)
        assert (state, held) == ("suspended", ["B-1", "D-1"])


def test_a_permit_that_was_settled_for_good_is_not_opened_by_what_comes_late() -> None:
    asked = wrote("S", 1, [], state="submitted", action="permit.apply")
    start = wrote("A", 1, [asked], state="started", action="permit.start")
    reject = wrote("B", 1, [asked], state="rejected", action="permit.reject")
    known = [asked, start, reject]
    ended = wrote("D", 1, known, state="void", action="conflict.settle")
    late = wrote("A", 2, [asked, start], state="done", action="permit.accept")
    state, _, merged = outcome(*known, ended, late)
    assert (state, merged.verdict) == ("void", "conflict")


def test_a_value_that_nobody_can_read_as_a_number_suspends_as_well() -> None:
    measured = wrote("S", 2, [APPROVED], "edit", o2_vol="20.9")
    ours = wrote("A", 1, [APPROVED, measured], "edit", o2_vol="20,8")
    theirs = wrote("B", 1, [APPROVED, measured], "edit", o2_vol="20.8")
    state, held, merged = outcome(APPROVED, measured, ours, theirs)
    assert (state, held, len(merged.conflicts)) == ("suspended", ["A-1"], 1)


def test_an_approval_that_did_not_know_of_a_measured_hold_is_suspended_at_once() -> None:
    asked = wrote("S", 1, [], state="submitted", action="permit.apply", o2_vol="20.9")
    ours = wrote("A", 1, [asked], "edit", o2_vol="19.4")
    theirs = wrote("B", 1, [asked], "edit", o2_vol="20.8")
    approve = wrote("D", 1, [asked], state="approved", action="permit.approve")
    for feed in ((ours, theirs, approve), (approve, theirs, ours)):
        state, held, _ = outcome(asked, *feed)
        assert (state, held) == ("suspended", ["A-1"])


def test_whoever_lifts_after_another_still_resumes() -> None:
    known = [APPROVED, STOPPED]
    one = wrote("A", 1, known, "lift", holds=["S-2"], action="permit.resume")
    two = wrote("B", 1, known, "lift", holds=["S-2"], state="approved", action="permit.resume")
    for feed in ((one, two), (two, one)):
        state, held, _ = outcome(*known, *feed)
        assert (state, held) == ("approved", [])
