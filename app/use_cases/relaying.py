"""Passing signed records on to another device without a network, as pictures or as a file."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app import timekeeping
from app.field import FieldApp
from app.standing import former
from domain import relay
from domain.changes import DECISIONS, genesis
from domain.peer_time import ANSWER_MAX_MS
from domain.plant import Person
from domain.relay import (
    Message,
    Piece,
    RelayLargeError,
    RelayNothingError,
    RelayUnsignedError,
)
from media import relay_frames
from offline_store import blobs, devices, entries, journal, outbox, records, relay_files, relayed
from offline_store.entries import Logged

EASY_BYTES = 6 * 1024  # packed: some 20 frames, under ten seconds
_PIECE_BYTES = 512  # of a message: what an entry takes beside its body
PHOTOS_MAX_BYTES = 64 * 1024 * 1024  # in a file that the screen hands over in one piece


@dataclass(frozen=True, slots=True)
class Offered:
    """What is to be passed on: `packed` is None where it does not fit into pictures.

    `short`: entries of other work that stand before these were left out, to keep the pictures few;
    the server then waits for them. `frames` is how many pictures tell all of it.
    """

    message: bytes
    packed: bytes | None
    entries: int
    short: bool

    @property
    def frames(self) -> int:
        """How many pictures tell all of it."""
        return relay_frames.pieces(self.packed) if self.packed else 0


def offer(field: FieldApp, person: Person, record_id: str | None) -> Offered:
    """Return what there is to pass on about a record, or all that waits here.

    Raises RelayNothingError, RelayUnsignedError, RelayLargeError.
    """
    del person  # whoever sees the record may hand it over; it is signed by who wrote it
    with field.store.reading() as session:
        whole = _message(field, session, record_id, before=True)
        packed = _packed(whole)
        if record_id is None or (packed is not None and len(packed) <= EASY_BYTES):
            return Offered(relay.encode(whole), packed, whole.count, short=False)
        alone = _message(field, session, record_id, before=False)
        if alone.count == whole.count:
            return Offered(relay.encode(whole), packed, whole.count, short=False)
        return Offered(relay.encode(alone), _packed(alone), alone.count, short=True)


def time_wanted(field: FieldApp) -> bool:
    """Say whether this device needs the time, or was just asked for it by another."""
    heard = field.peer.heard
    asked = heard is not None and field.clock.mono_ms() - heard[1] <= ANSWER_MAX_MS
    return asked or not field.clock.trusted


def file_of(field: FieldApp, person: Person, record_id: str | None) -> bytes:
    """Return a relay file of a record, or of all that waits, with photos as far as they fit.

    Raises as `offer`.
    """
    del person
    made = io.BytesIO()
    with field.store.reading() as session:
        message = _message(field, session, record_id, before=True)
        wanted = relay_files.named_in(message)
        waiting = [one for one in blobs.unsettled(session) if one.sha256 in wanted]
        chosen, size = list[str](), 0
        for one in sorted(waiting, key=lambda blob: (blob.priority, blob.size)):
            size += one.size
            if size <= PHOTOS_MAX_BYTES:
                chosen.append(one.sha256)
        relay_files.write(made, field.store, relay.encode(message), chosen)
    return made.getvalue()


def unsent(field: FieldApp, session: Session) -> list[bytes]:
    """Return all that waits here as messages, for the file of the outbox.

    Also what earlier identities of this device have not sent. What nothing signs stands in the file
    as bytes alone.
    """
    pieces: list[Piece] = []
    for device_id in [field.device.device_id, *(one.device_id for one in former(session))]:
        after = 0
        while waits := outbox.pending(session, device_id, 1, after=after):
            some = entries.of_device(session, device_id, waits[0].number, relay.ENTRIES_MAX)
            pieces += _pieces(session, some)
            after = some[-1].entry.number
    pieces += [one.piece for one in relayed.find(session)]
    made: list[bytes] = []
    for some in _portions({one.place: one for one in pieces}.values()):
        try:
            made.append(relay.encode(_said(field, session, some)))
        except (RelayNothingError, RelayUnsignedError):
            continue
    return made


def _portions(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Cut entries, in the order of their chains, into as many as fit into a message."""
    portion: list[Piece] = []
    size, runs = 0, 0
    for one in sorted(pieces, key=lambda piece: piece.place):
        before = portion[-1].entry if portion else None
        goes_on = before is not None and (before.device_id, before.number + 1) == (
            one.entry.device_id, one.entry.number,
        )  # fmt: skip
        size, runs = size + 2 * len(one.body) + _PIECE_BYTES, runs + (not goes_on)
        full = size > relay.MESSAGE_MAX_BYTES or len(portion) >= relay.ENTRIES_MAX
        if portion and (full or runs > relay.RUNS_MAX):
            yield portion
            portion, size, runs = [], 2 * len(one.body) + _PIECE_BYTES, 1
        portion.append(one)
    if portion:
        yield portion


def _packed(message: Message) -> bytes | None:
    try:
        return relay_frames.pack(relay.encode(message))
    except RelayLargeError:
        return None


def _message(field: FieldApp, session: Session, record_id: str | None, *, before: bool) -> Message:
    own = field.device.device_id
    pieces = _own(session, own, record_id, before=before)
    pieces += _of_others(session, record_id)
    if record_id is not None:
        pieces += _confirmed(session, own, record_id)
    return _said(field, session, list({one.place: one for one in pieces}.values()))


def _said(field: FieldApp, session: Session, pieces: Sequence[Piece]) -> Message:
    own = field.device.device_id
    known = {one.device_id: one.public_key for one in devices.find(session)}
    known[own] = field.device.public_key
    runs = relay.runs_of(pieces, known)
    now, ask = field.clock.now_ms(), timekeeping.ask_peer(field)
    vouched = timekeeping.answer_peer(field, now)
    if not runs and not (ask or vouched):  # the time alone is worth handing over
        raise RelayUnsignedError if pieces else RelayNothingError
    code = field.definitions.plant.code
    return Message(code, own, now, runs[-relay.RUNS_MAX :], ask, vouched)


def _ids(session: Session, record_id: str) -> set[str]:
    evidence = records.evidence_of(session, record_id)
    return {record_id, *(one.record_id for one in evidence)}


def _own(session: Session, own: str, record_id: str | None, *, before: bool) -> list[Piece]:
    """Return own entries that wait: `before`, all up to the last wanted, so that none lacks."""
    waiting: list[Logged] = []
    for start in outbox.pending(session, own, 1):
        waiting = entries.of_device(session, own, start.number, relay.ENTRIES_MAX)
    if record_id is not None:
        ids = _ids(session, record_id)
        wanted = [one.entry.number for one in waiting if one.entry.record_id in ids]
        last = max(wanted, default=0)
        waiting = [
            one
            for one in waiting
            if one.entry.number <= last and (before or one.entry.record_id in ids)
        ]
    return _pieces(session, waiting)


def _of_others(session: Session, record_id: str | None) -> list[Piece]:
    """Return what came by relay; with it what stands behind it and proves it."""
    rows = [one.piece for one in relayed.find(session, limit=relay.ENTRIES_MAX)]
    if record_id is None:
        return rows
    ids = _ids(session, record_id)
    found: list[Piece] = []
    open_until_signed: str | None = None
    for one in rows:
        wanted = one.entry.record_id in ids or open_until_signed == one.entry.device_id
        if not wanted:
            continue
        found.append(one)
        open_until_signed = None if one.signature else one.entry.device_id
    return found


def _confirmed(session: Session, own: str, record_id: str) -> list[Piece]:
    """Return the confirmed entries that this device can prove: its own, and decisions of others."""
    rows = [
        one
        for one in journal.of_record(session, record_id)
        if one.feed is not None
        and one.signature is not None
        and one.verdict not in ("refused", "quarantined")
        and (one.entry.device_id == own or one.entry.kind in DECISIONS)
    ]
    return _pieces(session, rows)


def _pieces(session: Session, rows: Sequence[Logged]) -> list[Piece]:
    found: list[Piece] = []
    before: Piece | None = None
    keys = {one.device_id: one.public_key for one in devices.find(session)}
    for one in rows:
        entry = one.entry
        follows = before is not None and (before.entry.device_id, before.entry.number + 1) == (
            entry.device_id, entry.number,
        )  # fmt: skip
        if before is not None and follows:
            previous: bytes | None = before.hash
        elif entry.number == 1:
            previous = genesis(entry.device_id, keys[entry.device_id])
        else:
            previous = entries.hash_of(session, entry.device_id, entry.number - 1)
        if previous is None:  # what stands before it never came here
            continue
        before = Piece(entry, one.body, previous, one.hash, one.signature)
        found.append(before)
    return found
