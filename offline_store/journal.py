"""The journal: every entry of every device, in its chain and in the feed; nothing is ever edited.

`write` appends an entry of this device in the transaction that edits its record: a crash keeps both
or neither. `receive` takes entries from the feed; one that is here already only learns its feed
number and verdict. `Intake` is how the server takes a push, each entry seeing the ones before it.
"""

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select, update
from sqlmodel import Session, col

from domain import merge
from domain.changes import (
    DeviceTime,
    Entry,
    Sign,
    decode,
    digest_of,
    encode,
    link,
    link_digest,
    signed_bytes,
)  # fmt: skip
from domain.errors import ChainBrokenError
from domain.records import Value
from offline_store import entries, firsts, keeping, records, salvaged, signed, times
from offline_store.arrival import Arrival
from offline_store.entries import (
    Logged,
    head,
    last_feed,
    last_received_ms,
    of_device,
    of_record,
    page,
)
from offline_store.intake import Intake
from offline_store.tables import EntryRow

_Head = tuple[int, bytes]  # number and hash
LOST = "store.damaged"  # cell "what" of the event that stands for an entry that was lost

__all__ = [
    "LOST",
    "Arrival",
    "Author",
    "Intake",
    "Logged",
    "Stamp",
    "chain",
    "head",
    "is_stand_in",
    "last_feed",
    "last_received_ms",
    "of_device",
    "of_record",
    "page",
    "receive",
    "write",
]


class Author(NamedTuple):
    """Whose entry it is: this device (unsigned without its key), and who is signed on."""

    device_id: str
    person_id: str
    sign: Sign | None = None


class Stamp(NamedTuple):
    """When an entry is made: hybrid logical clock, device clocks, and a new id (UUIDv7)."""

    wall_ms: int
    counter: int
    time: DeviceTime
    entry_id: str


def write(  # noqa: PLR0913 -- an entry has that many parts
    session: Session,
    author: Author,
    stamp: Stamp,
    *,
    kind: str,
    record_id: str,
    type: str,
    definition: str,
    set: Mapping[str, Value],
    policies: merge.TypePolicies = merge.POLICIES,
    base: Mapping[str, str] | None = None,
) -> Entry:
    """Append an entry of this device, signed, and bring its record up to date.

    `base` names for each field the writer whose value the person saw; left out, it is what the
    store holds now. A "delete" has seen all cells, a "resolve" both sides of the open conflicts.
    """
    number, previous = head(session, author.device_id)
    entry = Entry(
        device_id=author.device_id,
        number=number + 1,
        entry_id=stamp.entry_id,
        kind=kind,
        person_id=author.person_id,
        record_id=record_id,
        type=type,
        definition=definition,
        base=dict(_seen(session, record_id, kind, set) if base is None else base),
        set=dict(set),
        wall_ms=stamp.wall_ms,
        counter=stamp.counter,
        time=stamp.time,
    )
    body = encode(entry)
    digest, signature = link(previous, body), None
    if author.sign and signed.may_be_built_on(session, author.device_id):
        signature = author.sign(signed_bytes(kind, digest))
    entries.add(session, [Logged(entry, body, digest, signature=signature)])
    records.refold_all(session, [record_id, *times.settle(session, [entry])], policies)
    return entry


def chain(previous: bytes, bodies: Iterable[bytes]) -> list[bytes]:
    """Return the hash after each body as its device sent it, going on from `previous`."""
    hashes: list[bytes] = []
    for body in bodies:
        previous = link_digest(previous, hashlib.sha256(body).digest())
        hashes.append(previous)
    return hashes


def receive(
    session: Session,
    arrivals: Sequence[Arrival],
    policies: merge.TypePolicies = merge.POLICIES,
    made: firsts.Rows | None = None,
) -> list[str]:
    """Take a page of the feed and bring its records up to date; returns the records touched.

    `made` is what `firsts.rows` says of them, where somebody asked it before. The devices of the
    entries must be known (`devices.add`). Each device's chain must go on from what is here: raises
    ChainBrokenError with device and number otherwise, and nothing is kept. Likewise
    SignatureWrongError for a decision that its device has not signed.
    """
    decisions = signed.Decisions(session)
    heads: dict[str, tuple[int, bytes]] = {}
    fresh: list[keeping.Fresh] = []
    out: list[Entry] = []
    for arrival in arrivals:
        entry = arrival.entry
        number, previous = heads.get(entry.device_id) or head(session, entry.device_id)
        if entry.number <= number:
            _learn(session, arrival, heads.get(entry.device_id), policies)
            out += [entry] if arrival.verdict in merge.OUT else []
            continue
        if entry.number != number + 1:
            raise ChainBrokenError(device=entry.device_id, number=entry.number)
        digest = arrival.linked(previous)
        arrival.check(decisions, digest)
        heads[entry.device_id] = (entry.number, digest)
        fresh.append((arrival, digest))
    touched = keeping.keep(session, fresh, arrivals, policies, made)
    moved = times.take_back(session, out)  # an own anchor whose answer was lost, and it was refused
    records.refold_all(session, moved, policies)
    return list(dict.fromkeys([*touched, *moved]))


def _seen(session: Session, record_id: str, kind: str, fields: Container[str]) -> dict[str, str]:
    record = records.lookup(session, record_id)
    if record is None:
        return {}
    seen = {
        name: cell.writer
        for name, cell in record.cells.items()
        if kind == "delete" or name in fields
    }
    if kind == "resolve":
        for conflict in records.conflicts(session, record_id):
            cell = record.cells[conflict.field]
            seen[conflict.field] = merge.join_writers(
                cell.writer, conflict.kept.writer, conflict.other.writer
            )
    return seen


def _learn(
    session: Session, arrival: Arrival, fresh: _Head | None, policies: merge.TypePolicies
) -> None:
    """Note feed and verdict of an entry that is here; other bytes under its number are a fork.

    A store that was saved from damage may lack it, or hold a stand-in for it: then it is put back.
    """
    entry = arrival.entry
    this = (col(EntryRow.device_id) == entry.device_id, col(EntryRow.number) == entry.number)
    known = session.connection().execute(select(col(EntryRow.body)).where(*this)).scalar()
    if fresh is None and (known is None or is_stand_in(known, entry.device_id)):
        _put_back(session, arrival, policies)
        return
    if fresh is not None or known is None or digest_of(known) != digest_of(arrival.body):
        raise ChainBrokenError(device=entry.device_id, number=entry.number)
    session.connection().execute(
        update(EntryRow)
        .where(*this)
        .values(
            feed=arrival.feed,
            verdict=arrival.verdict,
            code=arrival.code,
            received_ms=arrival.received_ms,
        )
    )


def is_stand_in(body: bytes, device_id: str) -> bool:
    """Say whether an entry stands for one that a damaged store has lost."""
    if LOST.encode() not in body:
        return False
    entry = decode(body, device_id)
    return entry.type == "event" and entry.set.get("what") == LOST


def _put_back(session: Session, arrival: Arrival, policies: merge.TypePolicies) -> None:
    """Put a lost entry into its place, and link what this device wrote after it to it."""
    entry = arrival.entry
    before = entries.of_device(session, entry.device_id, entry.number - 1, 1)
    if entry.number > 1 and (not before or before[0].entry.number != entry.number - 1):
        raise ChainBrokenError(device=entry.device_id, number=entry.number)
    previous = before[0].hash if entry.number > 1 else entries.genesis_of(session, entry.device_id)
    stood_in = entries.remove(session, entry.device_id, entry.number)
    digest = link(previous, arrival.body)
    arrival.check(signed.Decisions(session), digest)
    entries.add(session, [arrival.logged(digest)])
    if stood_in:
        records.refold(session, stood_in, policies)
        entries.relink(session, entry.device_id, entry.number, digest)
        salvaged.restore(session, entry.device_id)
