"""The photos that the grade of a hazard asks for before its dispatch, and the ways to them.

What is missing is taken, told of a photo that is there already, asked of somebody, or, where the
data lets danger go first, given a reason in the dispatch (`domain.shots`, `domain.photo_roles`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases.evidence import DEFINITION, EvidenceCard
from app.use_cases.hazard_corrections import correct
from domain import photo_roles
from domain.access import may, subject_of
from domain.corrections import may_correct
from domain.definitions import Definitions
from domain.errors import MoveRefusedError
from domain.evidence import AFTER, role_of, shots_now
from domain.photo_roles import ASKED_BY, ASKED_MS, ASKED_OF, ASKED_SHOTS, ROLE, SETTLED
from domain.plant import Person
from domain.records import Record
from domain.words import Words
from domain.workflow import missing_shots, scene
from offline_store import records, removals

DISPATCH = "hazard.dispatch"
Way = Literal["photo", "instead", "named", "by_name", "none"]


@dataclass(frozen=True, slots=True)
class ShotView:
    """One photo that the grade asks for, and what stands for it now.

    `way`: "photo" it is there · "instead" another stands in (`photo` shows it) · "named" a person
    is named · "by_name" the dispatch will name somebody · "none" it is missing.
    """

    code: str
    way: Way
    photo: EvidenceCard | None
    instead: tuple[str, ...]

    @property
    def there(self) -> bool:
        """Whether nothing has to be done for it."""
        return self.way != "none"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked for which photos, by whom and when."""

    person: Words
    mine: bool
    shots: tuple[str, ...]
    by: Words | None
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class Askable:
    """Somebody who can be asked for photos."""

    person_id: str
    name: Words
    reporter: bool


@dataclass(frozen=True, slots=True)
class ThreePhotos:
    """The photos of a grade, and what this person can do about those that are missing."""

    shots: tuple[ShotView, ...]
    may_shoot: bool
    taggable: tuple[EvidenceCard, ...]  # photos that this person may say something of
    askable: tuple[Askable, ...]  # empty where this person may not ask
    asked: Asked | None
    may_waive: bool  # this person dispatches, and the data lets a reason stand for the photos
    waits_for_interim: bool  # it would, once what keeps people safe is recorded
    reason: str  # why it was dispatched without them

    @property
    def missing(self) -> tuple[str, ...]:
        """The shots for which nothing stands, in the order of the data."""
        return tuple(one.code for one in self.shots if not one.there)


def view_of(
    field: FieldApp,
    session: Session,
    person: Person,
    record: Record,
    cards: Sequence[EvidenceCard],
) -> ThreePhotos | None:
    """Return what is said about the photos of a hazard's grade; None where it asks for none."""
    found = field.definitions
    flow = found.workflows["hazard"]
    demanded = flow.shots.get(record.text("grade"), ())
    if not demanded or record.text("state") in SETTLED:
        return None
    evidence = records.evidence_of(session, record.record_id)
    present = shots_now(record, evidence, removals.gone(session))
    lacking = missing_shots(flow, record, present, record.text("grade"))
    shots = tuple(_shot(found, record, one, evidence, cards, lacking) for one in demanded)
    mine = {one.record_id for one in evidence if photo_roles.may_tag(found, record, one, person)}
    missing = any(not one.there for one in shots)
    dispatches = may(found.access, found.plant, person, DISPATCH, subject_of(record))
    waivable = missing and dispatches and flow.shot_rules.waiver is not None
    may_waive = waivable and flow.shot_rules.may_waive(scene(record, {}))
    return ThreePhotos(
        shots=shots,
        may_shoot=photo_roles.may_add(found, record, person),
        taggable=tuple(one for one in cards if one.evidence_id in mine and not one.removed),
        askable=_askable(found, record, person) if missing else (),
        asked=_asked(found, record, person, {one.code for one in shots if not one.there}),
        may_waive=may_waive,
        waits_for_interim=waivable and not may_waive,
        reason=record.text(flow.shot_rules.waiver.cell) if flow.shot_rules.waiver else "",
    )


def tag(field: FieldApp, person: Person, evidence_id: str, role: str) -> None:
    """Say what a photo of a hazard shows.

    Raises NotAllowedError, EntryInvalidError, or MoveRefusedError where it is said already.
    """
    with field.store.session() as session:
        photo = records.get(session, evidence_id)
        hazard = records.get(session, photo.text("of"))
        gone = removals.gone(session)
        photo_roles.check_role(field.definitions, hazard, photo, person, role, gone)
        if role_of(photo) == role:
            raise MoveRefusedError(reason="unchanged")
        field.write(
            session,
            person.person_id,
            kind="edit",
            record_id=evidence_id,
            type="evidence",
            definition=DEFINITION,
            set={ROLE: role},
        )
    field.nudge()


def ask(field: FieldApp, person: Person, record_id: str, of: str, shots: Sequence[str]) -> None:
    """Ask somebody for photos of a hazard; the server tells them.

    Raises NotAllowedError, EntryInvalidError, or MoveRefusedError where nobody works on it.
    """
    with field.store.session() as session:
        record = records.get(session, record_id)
        changes = {
            ASKED_OF: of,
            ASKED_SHOTS: ",".join(shots),
            ASKED_BY: person.person_id,
            ASKED_MS: field.clock.now_ms(),
        }
        photo_roles.check_asking(field.definitions, record, changes)
        correct(field, session, person, record, changes)
    field.nudge()


def _shot(
    found: Definitions,
    record: Record,
    code: str,
    evidence: Sequence[Record],
    cards: Sequence[EvidenceCard],
    lacking: Sequence[str],
) -> ShotView:
    rules = found.workflows["hazard"].shot_rules
    instead = rules.instead.get(code, ())
    by_id = {one.evidence_id: one for one in cards if not (one.is_clip or one.removed)}
    still = [(role_of(one), by_id[one.record_id]) for one in evidence if one.record_id in by_id]
    own = next((card for role, card in reversed(still) if role == code), None)
    other = next((card for role, card in reversed(still) if role in instead), None)
    way: Way = "none"
    if own is not None:
        way = "photo"
    elif other is not None:
        way = "instead"
    elif code in rules.named:
        way = "by_name" if code in lacking else "named"
    return ShotView(code, way, own or other, instead)


def _askable(found: Definitions, record: Record, person: Person) -> tuple[Askable, ...]:
    """Return whom this person can ask: the reporter first, then people of the area."""
    flow, reporter = found.workflows["hazard"], record.text("reporter")
    if not may_correct(flow, record, ASKED_OF, person, found):
        return ()
    able = [
        Askable(one.person_id, one.name, one.person_id == reporter)
        for one in found.plant.people.values()
        if one.person_id != person.person_id and photo_roles.may_be_asked(found, record, one)
    ]
    return tuple(sorted(able, key=lambda one: (not one.reporter, one.person_id)))


def _asked(found: Definitions, record: Record, person: Person, missing: set[str]) -> Asked | None:
    """Return who was asked for what is still missing; photos that came answer it."""
    shots = tuple(one for one in photo_roles.asked_shots(record) if one in missing)
    of, by = record.text(ASKED_OF), found.plant.people.get(record.text(ASKED_BY))
    someone = found.plant.people.get(of)
    if someone is None or not shots:
        return None
    mine = of == person.person_id
    return Asked(someone.name, mine, shots, by.name if by else None, record.whole(ASKED_MS))


def tags_of(field: FieldApp, shot: ShotView) -> tuple[str, ...]:
    """Return what a photo that is here can be told to be, to stand for this shot."""
    known = photo_roles.roles(field.definitions)
    return tuple(one for one in (shot.code, *shot.instead) if one in known and one != AFTER)
