"""A hundred devices of bench `sync` at once, with the real engine; is anything lost?

Run as `python -m benchmarks.sync_crowd FOLDER URL CODE DEVICES EACH`: enrols so many devices, has
each write its reports and all of them sync together, then asks a further device what it got.
"""

import asyncio
import itertools
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.clock import Clock, read_mono_ms
from domain import merge
from domain.errors import OfflineError
from offline_store import devices, entries, journal, outbox
from offline_store.database import Store, open_store
from server.keys import public_bytes
from sync.engine import SyncEngine
from sync.protocol import EnrolRequest
from sync.transport import Transport

TRIES = 20


@dataclass(frozen=True)
class Identity:
    """Who a device is."""

    device_id: str
    public_key: bytes


@dataclass
class Member:
    """One of the crowd."""

    identity: Identity
    key: Ed25519PrivateKey
    store: Store
    engine: SyncEngine
    transport: Transport

    def write(self, count: int, clock: Clock) -> list[str]:
        """Report hazards; returns their ids."""
        made: list[str] = []
        for _ in range(count):
            record_id, stamp = clock.stamp().entry_id, clock.stamp()
            with self.store.session() as session:
                journal.write(
                    session,
                    journal.Author(self.identity.device_id, "U012", self.key.sign),
                    stamp,
                    kind="edit",
                    record_id=record_id,
                    type="hazard",
                    definition="hazard@1",
                    set={
                        "state": "reported", "action": "hazard.report", "words": "valve leak",
                        "code": f"HZ-{record_id[-8:]}", "language": "en", "reporter": "U012",
                        "reported_ms": stamp.wall_ms, "grade": "C", "asset": "TK-101",
                        "area": "A01", "unit": "T-TANK",
                    },
                )  # fmt: skip
            made.append(record_id)
        return made

    async def sync(self) -> None:
        """Sync until it is done; a full server is asked again."""
        for attempt in range(TRIES):
            try:
                return await self.engine.sync_once()
            except OfflineError:
                await asyncio.sleep(0.2 * (attempt + 1))
        return None

    def accepted(self) -> set[str]:
        """Return the records whose entries are here and count; says why others do not."""
        with self.store.reading() as session:
            found, _, _ = entries.page(session, 0, 1_000_000)
        codes = {one.code for one in found if one.verdict != "accepted"}
        if codes:
            print("not accepted:", *codes, file=sys.stderr)
        return {one.entry.record_id for one in found if one.verdict == "accepted"}

    def waiting(self) -> int:
        """Return how many entries wait for the server."""
        with self.store.reading() as session:
            return outbox.count(session, self.identity.device_id).entries


async def join(folder: Path, url: str, code: str) -> Member:
    """Enrol a device on a folder."""
    key = Ed25519PrivateKey.generate()
    joining = Transport(url)
    asked = EnrolRequest(code=code, device_name=folder.name, public_key=public_bytes(key).hex())
    reply = await joining.enrol(asked)
    await joining.close()
    identity = Identity(reply.device_id, public_bytes(key))
    store = open_store(folder)
    with store.session() as session:
        devices.add(session, devices.Device(identity.device_id, identity.public_key))
    transport = Transport(url, reply.token)
    engine = SyncEngine(
        store, transport, identity, lambda: merge.POLICIES, read_mono_ms, lambda: None
    )
    return Member(identity, key, store, engine, transport)


async def run(folder: Path, url: str, code: str, count: int, each: int) -> dict[str, float]:
    """Return how many records were lost, and how long all of them took to sync."""
    names = itertools.count()
    crowd = [await join(_made(folder, next(names)), url, code) for _ in range(count)]
    clock = Clock()
    written = {record for one in crowd for record in one.write(each, clock)}
    began = time.monotonic()
    await asyncio.gather(*(one.sync() for one in crowd))
    took = time.monotonic() - began
    last = await join(_made(folder, next(names)), url, code)
    await last.sync()
    lost = written - last.accepted()
    waiting = sum(one.waiting() for one in crowd)
    for one in (*crowd, last):
        await one.transport.close()
        one.store.close()
    return {"lost": len(lost), "waiting": waiting, "written": len(written), "s": took}


def _made(folder: Path, number: int) -> Path:
    made = folder / f"d{number:03}"
    made.mkdir(parents=True)
    return made


if __name__ == "__main__":
    place, address, secret, devices_n, each_n = sys.argv[1:6]
    found = asyncio.run(run(Path(place), address, secret, int(devices_n), int(each_n)))
    print(json.dumps(found))
