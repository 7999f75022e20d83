"""The pushes: on the server with the reply as sent, on a device with the reply once it came."""

from dataclasses import dataclass, fields

from sqlmodel import Session

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
    row = bulk.first(session, _THIS, (device_id, first))
    return Batch(*row) if row else None


def unanswered(session: Session, device_id: str, after: int = 0) -> Batch | None:
    """Return the first push behind the entry `after` that was begun and not answered.

    It is sent again exactly as it was.
    """
    row = bulk.first(session, _UNANSWERED, (device_id, after))
    return Batch(*row) if row else None


def under(session: Session, device_id: str, feed: int) -> Batch | None:
    """Return the push of a device that was taken under a feed number."""
    row = bulk.first(session, _UNDER, (device_id, feed))
    return Batch(*row) if row else None


def heard_before(session: Session, device_id: str, number: int) -> int | None:
    """Return when a device had pushed last before the push that brought entry `number`, in ms."""
    row = bulk.first(session, _BEFORE, (device_id, number))
    return row[0] if row else None


def answer(session: Session, batch: Batch) -> None:
    """Keep the reply to a push, and how much of it was taken."""
    told = (batch.last, batch.head, batch.feed, batch.received_ms, batch.receipt, batch.reply)
    bulk.run(session, _ANSWER, (*told, batch.device_id, batch.first))


def drop(session: Session, device_id: str, first: int) -> None:
    """Forget a push that the server wants cut differently; its entries stay in the outbox."""
    bulk.run(session, _DROP, (device_id, first))


def drop_unanswered(session: Session, device_id: str, first: int) -> None:
    """Forget the pushes from entry `first` on that were begun and not answered."""
    bulk.run(session, _DROP_UNANSWERED, (device_id, first))


def of_device(session: Session, device_id: str) -> list[Batch]:
    """Return all pushes of a device in order."""
    return [Batch(*row) for row in bulk.run(session, _ALL, (device_id,))]


_NAMES = tuple(one.name for one in fields(Batch))
_ROWS = bulk.columns(BatchRow, _NAMES)
_ALL = f"{_ROWS} WHERE device_id = ? ORDER BY first"
_THIS = f"{_ROWS} WHERE device_id = ? AND first = ?"
_UNANSWERED = f"{_ROWS} WHERE device_id = ? AND reply IS NULL AND first > ? ORDER BY first LIMIT 1"
_BEFORE = "SELECT max(received_ms) FROM batch WHERE device_id = ? AND last < ?"
_UNDER = f"{_ROWS} WHERE device_id = ? AND feed = ?"
_ANSWER = (
    "UPDATE batch SET last = ?, head = ?, feed = ?, received_ms = ?, receipt = ?, reply = ?"
    " WHERE device_id = ? AND first = ?"
)
_DROP = "DELETE FROM batch WHERE device_id = ? AND first = ?"
_DROP_UNANSWERED = "DELETE FROM batch WHERE device_id = ? AND first >= ? AND reply IS NULL"
