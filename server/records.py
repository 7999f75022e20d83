"""Entries in and out: push takes what a device made, pull gives what the others made."""

import gzip
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session

from domain.changes import DECISIONS
from domain.errors import EntryInvalidError
from offline_store import devices, entries, journal, quarantine
from offline_store.devices import Device
from server import bodies, clock, intake
from server.accounts import device
from server.problems import RefusalError
from server.site import Site, site
from sync.protocol import ENTRIES_MAX, PulledEntry, PullReply, unpack_push

router = APIRouter(prefix="/v1", tags=["records"])
_JSON = "application/json"
_WORTH_PACKING = 1024

Here = Annotated[Site, Depends(site)]
Caller = Annotated[Device, Depends(device)]


@router.post("/push", openapi_extra=bodies.described_bytes())
async def push(request: Request, here: Here, caller: Caller) -> Response:
    """Take a batch of entries: a head line and the exact bodies, one per line, packed with gzip."""
    data = await bodies.read(request, here.settings.body_max_bytes)
    encoding = request.headers.get("content-encoding", "")
    taken = await run_in_threadpool(_push, here, caller, data, encoding)
    if taken.fresh:
        here.hints.announce()
    return Response(taken.data, media_type=_JSON)


def _push(here: Site, caller: Device, data: bytes, encoding: str) -> intake.Taken:
    plain = bodies.inflate(data, encoding, here.settings.inflated_max_bytes)
    try:
        head, lines, sigs = unpack_push(plain)
    except EntryInvalidError as error:
        raise RefusalError(422, error.code, reason=str(error.params["reason"])) from error
    if head.dev != caller.device_id:
        raise RefusalError(403, "device.other")
    if len(lines) > here.settings.batch_max_entries:
        raise RefusalError(413, "batch.size", limit=here.settings.batch_max_entries)
    return intake.take(here, head, lines, sigs)


@router.get("/pull")
async def pull(
    request: Request,
    here: Here,
    caller: Caller,
    *,
    after: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=ENTRIES_MAX)] = ENTRIES_MAX,
    wait: Annotated[float, Query(ge=0, le=60)] = 0,
    own: Annotated[int, Query(ge=0, le=1)] = 0,
    epoch: Annotated[str | None, Query(max_length=64)] = None,
    seen: Annotated[str | None, Query(pattern=f"^[0-9a-f]{{{entries.MARK_DIGITS}}}$")] = None,
) -> Response:
    """Give the feed after a cursor; with `wait` (s) the answer waits so long for news.

    The device's own entries are left out unless it asks for them with `own`. `epoch` and `seen`
    (the mark that came with the cursor) tell a store that was copied back from one that went on.
    """
    until = clock.mono_ms() + min(wait, here.settings.wait_max_s) * 1000
    ask = _Ask(after, limit, own == 1, epoch, seen)
    while True:
        ticket = here.hints.ticket()
        reply = await run_in_threadpool(_page, here, caller, ask)
        ask = ask._replace(after=reply.next, seen=None)
        left = (until - clock.mono_ms()) / 1000
        if epoch and reply.epoch != epoch:  # a new life of the feed is news
            break
        if reply.entries or reply.more or left <= 0 or not await here.hints.wait(ticket, left):
            break
    return await run_in_threadpool(_packed, request, reply)


class _Ask(NamedTuple):
    after: int
    limit: int
    own: bool
    epoch: str | None = None
    seen: str | None = None


def _of_another_life(session: Session, ask: _Ask, epoch: str) -> bool:
    """Say whether a device has read what this feed does not have: it was copied back.

    A device that knows only an earlier epoch says nothing about this one: it reads anew anyhow.
    """
    if ask.epoch is not None and ask.epoch != epoch:
        return False
    if ask.after > journal.last_feed(session):
        return True
    if ask.seen is None:  # a device of the version before, or one that has just begun
        return False
    return entries.mark(session, ask.after) != ask.seen


def _page(here: Site, caller: Device, ask: _Ask) -> PullReply:
    with here.store.reading() as session:
        another = _of_another_life(session, ask, here.epoch_now(session))
        ahead = another or ask.after > journal.last_feed(session)
    if another:
        here.renew_epoch(ask.after)
    if not ahead:  # whoever asks for what comes after has what came before
        here.watch.read_to(caller.device_id, ask.after, here.now_ms())
    with here.store.reading() as session:
        epoch = here.epoch_now(session)
        without = None if ask.own else caller.device_id
        found, cursor, more = entries.page(session, ask.after, ask.limit, without=without)
        # a device that was taken in is known by its key before it has sent anything (for relay)
        named = {one.entry.record_id for one in found if one.entry.type == "device"}
        names = sorted(named | {one.entry.device_id for one in found})
        mark = entries.mark(session, cursor)
        keys = {one.device_id: one.public_key.hex() for one in devices.find(session, names)}
    rows: list[PulledEntry] = []
    for one in found:
        assert one.feed is not None
        verdict, code = quarantine.as_sent(one)
        assert verdict is not None
        row = PulledEntry(
            dev=one.entry.device_id,
            feed=one.feed,
            verdict=verdict,
            code=code,
            received_ms=one.received_ms or 0,
            body=one.body.decode(),
            sig=one.signature.hex() if one.signature and one.entry.kind in DECISIONS else None,
        )
        rows.append(row)
    return PullReply(
        entries=rows,
        devices=keys,
        next=cursor,
        more=more,
        server_ms=here.now_ms(),
        epoch=epoch,
        mark=mark,
    )


def _packed(request: Request, reply: PullReply) -> Response:
    data = reply.model_dump_json().encode()
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if len(data) >= _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        data = gzip.compress(data, compresslevel=6, mtime=0)
    return Response(data, headers=headers, media_type=_JSON)
