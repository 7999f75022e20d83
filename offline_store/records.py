"""The records: the fold of their entries, kept ready for screens and rules."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, delete, func, insert, select
from sqlmodel import Session, col

from domain import merge
from domain.errors import RecordMissingError
from domain.records import Cell, Record, Value
from offline_store import entries
from offline_store.tables import ConflictRow, RecordRow

FIND_MAX = 1000  # records on one screen or in one rule
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
}


def get(session: Session, record_id: str) -> Record:
    """Return a record; raises RecordMissingError if it is not here."""
    record = lookup(session, record_id)
    if record is None:
        raise RecordMissingError(record=record_id)
    return record


def lookup(session: Session, record_id: str) -> Record | None:
    """Return a record, or None if it is not here."""
    row = (
        session.connection()
        .execute(_columns().where(col(RecordRow.record_id) == record_id))
        .first()
    )
    return _record(row) if row else None


def find(  # noqa: PLR0913 -- lists are asked for in that many ways
    session: Session,
    type: str,
    *,
    state: str | Sequence[str] | None = None,
    area: str | None = None,
    asset: str | None = None,
    unit: str | None = None,
    person: str | None = None,
    author: str | None = None,
    due_before_ms: int | None = None,
    by_due: bool = False,
    limit: int = FIND_MAX,
    offset: int = 0,
) -> list[Record]:
    """Return records of a type, last changed first; deleted ones are left out.

    `person` is whom they wait for, `author` whose they are (see PEOPLE). `due_before_ms` leaves out
    what is due at that time or later and what has no due time; `by_due` puts the earliest due
    first.
    """
    query = _columns().where(col(RecordRow.type) == type, col(RecordRow.deleted).is_(False))
    if state is not None:
        states = [state] if isinstance(state, str) else list(state)
        query = query.where(col(RecordRow.state).in_(states))
    wanted = {
        "area": area, "asset": asset, "unit": unit, "person": person, "author": author
    }  # fmt: skip
    for name, value in wanted.items():
        if value is not None:
            query = query.where(col(getattr(RecordRow, name)) == value)
    if due_before_ms is not None:
        query = query.where(col(RecordRow.due_ms) < due_before_ms)
    first = col(RecordRow.due_ms) if by_due else col(RecordRow.changed_ms).desc()
    query = query.order_by(first, col(RecordRow.record_id)).limit(limit).offset(offset)
    return [_record(row) for row in session.connection().execute(query)]


def latest_ms(session: Session) -> int:
    """Return the logical time of the last change of any record here; 0 in an empty store."""
    return session.execute(select(func.max(RecordRow.changed_ms))).scalar() or 0


def evidence_of(session: Session, record_id: str) -> list[Record]:
    """Return the evidence bound to a record or draft, oldest first; withdrawn ones are left out."""
    query = _columns().where(col(RecordRow.parent) == record_id, col(RecordRow.type) == "evidence")
    rows = session.connection().execute(query.order_by(col(RecordRow.record_id)).limit(FIND_MAX))
    found = [_record(row) for row in rows]
    return [record for record in found if record.get("withdrawn") is not True]


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
    logged = entries.of_records(session, record_ids)
    folded = {
        record_id: merge.fold(
            [merge.FeedEntry(one.entry, one.verdict, one.received_ms) for one in logged[record_id]],
            policies,
        )
        for record_id in record_ids
    }
    feeds = {
        record_id: max((one.feed or 0 for one in logged[record_id]), default=0)
        for record_id in record_ids
    }
    save(session, folded, feeds)
    return {record_id: one.record if one else None for record_id, one in folded.items()}


def save(session: Session, folded: "dict[str, merge.Merged | None]", feeds: dict[str, int]) -> None:
    """Replace the rows of these records and their open conflicts, in bulk."""
    ids = list(folded)
    for start in range(0, len(ids), entries.IN_MAX):
        some = ids[start : start + entries.IN_MAX]
        session.connection().execute(delete(RecordRow).where(col(RecordRow.record_id).in_(some)))
        session.connection().execute(
            delete(ConflictRow).where(col(ConflictRow.record_id).in_(some))
        )
    rows = [
        _values(one.record, feeds.get(record_id, 0))
        for record_id, one in folded.items()
        if one and one.record
    ]
    conflicts = [
        _conflict_values(record_id, conflict)
        for record_id, one in folded.items()
        if one and one.record
        for conflict in one.conflicts
    ]
    if rows:
        session.connection().execute(insert(RecordRow), rows)
    if conflicts:
        session.connection().execute(insert(ConflictRow), conflicts)


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
    query = select(
        col(ConflictRow.conflict_id),
        col(ConflictRow.record_id),
        col(ConflictRow.field),
        col(ConflictRow.base),
        col(ConflictRow.kept),
        col(ConflictRow.other),
    ).order_by(col(ConflictRow.record_id), col(ConflictRow.field), col(ConflictRow.conflict_id))
    if record_id is not None:
        query = query.where(col(ConflictRow.record_id) == record_id)
    return [
        Disagreement(row[0], row[1], row[2], row[3], _cell(row[4]), _cell(row[5]))
        for row in session.connection().execute(query.limit(FIND_MAX))
    ]


def _columns() -> "Select[str, str, str, bytes]":
    return select(
        col(RecordRow.record_id),
        col(RecordRow.type),
        col(RecordRow.definition),
        col(RecordRow.cells),
    )


def _record(row: Row[*tuple[Any, ...]]) -> Record:
    cells: dict[str, list[Any]] = json.loads(row.cells)
    return Record(
        row.record_id,
        row.type,
        row.definition,
        {name: Cell(*parts) for name, parts in cells.items()},
    )


def _values(record: Record, feed: int) -> dict[str, object]:
    cells = {name: _parts(cell) for name, cell in sorted(record.cells.items())}
    person, author = PEOPLE.get(record.type, (None, None))
    return {
        "record_id": record.record_id,
        "type": record.type,
        "definition": record.definition,
        "parent": record.text("of") or None,
        "area": record.text("area") or None,
        "asset": record.text("asset") or None,
        "unit": record.text("unit") or None,
        "person": (record.text(person) if person else "") or None,
        "author": (record.text(author) if author else "") or None,
        "due_ms": record.whole("due_ms"),
        "state": record.text("state") or None,
        "open_holds": 0,
        "deleted": record.get("deleted") is True,
        "feed": feed or None,
        "changed_ms": max((cell.wall_ms for cell in record.cells.values()), default=0),
        "cells": _json(cells),
    }


def _conflict_values(record_id: str, conflict: merge.Conflict) -> dict[str, object]:
    return {
        "conflict_id": conflict.conflict_id(record_id),
        "record_id": record_id,
        "field": conflict.field,
        "base": conflict.base,
        "kept": _json(_parts(conflict.kept)),
        "other": _json(_parts(conflict.other)),
    }


def _parts(cell: Cell) -> list[Value]:
    return [cell.value, cell.writer, cell.wall_ms, cell.counter]


def _cell(data: bytes) -> Cell:
    return Cell(*json.loads(data))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
