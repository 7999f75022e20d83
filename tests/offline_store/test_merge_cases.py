"""The 45 acceptance cases promise the same through the journals of devices and of a server.

With the rules of the server around them: `tests.server.test_merge_cases`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from domain.changes import encode
from domain.merge import Merged, Verdict
from offline_store import devices, entries, journal, records
from offline_store.database import Store, open_store
from tests.helpers.merging import DEVICES, RECORD, TYPE, Case, Written, cases, merge_all
from tests.helpers.merging import trial_policies as policies

OnStore = Callable[[Path | None], str | None]


def opened(folder: Path | None, url: str | None = None) -> Store:
    store = open_store(folder, url)
    with store.session() as session:
        for name in DEVICES:
            devices.add(session, devices.Device(name, name.encode() * 32))
    return store


def kept(session: Session) -> dict[str, Any]:
    """Return all that the store holds of the record, as plain values."""
    run = session.connection().exec_driver_sql
    return {
        "record": records.lookup(session, RECORD),
        "conflicts": records.conflicts(session, RECORD),
        "holds": records.holds(session, RECORD),
        "open": run("SELECT record_id, state, open_holds, deleted FROM record").all(),
    }


def same(found: dict[str, Any], merged: Merged) -> None:
    """What the store holds is the fold of the feed."""
    assert found["record"] == merged.record
    assert merged.record is not None
    assert found["holds"] == list(merged.holds)
    asked = [
        (one.conflict_id, one.field, one.base, one.kept, one.other) for one in found["conflicts"]
    ]
    assert sorted(asked, key=lambda one: one[0]) == sorted(
        (
            (one.conflict_id(RECORD), one.field, one.base, one.kept, one.other)
            for one in merged.conflicts
        ),
        key=lambda one: one[0],
    )
    [row] = found["open"]
    held = sum(one.lifted_by is None for one in merged.holds)
    deleted = merged.record.get("deleted") is True
    assert tuple(row) == (RECORD, merged.record.text("state") or None, held, deleted)


def push(server: Store, some: Sequence[Written]) -> None:
    """Let the server take entries of one device."""
    with server.session() as session:
        intake = journal.Intake(session, some[0].entry.device_id, [RECORD], policies())
        for one in some:
            intake.add(
                one.entry, encode(one.entry), one.received_ms,
                refused=one.refused, quarantined=one.quarantined,
            )  # fmt: skip
        intake.save()


def batches(feed: Sequence[Written]) -> Iterator[list[Written]]:
    batch: list[Written] = []
    for one in feed:
        if batch and batch[-1].entry.device_id != one.entry.device_id:
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def fed(server: Store) -> list[journal.Arrival]:
    with server.reading() as session:
        page, _, more = entries.page(session, 0, 100)
    assert not more
    accepted: Verdict = "accepted"
    return [
        journal.Arrival(
            one.entry, one.body, one.feed or 0, one.verdict or accepted, one.code,
            one.received_ms or 0,
        )
        for one in page
    ]  # fmt: skip


def write(device: Store, one: Written) -> None:
    """Let the device write an entry of its own, unsent."""
    entry = one.entry
    stamp = journal.Stamp(entry.wall_ms, entry.counter, entry.time, entry.entry_id)
    with device.session() as session:
        journal.write(
            session, journal.Author(entry.device_id, entry.person_id), stamp, kind=entry.kind,
            record_id=RECORD, type=TYPE, definition=entry.definition, set=entry.set,
            policies=policies(), base=entry.base,
        )  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> Iterator[Callable[[], Store]]:
    """Stores that are emptied between cases: opening one takes longer than a case."""
    stores = [opened(None) for _ in range(2)]
    used: list[Store] = []

    def empty() -> Store:
        store = stores[len(used) % 2]
        used.append(store)
        clear(store)
        return store

    yield empty
    for store in stores:
        store.close()


def clear(store: Store) -> None:
    with store.session() as session:
        for table in ("entry", "record", "conflict", "hold"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")


def play(case: Case, server: Store, device: Store, *, ours_first: bool) -> None:
    feed = case.feed(ours_first)
    merged, _ = merge_all(feed)
    for batch in batches(feed):
        push(server, batch)
    arrivals = fed(server)
    with server.reading() as session:
        same(kept(session), merged)
        refolded = kept(session)
    for one in case.ours:  # what the device writes before it hears of anything else
        write(device, one)
    for step in ([one for one in arrivals if one.entry.device_id != "A"], arrivals):
        for _ in range(2):  # a page may come twice
            with device.session() as session:
                journal.receive(session, step, policies())
    with device.reading() as session:
        assert kept(session) == refolded
    with server.session() as session:
        records.refold(session, RECORD, policies())
        same(kept(session), merged)


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"case {case.number}")
@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "theirs first"])
def test_case(case: Case, ours_first: bool, plain: Callable[[], Store]) -> None:
    play(case, plain(), plain(), ours_first=ours_first)


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"case {case.number}")
@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "theirs first"])
@pytest.mark.parametrize("at_once", [1, 100], ids=["one by one", "at once"])
def test_a_device_that_only_reads_comes_to_the_same(
    case: Case, ours_first: bool, at_once: int, plain: Callable[[], Store]
) -> None:
    server, device = plain(), plain()
    feed = case.feed(ours_first)
    for batch in batches(feed):
        push(server, batch)
    arrivals = fed(server)
    for start in range(0, len(arrivals), at_once):
        with device.session() as session:
            journal.receive(session, arrivals[start : start + at_once], policies())
    with device.reading() as session:
        same(kept(session), merge_all(feed)[0])


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"case {case.number}")
@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "theirs first"])
def test_both_writers_come_to_the_same_whoever_was_first(
    case: Case, ours_first: bool, plain: Callable[[], Store]
) -> None:
    server, device = plain(), plain()
    feed = case.feed(ours_first)
    for batch in batches(feed):
        push(server, batch)
    arrivals, merged = fed(server), merge_all(feed)[0]
    for name in ("A", "B"):
        clear(device)
        with device.session() as session:  # what both knew when they went offline
            journal.receive(session, arrivals[: len(case.base)], policies())
        for one in feed[len(case.base) :]:
            if one.entry.device_id == name:
                write(device, one)
        with device.session() as session:
            journal.receive(session, arrivals, policies())
        with device.reading() as session:
            same(kept(session), merged)


@pytest.mark.postgres
def test_every_case_on_a_server_of_postgresql(tmp_path: Path, on_store: OnStore) -> None:
    server, device = opened(tmp_path, on_store(None)), opened(None)
    for case in cases():
        for ours_first in (True, False):
            clear(server)
            clear(device)
            play(case, server, device, ours_first=ours_first)
    server.close()
    device.close()


def test_holds_and_conflicts_survive_the_store_being_closed(
    tmp_path: Path, on_store: OnStore
) -> None:
    [case] = [one for one in cases() if one.number == 41]
    merged, _ = merge_all(case.feed(ours_first=True))
    url = on_store(None)
    store = opened(tmp_path, url)
    for batch in batches(case.feed(ours_first=True)):
        push(store, batch)
    store.close()
    store = open_store(tmp_path, url)
    with store.reading() as session:
        same(kept(session), merged)
        [hold] = records.holds(session, RECORD)
        assert (hold.kind, hold.placed_by, hold.writer) == ("reject", "P-B", "B:1")
        cell = records.get(session, RECORD).get("holds")
        assert json.dumps(cell) == '[{"id": "r1", "kind": "reject"}]'
    store.close()
