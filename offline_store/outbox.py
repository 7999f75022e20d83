"""The outbox: what was made here and how far it has come.

An entry is in the outbox from the transaction that wrote it ("transactional outbox"). It leaves in
the order made and stays listed, with its receipt, for a week after the server confirmed it.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, func
from sqlmodel import Session, col, select, update

from domain import bodies, merge
from domain.changes import Entry
from domain.records import Value
from offline_store import batches, blobs, bulk, entries, records, relayed, times
from offline_store.batches import Batch
from offline_store.entries import Logged, Waiting
from offline_store.tables import BlobRow, EntryRow

BATCH_MAX = 200  # entries in a push to begin with: about 60 kB packed, one request on a 2G link
BATCH_MAX_BYTES = 768 * 1024  # of bodies in one push
LISTED_MS = 7 * 24 * 3600 * 1000  # how long a received item stays listed
ITEMS_MAX = 1000
ItemState = Literal["waiting", "sending", "received", "refused"]
_BLOB_STATES: Mapping[str, ItemState] = {
    "waiting": "waiting",
    "sending": "sending",
    "received": "received",
    "refused": "refused",
}

_CONFIRM = (
    "UPDATE entry SET feed = ?, received_ms = ?, verdict = ?"
    " WHERE device_id = ? AND number BETWEEN ? AND ?"
)
_EXCEPT = "UPDATE entry SET verdict = ?, code = ?, params = ? WHERE device_id = ? AND number = ?"
_OTHERS = "SELECT record_id FROM entry WHERE record_id IN ({}) AND device_id <> ?"
_UNSENT = (col(EntryRow.device_id) == bindparam("device"), col(EntryRow.feed).is_(None))
_WAITING = select(func.count()).where(*_UNSENT)
_FIRST = "SELECT min(number) FROM entry WHERE device_id = ? AND feed IS NULL AND number > ?"
_FILES = select(func.count(), func.sum(col(BlobRow.size) - col(BlobRow.offset))).where(
    col(BlobRow.state).in_(["waiting", "sending"])
)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry ("entry") or one file ("blob") of this device, as the outbox shows it.

    `item_id` is the entry's id or the file's SHA-256; `what` the kind of entry ("decide") or of
    file ("thumb"). `receipt_code` is short enough to read out on the phone. `code` says why
    something was refused, or which trouble the last try had.
    """

    item: Literal["entry", "blob"]
    item_id: str
    record_id: str
    type: str
    what: str
    person_id: str
    made_ms: int
    state: ItemState
    size: int
    bytes_sent: int
    verdict: merge.Verdict | None
    receipt_code: str | None
    received_ms: int | None
    code: str | None
    params: Mapping[str, Value]
    action: str | None = None  # of a decision: what was done


class Outgoing(NamedTuple):
    """A push ready to go: the chain hash before it, and its entries."""

    batch: Batch
    previous: bytes
    entries: Sequence[Waiting]


class Count(NamedTuple):
    """What waits for the server: entries, files, and the bytes of those files still to go."""

    entries: int
    blobs: int
    bytes: int


class Answer(NamedTuple):
    """What the server said about one entry that it did not simply accept."""

    number: int
    verdict: merge.Verdict
    code: str | None
    params: Mapping[str, Value]


def pending(
    session: Session, device_id: str, limit: int = BATCH_MAX, *, after: int = 0
) -> list[Waiting]:
    """Return the oldest unconfirmed entries of this device, at most `limit`, in the order made.

    Only those behind the number `after`.
    """
    found = bulk.first(session, _FIRST, (device_id, after))
    first = found[0] if found else None
    return entries.waiting(session, device_id, first, limit) if first else []


def unsettled(session: Session, device_id: str) -> list[Logged]:
    """Return every entry of this device that the server has not taken, the refused ones too."""
    rows = session.execute(
        select(col(EntryRow.number))
        .where(col(EntryRow.device_id) == device_id)
        .where(col(EntryRow.feed).is_(None) | col(EntryRow.verdict).in_(["refused", "quarantined"]))
        .order_by(col(EntryRow.number))
    )
    return [entries.of_device(session, device_id, number, 1)[0] for (number,) in rows]


def links(session: Session, device_id: str, logged: Sequence[Logged]) -> list[dict[str, Value]]:
    """Return of each entry its number, its hash, the hash before it, and its signature, in hex."""
    found: list[dict[str, Value]] = []
    before: Logged | None = None
    for one in logged:
        if before is None or before.entry.number != one.entry.number - 1:
            known = entries.of_device(session, device_id, one.entry.number - 1, 1)
            before = known[0] if known and known[0].entry.number < one.entry.number else None
        signature = one.signature.hex() if one.signature else None
        found.append(
            {
                "n": one.entry.number,
                "hash": one.hash.hex(),
                "prev": before.hash.hex() if before else None,
                "sig": signature,
            }
        )
        before = one
    return found


def count(session: Session, device_id: str) -> Count:
    """Return how much waits for the server."""
    run = session.connection().execute
    waiting = run(_WAITING, {"device": device_id}).scalar() or 0
    files, left = run(_FILES).one()
    return Count(waiting, files, left or 0)


def media_left(session: Session) -> dict[int, int]:
    """Return the bytes of files that the server does not have yet, by priority."""
    left = (
        select(col(BlobRow.priority), func.sum(col(BlobRow.size) - col(BlobRow.offset)))
        .where(col(BlobRow.state).in_(["waiting", "sending"]))
        .group_by(col(BlobRow.priority))
    )
    return {priority: size or 0 for priority, size in session.exec(left)}


def is_sent(session: Session, record_id: str) -> bool:
    """Say whether the server has every entry of a record that is here."""
    waiting = select(EntryRow.number).where(
        col(EntryRow.record_id) == record_id, col(EntryRow.feed).is_(None)
    )
    return session.exec(waiting.limit(1)).first() is None


def next_push(
    session: Session, device_id: str, limit: int = BATCH_MAX, *, after: int = 0
) -> Outgoing | None:
    """Return the push to send now, or the one behind the entry `after`; None when nothing waits.

    A push that was begun is returned again as it was, because the server knows it by its first
    entry and its head. Commit before sending.
    """
    begun = batches.unanswered(session, device_id, after)
    if begun is not None:
        size = begun.last - begun.first + 1
        return _outgoing(session, begun, entries.waiting(session, device_id, begun.first, size))
    waiting = _fitting(pending(session, device_id, limit, after=after))
    if not waiting:
        return None
    first, last = waiting[0].number, waiting[-1].number
    batches.drop(session, device_id, first)  # of an earlier life of the server
    batch = Batch(device_id, first, last, waiting[-1].hash)
    batches.add(session, batch)
    return _outgoing(session, batch, waiting)


def last_sent(session: Session, device_id: str) -> Outgoing | None:
    """Return the last confirmed entry as a push of one, to ask whether the server still has it."""
    last = session.exec(
        select(func.max(col(EntryRow.number))).where(
            col(EntryRow.device_id) == device_id, col(EntryRow.feed).is_not(None)
        )
    ).one()
    if not last:
        return None
    one = entries.waiting(session, device_id, last, 1)
    return _outgoing(session, Batch(device_id, last, last, one[0].hash), one)


def confirm(
    session: Session,
    answered: Batch,
    exceptions: Sequence[Answer],
    policies: merge.TypePolicies = merge.POLICIES,
    *,
    sent: Sequence[Waiting] | None = None,
) -> list[str]:
    """Note the server's reply to a push and bring its records up to date; returns their ids.

    `sent` are the entries that it answers, where the caller still has them.

    Where another push is noted under the same feed number, the server was copied back since: both
    go again, and it says what it has of them.
    """
    assert answered.feed is not None
    former = batches.under(session, answered.device_id, answered.feed)
    if former is not None and former.first != answered.first:
        reopen(session, answered.device_id, min(former.first, answered.first), policies)
        return []
    batches.answer(session, answered)
    if sent is None:
        size = answered.last - answered.first + 1
        sent = entries.waiting(session, answered.device_id, answered.first, size)
    touched, ahead = _touched(sent, answered.received_ms or 0)
    told = (answered.feed, answered.received_ms, "accepted")
    bulk.run(session, _CONFIRM, (*told, answered.device_id, answered.first, answered.last))
    for answer in exceptions:
        if answered.first <= answer.number <= answered.last:
            said = (answer.verdict, answer.code, entries.pack_params(answer.params))
            bulk.run(session, _EXCEPT, (*said, answered.device_id, answer.number))
    out = [answer.number for answer in exceptions if answer.verdict in merge.OUT]
    moved = times.take_back(session, _own(session, answered, out))
    exceptional = {answer.number for answer in exceptions}
    doubtful = ahead | {one for one, of in touched.items() if not exceptional.isdisjoint(of)}
    doubtful |= _shared(session, answered, list(touched))
    if relayed.some(session):  # they stand behind what is confirmed now
        doubtful = set(touched)
    again = [one for one in touched if one in doubtful]
    records.refold_all(session, list(dict.fromkeys([*again, *moved])), policies)
    return list(touched)


def _own(session: Session, answered: Batch, numbers: Sequence[int]) -> list[Entry]:
    return [
        one.entry
        for number in numbers
        for one in entries.of_device(session, answered.device_id, number, 1)
    ]


def _touched(sent: Sequence[Waiting], received_ms: int) -> tuple[dict[str, list[int]], set[str]]:
    """Return the records of a push with the numbers of its entries, and which are ahead.

    Those are younger than their receipt, by the clock that wrote them.
    """
    touched: dict[str, list[int]] = {}
    ahead: set[str] = set()
    for one in sent:
        touched.setdefault(one.record_id, []).append(one.number)
        if bodies.wall_ms(one.body) > received_ms:
            ahead.add(one.record_id)
    return touched, ahead


def _shared(session: Session, answered: Batch, ids: Sequence[str]) -> set[str]:
    """Return the records that others wrote in, too, or of which some time was corrected.

    Where all entries are this device's, were accepted, and are no younger than their receipt, the
    fold with the server's number is the fold that is here.
    """
    found = times.corrected_records(session, ids)
    for start in range(0, len(ids), entries.IN_MAX):
        some = ids[start : start + entries.IN_MAX]
        others = _OTHERS.format(", ".join("?" * len(some)))
        found.update(row[0] for row in bulk.run(session, others, (*some, answered.device_id)))
    return found


def reopen(
    session: Session, device_id: str, first: int, policies: merge.TypePolicies = merge.POLICIES
) -> None:
    """Queue entries from number `first` on once more: the server says it does not have them.

    Their records are made anew: what the server had judged, and when, counts no longer.
    """
    these = (col(EntryRow.device_id) == device_id, col(EntryRow.number) >= first)
    touched = session.execute(
        select(col(EntryRow.record_id)).where(*these, col(EntryRow.feed).is_not(None))
    )
    record_ids = list(dict.fromkeys(touched.scalars()))
    session.exec(
        update(EntryRow)
        .where(*these)
        .values(feed=None, received_ms=None, verdict=None, code=None, params=None)
    )
    moved = times.settle(session, times.anchors_behind(session, device_id, first - 1))
    records.refold_all(session, list(dict.fromkeys([*record_ids, *moved])), policies)
    for batch in batches.of_device(session, device_id):
        if batch.last >= first or batch.reply is None:
            batches.drop(session, device_id, batch.first)


def items(session: Session, device_id: str, now_ms: int, limit: int = ITEMS_MAX) -> list[Item]:
    """Return everything of this device that waits, was refused, or was received in the last week.

    Newest entries first, then files in the order of sending; at most `limit` of each.
    """
    since_ms = now_ms - LISTED_MS
    pushes = batches.of_device(session, device_id)
    shown = entries.listed(session, device_id, since_ms, limit)
    found = [_entry_item(one, pushes) for one in shown]
    return found + [_blob_item(blob) for blob in blobs.listed(session, since_ms, limit)]


def short_code(receipt: str) -> str:
    """Return eight letters and digits of a receipt, for people to compare ("K7QM-2XYA")."""
    code = base64.b32encode(hashlib.sha256(receipt.encode()).digest()[:5]).decode()
    return f"{code[:4]}-{code[4:]}"


def _fitting(waiting: list[Waiting]) -> list[Waiting]:
    """Return what goes in one push: signed entries or unsigned ones, as long as they fit.

    The last signature of a push vouches for all of it, and nobody signed the unsigned ones.
    """
    size = 0
    for index, one in enumerate(waiting):
        size += len(one.body)
        mixed = (one.signature is None) != (waiting[0].signature is None)
        if index and (mixed or size > BATCH_MAX_BYTES):
            return waiting[:index]
    return waiting


def _outgoing(session: Session, batch: Batch, waiting: Sequence[Waiting]) -> Outgoing:
    if batch.first == 1:
        return Outgoing(batch, entries.genesis_of(session, batch.device_id), waiting)
    before = entries.waiting(session, batch.device_id, batch.first - 1, 1)
    return Outgoing(batch, before[0].hash, waiting)


def _entry_item(one: Logged, pushes: Sequence[Batch]) -> Item:
    entry = one.entry
    push = next((push for push in pushes if push.first <= entry.number <= push.last), None)
    if one.verdict in {"refused", "quarantined"}:
        state: ItemState = "refused"
    elif one.feed is not None:
        state = "received"
    else:
        state = "sending" if push else "waiting"
    return Item(
        item="entry",
        item_id=entry.entry_id,
        record_id=entry.record_id,
        type=entry.type,
        what=entry.kind,
        person_id=entry.person_id,
        made_ms=entry.wall_ms,
        state=state,
        size=len(one.body),
        bytes_sent=len(one.body) if one.feed is not None else 0,
        verdict=one.verdict,
        receipt_code=short_code(push.receipt) if push and push.receipt else None,
        received_ms=one.received_ms,
        code=one.code,
        params=one.params or {},
        action=_text(entry.set.get("action")),
    )


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _blob_item(blob: blobs.Blob) -> Item:
    state = _BLOB_STATES.get(blob.state, "waiting")
    return Item(
        item="blob",
        item_id=blob.sha256,
        record_id=blob.record_id,
        type="evidence",
        what=blob.kind,
        person_id="",
        made_ms=0,
        state=state,
        size=blob.size,
        bytes_sent=blob.offset,
        verdict=None,
        receipt_code=short_code(blob.receipt) if blob.receipt else None,
        received_ms=blob.received_ms,
        code=blob.error,
        params={},
    )
