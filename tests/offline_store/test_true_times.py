"""An anchor corrects earlier entries only as long as it counts, and everywhere alike."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from domain import merge
from domain.changes import DeviceTime
from domain.merge import Verdict
from domain.trusted_time import Anchor, anchor_cells
from offline_store import devices, entries, journal, outbox, quarantine, records, times
from offline_store.arrival import Arrival
from offline_store.database import Store, open_store

OWN, WRONG_MS, TRUE_MS, LATER_MS = "own", 9_000_000, 8_990_000, 9_100_000


@pytest.fixture
def stores() -> Iterator[tuple[Store, Store]]:
    """A device's and a server's, which both know the device."""
    with ExitStack() as stack:
        found: list[Store] = []
        for _ in range(2):
            made = open_store(None)
            stack.callback(made.close)
            with made.session() as session:
                devices.add(session, devices.Device(OWN, b"own" * 8))
            found.append(made)
        yield found[0], found[1]


def write(store: Store) -> None:
    """Write a report while nobody knows the time, then two anchors of the same boot."""

    def one(number: int, mono_ms: int, true_ms: int | None) -> None:
        anchor = Anchor("b", mono_ms, true_ms, 50) if true_ms else None
        time = DeviceTime(WRONG_MS + mono_ms, mono_ms, "b", 50 if anchor else None)
        stamp = journal.Stamp(WRONG_MS + mono_ms, number, time, f"e{number}")
        with store.session() as session:
            journal.write(
                session, journal.Author(OWN, "U012"), stamp,
                kind="anchor" if anchor else "edit", record_id=f"r{number}",
                type="clock" if anchor else "hazard", definition="hazard@1",
                set=dict(anchor_cells(anchor)) if anchor else {"words": "漏"},
            )  # fmt: skip

    one(1, 0, None)
    one(2, 1000, TRUE_MS + 1000)
    one(3, 2000, TRUE_MS + 2000 + 7)  # a little off: the first one decides


def reported_ms(store: Store) -> int:
    with store.reading() as session:
        return records.get(session, "r1").cells["words"].wall_ms


def taken(device: Store, server: Store, held: int | None) -> None:
    """Let the server take all three, one of them held, and the device hear of it."""
    with device.session() as session:
        push = outbox.next_push(session, OWN)
        assert push is not None
        logged = entries.of_device(session, OWN, 1, 3)
    with server.session() as session:
        intake = journal.Intake(session, OWN, [one.entry.record_id for one in logged])
        for one in logged:
            code = "entry.revoked" if one.entry.number == held else None
            intake.add(one.entry, one.body, LATER_MS, quarantined=code)
        feed = intake.save()
    verdict: Verdict = "quarantined"
    told = [outbox.Answer(held, verdict, "entry.revoked", {})] if held else []
    answered = replace(push.batch, feed=feed, received_ms=LATER_MS, receipt="00", reply=b"{}")
    with device.session() as session:
        outbox.confirm(session, answered, told)


def test_an_anchor_that_counts_corrects_on_both_sides(stores: tuple[Store, Store]) -> None:
    device, server = stores
    write(device)
    assert reported_ms(device) == TRUE_MS
    taken(device, server, held=None)
    assert reported_ms(device) == reported_ms(server) == TRUE_MS


def test_one_that_is_held_corrects_nothing_and_the_next_takes_its_place(
    stores: tuple[Store, Store],
) -> None:
    device, server = stores
    write(device)
    taken(device, server, held=2)
    assert reported_ms(device) == reported_ms(server) == TRUE_MS + 7


def test_a_released_anchor_corrects_from_then_on(stores: tuple[Store, Store]) -> None:
    device, server = stores
    write(device)
    with device.session() as session:  # there is no other anchor this time
        session.connection().exec_driver_sql("DELETE FROM entry WHERE number = 3")
        session.connection().exec_driver_sql("DELETE FROM record WHERE record_id = 'r3'")
    taken(device, server, held=2)
    assert reported_ms(device) == reported_ms(server) == WRONG_MS
    for store in stores:
        with store.session() as session:
            [one] = quarantine.held(session, OWN, 1, 3)
            quarantine.settle(session, one, None)
            moved = times.settle(session, [one.entry])
            records.refold_all(session, moved, merge.POLICIES)
    assert reported_ms(device) == reported_ms(server) == TRUE_MS


def test_an_anchor_whose_refusal_comes_by_the_feed_corrects_nothing(
    stores: tuple[Store, Store],
) -> None:
    device, _ = stores
    write(device)
    with device.reading() as session:
        logged = entries.of_device(session, OWN, 1, 3)
    came = [
        Arrival(
            one.entry, one.body, 1, "refused" if one.entry.kind == "anchor" else "accepted",
            "entry.invalid" if one.entry.kind == "anchor" else None, LATER_MS,
        )
        for one in logged
    ]  # fmt: skip
    with device.session() as session:
        journal.receive(session, came)
    assert reported_ms(device) == WRONG_MS
