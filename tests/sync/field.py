"""Devices with the real engine and the real server in one process, over a link that can fail."""

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain import merge
from domain.changes import DeviceTime
from domain.records import Record, Value
from offline_store import blobs, devices, journal, outbox, records
from offline_store.database import Store, open_store
from server import clock
from server.keys import public_bytes
from sync.engine import SyncEngine
from sync.protocol import EnrolRequest
from sync.transport import Transport
from tests.server.phone import CODE

CUT = "the link is cut"


class Link(httpx.AsyncBaseTransport):
    """The way to the server: cut before it, behind it, or in the middle of a part, by chance."""

    def __init__(self, app: httpx.AsyncBaseTransport, seed: int = 0, cuts: float = 0.0) -> None:
        self.app, self.chance, self.cuts = app, random.Random(seed), cuts
        self.down = False
        self.requests: list[tuple[str, str]] = []
        self.mute = 0  # how many parts come half, and get no answer in time

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path))
        if self.down:
            raise httpx.ConnectError(CUT, request=request)
        if self.mute and request.method == "PATCH":
            self.mute -= 1
            await self._half(request, len(request.content) // 2)
            raise httpx.ReadTimeout(CUT, request=request)
        fate = self.chance.random()
        if fate < self.cuts / 3:
            raise httpx.ConnectError(CUT, request=request)
        if fate < 2 * self.cuts / 3 and request.method == "PATCH":
            await self._half(request, self.chance.randrange(len(request.content)))
            raise httpx.WriteError(CUT, request=request)
        response = await self.app.handle_async_request(request)
        if fate < self.cuts:
            raise httpx.ReadError(CUT, request=request)
        return response

    async def _half(self, request: httpx.Request, size: int) -> None:
        part = request.content[:size]
        headers = {k: v for k, v in request.headers.items() if k != "content-length"}
        shorter = httpx.Request(request.method, request.url, headers=headers, content=part)
        await self.app.handle_async_request(shorter)


@dataclass(frozen=True)
class Identity:
    device_id: str
    public_key: bytes


@dataclass
class Tablet:
    """One enrolled device with its store, link and engine."""

    identity: Identity
    store: Store
    link: Link
    transport: Transport
    engine: SyncEngine
    key: Ed25519PrivateKey
    changes: list[str] = field(default_factory=list[str])
    _ids: "itertools.count[int]" = field(default_factory=itertools.count)

    def write(
        self,
        person: str,
        type: str,
        set: Mapping[str, Value],
        *,
        kind: str = "decide",
        record_id: str = "",
    ) -> str:
        now = clock.now_ms()
        record_id = record_id or clock.new_id(now)
        stamp = journal.Stamp(now, next(self._ids), DeviceTime(now, 1, "b", 5), clock.new_id(now))
        with self.store.session() as session:
            journal.write(
                session,
                journal.Author(self.identity.device_id, person, self.key.sign),
                stamp,
                kind=kind,
                record_id=record_id,
                type=type,
                definition=f"{type}@1",
                set=set,
            )
        return record_id

    def photo(self, record_id: str, data: bytes, kind: str = "original") -> str:
        with self.store.session() as session:
            return blobs.put(self.store, session, data, kind, record_id=record_id)

    def record(self, record_id: str) -> Record:
        with self.store.reading() as session:
            return records.get(session, record_id)

    def items(self) -> list[outbox.Item]:
        with self.store.reading() as session:
            return outbox.items(session, self.identity.device_id, clock.now_ms())

    async def sync_until_done(self, tries: int = 400) -> int:
        from domain.errors import OfflineError

        for attempt in range(1, tries + 1):
            try:
                await self.engine.sync_once()
            except OfflineError:
                continue
            return attempt
        pytest.fail("the link never let it through")


async def tablet(
    app: httpx.ASGITransport, folder: Path | None = None, seed: int = 0, cuts: float = 0.0
) -> Tablet:
    """Enrol a device over a link without faults, then give it one with `cuts`."""
    own = Ed25519PrivateKey.generate()
    key = public_bytes(own)
    link = Link(app, seed)
    joining = Transport("http://server", http=link)
    reply = await joining.enrol(EnrolRequest(code=CODE, device_name="tablet", public_key=key.hex()))
    link.cuts = cuts
    identity = Identity(reply.device_id, key)
    return reopened(link, folder, identity, reply.token, own, seed)


def reopened(
    link: Link,
    folder: Path | None,
    identity: Identity,
    token: str,
    own: Ed25519PrivateKey,
    seed: int = 0,
) -> Tablet:
    """Start an enrolled device on what its folder holds."""
    store = open_store(folder)
    with store.session() as session:
        devices.add(session, devices.Device(identity.device_id, identity.public_key))
    transport = Transport("http://server", token, http=link)
    changes: list[str] = []
    engine = new_engine(
        store, transport, identity, lambda: changes.append(engine.status.phase), seed
    )
    return Tablet(identity, store, link, transport, engine, own, changes)


def new_engine(
    store: Store,
    transport: Transport,
    identity: Identity,
    on_change: Callable[[], None] = lambda: None,
    seed: int = 0,
) -> SyncEngine:
    """Return an engine as the app makes one when it starts."""
    ticks = itertools.count(0, 100)
    policies = merge.POLICIES
    chance = random.Random(seed)
    return SyncEngine(
        store, transport, identity, lambda: policies, lambda: next(ticks), on_change, chance=chance
    )
