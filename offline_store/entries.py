"""The rows of the journal: read and insert entries; `offline_store.journal` says what they mean."""

import json
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from sqlalchemy import Row, Select, bindparam, delete, select, text, update
from sqlmodel import Session, col

from domain.changes import Entry, decode, genesis, link
from domain.errors import EntryInvalidError, StoreDamagedError
from domain.merge import Verdict
from domain.records import Value
from offline_store import bulk
from offline_store.bulk import IN_MAX
from offline_store.tables import DECIDED, EntryRow

MARK_DIGITS = 16  # hex, of the hash that tells a feed from one with the same numbers
_FOLD_ORDER = '"feed" IS NULL, "feed", "device_id", "number"'
_READ = (
    "device_id", "record_id", "body", "hash", "feed", "verdict", "code", "params", "received_ms",
    "signature",
)  # fmt: skip
STORED = (
    "device_id", "number", "entry_id", "record_id", "kind", "person_id", "body", "hash", "feed",
    "received_ms", "verdict", "code", "params", "signature",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry as the journal holds it; `feed` None means that the server has not confirmed it.

    `signature` is its device's own, over `changes.signed_bytes`. Elsewhere than on that device only
    some are known: decisions', and on the server the one that each push came with.
    """

    entry: Entry
    body: bytes
    hash: bytes
    feed: int | None = None
    verdict: Verdict | None = None
    code: str | None = None
    params: Mapping[str, Value] | None = None
    received_ms: int | None = None
    signature: bytes | None = None


class Waiting(NamedTuple):
    """An entry of this device as it is sent; most senders need not know what it says."""

    device_id: str
    number: int
    kind: str
    record_id: str
    body: bytes
    hash: bytes
    signature: bytes | None = None
    feed: int | None = None

    @property
    def entry(self) -> Entry:
        """What it says; raises StoreDamagedError where its bytes are no entry."""
        return _entry(self.body, self.device_id)


class Stored(NamedTuple):
    """A confirmed entry as its row says it: its body is passed on, and nobody reads it here."""

    device_id: str
    feed: int
    verdict: Verdict
    code: str | None
    received_ms: int | None
    body: bytes
    signature: bytes | None
    kind: str
    record_id: str
    params: str | None  # JSON


class Last(NamedTuple):
    """The end of a device's chain."""

    number: int
    kind: str
    hash: bytes
    signature: bytes | None


def add(session: Session, logged: Sequence[Logged], feed: int | None = None) -> None:
    """Insert entries in bulk; the caller brings their records up to date.

    `feed` is the number of those that have none of their own.
    """
    add_rows(session, [_values(one, feed) for one in logged])


def add_rows(session: Session, rows: Sequence[bulk.Row]) -> None:
    """Insert entries as rows of `STORED` columns; the caller brings their records up to date."""
    bulk.insert(session, EntryRow, STORED, rows)


def of_record(session: Session, record_id: str) -> list[Logged]:
    """Return the entries of a record in the order of their fold: unconfirmed ones last."""
    return of_records(session, [record_id]).get(record_id, [])


def of_records(session: Session, record_ids: Sequence[str]) -> dict[str, list[Logged]]:
    """Return the entries of many records, each in the order of its fold."""
    found: dict[str, list[Logged]] = defaultdict(list)
    for row in bulk.select(session, EntryRow, _READ, "record_id", record_ids, _FOLD_ORDER):
        found[row.record_id].append(logged(row))
    return found


def by_record(some: Sequence[Logged], of: Container[str]) -> dict[str, list[Logged]]:
    """Return confirmed entries of some records, each record's in the order of its fold."""
    found: dict[str, list[Logged]] = {}
    for one in sorted(some, key=lambda one: (one.feed or 0, one.entry.device_id, one.entry.number)):
        if one.entry.record_id in of:
            found.setdefault(one.entry.record_id, []).append(one)
    return found


def ids_known(session: Session, entry_ids: Sequence[str]) -> set[str]:
    """Return those of these entry ids that an entry has already."""
    return {row[0] for row in bulk.select(session, EntryRow, ("entry_id",), "entry_id", entry_ids)}


def of_device(session: Session, device_id: str, first: int, limit: int) -> list[Logged]:
    """Return at most `limit` of a device's entries from number `first` on."""
    given = {"device": device_id, "first": first, "most": limit}
    return [logged(row) for row in session.connection().execute(_OF_DEVICE, given)]


def waiting(session: Session, device_id: str, first: int, limit: int) -> list[Waiting]:
    """Return the same as they are sent."""
    rows = bulk.run(session, _WAITING, (device_id, first, first + limit - 1))
    return [Waiting(*row) for row in rows]


def decisions_far_back(session: Session, device_id: str, by: int) -> list[Logged]:
    """Return a device's signed decisions that wait behind `by` or more of its other entries."""
    first = bulk.first(session, _WAITING_FIRST, (device_id,))
    if first is None or first[0] is None:
        return []
    given = {"device": device_id, "first": first[0] + by, "most": IN_MAX}
    return [logged(row) for row in session.connection().execute(_DECIDED, given)]


def remove(session: Session, device_id: str, number: int) -> str | None:
    """Take a stand-in out of the journal; returns the id of its record, None if there is none."""
    this = (col(EntryRow.device_id) == device_id, col(EntryRow.number) == number)
    query = select(col(EntryRow.record_id)).where(*this)
    record_id: str | None = session.connection().execute(query).scalar()
    session.connection().execute(delete(EntryRow).where(*this))
    return record_id


def relink(session: Session, device_id: str, after: int, previous: bytes) -> None:
    """Compute the chain hashes behind an entry anew: its bytes changed, nobody has them.

    What was signed was the old hash, and nobody may sign for what others might have changed since:
    an entry with a new hash is unsigned.
    """
    while some := of_device(session, device_id, after + 1, IN_MAX):
        for one in some:
            previous = link(previous, one.body)
            after = one.entry.number
            if previous == one.hash:
                continue
            session.connection().execute(
                update(EntryRow)
                .where(col(EntryRow.device_id) == device_id, col(EntryRow.number) == after)
                .values(hash=previous, signature=None)
            )


def last_of_device(session: Session, device_id: str) -> Last | None:
    """Return the end of a device's chain; None before its first entry."""
    found = bulk.first(session, _LAST, (device_id,))
    return Last(*found) if found else None


def head(session: Session, device_id: str) -> tuple[int, bytes]:
    """Return number and hash of a device's last entry; before its first, 0 and its genesis."""
    last = last_of_device(session, device_id)
    return (last.number, last.hash) if last else (0, genesis_of(session, device_id))


def genesis_of(session: Session, device_id: str) -> bytes:
    """Return the hash before a known device's first entry."""
    found = bulk.first(session, _KEY, (device_id,))
    assert found is not None, "a device writes and sends only once it is known"
    return genesis(device_id, found[0])


def signs_since(session: Session, device_id: str) -> int | None:
    """Return the number of the first entry of a device whose signature is here; None for none."""
    found = bulk.first(session, _SIGNS, (device_id,))
    return found[0] if found else None


def page(
    session: Session, after: int, limit: int, *, without: str | None = None
) -> tuple[list[Logged], int, bool]:
    """Return entries of the feed after `after`, the cursor behind them, and whether more follow.

    A page ends at a feed boundary, so it may hold more than `limit` by one batch; `without` leaves
    out the entries of one device.
    """
    end, more = _edge(session, after, limit)
    rows = _of_feed(session, after, end, _READ)
    return [logged(row) for row in rows if row.device_id != without], end, more


def stored_page(
    session: Session, after: int, limit: int, *, without: str | None = None
) -> tuple[list[Stored], int, bool]:
    """Return the same as `page`, for whoever passes it on as it is.

    What is left out does not count: a device that has sent much is not led through all of it.
    """
    last = last_feed(session)
    if last <= after:
        return [], after, False
    others = (after, without or "")
    edge = bulk.first(session, _EDGE_OF_OTHERS, (*others, limit - 1))
    end = edge[0] if edge else last
    rows = bulk.run(session, _PASSED_ON, (*others, end))
    return [Stored._make(row) for row in rows], end, end < last


def _edge(session: Session, after: int, limit: int) -> tuple[int, bool]:
    """Return the feed number with which a page ends, and whether more follow."""
    last = last_feed(session)
    if last <= after:  # most who ask have everything
        return after, False
    edge = bulk.first(session, _EDGE, (after, limit - 1))
    end = edge[0] if edge else last
    return end, end < last


def _of_feed(
    session: Session, after: int, end: int, names: tuple[str, ...]
) -> "Sequence[Row[Any]]":
    order = '"feed", "device_id", "number"'
    if end <= after:
        return ()
    return bulk.between(session, EntryRow, names, "feed", after, end, order)


def last_feed(session: Session) -> int:
    """Return the highest feed number in the journal; 0 for an empty one."""
    found = bulk.first(session, _LAST_FEED)
    return (found[0] if found else None) or 0


def confirmed_last(session: Session, device_id: str) -> int:
    """Return the number of a device's last entry that is in the feed; 0 for none."""
    found = bulk.first(session, _CONFIRMED, (device_id,))
    return found[0] if found else 0


def last_received_ms(session: Session, without: str) -> int | None:
    """Return when the newest entry of the feed came, one device left out; None where none came."""
    feed = col(EntryRow.feed)
    query = select(col(EntryRow.received_ms)).order_by(feed.desc()).limit(1)
    others = query.where(feed.is_not(None), col(EntryRow.device_id) != without)
    return session.connection().execute(others).scalar()


def mark(session: Session, feed: int) -> str | None:
    """Return what tells the feed up to here from another one: digits of its last entry's hash."""
    found = bulk.first(session, _MARK, (feed,))
    return found[0].hex()[:MARK_DIGITS] if found else None


def listed(session: Session, device_id: str, since_ms: int, limit: int) -> list[Logged]:
    """Return a device's entries that wait, were refused, or were received since; newest first."""
    out = col(EntryRow.verdict).in_(["refused", "quarantined"])
    fresh = col(EntryRow.feed).is_(None) | (col(EntryRow.received_ms) >= since_ms)
    rows = session.connection().execute(
        _columns()
        .where(col(EntryRow.device_id) == device_id, fresh | out)
        .order_by(col(EntryRow.number).desc())
        .limit(limit)
    )
    return [logged(row) for row in rows]


def broken(session: Session, *, waiting: bool) -> bool:
    """Say whether any entry is not what its chain says; `waiting`: of those not confirmed yet."""
    query = select(
        col(EntryRow.device_id), col(EntryRow.number), col(EntryRow.body), col(EntryRow.hash)
    ).order_by(col(EntryRow.device_id), col(EntryRow.number))
    if waiting:
        query = query.where(col(EntryRow.feed).is_(None))
    before: tuple[str, int, bytes] | None = None
    for device_id, number, body, digest in session.connection().execute(query):
        if before is None or before[:2] != (device_id, number - 1):
            earlier = hash_of(session, device_id, number - 1)
            before = (device_id, number - 1, earlier) if earlier else None
        if before is not None and link(before[2], body) != digest:
            return True
        before = (device_id, number, digest)
    return False


def hash_of(session: Session, device_id: str, number: int) -> bytes | None:
    """Return the chain hash of one entry; None if it is not here."""
    query = select(col(EntryRow.hash)).where(
        col(EntryRow.device_id) == device_id, col(EntryRow.number) == number
    )
    return session.connection().execute(query).scalar()


def pack_params(params: Mapping[str, Value] | None) -> str | None:
    """Return the params of a verdict as they stand in the table."""
    return json.dumps(params, ensure_ascii=False) if params else None


def logged(row: "Row[Any]") -> Logged:
    """Read one row of the journal; raises StoreDamagedError where its bytes are no entry."""
    return Logged(
        entry=_entry(row.body, row.device_id),
        body=row.body,
        hash=row.hash,
        feed=row.feed,
        verdict=cast("Verdict | None", row.verdict),
        code=row.code,
        params=json.loads(row.params) if row.params else None,
        received_ms=row.received_ms,
        signature=row.signature,
    )


def _entry(body: bytes, device_id: str) -> Entry:
    try:
        return decode(body, device_id)
    except EntryInvalidError as error:  # they were checked when they came in
        raise StoreDamagedError(file="entry") from error


def _columns() -> Select[*tuple[Any, ...]]:
    return select(*(col(getattr(EntryRow, name)) for name in _READ))


_WAITING = (
    "SELECT device_id, number, kind, record_id, body, hash, signature, feed FROM entry"
    " WHERE device_id = ? AND number BETWEEN ? AND ? ORDER BY number"
)
# asked many times a second: a query that is made once costs a quarter
_DEVICE = col(EntryRow.device_id) == bindparam("device")
_OF_DEVICE = (
    _columns()
    .where(_DEVICE, col(EntryRow.number) >= bindparam("first"))
    .order_by(col(EntryRow.number))
    .limit(bindparam("most"))
)
_LAST = (
    "SELECT number, kind, hash, signature FROM entry WHERE device_id = ?"
    " ORDER BY number DESC LIMIT 1"
)
_KEY = "SELECT public_key FROM device WHERE device_id = ?"
_SIGNS = "SELECT min(number) FROM entry WHERE device_id = ? AND signature IS NOT NULL"
_LAST_FEED = "SELECT max(feed) FROM entry"
_CONFIRMED = (
    "SELECT number FROM entry WHERE device_id = ? AND feed IS NOT NULL ORDER BY number DESC LIMIT 1"
)
_EDGE = "SELECT feed FROM entry WHERE feed > ? ORDER BY feed LIMIT 1 OFFSET ?"
_EDGE_OF_OTHERS = (
    "SELECT feed FROM entry WHERE feed > ? AND device_id <> ? ORDER BY feed LIMIT 1 OFFSET ?"
)
_PASSED_ON = (
    f"{bulk.columns(EntryRow, Stored._fields)} WHERE feed > ? AND device_id <> ? AND feed <= ?"
    " ORDER BY feed, device_id, number"
)
_WAITING_FIRST = "SELECT min(number) FROM entry WHERE device_id = ? AND feed IS NULL"
# on devices alone, and their SQLite would rather look through all that waits
_DECIDED = text(
    f"{bulk.columns(EntryRow, _READ)} INDEXED BY entry_decided"
    f" WHERE device_id = :device AND number >= :first AND {DECIDED}"
    " AND signature IS NOT NULL ORDER BY number LIMIT :most"
)
_MARK = "SELECT hash FROM entry WHERE feed <= ? ORDER BY feed DESC, device_id, number DESC LIMIT 1"


def _values(one: Logged, feed: int | None) -> bulk.Row:
    entry = one.entry
    return (
        entry.device_id, entry.number, entry.entry_id, entry.record_id, entry.kind,
        entry.person_id, one.body, one.hash, one.feed or feed, one.received_ms, one.verdict,
        one.code, pack_params(one.params), one.signature,
    )  # fmt: skip
