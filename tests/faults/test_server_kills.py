"""The server is killed in the middle of pushes and uploads: what it gave a receipt for stays."""

import asyncio
import hashlib
import random
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from offline_store import blobs, entries
from offline_store.database import FILE_NAME, open_store
from sync.protocol import PushReply, pack_push
from tests.faults.kills import check_chain
from tests.helpers.processes import World
from tests.server import phone as phones
from tests.server.phone import Phone, report

KILLS, DEVICES = 5, 3


@dataclass
class _Sender:
    """A device that pushes and uploads without rest, and notes each receipt."""

    phone: Phone
    luck: random.Random
    receipted: dict[int, bytes] = field(default_factory=dict[int, bytes])  # entry -> its body
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])

    async def work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            for _ in range(self.luck.randint(1, 5)):
                self.phone.write("U012", "hazard", report())
            await self.push()
            await self.upload(self.luck.randbytes(self.luck.randint(1, 200_000)))

    async def push(self) -> None:
        head, bodies = self.phone.waiting()
        data = pack_push(head, bodies)
        while True:  # the same bytes until there is an answer
            try:
                answer = await self.phone.send(data)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            assert answer.status_code == 200, answer.text
            break
        reply = PushReply.model_validate_json(answer.content)
        assert reply.receipt
        self.phone.sent = head.last
        self.receipted |= dict(enumerate(bodies, head.first))

    async def upload(self, data: bytes) -> None:
        sha = hashlib.sha256(data).hexdigest()
        offer = {"sha256": sha, "size": len(data), "kind": "original", "record": "r"}
        while True:
            try:
                state = await self._ask("POST", "/v1/blobs", json=offer)
                while state.get("state") == "partial":
                    offset = state["offset"]
                    headers = {"Upload-Offset": str(offset)}
                    content = data[offset : offset + 65536]
                    state = await self._ask(
                        "PATCH", f"/v1/blobs/{sha}", headers=headers, content=content
                    )
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if state.get("state") == "received":  # else another offset than we thought: ask again
                assert state["receipt"]
                self.files[sha] = data
                return

    async def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        headers = self.phone.auth | more.pop("headers", {})
        answer = await self.phone.client.request(method, path, headers=headers, **more)
        return answer.json()


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_what_the_server_gave_a_receipt_for_survives_its_kill(
    seeded_home: Path, tmp_path: Path, on_store: Callable[[Path | None], str | None]
) -> None:
    seed = secrets.randbelow(2**31)
    print(f"seed {seed}")
    luck = random.Random(seed)
    shutil.copytree(seeded_home, tmp_path / "server")
    url = on_store(seeded_home)
    if url:
        (tmp_path / "server" / FILE_NAME).unlink()
    world = World(tmp_path, database_url=url, code=phones.CODE)
    try:
        await asyncio.to_thread(world.start_server)
        async with httpx.AsyncClient(base_url=world.server_url, timeout=20) as client:
            senders = [
                _Sender(await phones.enrol(client, f"phone {number}"), random.Random(seed + number))
                for number in range(DEVICES)
            ]
            stop = asyncio.Event()
            working = [asyncio.create_task(sender.work(stop)) for sender in senders]
            for _ in range(KILLS):
                await asyncio.sleep(luck.uniform(0.3, 1.5))
                await asyncio.to_thread(world.kill, "server")
                await asyncio.to_thread(world.start_server)
            stop.set()
            await asyncio.gather(*working)
    finally:
        await asyncio.to_thread(world.stop)
    assert sum(len(sender.receipted) for sender in senders) > KILLS * DEVICES
    server = open_store(tmp_path / "server", url)
    try:
        check_chain(server)
        for sender in senders:
            with server.reading() as session:
                there = entries.of_device(session, sender.phone.device_id, 1, 100_000)
            assert {one.entry.number: one.body for one in there} == sender.receipted
            for sha, data in sender.files.items():
                assert blobs.read(server, sha) == data
            sender.phone.store.close()
    finally:
        server.close()
