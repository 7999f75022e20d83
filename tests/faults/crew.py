"""Real clients at work against real server processes: what they were told is kept, and the look."""

import hashlib
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.simulation import checks
from domain import merge
from domain.changes import genesis
from domain.errors import SyncError
from offline_store import blobs, devices, entries, journal
from offline_store.database import Store
from server import clock
from tests.server.phone import report
from tests.sync import field as fields
from tests.sync.field import Tablet

MANAGER = "U001"  # may decide about every hazard


class Wire(httpx.AsyncBaseTransport):
    """The way to one of several server processes; the next request takes the next one."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = itertools.cycle(ports)
        self._http = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1", port=next(self._ports))
        return await self._http.handle_async_request(request)

    async def aclose(self) -> None:
        await self._http.aclose()


@dataclass
class Member:
    """A device and what its people were told is kept."""

    tablet: Tablet
    luck: random.Random
    hazards: list[str] = field(default_factory=list[str])
    photos: dict[str, bytes] = field(default_factory=dict[str, bytes])
    written: int = 0
    wire: "Wire | None" = None

    @property
    def device_id(self) -> str:
        return self.tablet.identity.device_id

    def work(self, others: Sequence[str] = ()) -> None:
        """Report a hazard with a photo, decide about it, and edit one that others edit, too."""
        hazard = self.tablet.write(MANAGER, "hazard", report(reporter=MANAGER))
        self.hazards.append(hazard)
        self.photo(hazard)
        cells = {"state": "accepted", "action": "hazard.accept", "owner": MANAGER}
        self.tablet.write(MANAGER, "hazard", cells, record_id=hazard)
        self.written += 2
        for other in others:
            with self.tablet.store.reading() as session:
                known = entries.of_record(session, other)
            if known:
                note = {"place_note": f"{self.device_id[-4:]} {self.luck.randrange(1000)}"}
                self.tablet.write(MANAGER, "hazard", note, kind="edit", record_id=other)
                self.written += 1

    def photo(self, hazard: str) -> None:
        original = self.luck.randbytes(self.luck.randint(2_000, 30_000))
        thumb = self.luck.randbytes(500)
        for data, kind in ((original, "original"), (thumb, "thumb")):
            self.photos[self.tablet.photo(hazard, data, kind)] = data
        cells = {
            "of": hazard, "by": MANAGER, "shot": "closeup", "source": "camera",
            "taken_ms": clock.now_ms(),
            "original": hashlib.sha256(original).hexdigest(),
            "thumb": hashlib.sha256(thumb).hexdigest(),
        }  # fmt: skip
        self.tablet.write(MANAGER, "evidence", cells, kind="attach")
        self.written += 1

    async def sync(self, tries: int = 60) -> None:
        """Sync until everything went through; the server may come and go meanwhile."""
        for left in reversed(range(tries)):
            try:
                await self.tablet.engine.sync_once()
            except SyncError:
                if not left:
                    raise
            else:
                return

    async def close(self) -> None:
        await self.tablet.transport.close()
        if self.wire:
            await self.wire.aclose()
        self.tablet.store.close()


async def member(ports: Sequence[int], folder: Path, seed: int) -> Member:
    """Enrol a device."""
    wire = Wire(ports)
    made = await fields.tablet(wire, folder, seed)  # pyright: ignore[reportArgumentType]
    return Member(made, random.Random(seed), wire=wire)


def check(server: Store, crew: Sequence[Member]) -> None:
    """All that was kept anywhere is everywhere, byte for byte, once, and nothing waits."""
    everything = _bodies(server)
    expected = checks.folded(checks.picture(server), merge.POLICIES)
    for one in crew:
        own = {number: body for (name, number), body in everything.items() if name == one.device_id}
        here = _bodies(one.tablet.store)
        mine = {number: body for (name, number), body in here.items() if name == one.device_id}
        assert mine == own, f"{one.device_id}: {len(mine)} here, {len(own)} on the server"
        assert len(own) == one.written
        lacks = everything.keys() - here.keys()
        assert not lacks, f"{one.device_id} lacks {sorted(lacks)[:3]} of {len(lacks)}"
        assert here == everything, f"{one.device_id} has what the server has not"
        waiting = [item for item in one.tablet.items() if item.state != "received"]
        assert not waiting, waiting[:3]
        # as the feed makes it by the policies that these devices have
        rows = checks.picture(one.tablet.store).rows
        assert rows == expected, [name for name in expected if rows.get(name) != expected[name]][:3]
        for sha, data in one.photos.items():
            assert blobs.read(server, sha) == data
    _check_chains(server)


def _bodies(store: Store) -> dict[tuple[str, int], bytes]:
    with store.reading() as session:
        found: dict[tuple[str, int], bytes] = {}
        for device in devices.find(session):
            for one in entries.of_device(session, device.device_id, 1, 1_000_000):
                found[device.device_id, one.entry.number] = one.body
    return found


def _check_chains(store: Store) -> None:
    with store.reading() as session:
        for device in devices.find(session):
            logged = entries.of_device(session, device.device_id, 1, 1_000_000)
            start = genesis(device.device_id, device.public_key)
            assert [one.entry.number for one in logged] == list(range(1, len(logged) + 1))
            hashes = journal.chain(start, [one.body for one in logged])
            assert hashes == [one.hash for one in logged]
