"""Fetch files of others: the small pictures that lists show, and whole files somebody opens."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from domain.errors import ServerRefusedError
from domain.invitations import DeviceRevokedError
from offline_store import blob_parts, blobs, removals
from offline_store.blobs import Blob
from offline_store.database import Store
from sync.pacing import PART_MAX_BYTES
from sync.transport import Transport
from sync.uploads import REST_MS


@dataclass
class Downloader:
    """Fetches files over one link; `mono_ms` is a clock that only runs forward."""

    store: Store
    transport: Transport
    mono_ms: Callable[[], int]
    _not_before_ms: dict[str, int] = field(default_factory=dict[str, int])
    _large: asyncio.Lock = field(default_factory=asyncio.Lock)  # one large file at a time

    async def fetch_wanted(
        self, wanted_elsewhere: Callable[[], bool], fetched: Callable[[], None]
    ) -> None:
        """Fetch the files that records here name; one not there yet is tried again later."""

        def wanted() -> list[Blob]:
            with self.store.reading() as session:
                return blobs.wanted(session)

        for blob in await asyncio.to_thread(wanted):
            if wanted_elsewhere():
                return
            if self._not_before_ms.get(blob.sha256, 0) > self.mono_ms():
                continue
            try:
                await self._fetch(blob.sha256, blob.kind, blob.record_id)
            except (ServerRefusedError, DeviceRevokedError) as error:
                if error.params.get("reason") == removals.CODE:
                    await asyncio.to_thread(removals.forget, self.store, blob.sha256)
                    continue
                self._not_before_ms[blob.sha256] = self.mono_ms() + REST_MS
            else:
                fetched()

    async def get(self, sha256: str) -> bytes:
        """Return a file, from here or from the server; raises OfflineError, ServerRefusedError."""
        data = await asyncio.to_thread(blobs.read, self.store, sha256)
        if data is not None:
            return data
        return await self._fetch(sha256, "original", waiting=True)

    async def get_file(self, sha256: str, size: int, progressed: Callable[[int], None]) -> None:
        """Bring a large file here in parts, from where an earlier try has ended.

        `size` is what its record says. Raises OfflineError, ServerRefusedError, StoreFullError.
        """
        async with self._large:
            if blobs.is_here(self.store, sha256):
                return
            while (have := blob_parts.grown(self.store, sha256)) < size:
                part = await self.transport.fetch_part(sha256, have, PART_MAX_BYTES)
                if not part:  # shorter than its record says
                    break
                await asyncio.to_thread(blob_parts.grow, self.store, sha256, part)
                progressed(have + len(part))
            await asyncio.to_thread(self._settle, sha256)

    def _settle(self, sha256: str) -> None:
        size = blob_parts.grown(self.store, sha256)
        if not size or not blob_parts.settle(self.store, sha256):
            raise ServerRefusedError(reason="blob.hash")
        with self.store.session() as session:
            blobs.add(session, sha256, size, kind="original", state="held")

    async def _fetch(
        self, sha256: str, kind: str, record_id: str = "", *, waiting: bool = False
    ) -> bytes:
        data = await self.transport.fetch_blob(sha256, waiting=waiting)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ServerRefusedError(reason="blob.hash")

        def save() -> None:
            blobs.keep_file(self.store, data)
            with self.store.session() as session:
                blobs.add(session, sha256, len(data), kind=kind, record_id=record_id, state="held")

        await asyncio.to_thread(save)
        return data
