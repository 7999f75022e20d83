"""What the photos of a hazard show, who may say so, and who can be asked for those that lack.

`shot` of a piece of evidence is what was taken, by who took it; `role` is what somebody said later
that it shows (`domain.evidence.role_of`).
"""

from collections.abc import Callable, Mapping
from typing import Final

from domain.access import may, subject_of
from domain.definitions import Definitions
from domain.errors import EntryInvalidError, NotAllowedError
from domain.evidence import AFTER, PHOTO, VIDEO
from domain.plant import Person
from domain.records import Record, Value

ROLE: Final = "role"
ASKED_OF, ASKED_SHOTS, ASKED_BY, ASKED_MS = "asked_of", "asked_shots", "asked_by", "asked_ms"
SETTLED: Final = frozenset({"closed", "merged", "void"})
_TAGGING: Final = ("hazard.accept", "hazard.dispatch", "hazard.verify", "hazard.review")
_OWN: Final = "hazard.report"  # everybody has that one, everywhere
_PART: Final = ("reporter", "owner", "assignee", "verifier")


def roles(definitions: Definitions) -> tuple[str, ...]:
    """Return what a photo may be said to show: nobody's face, and no finished work."""
    found = definitions.hazards.shots
    return tuple(one for one in found if one != AFTER and not shows_person(definitions, one))


def shows_person(definitions: Definitions, shot: str) -> bool:
    """Whether a photo of this kind shows somebody who has to be asked before it is taken."""
    kind = definitions.privacy.of_cells({"shot": shot, "media": PHOTO})
    return kind is not None and kind.whose != "by"


def may_tag(definitions: Definitions, hazard: Record, photo: Record, person: Person) -> bool:
    """Return whether this person may say what a photo of a hazard shows."""
    if hazard.text("state") in SETTLED or not _can_have(definitions, photo):
        return False
    if photo.text("by") == person.person_id:
        return True
    subject = subject_of(hazard)
    access, plant = definitions.access, definitions.plant
    return any(may(access, plant, person, action, subject) for action in _TAGGING)


def check_role(
    definitions: Definitions,
    hazard: Record,
    photo: Record,
    person: Person,
    role: Value,
    gone: Callable[[str], bool],
) -> None:
    """Check what somebody says that a photo shows; device and server both ask here.

    Of a photo that was removed for good (`gone`, by its hash) nobody can say anything any more.
    Raises NotAllowedError, or EntryInvalidError (role: nothing that a photo can be said to show).
    """
    known = (*roles(definitions), photo.text("shot"))
    if role not in known or not _can_have(definitions, photo) or gone(photo.text("original")):
        raise EntryInvalidError(reason=ROLE)
    if not may_tag(definitions, hazard, photo, person):
        raise NotAllowedError(action="evidence.attach", person=person.person_id)


def may_add(definitions: Definitions, hazard: Record, person: Person) -> bool:
    """Return whether this person may add photos to a hazard: who has a part in it."""
    if person.person_id in {hazard.text(cell) for cell in _PART}:
        return True
    access, plant, subject = definitions.access, definitions.plant, subject_of(hazard)
    actions = [one for one in access.actions if one.startswith("hazard.") and one != _OWN]
    return any(may(access, plant, person, one, subject) for one in actions)


def may_be_asked(definitions: Definitions, hazard: Record, person: Person) -> bool:
    """Return whether somebody can be asked for photos: the reporter, or who has a part there."""
    if person.person_id == hazard.text("reporter"):
        return True
    found = definitions
    reads = may(found.access, found.plant, person, "read", subject_of(hazard))
    return reads and hazard.text("area") in person.areas and may_add(found, hazard, person)


def check_asking(definitions: Definitions, hazard: Record, changes: Mapping[str, Value]) -> None:
    """Check whom an entry asks for photos, and for which; raises EntryInvalidError."""
    if not changes.keys() & {ASKED_OF, ASKED_SHOTS}:
        return
    person = definitions.plant.people.get(str(changes.get(ASKED_OF)))
    if person is None or not may_be_asked(definitions, hazard, person):
        raise EntryInvalidError(reason="person")
    shots = str(changes.get(ASKED_SHOTS) or "").split(",")
    if not set(shots) <= definitions.hazards.shots.keys() - {AFTER}:
        raise EntryInvalidError(reason=ROLE)


def asked_shots(hazard: Record) -> tuple[str, ...]:
    """Return the shots that somebody was asked for, as the hazard says."""
    return tuple(one for one in hazard.text(ASKED_SHOTS).split(",") if one)


def _can_have(definitions: Definitions, photo: Record) -> bool:
    shot = photo.text("shot")
    still = photo.text("media") != VIDEO and photo.get("withdrawn") is not True
    return still and shot != AFTER and shot in definitions.hazards.shots
