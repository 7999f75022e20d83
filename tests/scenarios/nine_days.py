"""The plant of S23 on virtual time: a real device and server, a link as slow and as broken as told.

The bytes of the photos are made when they are read, and the server forgets a file once it has read
it back and hashed it; everything between is the product's own: parts, offsets, receipts, order.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from benchmarks.simulation.loop import VirtualLoop
from benchmarks.simulation.plant_server import Asked, LineLost, PlantServer
from offline_store import blobs
from offline_store.database import Store
from server import attachments
from server.blob_store import FolderBlobs
from server.site import Site

DROPPED = "dropped"
_BLOCK = 64 * 1024
_HEAD = 400  # bytes of a request's and of an answer's head


class Photos:
    """Photos that take no room: each is a block of its own, repeated to its size."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[str, tuple[bytes, int]] = {}

    def make(self, number: int, size: int) -> str:
        """Make a photo; returns its hash."""
        block = hashlib.sha256(f"photo {number}".encode()).digest() * (_BLOCK // 32)
        digest = hashlib.sha256()
        for at in range(0, size, _BLOCK):
            digest.update(block[: min(_BLOCK, size - at)])
        sha = digest.hexdigest()
        self._known[sha] = (block, size)
        return sha

    def read_part(self, _store: Store, sha256: str, offset: int, size: int) -> bytes:
        """Return bytes of a photo, as `blobs.read_part` does."""
        block, whole = self._known[sha256]
        size = min(size, whole - offset)
        first = offset % _BLOCK
        blocks = -(-(first + size) // _BLOCK)
        return (block * blocks)[first : first + size]


class Forgetful(FolderBlobs):
    """Reads a file back and hashes it, as it must, and then gives its room away."""

    is_local: ClassVar[bool] = False

    def __init__(self, store: Store) -> None:
        """Keep nothing but names."""
        super().__init__(store)
        self.order: list[str] = []
        self._sizes: dict[str, int] = {}

    def has(self, sha256: str) -> bool:
        """Say whether it came."""
        return sha256 in self._sizes

    def size(self, sha256: str) -> int | None:
        """Return how large it was when it was read back."""
        return self._sizes.get(sha256)

    def keep(self, sha256: str, part: Path) -> bool:
        """Hash what rests there, and let it go."""
        if not part.exists():
            return self.has(sha256)
        digest, size = hashlib.sha256(part.read_bytes()).hexdigest(), part.stat().st_size
        part.unlink()
        if digest == sha256:
            self.order.append(sha256)
            self._sizes[sha256] = size
        return digest == sha256

    def read(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Nobody reads here."""
        raise NotImplementedError


class Evidence(PlantServer):
    """The server of the simulation with the routes of files."""

    def _start(self) -> Site:
        site = super()._start()
        before: Site | None = getattr(self, "site", None)
        site.blob_store = before.blob_store if before else Forgetful(site.store)
        return site


@dataclass
class Radio(httpx.AsyncBaseTransport):
    """A link of so many bytes a second that breaks every so often, whatever is on it."""

    server: PlantServer
    loop: VirtualLoop
    bytes_s: float = 8_000
    drop_every_s: float = 0.0  # never
    turn_s: float = 0.3
    down: bool = True
    log: list[tuple[float, str, str, int]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request there and its answer back, at the pace of the link."""
        if self.down:
            raise httpx.ConnectError(DROPPED, request=request)
        body = await request.aread()
        up_s, left_s = self.turn_s / 2 + (len(body) + _HEAD) / self.bytes_s, self._until_drop_s()
        broke = up_s > left_s
        if broke:  # what was on its way comes, and then nothing
            body = body[: max(0, round((left_s - self.turn_s / 2) * self.bytes_s) - _HEAD)]
        await asyncio.sleep(min(up_s, left_s))
        path = request.url.path
        self.log.append((self.loop.now, request.method, path, len(body)))
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        ends = "cut" if broke else "whole"
        asked = Asked(request.method, path, request.url.query, headers, [body], ends)
        if broke and not (request.content and path.startswith("/v1/blobs")):
            raise httpx.WriteError(DROPPED, request=request)
        try:
            async with asyncio.timeout(left_s - up_s if self.drop_every_s and not broke else None):
                status, answered, content = await self.server.answer(asked)
        except TimeoutError as error:
            raise httpx.ReadError(DROPPED, request=request) from error
        except LineLost as error:
            raise httpx.WriteError(DROPPED, request=request) from error
        await asyncio.sleep(self.turn_s / 2 + (len(content) + _HEAD) / self.bytes_s)
        return httpx.Response(status, headers=answered, content=content, request=request)

    def _until_drop_s(self) -> float:
        if not self.drop_every_s:
            return 1e9
        return self.drop_every_s - self.loop.now % self.drop_every_s


def patched(monkeypatch: pytest.MonkeyPatch, photos: Photos) -> None:
    """Let photos be made when they are read, and let threads be none."""

    async def at_once(work: object, *args: object, **named: object) -> object:
        await asyncio.sleep(0)
        return work(*args, **named)  # pyright: ignore[reportCallIssue]

    monkeypatch.setattr(attachments, "run_in_threadpool", at_once)
    monkeypatch.setattr(blobs, "read_part", photos.read_part)
