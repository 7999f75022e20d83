"""Conflicts that somebody settled: found again by their id, from the entries that stay."""

from itertools import combinations
from typing import NamedTuple

from sqlmodel import Session, col, select

from domain.folded import Conflict
from domain.joins import heads
from domain.records import Cell
from offline_store import entries
from offline_store.entries import Logged
from offline_store.tables import EntryRow


class Settled(NamedTuple):
    """What a conflict was about, and the entry that settled it; its last one, if it took two."""

    record_id: str
    field: str
    by: Logged


def lookup(session: Session, conflict_id: str) -> Settled | None:
    """Return a conflict that was settled; None for one that is open or was never here.

    Nothing is kept of it but its two entries and the one that settled it.
    """
    resolved = select(col(EntryRow.record_id)).where(col(EntryRow.kind) == "resolve").distinct()
    for record_id in session.exec(resolved):
        found = _of_record(session, record_id, conflict_id)
        if found is not None:
            return found
    return None


def _of_record(session: Session, record_id: str, conflict_id: str) -> Settled | None:
    rows = entries.of_record(session, record_id)
    ends = [row for row in rows if row.entry.kind == "resolve" and row.verdict != "refused"]
    for field in {name for row in ends for name in row.entry.base}:
        sides = [row.entry.writer for row in rows if field in row.entry.set]
        for one, other in combinations(sides, 2):
            cells = (Cell(None, writer, 0, 0) for writer in (one, other))
            if Conflict(field, None, *cells).conflict_id(record_id) != conflict_id:
                continue
            both = (row for row in ends if _saw(row, field, {one, other}))
            by = next(both, None)
            return Settled(record_id, field, by) if by else None
    return None


def _saw(row: Logged, field: str, writers: set[str]) -> bool:
    known = heads(row.entry.base.get(field, ""))
    told = (heads(writer) for writer in writers)
    return all(known.get(device, 0) >= number for one in told for device, number in one.items())
