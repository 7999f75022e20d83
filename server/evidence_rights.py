"""What the server accepts of what devices and itself found on photos: cells of the evidence."""

from typing import Final

from domain.capture_trust import (
    CHALLENGE,
    SERVER_CHALLENGE,
    are_grounds,
    challenge_of,
    is_letter,
    is_source,
)
from domain.changes import Entry
from domain.errors import EntryInvalidError, NotAllowedError
from domain.evidence import AFTER
from domain.photo_roles import ROLE, check_role
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

# nobody else writes them
OWN: Final = frozenset({SERVER_CHALLENGE, SERVER_CHECK, SERVER_MARK, SERVER_REUSE})


def first(record: Record) -> None:
    """Check what comes with a photo about itself; raises EntryInvalidError."""
    if any(record.get(cell) is not None for cell in (CHECK, ROLE, *OWN)):
        raise EntryInvalidError(reason="fields")
    asked = challenge_of(record.get(CHALLENGE))
    if record.get(CHALLENGE) is not None and (
        asked is None or asked.state != "open" or record.text("shot") != AFTER
    ):
        raise EntryInvalidError(reason="fields")
    mark, reuse = record.get(MARK), record.get(REUSE)
    if mark is not None and mark_of(mark) is None:
        raise EntryInvalidError(reason="fields")
    used = used_of(reuse)
    if reuse is not None and (used is None or used.how == "same"):  # that only the server finds
        raise EntryInvalidError(reason="fields")


def claims(record: Record) -> None:
    """Check what a device says a photo comes from and is worth; raises EntryInvalidError."""
    grade, reasons = record.get("grade"), record.get("reasons")
    if reasons is not None and not are_grounds(reasons):
        raise EntryInvalidError(reason="fields")
    if not is_source(record.get("source"), record.text("shot")):
        raise EntryInvalidError(reason="fields")
    if grade is not None and not is_letter(record.text("grade")):
        raise EntryInvalidError(reason="fields")


def check(entry: Entry, photo: Record, person: Person) -> None:
    """Check what a device found on a photo of a repair: said by who took it, and well formed."""
    if entry.kind != "edit" or photo.text("shot") != AFTER or check_of(entry.set[CHECK]) is None:
        raise EntryInvalidError(reason="fields")
    if photo.text("by") != person.person_id:
        raise NotAllowedError(action="evidence.attach", person=person.person_id)


def role(entry: Entry, photo: Record, scene: Scene, person: Person) -> None:
    """Check what somebody says that a photo of a hazard shows (`domain.photo_roles`)."""
    hazard = scene.record_of(photo.text("of"))
    if entry.kind not in {"edit", "resolve"} or hazard is None or hazard.type != "hazard":
        raise EntryInvalidError(reason="fields")
    check_role(scene.definitions, hazard, photo, person, entry.set[ROLE], scene.gone)


def challenge(entry: Entry, photo: Record, person: Person, scene: Scene) -> None:
    """Check what came of a second shot: said once, by who was asked, with an own picture."""
    asked, found = challenge_of(photo.get(CHALLENGE)), challenge_of(entry.set[CHALLENGE])
    if entry.kind != "edit" or asked is None or found is None:
        raise EntryInvalidError(reason="fields")
    if photo.text("by") != person.person_id:
        raise NotAllowedError(action="evidence.attach", person=person.person_id)
    if asked.state != "open" or found.state == "open" or found.kind != asked.kind:
        raise EntryInvalidError(reason="fields")
    if found.state == "skipped" and found.reason not in scene.definitions.trust.excuses:
        raise EntryInvalidError(reason="fields")
    if not found.photo:
        return
    second = scene.record_of(found.photo)
    told = second and (second.text("by"), second.text("of"), second.text("shot"))
    if told != (person.person_id, photo.text("of"), CHALLENGE):
        raise EntryInvalidError(reason="fields")


def by_server(entry: Entry, scene: Scene) -> None:
    """Check what the server says of a photo that is here: its own cells only."""
    if scene.record is None or entry.kind != "edit" or not entry.set or entry.set.keys() - OWN:
        raise EntryInvalidError(reason="fields")
