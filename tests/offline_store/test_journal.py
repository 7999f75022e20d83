"""The journal promises: one order, one chain, and the same records on every node."""

import itertools
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain import merge
from domain.changes import DECISIONS, DeviceTime, Entry, decode, encode, genesis, link
from domain.errors import ChainBrokenError, RecordMissingError
from domain.merge import Policy
from domain.records import Value
from offline_store import devices, entries, journal, keep, outbox, records
from offline_store.database import Store, open_store
from offline_store.tables import DECIDED

POLICIES = {
    "thing": {
        "state": Policy.FIRST,
        "ask": Policy.ASK,
        "latest": Policy.LATEST,
        "union": Policy.UNION,
        "list": Policy.APPEND_ONLY,
    }
}
KEYS = {name: bytes([number]) * 32 for number, name in enumerate(["A", "B"])}


@dataclass
class Node:
    """A device with its store; `at` is its clock, which may be wrong."""

    name: str
    store: Store
    at: int = 0
    ids: "itertools.count[int]" = field(default_factory=itertools.count)

    def write(self, record_id: str, set: dict[str, Value], kind: str = "edit") -> Entry:
        stamp = journal.Stamp(
            self.at, 0, DeviceTime(self.at, 0, "b", None), f"{self.name}-{next(self.ids)}"
        )
        with self.store.session() as session:
            return journal.write(
                session, journal.Author(self.name, "P"), stamp, kind=kind, record_id=record_id,
                type="thing", definition="thing@1", set=set, policies=POLICIES,
            )  # fmt: skip


@contextmanager
def open_stores(count: int) -> Iterator[list[Store]]:
    stores = [open_store(None) for _ in range(count)]
    for store in stores:
        with store.session() as session:
            for name, key in KEYS.items():
                devices.add(session, devices.Device(name, key))
    yield stores
    for store in stores:
        store.close()


@contextmanager
def nodes() -> Iterator[tuple[Node, Node, Store]]:
    with open_stores(3) as (a, b, server):
        yield Node("A", a), Node("B", b), server


@pytest.fixture(scope="module")
def kept() -> Iterator[list[Store]]:
    """An empty store and three to work with: opening takes longer than an example."""
    with open_stores(4) as stores:
        yield stores


def emptied(kept: list[Store]) -> tuple[Node, Node, Store]:
    """Copy the empty store over the other three."""
    empty, a, b, server = kept
    for store in (a, b, server):
        with empty.engine.connect() as source, store.engine.connect() as target:
            to = cast("sqlite3.Connection", target.connection.dbapi_connection)
            cast("sqlite3.Connection", source.connection.dbapi_connection).backup(to)
    return Node("A", a), Node("B", b), server


def push(node: Node, server: Store, refuse: set[int], at: int) -> None:
    with node.store.session() as session:
        outgoing = outbox.next_push(session, node.name)
    if outgoing is None:
        return
    with server.session() as session:
        intake = journal.Intake(
            session, node.name, [one.entry.record_id for one in outgoing.entries], POLICIES
        )
        answers: list[outbox.Answer] = []
        for one in outgoing.entries:
            code = "access.denied" if one.entry.number in refuse else None
            merged = intake.add(decode(one.body, node.name), one.body, at, refused=code)
            answers.append(outbox.Answer(one.entry.number, merged.verdict, merged.code, {}))
        assert intake.head == outgoing.batch.head
        feed = intake.save()
    answered = replace(outgoing.batch, feed=feed, received_ms=at, receipt="r", reply=b"{}")
    with node.store.session() as session:
        outbox.confirm(session, answered, answers, POLICIES)


def pull(node: Node, server: Store, *, own: bool) -> bool:
    with node.store.reading() as session:
        after = keep.cursor(session).feed
    with server.reading() as session:
        page, upto, more = entries.page(session, after, 3, without=None if own else node.name)
    arrivals = [
        journal.Arrival(
            one.entry, one.body, one.feed or 0, one.verdict or "accepted", one.code,
            one.received_ms or 0,
        )
        for one in page
    ]  # fmt: skip
    with node.store.session() as session:
        journal.receive(session, arrivals, POLICIES)
        keep.set_cursor(session, keep.Cursor(upto))
    return more


RECORDS = ("r1", "r2")


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Value]:
    name = draw(st.sampled_from(["ask", "latest", "state", "union", "list"]))
    letters: list[Value] = list(draw(st.lists(st.sampled_from("abc"), unique=True)))
    if name in {"union", "list"}:
        return {name: letters}
    return {name: draw(st.sampled_from("xyz")), "ask": draw(st.sampled_from("xyz"))}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 1), st.sampled_from(RECORDS), changes()),
        st.tuples(st.just("delete"), st.integers(0, 1), st.sampled_from(RECORDS)),
        st.tuples(st.just("resolve"), st.integers(0, 1), st.sampled_from(RECORDS)),
        st.tuples(st.just("push"), st.integers(0, 1), st.sets(st.integers(1, 12), max_size=2)),
        st.tuples(st.just("pull"), st.integers(0, 1), st.booleans()),
        st.tuples(st.just("clock"), st.integers(0, 1), st.integers(0, 10**7)),
    ),
    max_size=30,
)


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as session:
        run = session.connection().exec_driver_sql
        return {
            "record": [tuple(r) for r in run(
                "SELECT record_id, type, state, deleted, feed, cells FROM record ORDER BY 1")],
            "conflict": [tuple(r) for r in run("SELECT * FROM conflict ORDER BY conflict_id")],
            "entry": [tuple(r) for r in run(
                "SELECT device_id, number, body, hash, feed, verdict, received_ms FROM entry"
                " ORDER BY device_id, number")],
        }  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)  # in CI 500 examples
@given(steps=STEPS)
def test_two_devices_and_the_server_come_to_the_same_records(
    kept: list[Store], steps: "list[tuple[object, ...]]"
) -> None:
    a, b, server = emptied(kept)
    for at, (what, who, *rest) in enumerate(steps):
        node = (a, b)[int(str(who))]
        if what == "write":
            node.write(rest[0], rest[1])  # pyright: ignore[reportArgumentType]
        elif what == "delete":
            node.write(str(rest[0]), {"deleted": True}, "delete")
        elif what == "resolve":
            node.write(str(rest[0]), {}, "resolve")
        elif what == "push":
            push(node, server, rest[0], at)  # pyright: ignore[reportArgumentType]
        elif what == "pull":
            pull(node, server, own=bool(rest[0]))
        else:
            node.at = int(str(rest[0]))
    for node in (a, b, a):
        push(node, server, set(), len(steps))
    for node in (a, b):
        while pull(node, server, own=False):
            pass
    assert rows(a.store) == rows(b.store) == rows(server)
    with server.reading() as session:  # equal to a fold of the whole feed from nothing
        for record_id in RECORDS:
            logged = entries.of_record(session, record_id)
            folded = merge.fold(
                [merge.FeedEntry(one.entry, one.verdict, one.received_ms) for one in logged],
                POLICIES,
            )
            assert records.lookup(session, record_id) == (folded.record if folded else None)


def test_own_unsent_work_shows_on_top_of_what_others_made() -> None:
    with nodes() as (a, b, server):
        a.write("r1", {"latest": "x"})
        push(a, server, set(), 1)
        pull(b, server, own=False)
        a.write("r1", {"latest": "mine"})
        b.write("r1", {"ask": "theirs"})
        push(b, server, set(), 2)
        pull(a, server, own=False)
        with a.store.reading() as session:
            record = records.get(session, "r1")
        assert (record.get("latest"), record.get("ask")) == ("mine", "theirs")


def test_a_device_sees_at_once_what_the_server_will_say_of_its_unsent_work() -> None:
    with nodes() as (a, b, server):
        a.write("r1", {"ask": "x"})
        push(a, server, set(), 1)
        pull(b, server, own=False)
        a.write("r1", {"ask": "mine"})
        b.write("r1", {"ask": "theirs"})
        push(b, server, set(), 2)
        pull(a, server, own=False)
        before = rows(a.store)
        with a.store.reading() as session:
            assert records.get(session, "r1").get("ask") == "theirs"
            [card] = records.conflicts(session, "r1")
        assert (card.kept.value, card.other.value, card.base) == ("theirs", "mine", "A:1")
        push(a, server, set(), 3)
        assert rows(a.store)["conflict"] == before["conflict"] == rows(server)["conflict"]


def test_every_entry_is_chained_to_the_one_before() -> None:
    with nodes() as (a, _b, _server):
        a.write("r1", {"ask": "x"})
        a.write("r1", {"ask": "y"})
        with a.store.reading() as session:
            logged = entries.of_device(session, "A", 1, 10)
            start = genesis("A", KEYS["A"])
            assert [one.hash for one in logged] == journal.chain(
                start, [one.body for one in logged]
            )
            assert journal.head(session, "A") == (2, logged[-1].hash)
            assert logged[1].entry.base == {"ask": "A:1"}
            assert logged[0].hash == link(start, logged[0].body)


def _arrivals(node: Node) -> list[journal.Arrival]:
    with node.store.reading() as session:
        return [
            journal.Arrival(one.entry, one.body, number, "accepted", None, 1)
            for number, one in enumerate(entries.of_device(session, node.name, 1, 99), 1)
        ]


@pytest.mark.parametrize("damage", ["gap", "another body under a known number"])
def test_a_feed_that_breaks_a_chain_is_not_taken_at_all(damage: str) -> None:
    with nodes() as (a, b, _server):
        for value in "xyz":
            a.write("r1", {"ask": value})
        arrivals = _arrivals(a)
        if damage == "gap":
            broken = [arrivals[0], arrivals[2]]
        else:
            forged = arrivals[0].body.replace(b'"x"', b'"q"')
            broken = [arrivals[0], arrivals[1]._replace(entry=decode(forged, "A"), body=forged)]
        with pytest.raises(ChainBrokenError), b.store.session() as session:
            journal.receive(session, broken, POLICIES)
        with b.store.reading() as session, pytest.raises(RecordMissingError):
            records.get(session, "r1")


def test_a_page_twice_changes_nothing() -> None:
    with nodes() as (a, b, _server):
        a.write("r1", {"ask": "x"})
        for _ in range(2):
            with b.store.session() as session:
                journal.receive(session, _arrivals(a), POLICIES)
        with b.store.reading() as session:
            assert len(entries.of_record(session, "r1")) == 1


def test_a_write_that_fails_halfway_leaves_nothing() -> None:
    with nodes() as (a, _b, _server):

        def fails() -> None:
            with a.store.session() as session:
                journal.write(
                    session, journal.Author("A", "P"),
                    journal.Stamp(1, 0, DeviceTime(1, 0, "b", None), "e"), kind="edit",
                    record_id="r1", type="thing", definition="thing@1", set={"ask": "x"},
                    policies=POLICIES,
                )  # fmt: skip
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fails()
        with a.store.reading() as session:
            assert outbox.count(session, "A").entries == 0
            assert records.lookup(session, "r1") is None


def test_pages_end_at_a_feed_boundary_and_miss_nothing() -> None:
    with nodes() as (a, b, server):
        for round_ in range(4):
            for value in "xyz"[: round_ + 1]:
                a.write("r1", {"ask": value})
            push(a, server, set(), round_)
        seen: list[int] = []
        after, more = 0, True
        while more:
            with server.reading() as session:
                page, after, more = entries.page(session, after, 2, without=b.name)
            seen += [one.entry.number for one in page]
            assert {one.feed for one in page if one.feed == after}
        assert seen == list(range(1, 10))


@given(
    pushes=st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 4)), max_size=10),
    limit=st.integers(1, 6),
    without=st.sampled_from([None, "A", "B"]),
)
def test_what_is_passed_on_as_it_is_is_what_is_read(
    kept: list[Store], pushes: list[tuple[str, int]], limit: int, without: str | None
) -> None:
    *both, server = emptied(kept)
    for at, (name, count) in enumerate(pushes):
        [node] = [one for one in both if one.name == name]
        for number in range(count):
            node.write(f"r-{name}-{number}", {"ask": str(at)})
        push(node, server, {2}, at)
    read: list[object] = []
    passed: list[object] = []
    with server.reading() as session:
        after, more = 0, bool(pushes)
        while more:
            some, after, more = entries.page(session, after, limit, without=without)
            read += [(one.feed, one.body, one.verdict, one.code) for one in some]
        end, more = 0, bool(pushes)
        while more:
            before = end
            stored, end, more = entries.stored_page(session, end, limit, without=without)
            passed += [(one.feed, one.body, one.verdict, one.code) for one in stored]
            assert before < end
        assert entries.stored_page(session, end, limit, without=without) == ([], end, False)
    assert passed == read
    assert end == after == len(pushes)
    assert len(read) == sum(count for name, count in pushes if name != without)


def test_signed_decisions_are_found_behind_many_that_nobody_signed() -> None:
    with nodes() as (a, _b, _server):
        for _ in range(3):
            a.write("r1", {"ask": "x"})
        with a.store.session() as session:
            first, *_ = entries.of_device(session, "A", 1, 1)
            for number in range(4, 4 + 530 + 10):
                entry = structs.replace(
                    first.entry, number=number, entry_id=f"d-{number}", kind="decide"
                )
                signature = b"s" * 64 if number >= 4 + 530 else None
                logged = entries.Logged(entry, encode(entry), b"h" * 32, signature=signature)
                entries.add(session, [logged])
        with a.store.reading() as session:
            found = entries.decisions_far_back(session, "A", 20)
            assert [one.entry.number for one in found] == [*range(534, 544)]
            assert all(one.signature and one.entry.kind == "decide" for one in found)
            near = entries.decisions_far_back(session, "A", 535)
            assert [one.entry.number for one in near] == [*range(536, 544)]


def test_the_index_of_decisions_names_the_kinds_that_are_decisions() -> None:
    assert set(re.findall(r"'(\w+)'", DECIDED)) == DECISIONS
