"""What a list needs beside its records, for a whole page in one query each."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, bindparam, select
from sqlmodel import Session, col

from offline_store.entries import IN_MAX
from offline_store.records import ALL
from offline_store.tables import EntryRow, RecordRow

# made once: a checklist asks after every answer, and building a query takes longer than running it
_IDS: "BindParameter[str]" = bindparam("ids", expanding=True)
_UNSENT = (
    select(col(EntryRow.record_id))
    .where(col(EntryRow.record_id).in_(_IDS), col(EntryRow.feed).is_(None))
    .distinct()
)
_PHOTOS = (
    select(col(RecordRow.parent), col(RecordRow.cells))
    .where(
        col(RecordRow.parent).in_(_IDS),
        col(RecordRow.type) == "evidence",
        col(RecordRow.deleted).is_(False),
    )
    .order_by(col(RecordRow.record_id))
)


def unsent(session: Session, record_ids: Sequence[str]) -> frozenset[str]:
    """Return those of these records of which the server lacks an entry that is here."""
    found: set[str] = set()
    for start in range(0, len(record_ids), IN_MAX):
        some = {"ids": list(record_ids[start : start + IN_MAX])}
        found.update(row[0] for row in session.connection().execute(_UNSENT, some))
    return frozenset(found)


def first_thumbs(session: Session, record_ids: Sequence[str]) -> dict[str, str]:
    """Return the hash of the small picture of each record's first photo that was not withdrawn."""
    found: dict[str, str] = {}
    for start in range(0, len(record_ids), IN_MAX):
        some = {"ids": list(record_ids[start : start + IN_MAX])}
        for parent, data in session.connection().execute(_PHOTOS, some):
            cells: dict[str, list[Any]] = json.loads(data)
            thumb = cells.get("thumb", [None])[0]
            withdrawn = cells.get("withdrawn", [None])[0] is True
            if parent and isinstance(thumb, str) and not withdrawn:
                found.setdefault(parent, thumb)
    return found


def count_by_asset(session: Session, type: str, states: Sequence[str]) -> dict[str, int]:
    """Return how many records of a type in these states each piece of equipment has."""
    query = (
        select(col(RecordRow.asset))
        .where(
            col(RecordRow.type) == type,
            col(RecordRow.state).in_(list(states)),
            col(RecordRow.deleted).is_(False),
        )
        .limit(ALL)
    )
    # counted here: grouping would make SQLite walk the equipment of all hazards there ever were
    return Counter(asset for (asset,) in session.connection().execute(query) if asset)
