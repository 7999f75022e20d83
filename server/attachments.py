"""Photos and clips: resumable uploads by hash, and handing them out (as tus 1.0, by content).

Order of things: offer (POST), ask how much is here (HEAD), send parts (PATCH). Once all bytes are
stored, the hash is computed from the file at rest; only then the device gets a receipt, and only
with a receipt may it delete its copy.
"""

import asyncio
import logging
import re
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse

from domain.receipts import blob_receipt_bytes
from offline_store import blobs
from offline_store.devices import Device
from server import bodies, scoping, uploads
from server.accounts import device
from server.problems import RefusalError
from server.site import Site, site
from server.uploads import Offer
from sync.protocol import BlobOffer, BlobReply

router = APIRouter(prefix="/v1/blobs", tags=["attachments"])
_log = logging.getLogger(__name__)

_OFFER_MAX_BYTES = 4096
_OFFSET = re.compile(r"[0-9]{1,12}")
_RANGE = re.compile(r"bytes=([0-9]{1,12}-[0-9]{0,12}|-[0-9]{1,12})")
_FLUSH_BYTES = 256 * 1024
_YEAR = "private, max-age=31536000, immutable"  # a name that is a hash never means anything else

Here = Annotated[Site, Depends(site)]
Caller = Annotated[Device, Depends(device)]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@router.post("", openapi_extra=bodies.described(BlobOffer))
async def offer(request: Request, here: Here, caller: Caller) -> JSONResponse:
    """Take the offer of a file; one that is here already gets its receipt without a byte."""
    offered = await bodies.message(request, BlobOffer, _OFFER_MAX_BYTES)
    if offered.size > here.settings.blob_max_bytes:
        raise RefusalError(413, "blob.size", limit=here.settings.blob_max_bytes)
    return await run_in_threadpool(_offer, here, caller, offered)


def _offer(here: Site, caller: Device, offered: BlobOffer) -> JSONResponse:
    received = _received(here, offered.sha256)
    if received:
        return _answer(received)
    _expire(here)
    known = here.uploads.find(offered.sha256)
    if known and known.size != offered.size:
        # one of the two is wrong about a file of this hash; a part that is here is not thrown away
        if uploads.size(blobs.part(here.store, offered.sha256)):
            raise RefusalError(409, "blob.size_other", size=known.size)
        here.uploads.close(offered.sha256)
        known = None
    if known is None:
        under_way = here.uploads.offers()
        own = sum(1 for one in under_way if one.device == caller.device_id)
        limits = here.settings
        if len(under_way) >= limits.uploads_max or own >= limits.uploads_per_device:
            raise RefusalError(429, "blob.uploads", {"Retry-After": "60"})
        _room_for(here, offered.size)
        here.uploads.open(Offer(**offered.model_dump(), device=caller.device_id))
    return _answer(_partial(here, offered.sha256, offered.size), status=201)


@router.head("/{sha256}")
def progress(sha256: Sha256, here: Here, _caller: Caller) -> Response:
    """Say how much of a file is stored; a whole one comes with its receipt."""
    state = _received(here, sha256)
    if state is None:
        offered = here.uploads.find(sha256)
        if offered is None:
            raise RefusalError(404, "blob.unknown")
        state = _partial(here, sha256, offered.size)
    return Response(headers=_headers(state))


@router.patch("/{sha256}", openapi_extra=bodies.described_bytes("Upload-Offset"))
async def part(sha256: Sha256, request: Request, here: Here, caller: Caller) -> JSONResponse:
    """Add the next part of a file; the reply says how much is stored, and whether it is whole."""
    said = request.headers.get("upload-offset", "")
    if not _OFFSET.fullmatch(said):
        raise RefusalError(422, "blob.offset_missing")
    mine = here.uploads.take_over(sha256)
    try:
        async with here.uploads.lock(sha256):
            received = await run_in_threadpool(_received, here, sha256)
            if received:
                return _answer(received)
            offered = here.uploads.find(sha256)
            if offered is None:
                raise RefusalError(404, "blob.unknown")
            stored = uploads.size(blobs.part(here.store, sha256))
            if int(said) != stored:
                raise RefusalError(
                    409, "blob.offset", {"Upload-Offset": str(stored)}, offset=stored
                )
            _room_for(here, offered.size - stored)
            await _store(request, here, offered, mine)
            state = await run_in_threadpool(_finish, here, offered)
    finally:
        here.uploads.let_go(sha256, mine)
    extra = {"device": caller.device_id, "blob": sha256[:12], "offset": state.offset}
    _log.info("part", extra=extra)
    return _answer(state)


async def _store(request: Request, here: Site, offered: Offer, mine: asyncio.Event) -> None:
    """Append what the request brings; bytes on the disk count, whole request or not."""
    file = blobs.part(here.store, offered.sha256)
    at = uploads.size(file)
    end = min(at + here.settings.chunk_max_bytes, offered.size)
    pending = bytearray()

    async def keep(data: bytes, *, durable: bool) -> None:
        nonlocal at
        if not await run_in_threadpool(uploads.append, file, data, at, durable=durable):
            stored = uploads.size(file)  # another process goes on with this file
            raise RefusalError(409, "blob.offset", {"Upload-Offset": str(stored)}, offset=stored)
        at += len(data)

    async for piece in uploads.parts(request.stream(), mine, here.settings.silence_s):
        pending += piece
        if at + len(pending) > end:
            # nothing of a part that is too long is trusted beyond its limit
            await keep(bytes(pending[: end - at]), durable=True)
            raise RefusalError(413, "blob.part_size", limit=here.settings.chunk_max_bytes)
        if len(pending) >= _FLUSH_BYTES:
            await keep(bytes(pending), durable=False)
            pending.clear()
    await keep(bytes(pending), durable=True)


def _finish(here: Site, offered: Offer) -> BlobReply:
    stored = uploads.size(blobs.part(here.store, offered.sha256))
    if stored < offered.size:
        return _partial(here, offered.sha256, offered.size)
    if not blobs.settle(here.store, offered.sha256):
        here.uploads.close(offered.sha256)
        raise RefusalError(422, "blob.hash", {"Upload-Offset": "0"}, offset=0)
    at_ms = here.now_ms()
    receipt = here.receipt(blob_receipt_bytes(offered.sha256, offered.size, at_ms))
    with here.store.session() as session:
        blobs.add(
            session,
            offered.sha256,
            offered.size,
            kind=offered.kind,
            record_id=offered.record,
            state="received",
        )
        blobs.confirm(session, offered.sha256, receipt, at_ms)
    here.uploads.close(offered.sha256)
    return BlobReply(
        state="received",
        offset=offered.size,
        size=offered.size,
        receipt=receipt,
        server_ms=at_ms,
    )


@router.get("/{sha256}")
def fetch(sha256: Sha256, request: Request, here: Here, caller: Caller) -> FileResponse:
    """Give a file, or the one range of it that is asked for."""
    if not _RANGE.fullmatch(request.headers.get("range", "bytes=0-")):
        raise RefusalError(416, "blob.range")  # a thousand ranges would be a thousand answers
    if _received(here, sha256) is None or not scoping.may_have(here, caller.device_id, sha256):
        raise RefusalError(404, "blob.unknown")
    return FileResponse(
        blobs.path(here.store, sha256),
        media_type="application/octet-stream",
        headers={"ETag": f'"{sha256}"', "Cache-Control": _YEAR},
        content_disposition_type="attachment",
        filename=sha256,
    )


def _received(here: Site, sha256: str) -> BlobReply | None:
    with here.store.reading() as session:
        found = blobs.lookup(session, sha256)
    if found is None or not found.have or not blobs.path(here.store, sha256).exists():
        return None
    return BlobReply(
        state="received",
        offset=found.size,
        size=found.size,
        receipt=found.receipt,
        server_ms=found.received_ms or 0,
    )


def _partial(here: Site, sha256: str, size: int) -> BlobReply:
    stored = uploads.size(blobs.part(here.store, sha256))
    return BlobReply(state="partial", offset=stored, size=size, server_ms=here.now_ms())


def _expire(here: Site) -> None:
    """Throw away what was begun and left; its device offers it again when it comes back."""
    keep_s, now_s = here.settings.upload_keep_h * 3600, here.now_ms() / 1000
    for one in here.uploads.offers():
        part = blobs.part(here.store, one.sha256)
        if here.uploads.idle_s(one.sha256, part, now_s) > keep_s:
            here.uploads.close(one.sha256)
            part.unlink(missing_ok=True)
            _log.info("upload expired", extra={"device": one.device, "blob": one.sha256[:12]})


def _room_for(here: Site, size: int) -> None:
    if here.disk_free() - size < here.settings.disk_free_min_bytes:
        raise RefusalError(507, "server.disk_full", {"Retry-After": "600"})


def _headers(state: BlobReply) -> dict[str, str]:
    headers = {"Upload-Offset": str(state.offset), "Upload-Length": str(state.size)}
    if state.receipt:
        headers["Anshao-Receipt"] = state.receipt
        headers["Anshao-Received"] = str(state.server_ms)
    return headers | {"Cache-Control": "no-store"}


def _answer(state: BlobReply, status: int = 200) -> JSONResponse:
    return JSONResponse(state.model_dump(), status, _headers(state))
