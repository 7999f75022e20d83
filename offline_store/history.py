"""What statistics read: whole windows of time in few queries, however many records there are.

Everything is found by when a record changed last (`record_changed`): what was reported within a
window changed in it or later.
"""

import json
from typing import Any, Final, cast

from sqlalchemy import Select, select
from sqlmodel import Session, col

from domain.figures import Decided
from domain.records import Record
from offline_store import records
from offline_store.tables import EntryRow, EntryTimeRow, RecordRow

NOT_COUNTED: Final = ("refused", "conflict", "quarantined")


def changed_since(session: Session, type: str, since_ms: int) -> list[Record]:
    """Return the records of a type that changed at this time or later; deleted ones are not."""
    return records.find(session, type, changed_from_ms=since_ms, limit=records.ALL)


def decisions(session: Session, type: str, since_ms: int) -> dict[str, list[Decided]]:
    """Return the decisions on those records that count, in the order of their fold.

    A step is never later than its arrival: a clock that ran ahead does not make a record late.
    Only time and state are read, so bodies are not checked again here: `journal` did, once.
    """
    changed = _ids(type, since_ms)
    feed = col(EntryRow.feed)
    rows = session.connection().execute(
        select(
            col(EntryRow.record_id),
            col(EntryRow.body),
            col(EntryRow.received_ms),
            col(EntryTimeRow.true_ms),
        )
        .outerjoin(
            EntryTimeRow,
            (col(EntryTimeRow.device_id) == col(EntryRow.device_id))
            & (col(EntryTimeRow.number) == col(EntryRow.number)),
        )
        .where(
            col(EntryRow.record_id).in_(changed),
            col(EntryRow.kind).in_(["edit", "decide"]),  # a report is no decision, but a step
            col(EntryRow.verdict).is_(None) | col(EntryRow.verdict).not_in(NOT_COUNTED),
        )
        .order_by(feed.is_(None), feed, col(EntryRow.device_id), col(EntryRow.number))
    )
    found: dict[str, list[Decided]] = {}
    for record_id, body, received_ms, at in rows:
        entry: dict[str, Any] = json.loads(body)
        state = entry["set"].get("state")
        if isinstance(state, str):
            wall_ms: int = entry["hlc"][0] if cast("int | None", at) is None else at
            at_ms = wall_ms if received_ms is None else min(wall_ms, received_ms)
            found.setdefault(record_id, []).append(Decided(at_ms, state))
    return found


def with_shot(session: Session, type: str, since_ms: int, shot: str) -> frozenset[str]:
    """Return which of those records have a picture of this kind that was not withdrawn."""
    rows = session.connection().execute(
        select(col(RecordRow.parent), col(RecordRow.cells)).where(
            col(RecordRow.type) == "evidence",
            col(RecordRow.deleted).is_(False),
            col(RecordRow.parent).in_(_ids(type, since_ms)),
        )
    )
    found: set[str] = set()
    for parent, cells in rows:
        photo: dict[str, list[Any]] = json.loads(cells)
        withdrawn = photo.get("withdrawn", [False])[0] is True
        if parent and not withdrawn and photo.get("shot", [None])[0] == shot:
            found.add(parent)
    return frozenset(found)


def due_between(session: Session, type: str, from_ms: int, to_ms: int) -> list[Record]:
    """Return the records of a type that were due from (inclusive) to (exclusive)."""
    found = records.find(session, type, due_before_ms=to_ms, due_from_ms=from_ms, limit=records.ALL)
    return [record for record in found if record.text("asset")]


def assets_since(session: Session, type: str, after_feed: int) -> list[str]:
    """Return the equipment that records of a type are about which came in after a feed number."""
    rows = session.connection().execute(
        select(col(RecordRow.asset))
        .where(
            col(RecordRow.type) == type,
            col(RecordRow.feed) > after_feed,
            col(RecordRow.asset).is_not(None),
        )
        .distinct()
    )
    return sorted(asset for (asset,) in rows if asset)


def _ids(type: str, since_ms: int) -> "Select[str]":
    return select(col(RecordRow.record_id)).where(
        col(RecordRow.type) == type,
        col(RecordRow.deleted).is_(False),
        col(RecordRow.changed_ms) >= since_ms,
    )
