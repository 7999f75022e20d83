"""The devices of the plant: name in the chain, public key, and on the server its token's hash."""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam
from sqlalchemy import select as core_select
from sqlmodel import Session, col, func, select

from offline_store.tables import DeviceRow, ToldRow


@dataclass(frozen=True, slots=True)
class Device:
    """A device. The server keeps only the hash of a token."""

    device_id: str
    public_key: bytes
    name: str = ""
    token_hash: str | None = None
    enrolled_ms: int | None = None


# asked with every request: a query that is made once costs a quarter, and rows need no mapper
_ALL = core_select(cast("Table", vars(DeviceRow)["__table__"]))
_NAMED = _ALL.where(col(DeviceRow.device_id) == bindparam("device"))
_CALLING = _ALL.where(col(DeviceRow.token_hash) == bindparam("token"))


def add(session: Session, device: Device) -> None:
    """Add a device; one that is known stays as it is."""
    if lookup(session, device.device_id) is None:
        session.add(
            DeviceRow(
                device_id=device.device_id,
                public_key=device.public_key,
                name=device.name,
                token_hash=device.token_hash,
                enrolled_ms=device.enrolled_ms,
            )
        )
        session.flush()


def lookup(session: Session, device_id: str) -> Device | None:
    """Return a device, or None if it is not known."""
    row = session.connection().execute(_NAMED, {"device": device_id}).first()
    return _device(row) if row else None


def by_token(session: Session, token_hash: str) -> Device | None:
    """Return the device with that token hash (server)."""
    row = session.connection().execute(_CALLING, {"token": token_hash}).first()
    return _device(row) if row else None


def find(session: Session, device_ids: list[str] | None = None, limit: int = 1000) -> list[Device]:
    """Return devices by name in the chain: those named, or all."""
    query = select(DeviceRow).order_by(col(DeviceRow.device_id)).limit(limit)
    if device_ids is not None:
        query = query.where(col(DeviceRow.device_id).in_(device_ids[:limit]))
    return [_device(row) for row in session.exec(query)]


def enrolled(session: Session) -> int:
    """Return how many devices were ever taken in (server)."""
    query = select(func.count()).where(col(DeviceRow.token_hash).is_not(None))
    return session.exec(query).one()


def tell(session: Session, device_id: str, number: int, at_ms: int) -> None:
    """Note that a device said it has written up to a number; a lower one than before says less."""
    row = session.get(ToldRow, device_id) or ToldRow(device_id=device_id, number=0, at_ms=0)
    if number > row.number:
        row.number, row.at_ms = number, at_ms
        session.add(row)
        session.flush()


def told(session: Session, device_id: str) -> tuple[int, int]:
    """Return the highest number a device said it has written, and when it did; zeros: never."""
    row = session.get(ToldRow, device_id)
    return (row.number, row.at_ms) if row else (0, 0)


def _device(row: DeviceRow | Row[Any]) -> Device:
    return Device(row.device_id, row.public_key, row.name, row.token_hash, row.enrolled_ms)
