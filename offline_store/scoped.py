"""What a page of the feed means for a device that has not everything (server).

Nothing is written down about who holds what: a record lies in the scopes that its cells say, now
and at any cursor, because a record is the fold of its entries up to there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain import merge, scopes
from domain.carried import inside
from domain.changes import Entry
from domain.quarantine import outcome_of
from domain.records import Record
from offline_store import entries, quarantine, records
from offline_store.entries import IN_MAX, Logged
from offline_store.tables import BlobRow, EntryRow, RecordRow

# cells that a right compares with a person (`domain.access.subject_of`), besides those of the rules
_COMPARED = frozenset(
    ("area", "unit", "state", "reporter", "owner", "assignee", "inspector", "by", "to")
)


class Turn(NamedTuple):
    """A page for one subscription: entries of records held before, whole records, ids that left."""

    entries: list[Logged]
    enter: list[Logged]
    leave: list[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who reads, from where: `whole` where some of its scopes were filled later than the cursor."""

    device_id: str
    after: int
    own: bool
    whole: bool = False


class View:
    """The records of a store as a subscription sees them, within one transaction."""

    def __init__(
        self,
        session: Session,
        ground: scopes.Ground,
        subscribed: Sequence[str],
        policies: merge.TypePolicies,
    ) -> None:
        """Begin with nothing looked at."""
        self._session, self._ground, self._policies = session, ground, policies
        self._subscribed = frozenset(subscribed)
        self._watched = _COMPARED | {
            *ground.rules.follows.values(),
            *(cell for row in ground.rules.rows for cell in row.cells),
        }

    def visible(self, record_ids: Iterable[str]) -> set[str]:
        """Return which of these records the subscription has now."""
        return self.of(records.lookup_all(self._session, list(dict.fromkeys(record_ids))))

    def of(self, found: Sequence[Record]) -> set[str]:
        """Return the ids of those records that the subscription has."""
        about = {one.record_id: parent for one in found if (parent := self._parent(one))}
        known = {one.record_id: one for one in found}
        missing = [parent for parent in set(about.values()) if parent not in known]
        known |= {one.record_id: one for one in records.lookup_all(self._session, missing)}
        return {
            one.record_id
            for one in found
            if self._sees(one, known.get(about.get(one.record_id, "")))
        }

    def turn(self, found: Sequence[Logged], asked: Asked) -> Turn:
        """Return what a page of the feed is for this subscription."""
        released = self._released(found)
        ids = dict.fromkeys([*(one.entry.record_id for one in found), *released])
        first = self._first_feeds(ids)
        changed = {one.entry.record_id for one in found if self._compares(one.entry)} | released
        made = {one for one in ids if first.get(one, 0) > asked.after}
        with_it = self._that_follow(changed | made)
        first |= self._first_feeds(with_it)
        maybe = {one for one in changed | with_it if 0 < first.get(one, 0) <= asked.after}
        visible = self.visible([*ids, *with_it])
        enter: list[str] = []
        leave: list[str] = []
        for one in sorted(maybe):
            held = None if asked.whole or one in released else self._held(one, asked.after)
            if one in visible and held is not True:
                enter.append(one)
            elif one not in visible and held is not False:
                leave.append(one)
        own = {one.entry.record_id for one in found if one.entry.device_id == asked.device_id}
        leave += sorted(own - visible - set(leave))
        shown = visible.difference(enter)
        # its own chain whole and in order, whatever comes whole beside it, and whatever it may see
        # by now: others may have handed it in for it
        kept = own if asked.own else set[str]()
        turned = [
            one
            for one in found
            if one.entry.record_id in (kept if one.entry.device_id == asked.device_id else shown)
        ]
        return Turn(
            turned, self.whole(enter, without=None if asked.own else asked.device_id), leave
        )

    def whole(self, record_ids: Sequence[str], *, without: str | None = None) -> list[Logged]:
        """Return all confirmed entries of records, each record's in the order of its fold.

        `without` leaves out those of a device, which has them: but for a record that is made of
        nothing else, since it would never learn that this one is to be seen again.
        """
        logged = entries.of_records(self._session, record_ids)
        found: list[Logged] = []
        for record_id in record_ids:
            of_it = [one for one in logged.get(record_id, ()) if one.feed is not None]
            found += [one for one in of_it if one.entry.device_id != without] or of_it
        return found

    def _sees(self, record: Record, about: Record | None) -> bool:
        return scopes.sees(self._subscribed, scopes.of_record(self._ground, record, about))

    def _parent(self, record: Record) -> str:
        cell = self._ground.rules.follows.get(record.type)
        return record.text(cell) if cell else ""

    def _compares(self, entry: Entry) -> bool:
        carried = inside(entry)  # what it does to the record is what the stop does
        return not self._watched.isdisjoint((carried or entry).set)

    def _held(self, record_id: str, feed: int) -> bool | None:
        """Say whether the subscription had a record at a cursor; None where that is not certain."""
        logged = entries.of_record(self._session, record_id)
        if any(one.params and quarantine.HELD_AS in one.params for one in logged):
            return None  # what was let in later counts now as if it had always counted
        record = self._at(logged, feed)
        if record is None:
            return False
        parent = self._parent(record)
        about = self._at(entries.of_record(self._session, parent), feed) if parent else None
        return self._sees(record, about)

    def _at(self, logged: Sequence[Logged], feed: int) -> Record | None:
        folded = merge.fold(
            [
                merge.FeedEntry(one.entry, one.verdict, one.received_ms)
                for one in logged
                if one.feed is not None and one.feed <= feed
            ],
            self._policies,
        )
        return folded.record if folded else None

    def _released(self, found: Sequence[Logged]) -> set[str]:
        """Return the records of held entries that somebody let in or refused on this page."""
        touched: set[str] = set()
        for one in found:
            outcome = outcome_of(one.entry)
            if outcome is None:
                continue
            first = outcome.first
            while first <= outcome.last:
                some = entries.of_device(self._session, outcome.device, first, IN_MAX)
                touched |= {
                    held.entry.record_id for held in some if held.entry.number <= outcome.last
                }
                first = some[-1].entry.number + 1 if some else outcome.last + 1
        return touched

    def _first_feeds(self, record_ids: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        feed, ids = func.min(col(EntryRow.feed)), list(record_ids)
        for start in range(0, len(ids), IN_MAX):
            this = col(EntryRow.record_id).in_(ids[start : start + IN_MAX])
            query = select(col(EntryRow.record_id), feed).where(this)
            rows = self._session.connection().execute(query.group_by(col(EntryRow.record_id)))
            found |= {record_id: first for record_id, first in rows if first is not None}
        return found

    def _that_follow(self, record_ids: Iterable[str]) -> set[str]:
        """Return the records that go with these; the store knows evidence by its record."""
        found: set[str] = set()
        ids = sorted(record_ids)
        for start in range(0, len(ids), IN_MAX):
            this = col(RecordRow.parent).in_(ids[start : start + IN_MAX])
            query = select(col(RecordRow.record_id)).where(this)
            found |= set(self._session.connection().execute(query).scalars())
        return found


def after(session: Session, record_id: str, limit: int) -> list[str]:
    """Return ids of records in their order, from behind one on."""
    this = col(RecordRow.record_id)
    query = select(this).where(this > record_id).order_by(this).limit(limit)
    return list(session.connection().execute(query).scalars())


def before(session: Session, found: Sequence[Logged]) -> Mapping[tuple[str, int], bytes]:
    """Return the hash before each entry whose predecessor does not stand right before it here.

    By device and number of the entry. The first of a chain has none: it follows from the key.
    """
    wanted: dict[str, list[int]] = defaultdict(list)
    sent: dict[str, set[int]] = defaultdict(set)
    for one in found:
        device_id, number = one.entry.device_id, one.entry.number
        if number > 1 and number - 1 not in sent[device_id]:
            wanted[device_id].append(number - 1)
        sent[device_id].add(number)
    hashes: dict[tuple[str, int], bytes] = {}
    for device_id, numbers in wanted.items():
        for start in range(0, len(numbers), IN_MAX):
            query = select(col(EntryRow.number), col(EntryRow.hash)).where(
                col(EntryRow.device_id) == device_id,
                col(EntryRow.number).in_(numbers[start : start + IN_MAX]),
            )
            for number, digest in session.connection().execute(query):
                hashes[device_id, number + 1] = digest
    return hashes


def files_records(session: Session, sha256: str) -> list[str]:
    """Return the records that a file belongs to: what it was sent for, and evidence of that."""
    about = session.connection().execute(
        select(col(BlobRow.record_id)).where(col(BlobRow.sha256) == sha256)
    )
    record_id = about.scalar()
    if not record_id:
        return []
    named = [
        one.record_id
        for one in records.evidence_of(session, record_id)
        if sha256 in {cell.value for cell in one.cells.values() if isinstance(cell.value, str)}
    ]
    return [record_id, *named]
