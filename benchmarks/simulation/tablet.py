"""One device: the real store, clock, transport and engine; it writes, crashes, and starts again.

It is the product's own `FieldApp` without screens, with certificate, watched clocks, joining anew.
"""

import asyncio
import hashlib
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import joining, standing, timekeeping
from app.clock import Clock
from app.field import FieldApp, Identity, Pack
from app.settings import ClientSettings
from benchmarks.simulation.link import Link
from benchmarks.simulation.loop import PowerLost, VirtualLoop
from benchmarks.simulation.nodes import Disk
from domain.changes import encode
from domain.definitions import Definitions
from domain.errors import FieldError, StoreFullError
from domain.invitations import DeviceRevokedError, Invitation
from domain.records import Value
from offline_store import (
    blobs,
    devices,
    entries,
    journal,
    keep,
    outbox,
    records,
    relayed,
    removals,
)
from offline_store.database import Store
from sync.engine import SyncEngine
from sync.transport import Transport

COPY = "copy.db"
CERTIFICATE_S = 60.0  # how often a device asks for a newer one
Streams = Callable[[str], random.Random]
Number = tuple[str, int]  # device and number of an entry


class Tablet:
    """One enrolled device. `stopped` says why it takes no part any more, if so."""

    def __init__(
        self,
        number: int,
        disk: Disk,
        definitions: Definitions,
        link: Link,
        loop: VirtualLoop,
        streams: Streams,
        original: "Tablet | None" = None,
    ) -> None:
        """Make its key and its name from the seed; one that is a clone has those of `original`."""
        chance = streams(f"device {number}")
        self.number, self.link, self._loop, self.original = number, link, loop, original
        self.disk, self._chance, self._boot, self._boot_s = disk, chance, 0, loop.now
        self.wall_ahead_ms = 0
        self.copied = False
        self.rolled_back = False  # came back from a copy
        self.stopped: str | None = None
        self.written: dict[Number, bytes] = {}  # what a person was told is kept
        self.confirmed: dict[Number, bytes] = {}  # what was ever shown as received
        self.photos: set[str] = set()  # hashes of what a person was told is kept
        self.lost_saves = 0
        self.incidents: list[str] = []
        self.engine: SyncEngine | None = None
        self.tasks: list[asyncio.Task[None]] = []
        self._keys: dict[bytes, Ed25519PrivateKey] = {}
        self._definitions = definitions
        if original:
            self.ids, self._keys = [*original.ids], {**original._keys}
            self.disk.take_over(original.disk)
            return
        key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        public = key.public_key().public_bytes_raw()
        name = f"{chance.getrandbits(64):016x}"
        plant = definitions.plant.code
        first = Identity(f"dev{number}-{name}", public, f"token-{name}-{name}", plant)
        self._keys[public], self.ids = key, [first.device_id]
        with self.disk.store.session() as session:
            devices.add(session, devices.Device(first.device_id, public))
            standing.save(session, first)
        self._begun = first

    @property
    def device_id(self) -> str:
        """Name in the chain, the present one."""
        return self.ids[-1]

    def enrolled(self) -> devices.Device:
        """Return what the server keeps of it at first."""
        first = self._begun
        return devices.Device(
            first.device_id, first.public_key, f"device {self.number}",
            token_hash=hashlib.sha256(first.token.encode()).hexdigest(),
            enrolled_ms=self._loop.wall_ms(),
        )  # fmt: skip

    def start(self, invitation: Invitation | None = None) -> None:
        """Start the app on what the store holds, as after a flat battery; join first if invited."""
        self._boot += 1
        self._boot_s = self._loop.now
        removals.sweep(self.disk.store)
        self.field = self._app(invitation)
        self.go_on()

    def rest(self) -> None:
        """Let sync rest, as a phone in a pocket does; the app stays open."""
        for task in self.tasks:
            task.cancel()

    def go_on(self) -> None:
        """Let sync go on."""
        self.tasks = [self._loop.create_task(self._live(self.field))]

    def _app(self, invitation: Invitation | None) -> FieldApp:
        store = self.disk.store
        with store.reading() as session:
            floor_ms, told_ms = records.latest_ms(session), keep.as_of(session) or 0
            revoked = keep.get(session, keep.REVOKED)
        self.clock = Clock(
            wall_ms=lambda: self._loop.wall_ms() + self.wall_ahead_ms,
            mono_ms=lambda: round((self._loop.now - self._boot_s) * 1000),
            boot=f"b{self.number}.{self._boot}",
            random=self._chance.randbytes,
            floor_ms=floor_ms,
            not_before_ms=told_ms,
        )
        identity = standing.identity(store)
        assert identity is not None
        key = self._keys[identity.public_key]
        field = FieldApp(
            settings=ClientSettings(
                store=self.disk.folder, server_url="http://server", device_name=f"d{self.number}"
            ),
            store=store,
            clock=self.clock,
            catalogs={},
            devices=cast("Any", None),
            font=Path(),
            language="zh",
            sign=key.sign,
            identity=identity,
            pack=Pack(self._definitions, {}, {}, {}, 0),
            key=key,
            certificate=standing.certificate(store, identity),
            revoked=revoked if isinstance(revoked, str) else None,
            invitation=invitation,
        )
        timekeeping.go_on(field)
        return field

    def _transport(self, token: str) -> Transport:
        return Transport("http://server", token, http=self.link)

    async def _live(self, field: FieldApp) -> None:
        if field.invitation is not None:
            await self._join(field)
        transport = self._transport(field.device.token)
        self.engine = SyncEngine(
            field.store,
            transport,
            field.device,
            lambda: field.definitions.policies,
            field.clock.mono_ms,
            lambda: self._changed(field),
            on_server_time=field.clock.anchor,
            on_round=lambda: timekeeping.look(field),
            chance=self._chance,
        )
        field.nudge = self.engine.nudge
        self._beside(self._keep_certificate(field, transport))
        self._beside(self._send_former(field))
        await self.engine.run()

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(self._loop.create_task(work))

    async def _join(self, field: FieldApp) -> None:
        """Join anew with a new key, as the app does; the old one goes on where that fails."""
        key = Ed25519PrivateKey.from_private_bytes(self._chance.randbytes(32))
        self._keys[key.public_key().public_bytes_raw()] = key
        try:
            await joining.enrol(field, key, self._transport(""))
        except FieldError as error:
            field.trouble, field.invitation = error, None
        else:
            self.ids.append(field.device.device_id)

    def _changed(self, field: FieldApp) -> None:
        """Lock the device as soon as the server says that it was lost."""
        error = self.engine.status.error if self.engine else None
        if isinstance(error, DeviceRevokedError) and field.revoked is None:
            field.revoked = str(error.params["why"])
            with field.store.session() as session:
                keep.put(session, keep.REVOKED, field.revoked)

    async def _keep_certificate(self, field: FieldApp, transport: Transport) -> None:
        while True:
            try:
                await standing.refresh(field, transport)
            except FieldError:  # it is asked again
                await asyncio.sleep(CERTIFICATE_S * self._chance.random())
            else:
                await asyncio.sleep(CERTIFICATE_S)

    async def _send_former(self, field: FieldApp) -> None:
        while await asyncio.to_thread(joining.left_behind, field):
            await joining.send_former(
                field, lambda one: self._transport(one.token), lambda: field.definitions.policies
            )
            await asyncio.sleep(joining.FORMER_S)

    def kill(self) -> None:
        """Stop at once, wherever it is."""
        for task in self.tasks:
            task.cancel()
        self.tasks, self.engine = [], None
        self.note_confirmed()

    @property
    def lost_power(self) -> bool:
        """Whether anything of the app met the end of the battery."""
        ended = [task.exception() for task in self.tasks if task.done() and not task.cancelled()]
        self.incidents += [
            f"device {self.number}: {error!r}"
            for error in ended
            if error is not None and not isinstance(error, PowerLost)
        ]
        return any(error is not None for error in ended)

    @property
    def locked(self) -> bool:
        """Whether the app knows that it was lost: nobody works on it any more."""
        return self.field.revoked is not None

    @property
    def had_less(self) -> bool:
        """Whether it ever was a device that may not have everything."""
        with self.disk.store.reading() as session:
            return keep.get(session, "pull.holes") is True

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
        known = standing.identity(self.disk.store)
        assert known is not None
        if known.device_id not in self.ids:  # power was lost right after it had joined anew
            self.ids.append(known.device_id)
        with self.disk.store.reading() as session:
            heads = {one: journal.head(session, one)[0] for one in self.ids}
        gone = [one for one in self.written if one[1] > heads[one[0]]]
        # what a former identity has sent may leave with its record
        self.lost_saves += sum(1 for one in gone if one not in self.confirmed)

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
        no room, CertificateExpiredError where the certificate has run out.
        """
        store, field = self.disk.store, self.field
        if self.disk.full and files:
            raise StoreFullError
        with store.session() as session:
            kept = [
                blobs.put(store, session, data, sort, record_id=record_id) for sort, data in files
            ]
            entry = field.write(
                session,
                person,
                kind=kind,
                record_id=record_id,
                type=type,
                definition=f"{type}@1",
                set=set,
            )
        self.photos.update(kept)
        self.written[entry.device_id, entry.number] = hashlib.sha256(encode(entry)).digest()
        field.nudge()

    def note_confirmed(self) -> None:
        """Take down what the device shows as received: the hash of each body."""
        found, known = dict[Number, bytes](), self.shown
        with self.disk.store.reading() as session:
            for device_id in self.ids:
                since = known.get(device_id, 0)
                rows = session.connection().exec_driver_sql(
                    "SELECT number, body FROM entry WHERE device_id = ? AND feed IS NOT NULL"
                    " AND number > ?",
                    (device_id, since),
                )
                for number, body in rows:
                    found[device_id, number] = hashlib.sha256(body).digest()
        self.confirmed |= found

    @property
    def shown(self) -> dict[str, int]:
        """Return the last number that is shown as received, for each of its names."""
        last: dict[str, int] = {}
        for device_id, number in self.confirmed:
            last[device_id] = max(number, last.get(device_id, 0))
        return last

    @property
    def state(self) -> tuple[int, keep.Cursor, str]:
        """Return (entries and files under way, cursor, error) as it stands now."""
        ids = ", ".join("?" for _ in self.ids)
        with self.disk.store.reading() as session:
            unsent = (
                session.connection()
                .exec_driver_sql(
                    f"SELECT (SELECT count(*) FROM entry WHERE device_id IN ({ids})"
                    " AND feed IS NULL)"
                    " + (SELECT count(*) FROM blob WHERE state IN ('waiting', 'sending'))",
                    tuple(self.ids),
                )
                .scalar()
            )
            at = keep.cursor(session)
        return int(unsent or 0), at, self.error

    def owes(self, server: Store) -> int:
        """How much of what was made here the server lacks; what others made does not count."""
        with server.reading() as session:
            last = {one: entries.last_of_device(session, one) for one in self.ids}
        with self.disk.store.reading() as session:
            left = sum(
                bool(outbox.pending(session, one, 1, after=there.number if there else 0))
                for one, there in last.items()
            )
            return left + sum(one.sha256 in self.photos for one in blobs.pending(session))

    def wants_from(self, server: Store) -> bool:
        """Whether a picture is still to be fetched, or an entry still carried, that is there."""
        with self.disk.store.reading() as session:
            pictures, carried = blobs.wanted(session), relayed.find(session)
        with server.reading() as session:
            arrived = any(
                entries.hash_of(session, device_id, number) == digest
                for device_id, number, digest in (one.piece.place for one in carried)
            )
        return arrived or any(blobs.is_here(server, one.sha256) for one in pictures)

    @property
    def error(self) -> str:
        """Return the code of what the engine shows as wrong, if anything."""
        error = self.engine.status.error if self.engine else None
        return error.code if error else ""
