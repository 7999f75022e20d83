"""Entries in and out: push takes what a device made, pull gives what the others made."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from domain.errors import EntryInvalidError
from offline_store import entries
from offline_store.devices import Device
from server import bodies, clock, intake, pages, revocation
from server.accounts import device, sender
from server.problems import RefusalError
from server.site import Site, site
from sync import packing
from sync.pages import PAGE_TYPE, pack_page
from sync.protocol import (
    ENTRIES_MAX,
    FILE_DIGITS,
    LIFE,
    SCOPES_MAX,
    SERVER_TIME,
    PullReply,
    unpack_push,
)

router = APIRouter(prefix="/v1", tags=["records"])
_JSON = "application/json"
_WORTH_PACKING = 512
_PASSED_BY_MS = 2000  # how long pages without news are passed by before one is answered
_LATER = {"enter", "leave", "subscription", "after", "ids"}
_KNOWN = rf"^[0-9a-zA-Z_-]{{0,64}}\.([0-9a-f]{{{entries.MARK_DIGITS}}})?\.([0-9a-f]{{8}}w?)?$"

Here = Annotated[Site, Depends(site)]
Caller = Annotated[Device, Depends(device)]
Sender = Annotated[Device, Depends(sender)]


@router.post("/push", openapi_extra=bodies.described_bytes())
async def push(request: Request, here: Here, caller: Sender) -> Response:
    """Take a batch of entries: a head line and the exact bodies, one per line, packed with gzip."""
    if request.state.lost:
        revocation.slow_down(here, caller)
    data = await bodies.read(request, here.settings.body_max_bytes)
    encoding = request.headers.get("content-encoding", "")
    taken, life = await run_in_threadpool(_push, here, caller, data, encoding)
    if taken.fresh:
        here.hints.announce()
    # beside the answer, which stays what it was
    return Response(taken.data, headers={LIFE: life}, media_type=_JSON)


def _push(here: Site, caller: Device, data: bytes, encoding: str) -> tuple[intake.Taken, str]:
    """Take a push; returns what became of it, and the life of the feed."""
    plain = bodies.inflate(data, encoding, here.settings.inflated_max_bytes)
    try:
        head, lines, sigs = unpack_push(plain)
    except EntryInvalidError as error:
        raise RefusalError(422, error.code, reason=str(error.params["reason"])) from error
    if head.dev != caller.device_id:
        raise RefusalError(403, "device.other")
    if len(lines) > here.settings.batch_max_entries:
        raise RefusalError(413, "batch.size", limit=here.settings.batch_max_entries)
    taken = intake.take(here, head, lines, sigs)
    with here.store.reading() as session:
        return taken, here.epoch_now(session)


@router.get("/pull")
async def pull(  # noqa: PLR0913 -- a query has that many parts
    request: Request,
    here: Here,
    caller: Caller,
    *,
    after: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=ENTRIES_MAX)] = ENTRIES_MAX,
    wait: Annotated[float, Query(ge=0, le=60)] = 0,
    own: Annotated[int, Query(ge=0, le=1)] = 0,
    kept: Annotated[int | None, Query(ge=0, le=2**53 - 1)] = None,
    sent: Annotated[int | None, Query(ge=0, le=2**53 - 1)] = None,
    file: Annotated[str | None, Query(pattern=f"^[0-9a-f]{{{FILE_DIGITS}}}$")] = None,
    epoch: Annotated[str | None, Query(max_length=64)] = None,
    seen: Annotated[str | None, Query(pattern=f"^[0-9a-f]{{{entries.MARK_DIGITS}}}$")] = None,
    k: Annotated[str | None, Query(pattern=_KNOWN)] = None,
) -> Response:
    """Give the feed after a cursor; with `wait` (s) the answer waits so long for news.

    The device's own entries are left out unless it asks for them with `own`. `epoch` and `seen`
    (the mark that came with the cursor) tell a store that was copied back from one that went on.
    `k` is how devices from version 1.2 on say both and what they subscribe to:
    `EPOCH.SEEN.SUBSCRIPTION`, each may be empty, and a `w` behind it to get moved records whole.
    A device that asks for a page ahead says with `kept` up to where it has stored the feed, and
    with `sent` which of its entries was confirmed last; it is told with `own_last` of later ones.
    `file` begins the name of the file that was confirmed to it last.
    """
    until = clock.mono_ms() + min(wait, here.settings.wait_max_s) * 1000
    ask = _ask(pages.Ask(after, limit, own == 1, epoch, seen, kept=kept, sent=sent, file=file), k)
    while True:
        ticket = here.hints.ticket()
        reply = await run_in_threadpool(pages.page, here, caller, ask)
        if not _news(reply) and reply.more and clock.mono_ms() < until + _PASSED_BY_MS:
            ask = ask._replace(after=reply.next, seen=None)  # nothing for it on this page
            continue
        left = (until - clock.mono_ms()) / 1000
        if ask.epoch and reply.epoch != ask.epoch:  # a new life of the feed is news
            break
        if (
            _news(reply)
            or reply.more
            or left <= 0
            or not await here.hints.wait(ticket, left, caller.device_id)
        ):
            break
        ask = ask._replace(after=reply.next, seen=None)
    known = not _news(reply) and reply.own_last is None
    if k is not None and known and (reply.next, reply.epoch) == (after, ask.epoch):
        return Response(status_code=204, headers={SERVER_TIME: str(reply.server_ms)})
    return await run_in_threadpool(lambda: _packed(request, reply, in_lines=k is not None))


@router.get("/snapshot")
def snapshot(
    request: Request,
    here: Here,
    caller: Caller,
    *,
    scope: Annotated[list[str], Query(min_length=1, max_length=SCOPES_MAX)],
    after: Annotated[str, Query(max_length=64)] = "",
    own: Annotated[int, Query(ge=0, le=1)] = 0,
    only: Annotated[Literal["ids"] | None, Query()] = None,
) -> Response:
    """Give the records of some of the device's scopes whole, in pages by record id.

    `next` of the first page is the cursor to pull from once the last page is kept. With `only=ids`
    the ids alone: what else a device holds it may hold no longer.
    """
    if "\0" in after:  # PostgreSQL takes no text with it
        raise RefusalError(422, "request.invalid", where=["query.after"])
    reply = pages.snapshot(here, caller, scope, after, own=own == 1, only_ids=only == "ids")
    return _packed(request, reply, in_lines=True)


def _ask(ask: pages.Ask, known: str | None) -> pages.Ask:
    if known is None:
        return ask
    epoch, seen, mark = known.split(".")
    return ask._replace(
        epoch=epoch or None, seen=seen or None, mark=mark[:8], whole=mark.endswith("w")
    )


def _news(reply: PullReply) -> bool:
    return bool(reply.entries or reply.enter or reply.leave or reply.subscription)


def _packed(request: Request, reply: PullReply, *, in_lines: bool) -> Response:
    if in_lines:
        data, kind = pack_page(reply), PAGE_TYPE
    else:  # as the version before knows it
        data, kind = reply.model_dump_json(exclude=_LATER).encode(), _JSON
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if len(data) >= _WORTH_PACKING:
        data, coat = packing.pack(data, request.headers.get("accept-encoding", ""))
        if coat:
            headers["Content-Encoding"] = coat
    return Response(data, headers=headers, media_type=kind)
