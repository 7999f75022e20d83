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
    genesis,
    link,
    link_digest,
    signed_bytes,
)  # fmt: skip
from domain.errors import ChainBrokenError
from domain.records import Record, Value
from offline_store import entries, firsts, keeping, records, salvaged, signed, times
from offline_store.arrival import Arrival
from offline_store.database import lock_feed
from offline_store.entries import Logged, last_feed, last_received_ms, of_device, of_record, page
from offline_store.tables import DeviceRow, EntryRow

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


def head(session: Session, device_id: str) -> tuple[int, bytes]:
    """Return number and hash of a device's last entry; before its first, 0 and its genesis."""
    last = entries.last_of_device(session, device_id)
    return (last.number, last.hash) if last else (0, _genesis(session, device_id))


def _genesis(session: Session, device_id: str) -> bytes:
    device = session.get(DeviceRow, device_id)
    assert device is not None, "a device writes and sends only once it is known"
    return genesis(device_id, device.public_key)


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
    for arrival in arrivals:
        entry = arrival.entry
        number, previous = heads.get(entry.device_id) or head(session, entry.device_id)
        if entry.number <= number:
            _learn(session, arrival, heads.get(entry.device_id), policies)
            continue
        if entry.number != number + 1:
            raise ChainBrokenError(device=entry.device_id, number=entry.number)
        digest = arrival.linked(previous)
        arrival.check(decisions, digest)
        heads[entry.device_id] = (entry.number, digest)
        fresh.append((arrival, digest))
    return keeping.keep(session, fresh, arrivals, policies, made)


class Intake:
    """A push on its way into the journal of the server, within one transaction.

    Entries are added in order; `record` shows what the ones before made of a record, so that each
    can be judged. `save` writes all of them and takes the feed number last.
    """

    def __init__(
        self,
        session: Session,
        device_id: str,
        record_ids: Iterable[str],
        policies: merge.TypePolicies = merge.POLICIES,
    ) -> None:
        """Load the records that the push touches, all at once."""
        self._session, self._device_id, self._policies = session, device_id, policies
        self._number, self._hash = head(session, device_id)
        self._logged: list[Logged] = []
        ids = list(dict.fromkeys(record_ids))
        earlier, true = entries.of_records(session, ids), times.of_records(session, ids)
        self._new = frozenset(ids) - earlier.keys()
        self._refused = {
            one.entry.writer
            for logged in earlier.values()
            for one in logged
            if one.verdict in {"refused", "quarantined"}
        }
        self._written = {
            record_id
            for record_id, logged in earlier.items()
            if any(one.entry.device_id == device_id for one in logged)
        }
        self._folded = {
            record_id: merge.fold(times.fed(earlier.get(record_id, ()), true), policies)
            for record_id in ids
        }

    def record(self, record_id: str) -> Record | None:
        """Return a record as the entries so far have made it."""
        folded = self._folded[record_id]
        return folded.record if folded else None

    def has(self, record_id: str) -> bool:
        """Whether the push touches this record."""
        return record_id in self._folded

    def known(self, record_id: str) -> bool:
        """Whether a record is here, or this device wrote it before and was refused.

        What others were refused does not count: it must keep nothing from being written.
        """
        return self.record(record_id) is not None or record_id in self._written

    def records(self, type: str) -> list[Record]:
        """Return the records of a type that the push touches, as the entries so far made them."""
        found = (folded.record for folded in self._folded.values() if folded)
        return [record for record in found if record and record.type == type]

    def seen(self, entry: Entry, name: str) -> bool:
        """Whether the author of an entry knew the value that a cell of its record has now."""
        folded = self._folded[entry.record_id]
        return folded is None or merge.seen(folded, entry, name)

    def has_base(self, entry: Entry, name: str) -> bool:
        """Whether what the author of an entry had seen of a cell is here at all."""
        folded, base = self._folded[entry.record_id], entry.base.get(name)
        taken = folded.history.taken if folded else frozenset[str]()
        return base is None or all(one in taken for one in base.split("+"))

    def base_refused(self, entry: Entry) -> bool:
        """Whether an entry builds on one that was refused; a decision then has nothing to go on."""
        return any(writer in self._refused for writer in entry.base.values())

    def add(
        self,
        entry: Entry,
        body: bytes,
        received_ms: int,
        *,
        refused: str | None = None,
        quarantined: str | None = None,
        params: Mapping[str, Value] | None = None,
        signature: bytes | None = None,
        digest: bytes | None = None,
    ) -> merge.Merged:
        """Take the next entry; `refused` or `quarantined` is the code why it does not count.

        `signature` is its device's, verified by the caller; `digest` its chain hash, where the
        caller knows it.
        """
        assert entry.device_id == self._device_id
        assert entry.number == self._number + 1, "a gap is answered before the intake"
        before = self._folded[entry.record_id]
        code = refused or quarantined
        if code:
            merged = merge.refuse(before, entry, code)
        else:
            merged = merge.apply(before, entry, self._policies, received_ms)
        verdict: merge.Verdict = "quarantined" if quarantined else merged.verdict
        if verdict in {"refused", "quarantined"}:
            self._refused.add(entry.writer)
        self._number, self._hash = entry.number, digest or link(self._hash, body)
        self._folded[entry.record_id] = merged
        self._logged.append(
            Logged(
                entry, body, self._hash, None, verdict, merged.code, params, received_ms, signature
            )
        )
        return merged._replace(verdict=verdict)

    @property
    def head(self) -> bytes:
        """Chain hash after the entries so far."""
        return self._hash

    def save(self) -> int:
        """Write everything under the next feed number; returns it.

        The number is taken under a lock held until commit: whoever reads the feed never sees a
        number appear behind one that is already there.
        """
        lock_feed(self._session)
        feed = last_feed(self._session) + 1
        entries.add(self._session, self._logged, feed)
        touched = dict.fromkeys(one.entry.record_id for one in self._logged)
        folded = {one: self._folded[one] for one in touched}
        feeds = dict.fromkeys(touched, feed)
        records.save(self._session, folded, feeds, new=self._new, searched="never")
        records.settle_times(self._session, self._logged, self._policies)
        return feed


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
    previous = before[0].hash if entry.number > 1 else _genesis(session, entry.device_id)
    stood_in = entries.remove(session, entry.device_id, entry.number)
    digest = link(previous, arrival.body)
    arrival.check(signed.Decisions(session), digest)
    entries.add(session, [arrival.logged(digest)])
    if stood_in:
        records.refold(session, stood_in, policies)
        entries.relink(session, entry.device_id, entry.number, digest)
        salvaged.restore(session, entry.device_id)
