"""The pushes: on the server with the reply as sent, on a device with the reply once it came."""

from dataclasses import dataclass, fields
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam
from sqlalchemy import select as core_select
from sqlmodel import Session, col, delete, select, update

from offline_store import bulk
from offline_store.tables import BatchRow


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries `first` to `last` of a device and the chain hash of the last."""

    device_id: str
    first: int
    last: int
    head: bytes
    feed: int | None = None
    received_ms: int | None = None
    receipt: str | None = None
    reply: bytes | None = None
    certificate: str | None = None  # serial of the device's newest one then


def add(session: Session, batch: Batch) -> None:
    """Add a push."""
    bulk.insert(session, BatchRow, _NAMES, [tuple(getattr(batch, name) for name in _NAMES)])


def lookup(session: Session, device_id: str, first: int) -> Batch | None:
    """Return the push of a device that begins with entry `first`."""
    row = session.connection().execute(_THIS, {"device": device_id, "first": first}).first()
    return _batch(row) if row else None


def unanswered(session: Session, device_id: str, after: int = 0) -> Batch | None:
    """Return the first push behind the entry `after` that was begun and not answered.

    It is sent again exactly as it was.
    """
    row = session.connection().execute(_UNANSWERED, {"device": device_id, "after": after}).first()
    return _batch(row) if row else None


def answer(session: Session, batch: Batch) -> None:
    """Keep the reply to a push, and how much of it was taken."""
    session.exec(
        update(BatchRow)
        .where(col(BatchRow.device_id) == batch.device_id, col(BatchRow.first) == batch.first)
        .values(
            last=batch.last,
            head=batch.head,
            feed=batch.feed,
            received_ms=batch.received_ms,
            receipt=batch.receipt,
            reply=batch.reply,
        )
    )


def drop(session: Session, device_id: str, first: int) -> None:
    """Forget a push that the server wants cut differently; its entries stay in the outbox."""
    row = session.get(BatchRow, (device_id, first))
    if row is not None:
        session.delete(row)
        session.flush()


def drop_unanswered(session: Session, device_id: str, first: int) -> None:
    """Forget the pushes from entry `first` on that were begun and not answered."""
    session.exec(
        delete(BatchRow).where(
            col(BatchRow.device_id) == device_id,
            col(BatchRow.first) >= first,
            col(BatchRow.reply).is_(None),
        )
    )


def of_device(session: Session, device_id: str) -> list[Batch]:
    """Return all pushes of a device in order."""
    rows = session.exec(
        select(BatchRow).where(col(BatchRow.device_id) == device_id).order_by(col(BatchRow.first))
    )
    return [_batch(row) for row in rows]


_NAMES = tuple(one.name for one in fields(Batch))
_ROWS = core_select(cast("Table", vars(BatchRow)["__table__"]))  # rows without the mapper
_THIS = _ROWS.where(
    col(BatchRow.device_id) == bindparam("device"), col(BatchRow.first) == bindparam("first")
)
_UNANSWERED = (
    _ROWS.where(col(BatchRow.device_id) == bindparam("device"), col(BatchRow.reply).is_(None))
    .where(col(BatchRow.first) > bindparam("after"))
    .order_by(col(BatchRow.first))
    .limit(1)
)


def _batch(row: BatchRow | Row[Any]) -> Batch:
    return Batch(
        row.device_id,
        row.first,
        row.last,
        row.head,
        row.feed,
        row.received_ms,
        row.receipt,
        row.reply,
        row.certificate,
    )
