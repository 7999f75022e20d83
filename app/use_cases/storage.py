"""Room on this device, and what became of a store that was damaged; nothing here loses data."""

import shutil
from dataclasses import dataclass

from app.field import FieldApp
from offline_store import outbox, room, safety
from offline_store.safety import SalvageReport

__all__ = [
    "Room",
    "SalvageReport",
    "StorageView",
    "Warnings",
    "free_copies",
    "share",
    "understood",
    "view",
    "warnings",
]


@dataclass(frozen=True, slots=True)
class Room:
    """How full the disk of this device is, in whole per cent, and from where on it is too full."""

    used_percent: int
    warn_percent: int
    free_bytes: int

    @property
    def scarce(self) -> bool:
        """Whether somebody should do something now."""
        return self.used_percent >= self.warn_percent


@dataclass(frozen=True, slots=True)
class StorageView:
    """Room, what waits for the server, and the copies that may go because the server has them."""

    room: Room
    waiting: int
    waiting_bytes: int
    copies: int
    copies_bytes: int
    damage: SalvageReport | None


@dataclass(frozen=True, slots=True)
class Warnings:
    """What everybody on this device should know of its storage."""

    room: Room
    damage: SalvageReport | None


def share(total_bytes: int, free_bytes: int) -> int:
    """Return how full a disk is, in whole per cent, rounded up: 80.1 % is over 80 %."""
    return -(-(total_bytes - free_bytes) * 100 // total_bytes) if total_bytes else 100


def warnings(field: FieldApp) -> Warnings:
    """Return how much room is left and whether a damaged store was saved."""
    with field.store.reading() as session:
        damage = safety.report(session)
    return Warnings(_room(field), damage)


def view(field: FieldApp) -> StorageView:
    """Return all that the screen about storage shows."""
    with field.store.reading() as session:
        damage = safety.report(session)
        copies = room.copies(session)
        left = outbox.count(session, field.device.device_id)
    return StorageView(
        room=_room(field),
        waiting=left.entries + left.blobs,
        waiting_bytes=left.bytes,
        copies=len(copies),
        copies_bytes=sum(blob.size for blob in copies),
        damage=damage,
    )


def free_copies(field: FieldApp) -> int:
    """Remove large files that the server has confirmed; returns the bytes freed."""
    return room.free(field.store)


def understood(field: FieldApp) -> None:
    """Take the note about the damaged store away; its file stays where it is."""
    with field.store.session() as session:
        safety.dismiss(session)


def _room(field: FieldApp) -> Room:
    disk = shutil.disk_usage(field.store.folder)
    # what only the system may fill counts as full: we can never have it
    percent = share(disk.used + disk.free, disk.free)
    return Room(percent, field.definitions.defaults.whole("storage.warn_percent"), disk.free)
