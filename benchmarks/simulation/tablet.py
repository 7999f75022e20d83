"""One device: the real store, clock, transport and engine; it writes, crashes, and starts again."""

import asyncio
import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.clock import Clock
from benchmarks.simulation.link import Link
from benchmarks.simulation.loop import VirtualLoop
from benchmarks.simulation.nodes import Disk
from domain import merge
from domain.changes import encode
from domain.errors import StoreFullError
from domain.records import Value
from offline_store import blobs, devices, journal, keep, records
from offline_store.database import Store
from sync.engine import SyncEngine
from sync.transport import Transport

COPY = "copy.db"
Streams = Callable[[str], random.Random]


@dataclass(frozen=True)
class Identity:
    """Who a device is."""

    device_id: str
    public_key: bytes
    token: str


class Tablet:
    """One enrolled device. `stopped` says why it takes no part any more, if so."""

    def __init__(
        self,
        number: int,
        disk: Disk,
        policies: merge.TypePolicies,
        link: Link,
        loop: VirtualLoop,
        streams: Streams,
        original: "Tablet | None" = None,
    ) -> None:
        """Make its key and its name from the seed; one that is a clone has those of `original`."""
        chance = streams(f"device {number}")
        self.number, self.link, self._loop, self.original = number, link, loop, original
        self._key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        public = self._key.public_key().public_bytes_raw()
        name = f"{chance.getrandbits(64):016x}"
        self.identity = Identity(f"dev{number}-{name}", public, f"token-{name}-{name}")
        if original:
            self._key, self.identity = original._key, original.identity
        self._chance, self._policies = chance, policies
        self.wall_ahead_ms = 0
        self._boot = 0
        self._boot_s = loop.now
        self.disk = disk
        self.copied = False
        self.rolled_back = False  # came back from a copy
        self.stopped: str | None = None
        self.written: dict[int, bytes] = {}  # what a person was told is kept, by number
        self.confirmed: dict[int, bytes] = {}  # what was ever shown as received
        self.photos: set[str] = set()  # hashes of what a person was told is kept
        self.lost_saves = 0
        self.engine: SyncEngine | None = None
        self.task: asyncio.Task[None] | None = None
        if original:
            self.disk.take_over(original.disk)
            return
        with self.disk.store.session() as session:
            devices.add(session, devices.Device(self.device_id, public))

    @property
    def device_id(self) -> str:
        """Name in the chain."""
        return self.identity.device_id

    def enrolled(self) -> devices.Device:
        """Return what the server keeps of it."""
        token_hash = hashlib.sha256(self.identity.token.encode()).hexdigest()
        return devices.Device(
            self.device_id, self.identity.public_key, f"device {self.number}",
            token_hash=token_hash, enrolled_ms=self._loop.wall_ms(),
        )  # fmt: skip

    def start(self) -> None:
        """Start the app on what the store holds, as after a flat battery."""
        store = self.disk.store
        self._boot += 1
        self._boot_s = self._loop.now
        with store.reading() as session:
            floor_ms, told_ms = records.latest_ms(session), keep.as_of(session) or 0
        self.clock = Clock(
            wall_ms=lambda: self._loop.wall_ms() + self.wall_ahead_ms,
            mono_ms=lambda: round((self._loop.now - self._boot_s) * 1000),
            boot=f"b{self._boot}",
            random=self._chance.randbytes,
            floor_ms=floor_ms,
            not_before_ms=told_ms,
        )
        self.engine = SyncEngine(
            store,
            Transport("http://server", self.identity.token, http=self.link),
            self.identity,
            lambda: self._policies,
            self.clock.mono_ms,
            lambda: None,
            on_server_time=self.clock.anchor,
            chance=self._chance,
        )
        self.task = self._loop.create_task(self.engine.run())

    def kill(self) -> None:
        """Stop at once, wherever it is."""
        if self.task:
            self.task.cancel()
        self.task = self.engine = None
        self.note_confirmed()

    @property
    def lost_power(self) -> bool:
        """Whether the engine met the end of the battery."""
        return bool(self.task and self.task.done())

    def reopen(self) -> None:
        """Start after `kill`; what a person was told is kept must be there."""
        self.disk.restart()
        self._look_back()
        self.start()

    def come_back(self, *, told: bool) -> None:
        """Go on from the copy; `told`: whoever copied it back said so, as a salvage does."""
        self.kill()
        self.disk.copy_back(COPY)
        self.rolled_back = True
        if told:
            with self.disk.store.session() as session:
                keep.put(session, keep.OWN_FIRST, value=True)
        self.written.clear()
        self.photos.clear()
        self.start()

    def _look_back(self) -> None:
        with self.disk.store.reading() as session:
            number, _ = journal.head(session, self.device_id)
        self.lost_saves += sum(1 for one in self.written if one > number)

    def write(
        self,
        person: str,
        type: str,
        record_id: str,
        kind: str,
        set: Mapping[str, Value],
        files: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Save what a person did, with the photos of it (kind and bytes).

        Raises PowerLost where the machine stops before it is kept, StoreFullError where there is
        no room.
        """
        store = self.disk.store
        stamp = self.clock.stamp()
        if self.disk.full and files:
            raise StoreFullError
        with store.session() as session:
            kept = [
                blobs.put(store, session, data, sort, record_id=record_id) for sort, data in files
            ]
            entry = journal.write(
                session,
                journal.Author(self.device_id, person, self._key.sign),
                stamp,
                kind=kind,
                record_id=record_id,
                type=type,
                definition=f"{type}@1",
                set=set,
                policies=self._policies,
            )
        self.photos.update(kept)
        self.written[entry.number] = hashlib.sha256(encode(entry)).digest()
        if self.engine:
            self.engine.nudge()

    def note_confirmed(self) -> None:
        """Take down what the device shows as received; the hash of each body by number."""
        since = max(self.confirmed, default=0)
        with self.disk.store.reading() as session:
            rows = session.connection().exec_driver_sql(
                "SELECT number, body FROM entry WHERE device_id = ? AND feed IS NOT NULL"
                " AND number > ?",
                (self.device_id, since),
            )
            found = {number: hashlib.sha256(body).digest() for number, body in rows}
        self.confirmed |= found

    @property
    def state(self) -> tuple[int, keep.Cursor, str]:
        """Return (entries and files under way, cursor, error) as it stands now."""
        with self.disk.store.reading() as session:
            unsent = (
                session.connection()
                .exec_driver_sql(
                    "SELECT (SELECT count(*) FROM entry WHERE device_id = ? AND feed IS NULL)"
                    " + (SELECT count(*) FROM blob WHERE state IN ('waiting', 'sending'))",
                    (self.device_id,),
                )
                .scalar()
            )
            at = keep.cursor(session)
        return int(unsent or 0), at, self.error

    def wants_from(self, server: Store) -> bool:
        """Whether a picture that the server has is still to be fetched."""
        with self.disk.store.reading() as session:
            return any(blobs.is_here(server, one.sha256) for one in blobs.wanted(session))

    @property
    def error(self) -> str:
        """Return the code of what the engine shows as wrong, if anything."""
        error = self.engine.status.error if self.engine else None
        return error.code if error else ""
