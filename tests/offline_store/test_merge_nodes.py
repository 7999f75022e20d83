"""Two devices and a server promise the same record, holds and conflicts, whoever knew of what."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes import DeviceTime
from domain.merge import FeedEntry, fold
from domain.records import Value
from offline_store import entries, journal, records
from offline_store.database import Store
from tests.helpers.merging import LATER_MS, RECORD, TYPE
from tests.helpers.merging import trial_policies as policies
from tests.offline_store.test_merge_cases import clear, fed, kept, opened

MOVES = (
    ("approved", "permit.approve"),
    ("started", "permit.start"),
    ("suspended", "permit.stop"),
    ("rejected", "permit.reject"),
    ("started", "permit.resume"),
    ("done", "permit.accept"),
    ("expired", "clock"),
)
LIFTS = {"stop": "permit.resume", "suspend": "permit.resume", "reject": "conflict.settle"}
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.one_of(
            st.tuples(st.just("decide"), st.sampled_from(MOVES)),
            st.tuples(st.just("decide"), st.sampled_from(MOVES)),
            st.tuples(st.just("lift"), st.sampled_from(["", "started"])),
            st.tuples(st.just("measure"), st.sampled_from(["19.4", "20.8"])),
            st.just(("resolve", "")),
            st.just(("push", "")),
            st.just(("pull", "")),
        ),
    ),
    min_size=2,
    max_size=14,
)


@dataclass
class Device:
    """A device with its own journal."""

    name: str
    store: Store
    server: Store
    at: int = 0

    def write(self, kind: str, **cells: Value) -> None:
        self.at += 1
        at = DeviceTime(self.at, 0, "boot", None)
        stamp = journal.Stamp(self.at, 0, at, f"{self.name}-{self.at}")
        with self.store.session() as session:
            journal.write(
                session, journal.Author(self.name, f"P-{self.name}"), stamp, kind=kind,
                record_id=RECORD, type=TYPE, definition=f"{TYPE}@1", set=cells,
                policies=policies(),
            )  # fmt: skip

    def lift(self, state: str) -> None:
        with self.store.reading() as session:
            held = [one for one in records.holds(session, RECORD) if one.lifted_by is None]
        if held:
            action = LIFTS[held[0].kind]
            named: list[Value] = [held[0].hold_id]
            cells: dict[str, Value] = {"state": state} if state else {}
            self.write("lift", holds=named, action=action, **cells)

    def push(self) -> None:
        with self.server.session() as session:
            number, _ = journal.head(session, self.name)[:2]
            with self.store.reading() as mine:
                unsent = entries.of_device(mine, self.name, number + 1, 100)
            if unsent:
                intake = journal.Intake(session, self.name, [RECORD], policies())
                for one in unsent:
                    intake.add(one.entry, one.body, LATER_MS)
                intake.save()

    def pull(self) -> None:
        with self.store.session() as session:
            journal.receive(session, fed(self.server), policies())

    def step(self, what: str, how: Any) -> None:  # noqa: ANN401 -- as drawn
        if what == "decide":
            self.write("decide", state=how[0], action=how[1])
        elif what == "lift":
            self.lift(how)
        elif what == "measure":
            self.write("edit", o2_vol={"value": how, "sampled_ms": self.at})
        elif what == "resolve":
            self.write("resolve")
        elif what == "push":
            self.push()
        else:
            self.push()
            self.pull()


@pytest.fixture(scope="module")
def plant() -> Iterator[Callable[[], tuple[Device, Device]]]:
    """A server and two devices with the same approved record; opened once, emptied each time."""
    server, *stores = (opened(None) for _ in range(3))

    def fresh() -> tuple[Device, Device]:
        for store in (server, *stores):
            clear(store)
        a, b = Device("A", stores[0], server), Device("B", stores[1], server)
        a.write("decide", state="approved", action="permit.approve", o2_vol={"value": "20.9"})
        a.push()
        b.pull()
        return a, b

    yield fresh
    for store in (server, *stores):
        store.close()


@pytest.mark.slow
@pytest.mark.timeout(900)  # in CI 500 examples
@given(STEPS)
def test_all_nodes_come_to_the_same_record_holds_and_conflicts(
    plant: Callable[[], tuple[Device, Device]], steps: list[tuple[int, tuple[str, Any]]]
) -> None:
    devices = plant()
    for who, (what, how) in steps:
        devices[who].step(what, how)
    for device in devices:
        device.push()
    for device in devices:
        device.pull()
    server = devices[0].server
    with server.reading() as session:
        expected = kept(session)
        logged = entries.of_record(session, RECORD)
    for device in devices:
        with device.store.reading() as session:
            assert kept(session) == expected
    merged = fold(
        [FeedEntry(one.entry, one.verdict, one.received_ms) for one in logged], policies()
    )
    assert merged is not None
    assert (expected["record"], expected["holds"]) == (merged.record, list(merged.holds))
    stops = [one for one in logged if one.entry.set.get("action") == "permit.stop"]
    assert sum(one.kind == "stop" for one in merged.holds) == len(stops)
