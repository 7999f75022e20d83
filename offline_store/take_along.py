"""What this device has taken along, and how large that is."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from offline_store.tables import BlobRow, EntryRow, PackRow, RecordRow

_OPEN = ("open",)  # tasks that are still to be done


class Held(NamedTuple):
    """Records by type, open tasks, when the last of those is due, and bytes by what they are."""

    records: Mapping[str, int]
    open_tasks: int
    last_due_ms: int | None
    record_bytes: int
    picture_bytes: int
    definition_bytes: int

    @property
    def bytes(self) -> int:
        """Return the size of all of it."""
        return self.record_bytes + self.picture_bytes + self.definition_bytes


def held(session: Session) -> Held:
    """Count what is here; some tens of milliseconds for ten thousand records."""
    run = session.connection().execute
    kinds = select(col(RecordRow.type), func.count()).group_by(col(RecordRow.type))
    tasks = select(func.count(), func.max(col(RecordRow.due_ms))).where(
        col(RecordRow.type) == "task", col(RecordRow.state).in_(_OPEN)
    )
    row = run(tasks).one()
    pictures = select(func.coalesce(func.sum(col(BlobRow.size)), 0)).where(
        col(BlobRow.have).is_(True)
    )
    newest = select(func.length(col(PackRow.body))).order_by(col(PackRow.received_ms).desc())
    return Held(
        records={one[0]: one[1] for one in run(kinds)},
        open_tasks=row[0],
        last_due_ms=row[1],
        record_bytes=_bytes(session, col(EntryRow.body)) + _bytes(session, col(RecordRow.cells)),
        picture_bytes=int(run(pictures).scalar() or 0),
        definition_bytes=run(newest.limit(1)).scalar() or 0,
    )


def _bytes(session: Session, column: object) -> int:
    query = select(func.coalesce(func.sum(func.length(column)), 0))  # pyright: ignore[reportArgumentType]
    return int(session.connection().execute(query).scalar() or 0)
