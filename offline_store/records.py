"""The records: the fold of their entries, kept ready for screens and rules."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain import merge
from domain.changes import Entry
from domain.errors import RecordMissingError
from domain.holds import Hold
from domain.records import Cell, Record
from offline_store import bulk, entries, relayed, search, times
from offline_store.bulk import Row
from offline_store.questions import EVIDENCE, columns, finding
from offline_store.tables import ConflictRow, EntryRow, HoldRow, RecordRow

INDEX_MAX = 64  # records that go into the search index at once: some 20 ms
Searched = Literal["now", "later", "never"]
FIND_MAX = 1000  # records on one screen or in one rule
_HOLD = tuple(one.name for one in fields(Hold))
ALL = 1_000_000  # for what must never be cut off: open hazards, open tasks
# by type: the cells that name whom a record waits for, and whose record it is
PEOPLE: Final[Mapping[str, tuple[str | None, str | None]]] = {
    "hazard": ("assignee", "reporter"),
    "task": ("owner", None),
    "inspection": (None, "inspector"),
    "maintenance": (None, "by"),
    "evidence": (None, "by"),
    "event": (None, "by"),
    "notice": ("to", None),
    "gap": ("owner", None),
    "register": (None, "by"),
    "device": (None, None),
    "quarantine": (None, None),
    "clock": (None, None),
    "removal": (None, "by"),
    "consent": (None, "person"),
}


_READ = ("record_id", "type", "definition", "cells")
_ONE = f"{bulk.columns(RecordRow, _READ)} WHERE record_id = ?"


def get(session: Session, record_id: str) -> Record:
    """Return a record; raises RecordMissingError if it is not here."""
    record = lookup(session, record_id)
    if record is None:
        raise RecordMissingError(record=record_id)
    return record


def lookup(session: Session, record_id: str) -> Record | None:
    """Return a record, or None if it is not here."""
    row = bulk.first(session, _ONE, (record_id,))
    return _record(row) if row else None


def known(session: Session, record_ids: Sequence[str]) -> set[str]:
    """Return those of these records of which an entry or a fold is here."""
    return {
        row[0]
        for table in (EntryRow, RecordRow)
        for row in bulk.select(session, table, ("record_id",), "record_id", record_ids)
    }


def lookup_all(session: Session, record_ids: Sequence[str]) -> list[Record]:
    """Return those of these records that are here, in the order asked for."""
    rows = bulk.select(session, RecordRow, _READ, "record_id", record_ids)
    found = {row.record_id: _record(row) for row in rows}
    return [found[record_id] for record_id in record_ids if record_id in found]


def find(  # noqa: PLR0913 -- lists are asked for in that many ways
    session: Session,
    type: str,
    *,
    state: str | Sequence[str] | None = None,
    area: str | Sequence[str] | None = None,
    asset: str | None = None,
    unit: str | Sequence[str] | None = None,
    person: str | None = None,
    author: str | None = None,
    due_before_ms: int | None = None,
    due_from_ms: int | None = None,
    changed_from_ms: int | None = None,
    by_due: bool = False,
    after: tuple[int, str] | None = None,
    limit: int = FIND_MAX,
    offset: int = 0,
) -> list[Record]:
    """Return records of a type, last changed first; deleted ones are left out.

    `person` is whom they wait for, `author` whose they are (see PEOPLE). `due_before_ms` leaves out
    what is due at that time or later and what has no due time, `due_from_ms` what was due
    earlier, `changed_from_ms` what did not change at that time or later; `by_due` puts the
    earliest due first. `after` is where the page before ended: `place_of` its last record.
    """
    wanted = {
        "state": state, "area": area, "asset": asset, "unit": unit, "person": person,
        "author": author,
    }  # fmt: skip
    bounds = {
        "due_before_ms": due_before_ms,
        "due_from_ms": due_from_ms,
        "changed_from_ms": changed_from_ms,
    }
    one = {name: value for name, value in wanted.items() if isinstance(value, str)}
    many = {
        name: list(value)
        for name, value in wanted.items()
        if value is not None and not isinstance(value, str)
    }
    within = {name: value for name, value in bounds.items() if value is not None}
    query = finding(
        frozenset(one),
        frozenset(many),
        frozenset(within),
        by_due=by_due,
        after=after is not None,
    )
    params: dict[str, object] = {"of_type": type, "limit": limit, "offset": offset}
    params |= one | many | within
    if after is not None:
        params |= {"after_ms": after[0], "after_id": after[1]}
    return [_record(row) for row in session.connection().execute(query, params)]


def place_of(record: Record) -> tuple[int, str]:
    """Return where a record stands in a list, latest change first."""
    return max((cell.wall_ms for cell in record.cells.values()), default=0), record.record_id


def latest_ms(session: Session) -> int:
    """Return the logical time of the last change of any record here; 0 in an empty store."""
    return session.execute(select(func.max(RecordRow.changed_ms))).scalar() or 0


def evidence_of(session: Session, record_id: str) -> list[Record]:
    """Return the evidence bound to a record or draft, oldest first; withdrawn ones are left out."""
    rows = session.connection().execute(EVIDENCE, {"of": record_id, "limit": FIND_MAX})
    found = [_record(row) for row in rows]
    return [record for record in found if record.get("withdrawn") is not True]


def evidence_since(session: Session, after: int) -> tuple[list[Record], int]:
    """Return evidence that came or changed after a row of this store, and the last row."""
    query = columns().add_columns(col(RecordRow.row)).order_by(col(RecordRow.row))
    query = query.where(col(RecordRow.type) == "evidence", col(RecordRow.row) > after)
    rows = session.connection().execute(query).all()
    return [_record(row) for row in rows], rows[-1].row if rows else after


def refold(
    session: Session, record_id: str, policies: merge.TypePolicies = merge.POLICIES
) -> Record | None:
    """Make a record anew from its entries; None if all of them were refused."""
    return refold_all(session, [record_id], policies)[record_id]


def refold_all(
    session: Session,
    record_ids: Sequence[str],
    policies: merge.TypePolicies = merge.POLICIES,
) -> dict[str, Record | None]:
    """Make many records anew from their entries."""
    return save_logged(session, entries.of_records(session, record_ids), record_ids, policies)


def settle_times(session: Session, found: Sequence[Entry], policies: merge.TypePolicies) -> None:
    """Make the records anew whose times anchors among these entries correct (server)."""
    moved = times.settle(session, found)
    if not moved:
        return
    again = entries.of_records(session, moved)
    save_logged(session, again, moved, policies, searched="never")


def save_logged(
    session: Session,
    logged: Mapping[str, Sequence[entries.Logged]],
    record_ids: Sequence[str],
    policies: merge.TypePolicies = merge.POLICIES,
    *,
    new: Set[str] = frozenset(),
    searched: Searched = "now",
) -> dict[str, Record | None]:
    """Make records of all their entries, which the caller has; see `save` for the rest."""
    relayed.settle(session)
    logged = relayed.on_top(session, record_ids, logged)
    folded: dict[str, merge.Merged | None] = {}
    feeds: dict[str, int] = {}
    true = times.of_records(session, record_ids)
    for record_id in record_ids:
        of_it = logged.get(record_id, ())
        folded[record_id] = merge.fold(times.fed(of_it, true), policies)
        feeds[record_id] = max((one.feed or 0 for one in of_it), default=0)
    save(session, folded, feeds, new=new, searched=searched)
    return {record_id: one.record if one else None for record_id, one in folded.items()}


def save(
    session: Session,
    folded: "Mapping[str, merge.Merged | None]",
    feeds: Mapping[str, int],
    *,
    new: Set[str] = frozenset(),
    searched: Searched = "now",
) -> None:
    """Replace the rows of these records, their open conflicts and their holds, in bulk.

    `new` are those that no row of the store knows yet. `searched` says when they are found by
    their words: "later" leaves it to `index_due`, "never" is the server's, where nobody searches.
    """
    before = [record_id for record_id in folded if record_id not in new]
    if before:
        for table in (RecordRow, ConflictRow, HoldRow):
            bulk.delete(session, table, "record_id", before)
    here = {record_id: one for record_id, one in folded.items() if one and one.record}
    rows = [_values(one, feeds.get(record_id, 0)) for record_id, one in here.items()]
    bulk.insert(session, RecordRow, STORED, rows)
    bulk.insert(session, ConflictRow, _CONFLICT, [
        _conflict_values(record_id, conflict)
        for record_id, one in here.items()
        for conflict in one.conflicts
    ])  # fmt: skip
    bulk.insert(session, HoldRow, ("record_id", *_HOLD), [
        (record_id, *(getattr(hold, name) for name in _HOLD))
        for record_id, one in here.items()
        for hold in one.holds
    ])  # fmt: skip
    if searched == "later":
        search.later(session, list(folded))
    elif searched == "now":
        kept = [one.record for one in here.values() if one.record]
        search.update(session, kept, list(folded))


def begin(session: Session, first: Iterable[tuple[Entry, int, Row | None]], feed: int) -> None:
    """Insert records that one entry each makes by only filling cells (`merge.is_plain`).

    With each entry comes when the server got it (ms), and its row where that is made already; its
    feed number is known only now. Nobody searches where they are (server).
    """
    rows = [
        (*made[:_FEED], feed, *made[_FEED + 1 :]) if made else row_of_first(entry, came_ms, feed)
        for entry, came_ms, made in first
    ]
    bulk.insert(session, RecordRow, STORED, rows)


def index_due(session: Session) -> bool:
    """Put some of the records that came into the search index; returns whether there were any."""
    ids = search.due(session, INDEX_MAX)
    if ids:
        search.update(session, lookup_all(session, ids), ids)
        search.done(session, ids)
    return bool(ids)


def reindex(session: Session) -> None:
    """Fill the search index from the records, where another version of its terms made it."""
    if not search.outdated(session):
        return
    search.clear(session)
    after = 0
    page = columns().add_columns(col(RecordRow.row)).order_by(col(RecordRow.row)).limit(FIND_MAX)
    while rows := session.connection().execute(page.where(col(RecordRow.row) > after)).all():
        found = [_record(row) for row in rows]
        search.update(session, found, [record.record_id for record in found])
        after = rows[-1].row
    search.settle(session)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An open conflict of a record, as a person settles it; `base` is the writer both had left."""

    conflict_id: str
    record_id: str
    field: str
    base: str | None
    kept: Cell
    other: Cell


def conflicts(session: Session, record_id: str | None = None) -> list[Disagreement]:
    """Return the open conflicts of a record, or of all."""
    rows = (
        bulk.run(session, _DISAGREED.format(""), (FIND_MAX,))
        if record_id is None
        else bulk.run(session, _DISAGREED.format("WHERE record_id = ? "), (record_id, FIND_MAX))
    )
    return [
        Disagreement(row[0], row[1], row[2], row[3], _cell(row[4]), _cell(row[5])) for row in rows
    ]


def holds(session: Session, record_id: str) -> list[Hold]:
    """Return the holds of a record by id, lifted ones too."""
    return [Hold(*row) for row in bulk.run(session, _HELD, (record_id, FIND_MAX))]


_DISAGREED = (
    "SELECT conflict_id, record_id, field, base, kept, other FROM conflict {}"
    "ORDER BY record_id, field, conflict_id LIMIT ?"
)
_HELD = f"{bulk.columns(HoldRow, _HOLD)} WHERE record_id = ? ORDER BY hold_id LIMIT ?"


def _record(row: Sequence[Any]) -> Record:
    record_id, type, definition, packed = row[: len(_READ)]
    cells: dict[str, list[Any]] = bulk.unpack(packed)
    told = {name: Cell(*parts) for name, parts in cells.items()}
    return Record(record_id, type, definition, told)


STORED = (
    "record_id", "type", "definition", "parent", "area", "asset", "unit", "person", "author",
    "due_ms", "state", "open_holds", "deleted", "feed", "changed_ms", "cells",
)  # fmt: skip
_FEED = STORED.index("feed")


def _values(folded: merge.Merged, feed: int) -> Row:
    record = folded.record
    assert record is not None
    cells = record.cells
    person, author = PEOPLE.get(record.type, (None, None))

    def text(name: str | None) -> str | None:
        cell = cells.get(name) if name else None
        return cell.value or None if cell is not None and isinstance(cell.value, str) else None

    open_holds = sum(1 for hold in folded.history.standing.holds.values() if hold.lifted_by is None)
    return (
        record.record_id, record.type, record.definition, text("of"), text("area"), text("asset"),
        text("unit"), text(person), text(author), record.whole("due_ms"), text("state"), open_holds,
        record.get("deleted") is True, feed or None, place_of(record)[0], bulk.pack_sorted(cells),
    )  # fmt: skip


def row_of_first(entry: Entry, received_ms: int, feed: int) -> Row:
    """Return the row (`STORED`) that the fold of this entry alone makes, at a third of the cost.

    Only for the first entry of a record, and a plain one (`merge.is_plain`). `received_ms` is when
    the server got it.
    """
    given, writer, counter = entry.set, entry.writer, entry.counter
    wall_ms = min(entry.wall_ms, received_ms)
    cells = {name: (value, writer, wall_ms, counter) for name, value in given.items()}
    get, due_ms, state = given.get, given.get("due_ms"), given.get("state")
    named = (*_PLACED, *PEOPLE.get(entry.type, (None, None)))
    texts = [value if type(value := get(name or "")) is str and value else None for name in named]
    return (
        entry.record_id, entry.type, entry.definition, *texts,
        due_ms if type(due_ms) is int else None, state if type(state) is str and state else None,
        0, get("deleted") is True, feed or None, wall_ms if cells else 0, bulk.pack_sorted(cells),
    )  # fmt: skip


_PLACED = ("of", "area", "asset", "unit")  # as in `STORED`; then person and author
_CONFLICT = ("conflict_id", "record_id", "field", "base", "kept", "other")


def _conflict_values(record_id: str, conflict: merge.Conflict) -> Row:
    return (
        conflict.conflict_id(record_id), record_id, conflict.field, conflict.base,
        bulk.pack(conflict.kept), bulk.pack(conflict.other),
    )  # fmt: skip


def _cell(data: bytes) -> Cell:
    return Cell(*bulk.unpack(data))
