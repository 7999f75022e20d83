"""Pushes in a row: what was written down is sent exactly so again, and cut only when asked to."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from domain import merge
from domain.changes import DeviceTime
from domain.errors import ServerTroubleError
from domain.signatures import ChainForgedError
from offline_store import devices, entries, journal, outbox
from offline_store.database import Store, open_store
from sync.flow import Flow
from sync.protocol import ENTRIES_MAX, PushHead, PushReply, unpack_push
from sync.pushes import SIZE_MIN, Pusher
from sync.transport import Transport

OWN = "own"


def pusher(store: Store) -> Pusher:
    return Pusher(store, Transport("http://127.0.0.1:1"), OWN, lambda: merge.POLICIES, lambda: None)


def write(store: Store, count: int, start: int = 0) -> None:
    with store.session() as session:
        for number in range(start, start + count):
            stamp = journal.Stamp(1000 + number, 0, DeviceTime(1, 1, "b", 5), f"e{number}")
            journal.write(
                session, journal.Author(OWN, "U012"), stamp, kind="edit", record_id=f"r{number}",
                type="hazard", definition="hazard@1", set={"words": "漏"},
            )  # fmt: skip


@pytest.fixture
def store() -> Iterator[Store]:
    made = open_store(None)
    with made.session() as session:
        devices.add(session, devices.Device(OWN, b"own" * 8))
    yield made
    made.close()


def span(found: outbox.Outgoing | None) -> tuple[int, int] | None:
    return (found.batch.first, found.batch.last) if found else None


def test_two_pushes_under_way_are_repeated_as_they_were(store: Store) -> None:
    write(store, 5)
    before = pusher(store)
    before._size = 2
    first = before.next()
    assert first is not None
    second = before.ahead(first)
    assert (span(first), span(second)) == ((1, 2), (3, 4))
    write(store, 3, start=5)  # meanwhile; then the power goes
    after = pusher(store)
    assert after.next() == first
    assert after.ahead(first) == second
    after.confirm(first, PushReply(feed=1, accepted_to=2, server_ms=1, receipt="00"), b"{}")
    assert after.next() == second


def test_an_answer_for_a_part_forgets_what_was_to_follow(store: Store) -> None:
    write(store, 5)
    one = pusher(store)
    one._size = 3
    first = one.next()
    assert first is not None
    assert span(one.ahead(first)) == (4, 5)
    with pytest.raises(ChainForgedError):
        one.confirm(first, PushReply(feed=1, accepted_to=2, server_ms=1, receipt="00"), b"{}")
    assert span(one.next()) == (3, 5)


def test_a_server_that_takes_less_at_once_gets_less(store: Store) -> None:
    write(store, 5)
    one = pusher(store)
    first = one.next()
    assert first is not None
    assert not one.cut(first, 7), "smaller than that it was already"
    assert one.cut(first, 2)
    assert span(one.next()) == (1, 2)
    one.took(first, 1)
    assert one._size == 2, "never more than the server takes"


def test_the_size_of_a_push_follows_the_link(store: Store) -> None:
    write(store, 210)
    one = pusher(store)
    first = one.next()
    assert first is not None
    one.took(first, 100)
    assert one._size == ENTRIES_MAX
    for _ in range(6):
        one.took(first, 60_000)
    assert one._size == SIZE_MIN


def test_what_waits_grows_on_a_link_that_takes_more_but_never_what_may_have_gone(
    store: Store,
) -> None:
    write(store, 9)
    one = pusher(store)
    one._size = 3
    first = one.next()
    assert first is not None
    second = one.ahead(first)
    assert second is not None
    one.took(first, 2_500)  # half of what it may take
    longer = one.longer(second)
    assert (span(second), span(longer)) == ((4, 6), (4, 9))
    assert one.longer(longer) is longer, "it may be on its way"
    after = pusher(store)  # the power went: nobody knows what was sent
    after._size = 2
    assert after.next() == first
    assert (waits := after.ahead(first)) == longer
    assert waits is not None
    after.took(first, 2_500)
    assert after.longer(waits) is waits
    after.confirm(first, PushReply(feed=1, accepted_to=3, server_ms=1, receipt="00"), b"{}")
    assert span(after.next()) == (4, 9)


Serve = Callable[[PushHead], Awaitable[httpx.Response]]


def taken(head: PushHead) -> httpx.Response:
    reply = PushReply(feed=head.last, accepted_to=head.last, server_ms=1, receipt="00")
    return httpx.Response(200, json=reply.model_dump())


def gap(expected: int) -> httpx.Response:
    body = {"type": "about:blank", "code": "sync.gap", "status": 409, "expected": expected}
    return httpx.Response(409, json=body, headers={"Content-Type": "application/problem+json"})


def sent_over(store: Store, serve: Serve) -> None:
    """Push what waits, two entries at a time, over a link that was found quick."""

    async def http(request: httpx.Request) -> httpx.Response:
        return await serve(unpack_push(request.content).head)

    async def run() -> None:
        transport = Transport("http://plant", http=httpx.MockTransport(http))
        one = Pusher(
            store, transport, OWN, lambda: merge.POLICIES, lambda: None, sparing=lambda: False
        )
        one._size = one._size_max = 2
        one._coats.needed = False
        assert one.swift
        try:
            outgoing = await asyncio.to_thread(one.next)
            async with Flow(one, lambda: 1) as flow:
                while outgoing:
                    one._coats.needed = False
                    outgoing = await flow.one(outgoing, lambda _reply, _ms: None)
        finally:
            await transport.close()

    asyncio.run(run())


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path)
    with made.session() as session:
        devices.add(session, devices.Device(OWN, b"own" * 8))
    yield made
    made.close()


def waiting(store: Store) -> list[int]:
    with store.reading() as session:
        found = entries.of_device(session, OWN, 1, 100)
        return [one.entry.number for one in found if one.feed is None]


def test_on_a_quick_link_the_next_push_goes_before_the_answer(file_store: Store) -> None:
    write(file_store, 6)
    came: list[int] = []
    second = asyncio.Event()

    async def serve(head: PushHead) -> httpx.Response:
        came.append(head.first)
        if head.first == 3:
            second.set()
        if head.first == 1:  # answers only when the one behind it is here
            await asyncio.wait_for(second.wait(), 20)
        return taken(head)

    sent_over(file_store, serve)
    assert came == [1, 3, 5]
    assert waiting(file_store) == []


def test_a_push_that_overtook_the_one_before_goes_again(file_store: Store) -> None:
    write(file_store, 6)
    came: list[int] = []
    known = 0
    overtaken = asyncio.Event()

    async def serve(head: PushHead) -> httpx.Response:
        nonlocal known
        came.append(head.first)
        if head.first == 1 and not overtaken.is_set():
            await asyncio.wait_for(overtaken.wait(), 20)
        if head.first > known + 1:
            overtaken.set()
            return gap(known + 1)
        known = head.last
        return taken(head)

    sent_over(file_store, serve)
    assert came.count(3) == 2
    assert waiting(file_store) == []


def test_a_refusal_ends_what_went_early_and_nothing_of_it_is_lost(file_store: Store) -> None:
    write(file_store, 6)

    async def serve(head: PushHead) -> httpx.Response:
        if head.first == 1:
            return httpx.Response(503, json={"code": "server.busy", "status": 503})
        await asyncio.sleep(60)
        return taken(head)

    with pytest.raises(ServerTroubleError):
        sent_over(file_store, serve)
    assert waiting(file_store) == [1, 2, 3, 4, 5, 6]

    async def later(head: PushHead) -> httpx.Response:
        return taken(head)

    sent_over(file_store, later)
    assert waiting(file_store) == []


def test_trouble_with_the_push_behind_hides_no_refusal(file_store: Store) -> None:
    write(file_store, 6)
    with file_store.session() as session:  # the third push cannot be packed
        session.connection().exec_driver_sql("UPDATE entry SET body = 'text' WHERE number = 5")
    second = asyncio.Event()

    async def serve(head: PushHead) -> httpx.Response:
        if head.first == 1:
            await asyncio.wait_for(second.wait(), 20)
            return httpx.Response(503, json={"code": "server.busy", "status": 503})
        second.set()
        await asyncio.sleep(60)
        return taken(head)

    with pytest.raises(ServerTroubleError):
        sent_over(file_store, serve)
