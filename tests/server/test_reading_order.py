"""A reader of the feed promises to skip nothing, whatever transactions pause in between.

This is the guide's test (pg_order): eight writers, some of which pause inside their transaction,
and a reader that pages by the cursor all the while. On PostgreSQL numbers that are taken in any
simpler way lose rows here.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session

from domain.changes import DeviceTime, Entry, encode, link
from offline_store import database, devices, entries, journal
from server import clock, intake, main, pages
from server.keys import public_bytes
from server.settings import ServerSettings
from server.site import Site
from sync.protocol import PushHead
from tests.helpers.postgres import Cluster

WRITERS, SECONDS, EACH = 8, 6.0, 20


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path) -> Iterator[Site]:
    name = cluster.empty()
    here = main.prepare(
        ServerSettings(home=tmp_path, disk_free_min_bytes=0, database_url=cluster.url(name))
    )
    yield here
    here.store.close()
    cluster.drop(name)


class Writer:
    """A device that pushes events, one batch after the other, through the server's own intake."""

    def __init__(self, here: Site, number: int) -> None:
        self.here, self.number, self.last = here, number, 0
        self.device_id = f"writer-{number}"
        public = public_bytes(Ed25519PrivateKey.generate())
        with here.store.session() as session:
            devices.add(session, devices.Device(self.device_id, public))
            self.head = journal.head(session, self.device_id)[1]
        self.made: list[tuple[str, int]] = []

    def push(self) -> None:
        bodies = [self._body(self.last + n + 1) for n in range(EACH)]
        head = self.head
        for body in bodies:
            head = link(head, body)
        said = PushHead(
            dev=self.device_id, first=self.last + 1, last=self.last + EACH,
            prev=self.head.hex(), head=head.hex(),
        )  # fmt: skip
        intake.take(self.here, said, bodies)
        self.made += [(self.device_id, self.last + n + 1) for n in range(EACH)]
        self.last, self.head = self.last + EACH, head

    def _body(self, number: int) -> bytes:
        now = clock.now_ms()
        record_id = f"event-{self.number}-{number}"
        return encode(
            Entry(
                self.device_id,
                number,
                record_id,
                "edit",
                "U012",
                record_id,
                "event",
                "event@1",
                {},
                {"what": "order", "by": "U012", "at_ms": now},
                now,
                0,
                DeviceTime(now, 1, "b", 5),
            )
        )


@contextmanager
def pausing(seed: int) -> Iterator[None]:
    """Let transactions pause after their rows are written, before their number is taken."""
    luck, real = random.Random(seed), entries.add

    def add(*args: object) -> None:
        real(*args)  # pyright: ignore[reportArgumentType]
        if luck.random() < 0.1:
            time.sleep(0.02)

    patch = pytest.MonkeyPatch()
    patch.setattr(entries, "add", add)
    yield
    patch.undo()


@pytest.mark.postgres
def test_no_row_is_ever_skipped_by_a_reader(site: Site) -> None:
    writers = [Writer(site, number) for number in range(WRITERS)]
    seen, reader = read_all_the_while(site, writers, lambda: None)
    wanted = {one for writer in writers for one in writer.made}
    assert len(wanted) > WRITERS * EACH
    assert wanted - seen == set(), f"{len(wanted - seen)} of {len(wanted)} never seen"
    assert reader > 10, "the reader read while they wrote"


@pytest.mark.postgres
def test_the_test_finds_what_it_is_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock that numbers the feed this very test must find lost rows, or a clash."""
    writers = [Writer(site, number) for number in range(WRITERS)]
    monkeypatch.setattr(database, "_lock", _no_lock)
    clashed: list[Exception] = []
    seen, _ = read_all_the_while(site, writers, lambda: None, clashed)
    wanted = {one for writer in writers for one in writer.made}
    assert wanted - seen or clashed


def _no_lock(_session: Session, _key: int) -> None:
    """Let everybody number the feed at once."""


def read_all_the_while(
    site: Site,
    writers: list[Writer],
    between: Callable[[], None],
    clashed: list[Exception] | None = None,
) -> tuple[set[tuple[str, int]], int]:
    """Let all write while one reads; returns what was read, and in how many pages."""
    stop = threading.Event()
    reader = devices.Device("reader", b"\0" * 32)
    seen: set[tuple[str, int]] = set()
    cursor = turns = 0

    def write(writer: Writer) -> None:
        while not stop.is_set():
            try:
                writer.push()
            except Exception as error:  # without the lock anything may happen
                if clashed is None:
                    raise
                clashed.append(error)
                return

    def poll() -> bool:
        nonlocal cursor, turns
        page = pages.page(site, reader, pages.Ask(cursor, 50, own=False))
        for one in page.entries:
            said = one.body.decode()
            seen.add((one.dev, int(said.partition('"n":')[2].partition(",")[0])))
        turns += bool(page.entries)
        cursor = page.next
        between()
        return page.more

    threads = [threading.Thread(target=write, args=(one,)) for one in writers]
    with pausing(1):
        for thread in threads:
            thread.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            poll()
            time.sleep(0.002)
        stop.set()
        for thread in threads:
            thread.join(60)
    while poll():
        pass
    return seen, turns
