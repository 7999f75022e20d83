"""The devices of the plant: name in the chain, public key, and on the server its token's hash."""

from dataclasses import dataclass, fields

from sqlmodel import Session, col, func, select

from offline_store import bulk
from offline_store.tables import DeviceRow, ToldRow


@dataclass(frozen=True, slots=True)
class Device:
    """A device. The server keeps only the hash of a token."""

    device_id: str
    public_key: bytes
    name: str = ""
    token_hash: str | None = None
    enrolled_ms: int | None = None


_NAMES = tuple(one.name for one in fields(Device))
_STATE = "active"  # of the version before: not told any more, and not empty
_ALL = bulk.columns(DeviceRow, _NAMES)
_LISTED = f"{_ALL} ORDER BY device_id LIMIT ?"
_NAMED = f"{_ALL} WHERE device_id = ?"
_CALLING = f"{_ALL} WHERE token_hash = ?"
_TOLD = "SELECT number, at_ms FROM device_told WHERE device_id = ?"


def add(session: Session, device: Device) -> None:
    """Add a device; one that is known stays as it is."""
    if lookup(session, device.device_id) is None:
        row = tuple(getattr(device, name) for name in _NAMES)
        bulk.insert(session, DeviceRow, (*_NAMES, "state"), [(*row, _STATE)])


def lookup(session: Session, device_id: str) -> Device | None:
    """Return a device, or None if it is not known."""
    row = bulk.first(session, _NAMED, (device_id,))
    return Device(*row) if row else None


def by_token(session: Session, token_hash: str) -> Device | None:
    """Return the device with that token hash (server)."""
    row = bulk.first(session, _CALLING, (token_hash,))
    return Device(*row) if row else None


def find(session: Session, device_ids: list[str] | None = None, limit: int = 1000) -> list[Device]:
    """Return devices by name in the chain: those named, or all."""
    if device_ids is None:
        rows = bulk.run(session, _LISTED, (limit,))
    else:
        named = bulk.select(session, DeviceRow, _NAMES, "device_id", device_ids[:limit])
        rows = sorted(named, key=lambda row: row.device_id)
    return [Device(*row) for row in rows]


def enrolled(session: Session) -> int:
    """Return how many devices were ever taken in (server)."""
    query = select(func.count()).where(col(DeviceRow.token_hash).is_not(None))
    return session.exec(query).one()


def tell(session: Session, device_id: str, number: int, at_ms: int) -> None:
    """Note that a device said it has written up to a number; a lower one than before says less."""
    if number > told(session, device_id)[0]:
        bulk.put(session, ToldRow, ("device_id", "number", "at_ms"), (device_id, number, at_ms))


def told(session: Session, device_id: str) -> tuple[int, int]:
    """Return the highest number a device said it has written, and when it did; zeros: never."""
    found = bulk.first(session, _TOLD, (device_id,))
    return (found[0], found[1]) if found else (0, 0)
