"""What is worked out of one entry before the store is locked is what the fold makes of it."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from domain import merge
from domain.changes import DeviceTime, Entry, decode, encode
from domain.folded import FeedEntry
from domain.records import Value
from offline_store import bulk, devices, firsts, journal, keep, records, search
from offline_store.arrival import Arrival
from offline_store.database import Store, open_store
from offline_store.tables import RecordRow

DEVICE, AT = "d1", 1_790_000_000_000
NAMES = (
    "state", "of", "area", "asset", "unit", "due_ms", "deleted", "words", "to", "assignee",
    "reporter", "by", "done_by",
)  # fmt: skip
_LETTERS = st.characters(codec="utf-8", exclude_characters="\0")  # what an entry may hold
values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2**40), st.text(_LETTERS, max_size=5),
    st.lists(st.text(_LETTERS, max_size=3), max_size=2),
)  # fmt: skip
cells = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)
types = st.sampled_from(["hazard", "task", "inspection", "notice", "event", "register", "unheard"])


def arrival(
    number: int, record_id: str, type: str, said: dict[str, Value], ms: int = AT
) -> Arrival:
    entry = Entry(
        DEVICE, number, f"e{number}", "edit", "U012", record_id, type, f"{type}@1", {},
        dict(sorted(said.items())), ms, 3, DeviceTime(ms, 1, "b", 5),
    )  # fmt: skip
    body = encode(entry)
    return Arrival(decode(body, DEVICE), body, number, "accepted", None, AT + 100)


@pytest.fixture(scope="module")
def written_to() -> Iterator[Store]:
    store = open_store(None)
    yield store
    store.close()


@pytest.fixture
def stores() -> Iterator[tuple[Store, Store]]:
    found = open_store(None), open_store(None)
    for store in found:
        with store.session() as session:
            devices.add(session, devices.Device(DEVICE, b"d" * 32))
    yield found
    for store in found:
        store.close()


def rows(session: Session) -> list[tuple[object, ...]]:
    found = bulk.between(session, RecordRow, records.STORED, "row", 0, 10**9, '"record_id"')
    return [tuple(row) for row in found]


@settings(max_examples=150)
@given(type=types, said=cells, late_ms=st.integers(-1000, 600_000))
def test_a_row_is_the_one_that_the_fold_would_write(
    written_to: Store, type: str, said: dict[str, Value], late_ms: int
) -> None:
    one = arrival(1, "r1", type, said, AT + late_ms)
    made = firsts.rows([one], merge.POLICIES)
    if not merge.is_plain(one.entry, merge.POLICIES.get(type, {})):
        assert made == {}
        return
    folded = merge.fold([FeedEntry(one.entry, one.verdict, one.received_ms)])
    assert folded is not None
    with written_to.session() as session:
        records.save(session, {"r1": folded}, {"r1": one.feed}, searched="never")
        [written] = rows(session)
        assert tuple(made["r1"]) == tuple(
            bool(value) if name == "deleted" else value
            for name, value in zip(records.STORED, written, strict=True)
        )


def test_a_page_made_ready_leaves_the_store_as_one_that_was_not(
    stores: tuple[Store, Store],
) -> None:
    page = [
        arrival(n, f"r{n % 7}", "hazard", {"words": f"w{n}", "state": "x"}) for n in range(1, 11)
    ]
    page += [arrival(n, f"s{n}", "event", {"what": "x", "at_ms": AT}) for n in range(11, 15)]
    page[12] = page[12]._replace(verdict="refused")
    seen: list[object] = []
    for store, made in zip(stores, (firsts.rows(page, merge.POLICIES), None), strict=True):
        with store.session() as session:
            journal.receive(session, page[:5], merge.POLICIES, made)
            journal.receive(session, page[5:], merge.POLICIES, made)
        with store.session() as session:
            while records.index_due(session):
                pass
            assert search.due(session, 1) == []
            seen.append((rows(session), search.find(session, "w6"), search.find(session, "w10")))
    assert seen[0] == seen[1]


def test_records_that_came_are_indexed_once_and_none_is_missed(stores: tuple[Store, Store]) -> None:
    store, _ = stores
    for first in (1, 101):
        some = [
            arrival(n, f"r{n}", "hazard", {"words": "valve"}) for n in range(first, first + 100)
        ]
        with store.session() as session:
            journal.receive(session, some, merge.POLICIES, firsts.rows(some, merge.POLICIES))
        with store.session() as session:
            assert records.index_due(session)
    with store.session() as session:  # a change of one that waits, noted by itself
        again = [arrival(201, "r180", "hazard", {"words": "changed"})]
        journal.receive(session, again, merge.POLICIES, firsts.rows(again, merge.POLICIES))
        assert search.due(session, 5) == ["r180"]
    with store.session() as session:
        while records.index_due(session):
            pass
        found = search.find(session, "", limit=1000)
        assert sorted(found) == sorted(f"r{n}" for n in range(1, 201))
        assert search.find(session, "changed") == ["r180"]
        assert keep.get(session, search.SINCE) is None
