"""Pushes in a row: what was written down is sent exactly so again, and cut only when asked to."""

from collections.abc import Iterator

import pytest

from domain import merge
from domain.changes import DeviceTime
from domain.signatures import ChainForgedError
from offline_store import devices, journal, outbox
from offline_store.database import Store, open_store
from sync.protocol import ENTRIES_MAX, PushReply
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
