"""Entries that one device brings for another: checked like a push of their writer, taken once.

What goes on from the chain that is here is a push of the device that wrote it. What leaves a gap
waits in a table of its own and counts for nothing, until the gap is filled by whoever comes first:
the writer itself, or another carrier. A stop does not wait: it is in force at once (`carrying`).
"""

import logging
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session

from domain import relay
from domain.changes import DECISIONS
from domain.relay import Message, Piece, RelayError, Run
from offline_store import devices, entries, journal, relayed
from offline_store.database import lock_feed
from offline_store.devices import Device
from offline_store.relayed import Came
from server import alarms, bodies, carrying, intake
from server.accounts import device
from server.own_entries import write_own
from server.problems import RefusalError
from server.site import Site, site
from sync.protocol import PushHead
from sync.relay_messages import Outcome, RelayedRun, RelayReply

router = APIRouter(prefix="/v1", tags=["records"])
_log = logging.getLogger(__name__)
WAITING_PER_DEVICE = 2_000  # entries of one device that wait for a gap to be filled
WAITING_MAX = 50_000
HELD_BACK = "held_back"  # a decision that waits for a gap: somebody is told

Here = Annotated[Site, Depends(site)]
Caller = Annotated[Device, Depends(device)]


@router.post("/relay", openapi_extra=bodies.described_bytes())
async def take_in(request: Request, here: Here, caller: Caller) -> Response:
    """Take what a device brings of others: a relay message, packed with gzip."""
    data = await bodies.read(request, here.settings.body_max_bytes)
    encoding = request.headers.get("content-encoding", "")
    reply = await run_in_threadpool(_read_and_take, here, caller, data, encoding)
    if any(run.outcome == "taken" for run in reply.runs):
        here.hints.announce()
    return Response(reply.model_dump_json(), media_type="application/json")


def _read_and_take(here: Site, caller: Device, data: bytes, encoding: str) -> RelayReply:
    plain = bodies.inflate(data, encoding, here.settings.inflated_max_bytes)
    try:
        message = relay.read(plain)
    except RelayError as error:
        reason = str(error.params.get("reason", ""))
        raise RefusalError(422, error.code, reason=reason) from error
    return take(here, message, caller.device_id)


def take(here: Site, message: Message, carrier: str) -> RelayReply:
    """Take a message, run by run: one that cannot be taken keeps no other from it."""
    plant = here.pack.definitions.plant
    if message.plant != plant.code:
        raise RefusalError(422, relay.RelayElsewhereError.code, plant=message.plant)
    runs = [said for run in message.runs for said in _take_run(here, run, carrier)]
    with here.store.reading() as session:
        epoch = here.epoch_now(session)
    return RelayReply(runs=runs, server_ms=here.now_ms(), epoch=epoch)


def settle(here: Site, now_ms: int) -> int:
    """Take what waited and goes on from its chain by now; a duty. Returns how many entries."""
    del now_ms
    with here.store.reading() as session:
        waiting = relayed.devices(session)
    took = sum(_follow(here, device_id) for device_id in waiting)
    return took + sum(_carry(here, device_id) for device_id in waiting)


def _take_run(here: Site, run: Run, carrier: str) -> list[RelayedRun]:
    with here.store.reading() as session:
        writer = devices.lookup(session, run.device_id)
    if writer is None:
        return [_refused(run.device_id, run.first, run.last, relay.RelayUnknownError.code)]
    try:
        pieces = relay.prove(run, writer.public_key)
    except RelayError as error:
        _log.warning("relay refused", extra={"device": run.device_id, "code": error.code})
        return [_refused(run.device_id, run.first, run.last, error.code)]
    return [_take_part(here, run, part, carrier) for part in _parted(here, pieces)]


def _parted(here: Site, pieces: Sequence[Piece]) -> list[Sequence[Piece]]:
    """Return a run whole, or in two where it leaves the chain that is here for another history."""
    device_id = pieces[0].entry.device_id
    with here.store.reading() as session:
        number, _ = journal.head(session, device_id)
        for at, one in enumerate(pieces):
            if one.entry.number > number:
                break
            if entries.hash_of(session, device_id, one.entry.number) != one.hash:
                return [part for part in (pieces[:at], pieces[at:]) if part]
    return [pieces]


def _take_part(here: Site, run: Run, pieces: Sequence[Piece], carrier: str) -> RelayedRun:
    device_id, first, last = run.device_id, pieces[0].entry.number, pieces[-1].entry.number
    try:
        outcome, expected = _offer(here, pieces, carrier)
    except RefusalError as error:
        if error.status == 503:
            raise
        return _refused(device_id, first, last, error.code)
    if outcome == "taken":
        _follow(here, run.device_id)
    return RelayedRun(dev=device_id, first=first, last=last, outcome=outcome, expected=expected)


def _refused(device_id: str, first: int, last: int, code: str) -> RelayedRun:
    return RelayedRun(dev=device_id, first=first, last=last, outcome="refused", code=code)


def _offer(here: Site, pieces: Sequence[Piece], carrier: str) -> tuple[Outcome, int | None]:
    """Take the entries, or let them wait; raises RefusalError for another history (a fork)."""
    device_id = pieces[0].entry.device_id
    with here.store.reading() as session:
        number, _ = journal.head(session, device_id)
        known = [one for one in pieces if one.entry.number <= number]
        first = entries.hash_of(session, device_id, pieces[0].entry.number)
    if known and first != pieces[0].hash:
        # both are signed by the device's key: the intake sets this one aside and tells
        _push(here, pieces)
    fresh = pieces[len(known) :]
    if not fresh:
        return "known", None
    if fresh[0].entry.number > number + 1:
        _wait(here, fresh, carrier)
        return "waiting", number + 1
    _push(here, fresh)
    return "taken", None


def _push(here: Site, pieces: Sequence[Piece]) -> None:
    """Give entries to the intake as a push of their writer, with the signatures they came with."""
    first, last = pieces[0], pieces[-1]
    assert last.signature is not None, "a run ends where it is proved"
    head = PushHead(
        dev=first.entry.device_id,
        first=first.entry.number,
        last=last.entry.number,
        prev=first.previous.hex(),
        head=last.hash.hex(),
        sig=last.signature.hex(),
    )
    sigs = {
        one.entry.number: one.signature
        for one in pieces
        if one.signature and one.entry.kind in DECISIONS
    }
    intake.take(here, head, [one.body for one in pieces], sigs)


def _carry(here: Site, device_id: str) -> int:
    """Put stops that wait in force; devices that wait for news are told."""

    def run(session: Session) -> int:
        lock_feed(session)
        return carrying.carry(here, session, device_id)

    carried = here.store.run(run)
    if carried:
        here.hints.announce()
    return carried


def _wait(here: Site, pieces: Sequence[Piece], carrier: str) -> None:
    device_id, now = pieces[0].entry.device_id, here.now_ms()
    with here.store.session() as session:
        waits = relayed.count(session, device_id)
        if waits + len(pieces) > WAITING_PER_DEVICE or relayed.count(session) > WAITING_MAX:
            raise RefusalError(429, relay.RelayFullError.code, limit=WAITING_PER_DEVICE)
        for one in pieces:
            if not relayed.add(session, one, Came(carrier, now, "waiting")) and one.signature:
                relayed.sign(session, one)
    _carry(here, device_id)
    with here.store.reading() as session:
        held = relayed.find(session, device_id=device_id, limit=WAITING_PER_DEVICE)
        sent = {one.place for one in pieces if one.entry.kind in DECISIONS}
        decided = [one.piece.entry.number for one in held
                   if one.came.state == "waiting" and one.piece.place in sent]  # fmt: skip
        steps = [
            step
            for number in decided[:1]
            for step in alarms.steps(here, session, HELD_BACK, device_id, number, now)
        ]
    write_own(here, steps, only_new=True)


def _follow(here: Site, device_id: str) -> int:
    """Take of what waits all that goes on from the chain now; returns how many entries."""
    took = 0
    while True:
        with here.store.session() as session:
            relayed.settle(session)
            number, head = journal.head(session, device_id)
            run: list[Piece] = []
            for row in relayed.find(
                session, device_id=device_id, limit=here.settings.batch_max_entries
            ):
                piece = row.piece
                if piece.entry.number <= number:  # the chain went on another way: set aside below
                    relayed.drop(session, piece)
                elif piece.entry.number == number + len(run) + 1 and piece.previous == head:
                    run.append(piece)
                    head = piece.hash
        while run and run[-1].signature is None:
            run.pop()
        if not run:
            return took
        try:
            _push(here, run)
        except RefusalError as error:  # somebody was quicker, or it can never be taken
            _log.warning("relay waits", extra={"device": device_id, "code": error.code})
            return took
        took += len(run)
