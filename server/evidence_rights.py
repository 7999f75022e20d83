"""What the server accepts of what devices and itself found on photos: cells of the evidence."""

from typing import Final

from domain.changes import Entry
from domain.errors import EntryInvalidError, NotAllowedError
from domain.evidence import AFTER
from domain.plant import Person
from domain.records import Record
from domain.repair_checks import CHECK, SERVER_CHECK, check_of
from domain.used_photos import (
    MARK,
    REUSE,
    SERVER_MARK,
    SERVER_REUSE,
    mark_of,
    used_of,
)
from server.scene import Scene

OWN: Final = frozenset({SERVER_CHECK, SERVER_MARK, SERVER_REUSE})  # nobody else writes them


def first(record: Record) -> None:
    """Check what comes with a photo about itself; raises EntryInvalidError."""
    if any(record.get(cell) is not None for cell in (CHECK, *OWN)):
        raise EntryInvalidError(reason="fields")
    mark, used = record.get(MARK), record.get(REUSE)
    if (mark is not None and mark_of(mark) is None) or (used is not None and used_of(used) is None):
        raise EntryInvalidError(reason="fields")


def check(entry: Entry, photo: Record, person: Person) -> None:
    """Check what a device found on a photo of a repair: said by who took it, and well formed."""
    if entry.kind != "edit" or photo.text("shot") != AFTER or check_of(entry.set[CHECK]) is None:
        raise EntryInvalidError(reason="fields")
    if photo.text("by") != person.person_id:
        raise NotAllowedError(action="evidence.attach", person=person.person_id)


def by_server(entry: Entry, scene: Scene) -> None:
    """Check what the server says of a photo that is here: its own cells only."""
    if scene.record is None or entry.kind != "edit" or not entry.set or entry.set.keys() - OWN:
        raise EntryInvalidError(reason="fields")
