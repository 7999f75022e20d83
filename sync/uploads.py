"""Send one file in parts that suit the link, going on from what the server has already stored."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from domain.errors import OfflineError, ServerRefusedError
from offline_store import blobs, removals
from offline_store.blobs import Blob
from offline_store.database import Store
from sync.protocol import BlobOffer, BlobReply
from sync.transport import Transport

_log = logging.getLogger(__name__)

PART_MIN_BYTES, PART_MAX_BYTES = 64 * 1024, 512 * 1024
PART_S = 8  # a link that drops every 40 s still makes progress
REST_MS = 30_000  # before a file that failed, or is not there yet, is tried again
WRONG_MAX = 2  # tries after which a file that does not arrive as itself is given up
FOR_GOOD = frozenset({"blob.size", "blob.kind"})  # sending these again cannot help
Outcome = Literal["received", "paused", "failed"]


@dataclass
class PartSize:
    """How many bytes to send at once: what the link moved in the last 8 seconds."""

    size: int = 2 * PART_MIN_BYTES

    def took(self, sent_bytes: int, elapsed_ms: int) -> None:
        """Learn from a part that arrived."""
        fits = sent_bytes * PART_S * 1000 // max(1, elapsed_ms)
        self.size = min(PART_MAX_BYTES, max(PART_MIN_BYTES, fits))

    def lost(self) -> None:
        """Learn from a part that did not arrive."""
        self.size = max(PART_MIN_BYTES, self.size // 2)


@dataclass
class Uploader:
    """Sends files over one link; `mono_ms` is a clock that only runs forward."""

    store: Store
    transport: Transport
    mono_ms: Callable[[], int]
    part_size: PartSize

    async def send(
        self, blob: Blob, wanted_elsewhere: Callable[[], bool], progressed: Callable[[int], None]
    ) -> Outcome:
        """Send a file until it is received, or until something more urgent waits ("paused").

        Trouble with this one file is noted on it and returned as "failed": others go on. Raises
        OfflineError when the link is gone.
        """
        code = ""
        for _ in range(WRONG_MAX):
            try:
                return await self._send(blob, wanted_elsewhere, progressed)
            except ServerRefusedError as error:
                code = str(error.params["reason"])
                _log.warning("blob refused", extra={"blob": blob.sha256, "code": code})
                if code == removals.CODE:
                    await asyncio.to_thread(removals.forget, self.store, blob.sha256)
                    return "failed"
                if code in FOR_GOOD:
                    await self._fail(blob, code, for_good=True)
                    return "failed"
                if code not in {"blob.offset", "blob.hash"}:
                    await self._fail(blob, code, for_good=False)
                    return "failed"
        await self._fail(blob, code, for_good=code == "blob.hash")
        return "failed"

    async def _send(
        self, blob: Blob, wanted_elsewhere: Callable[[], bool], progressed: Callable[[int], None]
    ) -> Outcome:
        offer = BlobOffer(sha256=blob.sha256, size=blob.size, kind=blob.kind, record=blob.record_id)
        reply = await self.transport.offer_blob(offer)
        while reply.state != "received":
            await self._note(blob, reply.offset)
            progressed(reply.offset)
            if wanted_elsewhere():
                return "paused"
            part = await asyncio.to_thread(
                blobs.read_part, self.store, blob.sha256, reply.offset, self.part_size.size
            )
            if not part:  # the file here is shorter than its row says
                await self._fail(blob, "blob.damaged", for_good=True)
                return "failed"
            reply = await self._part(blob, reply.offset, part)
        await self._confirm(blob, reply)
        return "received"

    async def _part(self, blob: Blob, offset: int, part: bytes) -> BlobReply:
        began_ms = self.mono_ms()
        try:
            reply = await self.transport.send_part(blob.sha256, offset, part)
        except OfflineError:
            self.part_size.lost()
            raise
        self.part_size.took(len(part), self.mono_ms() - began_ms)
        return reply

    async def _note(self, blob: Blob, offset: int) -> None:
        def save() -> None:
            with self.store.session() as session:
                blobs.progress(session, blob.sha256, min(offset, blob.size))

        await asyncio.to_thread(save)

    async def _confirm(self, blob: Blob, reply: BlobReply) -> None:
        def save() -> None:
            with self.store.session() as session:
                blobs.confirm(session, blob.sha256, reply.receipt or "", reply.server_ms)

        await asyncio.to_thread(save)

    async def _fail(self, blob: Blob, code: str, *, for_good: bool) -> None:
        def save() -> None:
            with self.store.session() as session:
                blobs.fail(session, blob.sha256, code, for_good=for_good)

        await asyncio.to_thread(save)
