"""Taking in what another device hands over: it counts here at once, and goes on to the server."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session

from app import timekeeping
from app.field import FieldApp
from app.use_cases.hazard_views import NOBODY
from domain import relay
from domain.access import may, subject_of
from domain.carried import inside, proved
from domain.changes import as_created
from domain.control import stops
from domain.devices import named, shut_out
from domain.errors import FieldError, NotAllowedError
from domain.plant import Person
from domain.records import Record
from domain.relay import (
    Message,
    Piece,
    RelayElsewhereError,
    RelayError,
    RelayForkError,
    RelayOwnLostError,
    RelayRevokedError,
    RelayUnknownError,
    Run,
)
from domain.trusted_time import PeerTimeError
from domain.words import Words
from offline_store import blobs, devices, entries, records, relay_files, relayed, removals
from offline_store.relay_files import RelayFile
from offline_store.relayed import Came, Relayed, State

AHEAD_MAX_MS = 24 * 3600 * 1000  # a clock further ahead would win every merge until that day
CLOCK = "clock.ahead"


@dataclass(frozen=True, slots=True)
class Line:
    """One entry that came by relay, as it is told.

    `state`: "counts", "refused" (the person may not do it), "held" (only the server lets it
    count), "fork" (of another history than the server's), "missing" (its record is not here yet).
    """

    record_id: str
    type: str
    code: str
    title: str
    kind: str
    action: Words | None
    person: Words
    device: str
    at_ms: int
    state: str
    stops: bool


@dataclass
class Taken:
    """What became of a message: `known` entries were here already; `trouble`: what was refused.

    `time`: the clock of this device was set by it. `asked`: its maker wants to know the time.
    """

    sender: str
    lines: list[Line] = field(default_factory=list[Line])
    known: int = 0
    photos: int = 0
    trouble: list[FieldError] = field(default_factory=list[FieldError])
    time: bool = False
    asked: bool = False


def take(field: FieldApp, person: Person, data: bytes) -> Taken:
    """Take in the bytes of a message (of pictures); raises RelayError if nothing of it is good.

    Pictures are read from the screen of who made them, so they may also tell the time.
    """
    del person
    message = relay.read(data)
    taken = _take(field, message)
    _take_time(field, message, taken)
    _raise_if_nothing(taken)
    return taken


def take_file(field: FieldApp, person: Person, path: Path) -> Taken:
    """Take in a relay file, or the outbox file of another device, with its photos."""
    del person
    file = RelayFile(path)
    try:
        taken = _take_all(field, file.messages)
        wanted: dict[str, tuple[str, str]] = {}
        for message in file.messages:
            wanted |= relay_files.named_in(message)
        for sha in file.blobs:
            if sha not in wanted or blobs.is_here(field.store, sha):
                continue
            kind, record_id = wanted[sha]
            with field.store.reading() as session:
                evidence = records.lookup(session, record_id)
                if removals.is_removed(session, sha):  # never taken again
                    continue
            if evidence is None or evidence.get(kind) != sha:  # what names it was refused
                continue
            size = file.keep(field.store, sha)
            with field.store.session() as session:
                blobs.add(session, sha, size, kind=kind, record_id=record_id)
            taken.photos += 1
    finally:
        file.close()
    field.nudge()
    return taken


def _take_all(field: FieldApp, messages: Sequence[Message]) -> Taken:
    """Take messages in their order; raises RelayError if nothing of any is good."""
    whole = _take(field, messages[0])
    for message in messages[1:]:
        taken = _take(field, message)
        whole.lines += taken.lines
        whole.known += taken.known
        whole.trouble += taken.trouble
    _raise_if_nothing(whole)
    return whole


def waiting(field: FieldApp, record_id: str | None = None) -> list[Line]:
    """Return what came by relay and the server has not confirmed, of one record or of all."""
    with field.store.reading() as session:
        if not relayed.some(session):
            return []
        rows = relayed.find(session, record_ids=[record_id] if record_id else None)
        return [_line(field, session, one) for one in rows]


def _take(field: FieldApp, message: Message) -> Taken:
    if message.plant != field.definitions.plant.code:
        raise RelayElsewhereError(plant=message.plant)
    with field.store.session() as session:
        taken = Taken(_name(session, message.sender))
        kept: list[tuple[Piece, Came]] = []
        for run in message.runs:
            try:
                kept += _take_run(field, session, message, run, taken)
            except RelayError as error:
                taken.trouble.append(error)
        touched = list(dict.fromkeys(piece.entry.record_id for piece, _ in kept))
        records.refold_all(session, touched, field.definitions.policies)
        taken.lines = [
            _line(field, session, Relayed(piece, came, None, None)) for piece, came in kept
        ]
    field.nudge()
    return taken


def _take_time(field: FieldApp, message: Message, taken: Taken) -> None:
    """Let a device that this one knows, and that was not shut out, tell or ask the time."""
    with field.store.reading() as session:
        known = devices.lookup(session, message.sender)
        out = shut_out(records.lookup(session, message.sender))
    if known is None or out:
        return
    timekeeping.hear_peer(field, message)
    taken.asked = bool(message.ask)
    try:
        taken.time = timekeeping.take_peer(field, message, known.public_key)
    except PeerTimeError as error:
        taken.trouble.append(error)


def _raise_if_nothing(taken: Taken) -> None:
    if taken.trouble and not (taken.lines or taken.known or taken.time):
        raise taken.trouble[0]


def _take_run(
    field: FieldApp, session: Session, message: Message, run: Run, taken: Taken
) -> list[tuple[Piece, Came]]:
    known = devices.lookup(session, run.device_id)
    if known is None:
        raise RelayUnknownError(device=run.device_id)
    pieces = relay.prove(run, known.public_key)
    record = records.lookup(session, run.device_id)
    if shut_out(record):
        raise RelayRevokedError(device=_name(session, run.device_id))
    kept: list[tuple[Piece, Came]] = []
    now = field.clock.now_ms()
    for piece in pieces:
        number = piece.entry.number
        here = entries.hash_of(session, run.device_id, number)
        if here == piece.hash:
            taken.known += 1
            continue
        if here is None and run.device_id == field.device.device_id:
            raise RelayOwnLostError
        others = [one for one in relayed.at(session, run.device_id, number) if one != piece.hash]
        state, code = _judged(field, session, piece)
        if others or here is not None:  # both are signed: the server keeps them and tells people
            relayed.add(session, piece, Came(message.sender, now, "fork"))
            raise RelayForkError(device=_name(session, run.device_id), number=number)
        came = Came(message.sender, now, state, code)
        if relayed.add(session, piece, came):
            kept.append((piece, came))
        else:
            taken.known += 1
            if piece.signature:
                relayed.sign(session, piece)
    return kept


def _judged(field: FieldApp, session: Session, piece: Piece) -> tuple[State, str | None]:
    """Say whether an entry counts here, as far as this device can know; the server judges anew."""
    entry = piece.entry
    if relayed.goes_on_from_fork(session, piece):
        return "fork", None
    if entry.type in relay.NEVER_BY_RELAY:
        return "held", None
    found = field.definitions
    carried = inside(entry)
    if carried is not None:  # the server's word that it is in force: as good as its own signature
        known = devices.lookup(session, carried.device_id)
        good = known is not None and proved(entry, known.public_key)
        return ("counts", None) if good else ("refused", NotAllowedError.code)
    person = found.plant.people.get(entry.person_id)
    if person is None or person.retired_ms is not None:
        return "refused", NotAllowedError.code
    if stops(found.policies, entry.type, entry.set):  # whoever says so, until the server judges
        return "counts", None
    if entry.wall_ms > field.clock.now_ms() + AHEAD_MAX_MS:
        return "held", CLOCK
    action = entry.set.get("action")
    if entry.kind not in ("decide", "lift") or not isinstance(action, str):
        return "counts", None
    record = records.lookup(session, entry.record_id) or as_created(entry)
    allowed = action not in found.access.actions or may(
        found.access, found.plant, person, action, subject_of(record, on_site=True)
    )
    return ("counts", None) if allowed else ("refused", NotAllowedError.code)


def _line(field: FieldApp, session: Session, one: Relayed) -> Line:
    entry = one.piece.entry
    record = records.lookup(session, entry.record_id)
    people = field.definitions.plant.people
    action = entry.set.get("action")
    state = one.came.state
    if record is None and state == "counts":
        state = "missing"
    title = _first(record, ("words", "title", "name")) if record else ""
    return Line(
        record_id=entry.record_id,
        type=entry.type,
        code=record.text("code") if record else "",
        title=title,
        kind=entry.kind,
        action=field.definitions.access.actions.get(str(action)) if action else None,
        person=people[entry.person_id].name if entry.person_id in people else NOBODY,
        device=_name(session, entry.device_id),
        at_ms=entry.wall_ms,
        state=state,
        stops=stops(field.definitions.policies, entry.type, entry.set),
    )


def _first(record: Record, names: Sequence[str]) -> str:
    return next((record.text(name) for name in names if record.text(name)), "")


def _name(session: Session, device_id: str) -> str:
    record = records.lookup(session, device_id)
    name = record.text("name") if record and record.type == "device" else ""
    return named(name, device_id)
