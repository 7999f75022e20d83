"""Photos and clips: resumable uploads by hash, and handing them out (tus 1.0, by content).

Order of things: ask how much is here (HEAD), offer (POST), send parts (PATCH). Once all bytes are
stored, the hash is computed from the file at rest; only then the device gets a receipt, and only
with a receipt may it delete its copy. Devices of protocol 1.1 offer with JSON, bear no version of
tus and are answered with JSON; all else is the same for both.
"""

import logging
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Annotated, ParamSpec, TypeVar

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse

from offline_store.devices import Device
from server import bodies, ranges, receiving, revocation, scoping, tus, uploads
from server.accounts import device, sender
from server.blob_store import BlobStoreAwayError
from server.problems import RefusalError
from server.site import Site, site
from server.uploads import Offer, Writer
from sync.protocol import WANTED_MAX, BlobOffer, BlobReply, WantedBlobs

router = APIRouter(prefix="/v1/blobs", tags=["attachments"], route_class=tus.TusRoute)
_log = logging.getLogger(__name__)

_OFFER_MAX_BYTES = 4096
_OFFSET = re.compile(r"[0-9]{1,12}")
_FLUSH_BYTES = 256 * 1024
_WANTED_S = 24 * 3600  # for how long somebody is taken to wait for a file
_YEAR = "private, max-age=31536000, immutable"  # a name that is a hash never means anything else

_P = ParamSpec("_P")
_R = TypeVar("_R")
Here = Annotated[Site, Depends(site)]
Caller = Annotated[Device, Depends(device)]
Sender = Annotated[Device, Depends(sender)]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@router.options("", status_code=204)
@router.options("/{sha256}", status_code=204)
def abilities(here: Here) -> Response:
    """Say what of tus is spoken here, and how large a file may be."""
    return Response(status_code=204, headers=tus.abilities(here.settings.blob_max_bytes))


@router.post("", openapi_extra=bodies.described(BlobOffer))
async def offer(request: Request, here: Here, caller: Sender) -> Response:
    """Take the offer of a file; one that is here already gets its receipt without a byte."""
    if tus.speaks(request):
        return await _create(request, here, caller)
    offered = await bodies.message(request, BlobOffer, _OFFER_MAX_BYTES)
    receiving.check_size(here, offered.size)
    state = await run_in_threadpool(_offer, here, caller, offered)
    return _answer(here, state, 200 if state.receipt else 201)


async def _create(request: Request, here: Site, caller: Device) -> Response:
    """Create an upload, with its first bytes where the request brings some."""
    offered = tus.offered(request.headers, here.settings.blob_max_bytes)
    brings = request.headers.get("content-type") == tus.BODY_TYPE
    checksum = tus.checksum(request.headers) if brings else None
    state = await run_in_threadpool(_offer, here, caller, offered)
    if brings and not state.receipt and state.offset == 0:
        state = await _receive(request, here, caller, offered.sha256, 0, checksum)
    location = {"Location": f"{router.prefix}/{offered.sha256}"}
    return Response(status_code=201, headers=_headers(here, state) | location)


def _offer(here: Site, caller: Device, offered: BlobOffer) -> BlobReply:
    revocation.check_file(here, caller, offered.sha256)
    received = _there(here, offered)
    if received:
        return received
    _expire(here)
    known = here.uploads.find(offered.sha256, caller.device_id)
    if known and known.size != offered.size:
        # the device was wrong about one of the two; a part that is here is not thrown away
        if uploads.size(here.uploads.part(offered.sha256, caller.device_id)):
            raise RefusalError(409, "blob.size_other", size=known.size)
        here.uploads.drop(offered.sha256, caller.device_id)
        known = None
    if known is None:
        under_way = here.uploads.offers()
        own = sum(1 for one in under_way if one.device == caller.device_id)
        limits = here.settings
        if len(under_way) >= limits.uploads_max or own >= limits.uploads_per_device:
            raise RefusalError(429, "blob.uploads", {"Retry-After": "60"})
        receiving.room_for(here, offered.size)
        here.uploads.open(Offer(**offered.model_dump(), device=caller.device_id))
    return _partial(here, caller, offered.sha256, offered.size)


@router.get("/wanted")
def wanted(here: Here, _caller: Caller) -> WantedBlobs:
    """Name the files that somebody waits for: whoever has one sends it before the others."""
    since_s = here.now_ms() / 1000 - _WANTED_S
    return WantedBlobs(wanted=here.uploads.wished(WANTED_MAX, since_s))


@router.head("/{sha256}")
async def progress(sha256: Sha256, here: Here, caller: Sender) -> Response:
    """Say how much of a file is stored; a whole one comes with its receipt."""
    await here.uploads.hang_up(sha256, caller.device_id)
    state = await run_in_threadpool(_progress, here, caller, sha256)
    return Response(headers=_headers(here, state))


def _progress(here: Site, caller: Device, sha256: str) -> BlobReply:
    revocation.check_file(here, caller, sha256)
    found = _known(here, caller, sha256)
    return _partial(here, caller, sha256, found.size) if isinstance(found, Offer) else found


def _known(here: Site, caller: Device, sha256: str) -> Offer | BlobReply:
    """Return what a device offered, or the receipt of a file that is here; RefusalError 404.

    In this order: once the file of another device is here, all offers of it go.
    """
    offered = here.uploads.find(sha256, caller.device_id)
    found = receiving.received(here, sha256) or offered
    if found is None:
        raise RefusalError(404, "blob.unknown")
    return found


@router.patch("/{sha256}", openapi_extra=bodies.described_bytes("Upload-Offset"))
async def part(sha256: Sha256, request: Request, here: Here, caller: Sender) -> Response:
    """Add the next part of a file; the reply says how much is stored, and whether it is whole."""
    modern = tus.speaks(request)
    if modern:
        tus.check_type(request.headers)
    said = request.headers.get("upload-offset", "")
    if not _OFFSET.fullmatch(said):
        raise RefusalError(400 if modern else 422, "blob.offset_missing")
    checksum = tus.checksum(request.headers)
    state = await _receive(request, here, caller, sha256, int(said), checksum)
    if modern:
        return Response(status_code=204, headers=_headers(here, state))
    return _answer(here, state)


@router.post("/{sha256}", include_in_schema=False)
async def instead(sha256: Sha256, request: Request, here: Here, caller: Sender) -> Response:
    """Take a part from who cannot send PATCH, as tus says it."""
    if request.headers.get("x-http-method-override", "").upper() != "PATCH":
        raise RefusalError(405, "tus.method", {"Allow": "HEAD, GET, PATCH"}, wanted="PATCH")
    return await part(sha256, request, here, caller)


async def _receive(
    request: Request,
    here: Site,
    caller: Device,
    sha256: str,
    offset: int,
    checksum: tus.Checksum | None,
) -> BlobReply:
    """Store what a request brings from `offset` on; a file that is whole then gets its receipt."""
    await run_in_threadpool(revocation.check_file, here, caller, sha256)
    mine = here.uploads.take_over(sha256, caller.device_id)
    try:
        async with here.uploads.lock(sha256, caller.device_id):
            offered = await run_in_threadpool(_known, here, caller, sha256)
            if not isinstance(offered, Offer):  # it is here
                if tus.speaks(request) and offset != offered.size:
                    raise _elsewhere(offered.size)
                return offered
            stored = uploads.size(here.uploads.part(sha256, caller.device_id))
            if offset != stored:
                raise _elsewhere(stored)
            receiving.room_for(here, offered.size - stored)
            whole = await _store(request, here, offered, mine)
            if checksum and whole:
                await run_in_threadpool(_verify, here, offered, stored, checksum)
            state = await _resting(_finish, here, caller, offered)
    finally:
        here.uploads.let_go(sha256, caller.device_id, mine)
    extra = {"device": caller.device_id, "blob": sha256[:12], "offset": state.offset}
    _log.info("part", extra=extra)
    return state


async def _store(request: Request, here: Site, offered: Offer, mine: Writer) -> bool:
    """Append what the request brings; bytes on the disk count, whole request or not.

    Returns whether it came whole, as far as its head said how long it is.
    """
    file = here.uploads.part(offered.sha256, offered.device)
    at = begun = uploads.size(file)
    end = min(at + here.settings.chunk_max_bytes, offered.size)
    pending = bytearray()

    async def keep(data: bytes, *, durable: bool) -> None:
        nonlocal at
        if not await run_in_threadpool(uploads.append, file, data, at, durable=durable):
            raise _elsewhere(uploads.size(file))  # another process goes on with this file
        at += len(data)

    async for piece in uploads.parts(request.stream(), mine.stop, here.settings.silence_s):
        pending += piece
        if at + len(pending) > end:
            # nothing of a part that is too long is trusted beyond its limit
            await keep(bytes(pending[: end - at]), durable=True)
            raise RefusalError(413, "blob.part_size", limit=here.settings.chunk_max_bytes)
        if len(pending) >= _FLUSH_BYTES:
            await keep(bytes(pending), durable=False)
            pending.clear()
    await keep(bytes(pending), durable=True)
    said = request.headers.get("content-length", "")
    return not _OFFSET.fullmatch(said) or int(said) == at - begun


def _verify(here: Site, offered: Offer, begun: int, checksum: tus.Checksum) -> None:
    """Throw a whole part away that is not what its checksum says; one cut short is kept.

    A part that was cut cannot be judged: the hash of the file will.
    """
    file = here.uploads.part(offered.sha256, offered.device)
    end = uploads.size(file)
    if not uploads.take_back(file, begun, end, checksum.algorithm, checksum.digest):
        raise RefusalError(tus.MISMATCH, "tus.checksum", {"Upload-Offset": str(begun)})


def _finish(here: Site, caller: Device, offered: Offer) -> BlobReply:
    file = here.uploads.part(offered.sha256, offered.device)
    try:
        received = receiving.received(here, offered.sha256)
    except RefusalError:  # removed for good meanwhile
        here.uploads.drop(offered.sha256, offered.device)
        raise
    if received:  # of another device
        here.uploads.drop(offered.sha256, offered.device)
        return received
    if uploads.size(file) < offered.size and file.exists():
        return _partial(here, caller, offered.sha256, offered.size)
    try:
        state = receiving.take(here, offered, file)
    except RefusalError:
        here.uploads.close(offered.sha256)
        raise
    if state is None:
        here.uploads.drop(offered.sha256, offered.device)
        raise RefusalError(422, "blob.hash", {"Upload-Offset": "0"}, offset=0)
    here.uploads.close(offered.sha256)
    here.uploads.granted(offered.sha256)
    return state


def _there(here: Site, offered: BlobOffer) -> BlobReply | None:
    """Return the receipt of what rests here already, whether or not its row was written."""
    state = receiving.received(here, offered.sha256, look=True)
    if state is None and (state := receiving.adopted(here, offered)):
        here.uploads.close(offered.sha256)
        here.uploads.granted(offered.sha256)
    return state


@router.get("/{sha256}")
async def fetch(
    sha256: Sha256, request: Request, here: Here, caller: Caller, waiting: bool = False
) -> Response:
    """Give a file, or the one range of it that is asked for; `waiting`: a person looks for it."""
    asked = request.headers.get("range", "bytes=0-")
    ranges.check(asked)
    may = await run_in_threadpool(scoping.may_have, here, caller.device_id, sha256)
    received = await run_in_threadpool(receiving.received, here, sha256)
    if received is None or not may:
        if received is None and waiting:  # a wish only says what is sent first
            await run_in_threadpool(here.uploads.ask_for, sha256)
        raise RefusalError(404, "blob.unknown")
    place = here.blob_store.local(sha256)
    headers = {"ETag": f'"{sha256}"', "Cache-Control": _YEAR}
    if place is None:
        return await _streamed(request, here, sha256, received.size, headers)
    return FileResponse(
        place,
        media_type="application/octet-stream",
        headers=headers,
        content_disposition_type="attachment",
        filename=sha256,
    )


async def _streamed(
    request: Request, here: Site, sha256: str, size: int, headers: dict[str, str]
) -> Response:
    """Hand a file on from the object store, or a range of it."""
    start, end, status = 0, size, 200
    if "range" in request.headers:
        start, end = ranges.within(request.headers["range"], size)
        headers["Content-Range"], status = f"bytes {start}-{end - 1}/{size}", 206
    steps = here.blob_store.read(sha256, start, end)
    first = await _resting(_first, steps)  # what is away is said before the answer begins
    headers |= {"Content-Length": str(end - start), "Accept-Ranges": "bytes"}
    headers["Content-Disposition"] = f'attachment; filename="{sha256}"'
    kind = "application/octet-stream"
    return StreamingResponse(chain(first, steps), status, headers, media_type=kind)


def _first(steps: Iterator[bytes]) -> list[bytes]:
    return [step for step in (next(steps, b""),) if step]


async def _resting(work: Callable[_P, _R], *given: _P.args, **named: _P.kwargs) -> _R:
    """Do what needs the place where files rest; RefusalError 503 where it is away."""
    try:
        return await run_in_threadpool(work, *given, **named)
    except BlobStoreAwayError as error:
        raise receiving.away() from error


def _partial(here: Site, caller: Device, sha256: str, size: int) -> BlobReply:
    stored = uploads.size(here.uploads.part(sha256, caller.device_id))
    return BlobReply(state="partial", offset=stored, size=size, server_ms=here.now_ms())


def _elsewhere(stored: int) -> RefusalError:
    return RefusalError(409, "blob.offset", {"Upload-Offset": str(stored)}, offset=stored)


def _expire(here: Site) -> None:
    """Throw away what was begun and left; its device offers it again when it comes back."""
    keep_s, now_s = here.settings.upload_keep_h * 3600, here.now_ms() / 1000
    for one in here.uploads.offers():
        if here.uploads.idle_s(one.sha256, one.device, now_s) > keep_s:
            here.uploads.drop(one.sha256, one.device)
            _log.info("upload expired", extra={"device": one.device, "blob": one.sha256[:12]})


def _headers(here: Site, state: BlobReply) -> dict[str, str]:
    expires_ms = here.now_ms() + round(here.settings.upload_keep_h * 3_600_000)
    return tus.state_headers(state, expires_ms)


def _answer(here: Site, state: BlobReply, status: int = 200) -> JSONResponse:
    return JSONResponse(state.model_dump(), status, _headers(here, state))
