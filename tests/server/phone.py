"""A device as the server sees it: a chain in a store of its own, requests over the wire."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.changes import DeviceTime, genesis
from domain.records import Value
from offline_store import devices, entries, journal
from offline_store.database import Store, open_store
from server import clock
from server.keys import public_bytes
from server.settings import ServerSettings
from server.site import Site
from sync.protocol import PullReply, PushHead, PushReply, pack_push

CODE = "demo-2026"


@dataclass
class Phone:
    """One enrolled device; `write` appends to its journal, `push` sends what was not sent.

    It is of the version before: its entries are unsigned. `tests.sync.field` has those that sign.
    """

    client: httpx.AsyncClient
    device_id: str
    token: str
    store: Store
    sent: int = 0
    cursor: int = 0
    _ids: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Anshao-Protocol": "1"}

    def write(
        self,
        person: str,
        type: str,
        set: Mapping[str, Value],
        *,
        kind: str = "decide",
        record_id: str = "",
        definition: str = "",
        base: Mapping[str, str] | None = None,
        known_to_ms: int | None = 5,
        at_ms: int | None = None,
    ) -> str:
        """Append an entry; `at_ms` is what the device says the time is."""
        record_id = record_id or clock.new_id(clock.now_ms())
        now = clock.now_ms() if at_ms is None else at_ms
        time = DeviceTime(now, 1, "b", known_to_ms)
        stamp = journal.Stamp(now, next(self._ids), time, clock.new_id(now))
        with self.store.session() as session:
            journal.write(
                session,
                journal.Author(self.device_id, person),
                stamp,
                kind=kind,
                record_id=record_id,
                type=type,
                definition=definition or f"{type}@1",
                set=set,
                base=base,
            )
        return record_id

    def waiting(self) -> tuple[PushHead, list[bytes]]:
        with self.store.reading() as session:
            logged = entries.of_device(session, self.device_id, self.sent + 1, 500)
            before = entries.of_device(session, self.device_id, self.sent, 1) if self.sent else []
        previous = before[0].hash if before else self.genesis()
        head = PushHead(
            dev=self.device_id,
            first=self.sent + 1,
            last=self.sent + len(logged),
            prev=previous.hex(),
            head=logged[-1].hash.hex(),
        )
        return head, [one.body for one in logged]

    def genesis(self) -> bytes:
        with self.store.reading() as session:
            known = devices.lookup(session, self.device_id)
        assert known is not None
        return genesis(self.device_id, known.public_key)

    async def send(self, data: bytes, **headers: str) -> httpx.Response:
        packed = {"Content-Encoding": "gzip", **self.auth, **headers}
        return await self.client.post("/v1/push", content=data, headers=packed)

    async def push(self) -> PushReply:
        head, bodies = self.waiting()
        response = await self.send(pack_push(head, bodies))
        assert response.status_code == 200, response.text
        self.sent = head.last
        return PushReply.model_validate_json(response.content)

    async def pull(self, wait: float = 0) -> PullReply:
        query = {"after": self.cursor, "wait": wait}
        response = await self.client.get("/v1/pull", params=query, headers=self.auth)
        assert response.status_code == 200, response.text
        reply = PullReply.model_validate_json(response.content)
        self.cursor = reply.next
        return reply


async def enrol(client: httpx.AsyncClient, name: str = "phone") -> Phone:
    key = public_bytes(Ed25519PrivateKey.generate())
    asked = {"code": CODE, "device_name": name, "public_key": key.hex()}
    response = await client.post("/v1/enrol", json=asked)
    assert response.status_code == 200, response.text
    reply = response.json()
    store = open_store(None)
    with store.session() as session:
        devices.add(session, devices.Device(reply["device_id"], key))
    return Phone(client, reply["device_id"], reply["token"], store)


@dataclass
class Bench:
    """A server in this process and a client without a socket."""

    site: Site
    settings: ServerSettings
    client: httpx.AsyncClient
    phones: list[Phone] = field(default_factory=list[Phone])

    async def phone(self) -> Phone:
        """Enrol one more device; its store is closed with the bench."""
        self.phones.append(await enrol(self.client))
        return self.phones[-1]


def report(words: str = "三号柜门没锁", **cells: Value) -> dict[str, Value]:
    """The cells of a hazard report by U012 about DB-03."""
    return {
        "code": "HZ-TEST-0001",
        "state": "reported",
        "action": "hazard.report",
        "words": words,
        "language": "zh",
        "reporter": "U012",
        "reported_ms": 1_700_000_000_000,
        "asset": "DB-03",
        "area": "A06",
        "category": "EL",
        "grade": "C",
        "unit": "T-ELE",
        **cells,
    }
