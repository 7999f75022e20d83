"""A stop that waits for a gap in its chain is in force at once: the server carries it.

Its own signature proves it, the rules judge it, and it goes to all devices inside an entry of the
server (`domain.carried`). It stays among the waiting ones until its turn comes, which confirms it.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session

from domain.carried import CELL, wrapped
from domain.changes import BODY_MAX_BYTES
from domain.control import stops
from domain.devices import shut_out
from domain.holds import STATE
from domain.relay import Piece
from offline_store import journal, records, relayed
from server import rights
from server.own_entries import OwnStep, write_within
from server.site import Site
from server.verdicts import scene_of

_log = logging.getLogger(__name__)
_ROOM = 4096  # of the entry around it; a stop that long waits for its turn


def carry(here: Site, session: Session, device_id: str) -> int:
    """Put the stops of a device that wait here in force; returns how many. Within one transaction.

    Left waiting is one whose record is not here, whose device was shut out, or that the rules
    refuse: they are asked again when its turn comes, or by the next call.
    """
    found = here.pack.definitions
    if shut_out(records.lookup(session, device_id)):
        return 0
    ready: list[Piece] = []
    for row in relayed.find(session, device_id=device_id, limit=10_000):
        piece = row.piece
        if row.came.state != "waiting" or piece.signature is None:
            continue
        if not stops(found.policies, piece.entry.type, piece.entry.set):
            continue
        if len(piece.body) < BODY_MAX_BYTES // 2 - _ROOM and _counts(here, session, piece):
            ready.append(piece)
    _write(here, session, ready)
    return len(ready)


def _counts(here: Site, session: Session, piece: Piece) -> bool:
    """Whether the rules let a stop count, as they will when its turn comes."""
    entry, now = piece.entry, here.now_ms()
    taking = journal.Intake(
        session, entry.device_id, [entry.record_id], here.pack.definitions.policies
    )
    record = taking.record(entry.record_id)
    if record is None or record.type != entry.type:
        return False
    scene = scene_of(here, session, taking, entry, now)
    if not taking.has_base(entry, STATE):  # from which state it stops, nobody here can say yet
        scene = replace(scene, seen=_nothing)
    refusal = rights.check(entry, scene)
    if refusal is not None:
        extra = {"device": entry.device_id, "number": entry.number, "code": refusal.code}
        _log.warning("stop not carried", extra=extra)
    return refusal is None


def _nothing(_name: str) -> bool:
    return False


def _write(here: Site, session: Session, ready: Sequence[Piece]) -> None:
    steps: list[OwnStep] = []
    for piece in ready:
        entry, signature = piece.entry, piece.signature
        assert signature is not None
        cells = {CELL: wrapped(entry.device_id, piece.previous, piece.body, signature)}
        steps.append(
            OwnStep(
                rights.RULE, entry.record_id, entry.type, cells, kind="decide",
                definition=entry.definition,
            )
        )  # fmt: skip
        relayed.mark(session, piece, "carried")
        _log.info("stop carried", extra={"device": entry.device_id, "number": entry.number})
    if steps:
        write_within(here, session, steps)
