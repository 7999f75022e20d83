"""S23, first part: nine days without network, in full counts, on virtual time.

214 records, 640 photos (1.9 GB), two reboots and an app update that migrates the store. Then a
link of 64 kbit/s that drops every 40 s, and at last Wi-Fi. The engine, its store and the server
are the product's own; the bytes of the photos are made when they are read.
"""

import asyncio
import random
import types
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection

from app.use_cases import outbox as outbox_view
from app.use_cases import storage
from benchmarks.simulation.link import Link
from benchmarks.simulation.loop import VirtualLoop, run, stillness
from benchmarks.simulation.nodes import Places, streams, workplace
from benchmarks.simulation.tablet import Tablet
from domain.changes import Entry
from domain.receipts import blob_receipt_bytes
from domain.records import Value
from offline_store import blobs, database, entries, migrating, outbox, room
from offline_store.blobs import ORIGINAL, THUMBNAIL
from offline_store.database import Store
from server.keys import public_bytes
from sync.pacing import MediaRules
from sync.protocol import CHUNK_MAX_BYTES
from tests.scenarios.nine_days import Evidence, Forgetful, Photos, Radio, patched

SEED = 23
RECORDS, PHOTOS, TOTAL_BYTES = 214, 640, 1_900_000_000
DAY_S = 86_400
BACK_MS = 3 * 3_600_000
THUMB_BYTES = 15_000
RULES = MediaRules(wait_min=30, probe_min=10)
PERSON = "U012"


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    with workplace() as found:
        yield found


class Days:
    """One device, one server, and the days between."""

    def __init__(self, places: Places, loop: VirtualLoop, photos: Photos) -> None:
        self.loop, self.photos = loop, photos
        pattern = places.empty.site
        self.server = Evidence(pattern, places.disk("server"), loop.wall_ms)
        self.radio = Radio(self.server, loop)
        stream = streams(SEED)
        link = Link(self.server, stream("unused"), lambda _: None)
        found = pattern.pack.definitions
        self.tablet = Tablet(0, places.disk("device0"), found, link, loop, stream)
        self.tablet.link = self.radio  # pyright: ignore[reportAttributeAccessIssue]
        self.server.enrol(self.tablet.enrolled())
        self.chance = random.Random(SEED)
        self.wrote: list[tuple[str, float]] = []  # records in their order, and when in truth
        self.sizes: dict[str, int] = {}

    @property
    def store(self) -> Store:
        return self.tablet.disk.store

    def sleep(self) -> None:
        """Let sync rest, as a phone in a pocket does; without a network it would only try."""
        self.tablet.rest()

    async def wake(self) -> None:
        """Let sync go on."""
        self.tablet.go_on()
        await asyncio.sleep(0)  # its task makes an engine first
        assert self.tablet.engine
        self.tablet.engine.pace.rules = lambda: RULES

    def write(self, number: int) -> str:
        name = f"record-{number:04d}"
        cells = {
            "state": "reported", "action": "hazard.report", "code": f"HZ-NINE-{number:04d}",
            "grade": "C", "reporter": PERSON, "reported_ms": self.tablet.clock.now_ms(),
            "words": "法兰渗漏",
        }  # fmt: skip
        self.tablet.write(PERSON, "hazard", name, "decide", cells)
        self.wrote.append((name, self.loop.now))
        return name

    def take(self, number: int, record: str) -> None:
        """Take a photo: its small picture and its original, bound to the record by an entry."""
        mean = TOTAL_BYTES // PHOTOS
        size = mean + (number * 7919 % 1_000_000) - 500_000
        shas = {"original": self.photos.make(number, size)}
        shas["thumb"] = self.photos.make(PHOTOS + number, THUMB_BYTES)
        sizes = {"original": size, "thumb": THUMB_BYTES}
        name = f"photo-{number:04d}"
        cells: dict[str, Value] = {
            **shas, "of": record, "by": PERSON, "shot": "closeup", "source": "camera",
            "taken_ms": self.tablet.clock.now_ms(),
        }  # fmt: skip
        self.tablet.write(PERSON, "evidence", name, "attach", cells)
        self.wrote.append((name, self.loop.now))
        with self.store.session() as session:
            for kind, sha in shas.items():
                blobs.add(session, sha, sizes[kind], kind=kind, record_id=name)
                self.sizes[sha] = sizes[kind]

    def left(self) -> outbox.Count:
        with self.store.reading() as session:
            return outbox.count(session, self.tablet.device_id)

    async def until(self, limit_s: float, what: str, holds: "types.FunctionType") -> float:
        """Let time pass until something holds; returns how many seconds it took."""
        begun = self.loop.now
        while not holds():
            assert self.loop.now - begun < limit_s, f"{what} within {limit_s} s: {self.left()}"
            await asyncio.sleep(1.0)
        return self.loop.now - begun


def _met(*what: object, **more: object) -> None:
    pytest.fail(f"the engine met what it does not know: {what} {more}")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nine_days_without_network(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, photos = VirtualLoop(), Photos()
    patched(monkeypatch, photos)
    with ExitStack() as stack:
        stack.enter_context(stillness(loop, SEED, _met))
        days = Days(places, loop, photos)
        run(loop, _story(days, monkeypatch))


async def _story(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    days.tablet.start()
    await asyncio.sleep(600)  # and a while without network
    days.sleep()
    await _work(days, monkeypatch)
    assert days.left()[:2] == (RECORDS + PHOTOS, 2 * PHOTOS)
    _storage_is_short(days)
    await _weak_link(days)
    await _wifi(days)
    _all_there(days)


async def _work(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine days: the clock runs wrong from the fourth on; two reboots, one with a new version."""
    record, taken = "", 0
    for number in range(RECORDS):
        await asyncio.sleep(9 * DAY_S / RECORDS)
        if number == 80:  # a flat battery, and somebody sets the clock back by three hours
            days.tablet.kill()
            days.tablet.wall_ahead_ms = -BACK_MS
            days.tablet.reopen()
            days.sleep()
        if number == 150:
            _update(days, monkeypatch)
        record = days.write(number)
        while taken < (number + 1) * PHOTOS // RECORDS:
            days.take(taken, record)
            taken += 1
    await days.wake()
    assert sum(days.sizes.values()) > TOTAL_BYTES


def _update(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the next version of the app, whose store has one table more."""
    days.tablet.kill()
    names = migrating.names()
    step = f"{int(names[-1][:4]) + 1:04d}_next_version"
    module = types.ModuleType(f"offline_store.migrations.{step}")
    module.upgrade = _one_table_more  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
    monkeypatch.setattr(migrating, "names", lambda: [*names, step])
    before = days.left()
    days.tablet.disk.restart()
    database.open_store(days.tablet.disk.folder).close()
    assert (days.tablet.disk.folder / "backups").exists()  # a copy was made first
    days.tablet.reopen()
    days.sleep()
    assert days.left() == before


def _one_table_more(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE next (a TEXT)")


def _storage_is_short(days: Days) -> None:
    """At 80 % it is said, and nothing that only this device has can be freed."""
    assert storage.share(1000, 200) == 80
    assert storage.Room(storage.share(1000, 200), 80, 200).scarce
    with days.store.reading() as session:
        assert room.copies(session) == []
    assert room.free(days.store) == 0


async def _weak_link(days: Days) -> None:
    radio, engine = days.radio, days.tablet.engine
    assert engine
    radio.bytes_s, radio.drop_every_s, radio.down = 8_000, 40.0, False
    begun = days.loop.now
    took = await days.until(3600, "records", lambda: not days.left().entries)
    with days.store.reading() as session:
        assert not [one for one in blobs.unsettled(session) if one.state == "received"]
    print(f"records after {took:.0f} s")
    took = await days.until(2 * 3600, "small pictures", lambda: not _pending(days, THUMBNAIL))
    print(f"small pictures after {took:.0f} s more")
    # originals cannot go over this link, and the person is told for how long they would
    await days.until(1800, "held", lambda: engine.status.held_bytes > 0)
    found = outbox_view.forecast(engine.status, 0, days.left().bytes)
    assert 40 <= found.kbit_s <= 64
    assert found.held_seconds
    hours = found.held_seconds / 3600
    print(f"originals: {found.held_bytes / 1e9:.2f} GB, {hours:.0f} h on this link")
    assert 60 <= hours <= 110
    # what somebody waits for goes all the same
    with days.store.reading() as session:
        asked = blobs.pending(session)[-1]
    days.server.site.uploads.ask_for(asked.sha256)
    took = await days.until(3600, "what somebody waits for", lambda: _has(days, asked.sha256))
    print(f"{asked.size / 1e6:.1f} MB that somebody waits for after {took:.0f} s")
    # a record written meanwhile does not wait for it
    with days.store.reading() as session:
        other = blobs.pending(session)[-1]
    days.server.site.uploads.ask_for(other.sha256)
    await asyncio.sleep(100)
    days.write(RECORDS)
    took = await days.until(60, "a record meanwhile", lambda: not days.left().entries)
    weak_s = days.loop.now - begun
    print(f"a record written meanwhile after {took:.0f} s; weak link for {weak_s:.0f} s")
    # only what the server has confirmed may go
    with days.store.reading() as session:
        free = room.copies(session)
    assert {one.sha256 for one in free} <= set(_rests(days).order)
    assert all(one.receipt for one in free)


async def _wifi(days: Days) -> None:
    engine = days.tablet.engine
    assert engine
    days.radio.bytes_s, days.radio.drop_every_s, days.radio.turn_s = 2_500_000, 0, 0.02
    engine.link_changed("fixed")
    took = await days.until(2 * 3600, "everything", lambda: not days.left().blobs)
    print(f"Wi-Fi: the rest after {took:.0f} s")


def _all_there(days: Days) -> None:
    rests = _rests(days)
    assert sorted(rests.order) == sorted(days.sizes)
    kinds = [days.sizes[sha] == THUMB_BYTES for sha in rests.order]
    assert all(kinds[:PHOTOS]), "all small pictures came before the first original"
    assert all(
        size <= CHUNK_MAX_BYTES for _, method, _, size in days.radio.log if method == "PATCH"
    )
    key = Ed25519PublicKey.from_public_bytes(public_bytes(days.server.site.key))
    with days.store.reading() as session:
        for sha, size in days.sizes.items():
            row = blobs.lookup(session, sha)
            assert row
            assert row.receipt
            key.verify(
                bytes.fromhex(row.receipt), blob_receipt_bytes(sha, size, row.received_ms or 0)
            )
        assert len(room.copies(session)) == PHOTOS
    # the server tells the true order, whatever the clock of the device said
    with days.server.disk.store.reading() as session:
        found = []
        while page := entries.of_device(session, days.tablet.device_id, len(found) + 1, 500):
            found += page
    said = [one.entry for one in found if one.entry.type != "clock"]  # what the app notes itself
    assert [one.record_id for one in said] == [name for name, _ in days.wrote]
    assert {(one.verdict, one.code) for one in found} == {("accepted", None)}
    _stamps_rise(said)


def _stamps_rise(said: Sequence[Entry]) -> None:
    """Stamps rise as the entries do; they fall once, with the clock that was set back in between.

    A clock ahead is not waited for, so the stamps alone do not tell the order: the chain does.
    """
    fell: list[tuple[str, str]] = []
    for one, after in pairwise(said):
        if (one.wall_ms, one.counter) >= (after.wall_ms, after.counter):
            fell.append((one.time.boot, after.time.boot))
            assert one.wall_ms - after.wall_ms <= BACK_MS
    assert fell == [("b0.1", "b0.2")]


def _pending(days: Days, up_to: int) -> bool:
    with days.store.reading() as session:
        return bool(blobs.pending(session, up_to=up_to, limit=1))


def _has(days: Days, sha256: str) -> bool:
    with days.store.reading() as session:
        row = blobs.lookup(session, sha256)
    return bool(row and row.receipt)


def _rests(days: Days) -> Forgetful:
    rests = days.server.site.blob_store
    assert isinstance(rests, Forgetful)
    assert ORIGINAL > THUMBNAIL
    return rests
