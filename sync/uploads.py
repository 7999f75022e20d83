"""Send one file in parts that suit the link, going on from what the server has already stored."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from domain.errors import OfflineError, ServerRefusedError
from offline_store import blobs, keep, removals
from offline_store.blobs import Blob
from offline_store.database import Store
from sync.pacing import PART_MIN_BYTES, Pace
from sync.protocol import BlobOffer, BlobReply
from sync.transport import Transport

_log = logging.getLogger(__name__)

REST_MS = 30_000  # before a file that failed, or is not there yet, is tried again
WRONG_MAX = 2  # tries after which a file that does not arrive as itself is given up
STILL_MAX = 3  # answers without a byte of progress after which a file is left for later
FOR_GOOD = frozenset({"blob.size", "blob.kind", "tus.metadata"})  # sending again cannot help
_AGAIN = frozenset({"blob.offset", "blob.hash", "tus.checksum"})
_REMOVED = frozenset({removals.CODE, "http.410"})  # a HEAD is answered without a code
_OLD_SERVER = frozenset({"request.invalid", "request.size"})  # what 1.1 says to an offer of tus
_LATER = frozenset({429, 503, 507})  # of no file in particular
Outcome = Literal["received", "paused", "failed"]


@dataclass
class Uploader:
    """Sends files over one link; `moved` is set by every byte that the server has stored."""

    store: Store
    transport: Transport
    pace: Pace
    moved: bool = False
    speaks_tus: bool = True  # until a server shows that it is of protocol 1.1

    async def send(
        self, blob: Blob, wanted_elsewhere: Callable[[], bool], progressed: Callable[[int], None]
    ) -> Outcome:
        """Send a file until it is received, or until something more urgent waits ("paused").

        Trouble with this one file is noted on it and returned as "failed": others go on. Raises
        OfflineError when the link is gone, ServerRefusedError where the server takes no file now.
        """
        code = ""
        for _ in range(WRONG_MAX):
            try:
                return await self._send(blob, wanted_elsewhere, progressed)
            except ServerRefusedError as error:
                code = str(error.params["reason"])
                _log.warning("blob refused", extra={"blob": blob.sha256, "code": code})
                if code in _REMOVED:
                    await asyncio.to_thread(removals.forget, self.store, blob.sha256)
                    return "failed"
                if code in FOR_GOOD:
                    await self._fail(blob, code, for_good=True)
                    return "failed"
                if code not in _AGAIN:
                    await self._fail(blob, code, for_good=False)
                    if error.params.get("status") in _LATER:
                        raise
                    return "failed"
        await self._fail(blob, code, for_good=code == "blob.hash")
        return "failed"

    async def _send(
        self, blob: Blob, wanted_elsewhere: Callable[[], bool], progressed: Callable[[int], None]
    ) -> Outcome:
        reply = await self._begin(blob)
        known, still = blob.offset, 0
        while reply.state != "received":
            self.moved = self.moved or reply.offset > known
            still = 0 if reply.offset > known else still + 1
            known = reply.offset
            await self._note(blob, reply.offset)
            progressed(reply.offset)
            if wanted_elsewhere() or self.pace.wait_ms():
                return "paused"
            if still > STILL_MAX:
                await self._fail(blob, "blob.stuck", for_good=False)
                return "failed"
            part = await self._read(blob, reply.offset)
            if not part and reply.offset < blob.size:  # the file here is shorter than its row says
                await self._fail(blob, "blob.damaged", for_good=True)
                return "failed"
            # with all bytes there and no receipt, nothing but the question for it is sent
            sending = self.transport.send_part(blob.sha256, reply.offset, part)
            reply = await self._timed(blob, sending, part)
        self.moved = True
        await self._confirm(blob, reply)
        return "received"

    async def _begin(self, blob: Blob) -> BlobReply:
        """Return what the server has; what it has nothing of is offered, with the first bytes."""
        offer = BlobOffer(sha256=blob.sha256, size=blob.size, kind=blob.kind, record=blob.record_id)
        if not self.speaks_tus:
            return await self.transport.offer_blob(offer)
        fresh = blob.state == "waiting" and not blob.offset and not blob.error
        if not (fresh and blob.size <= PART_MIN_BYTES):  # to ask costs less than to send twice
            reply = await self.transport.blob_state(blob.sha256)
            if reply is not None:
                return reply
        await self._note(blob, 0)
        part = await self._read(blob, 0)
        try:
            return await self._timed(blob, self.transport.create_blob(offer, part), part)
        except ServerRefusedError as error:
            if error.params["reason"] not in _OLD_SERVER:
                raise
        self.speaks_tus = False
        return await self.transport.offer_blob(offer)

    async def _read(self, blob: Blob, offset: int) -> bytes:
        size = self.pace.part_bytes()
        return await asyncio.to_thread(blobs.read_part, self.store, blob.sha256, offset, size)

    async def _timed(self, blob: Blob, sending: Awaitable[BlobReply], part: bytes) -> BlobReply:
        """Send a part and measure the link by it; of one that broke off, return how far it came.

        A link on which the server still answers is not gone: the next part is a shorter one.
        """
        began_ms = self.pace.mono_ms()
        try:
            reply = await sending
        except OfflineError:
            self.pace.lost()
            reached = await self.transport.blob_state(blob.sha256) if self.speaks_tus else None
            if reached is None:
                raise
            return reached
        self.pace.took(len(part), self.pace.mono_ms() - began_ms)
        return reply

    async def _note(self, blob: Blob, offset: int) -> None:
        def save() -> None:
            with self.store.session() as session:
                blobs.progress(session, blob.sha256, min(offset, blob.size))

        await asyncio.to_thread(save)

    async def _confirm(self, blob: Blob, reply: BlobReply) -> None:
        def save() -> None:
            # removed for good while it went: there is nothing left to note
            with suppress(blobs.BlobRemovedError), self.store.session() as session:
                blobs.confirm(session, blob.sha256, reply.receipt or "", reply.server_ms)
                keep.put(session, keep.LAST_FILE, blob.sha256)

        await asyncio.to_thread(save)

    async def _fail(self, blob: Blob, code: str, *, for_good: bool) -> None:
        def save() -> None:
            with self.store.session() as session:
                blobs.fail(session, blob.sha256, code, for_good=for_good)

        await asyncio.to_thread(save)
