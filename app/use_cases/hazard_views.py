"""How a hazard is shown: its card in a list, and the whole of it with what can be done next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import evidence, repair_checks, three_photos, timeline
from app.use_cases.evidence import EvidenceCard
from app.use_cases.hazard_fields import FieldView, fields_of, missing_before
from app.use_cases.repair_checks import CheckView
from app.use_cases.three_photos import ThreePhotos
from app.use_cases.timeline import Step
from domain import workflow
from domain.capture_trust import from_album
from domain.corrections import may_choose, may_correct
from domain.definitions import Definitions
from domain.evidence import AFTER, shots_now
from domain.hazards import deadlines, element_of, next_deadline
from domain.plant import Person
from domain.records import Record
from domain.repair_checks import REGION, Region, known_refused, last_after, region_of
from domain.words import Words
from offline_store import blobs, lists, records, removals

NOBODY: Final = Words({"zh": "—", "en": "—"})
OPEN_ENDS: Final = frozenset({"closed", "merged", "void"})
# steps that lead away from closing the hazard: offered last
_SIDE_WAYS: Final = frozenset({"hazard.return", "hazard.merge", "hazard.void", "hazard.reopen"})


@dataclass(frozen=True, slots=True)
class HazardCard:
    """One hazard in a list."""

    record_id: str
    code: str
    words: str  # the reporter's own words
    asset_id: str | None
    place: Words | None  # asset or area; None: place unknown
    area: Words | None
    category: Words | None
    grade: str
    state: str
    state_words: Words
    reporter: Words
    reported_ms: int
    changed_ms: int
    mine: bool
    for_me: bool  # a step waits for this person
    sent: bool  # the server has it
    due_ms: int | None
    thumb: bytes | None


@dataclass(frozen=True, slots=True)
class MoveView:
    """A step this person may do now. `needs`: "assignee", "after_photo", "note", "target"."""

    action: str
    words: Words
    target: str
    needs: tuple[str, ...]
    missing: tuple[str, ...]  # shots still missing before it can be done
    primary: bool
    asks: tuple[str, ...] = ()  # fields of the data still to be answered before it can be done


@dataclass(frozen=True, slots=True)
class HazardView:
    """One hazard, whole."""

    card: HazardCard
    photos: tuple[EvidenceCard, ...]
    steps: tuple[Step, ...]
    moves: tuple[MoveView, ...]
    reasons: tuple[Words, ...]  # why this grade was proposed
    unit: Words
    assignee: Words | None
    accept_by_ms: int | None
    rectify_by_ms: int | None
    place_known: bool
    category: str
    element_code: str
    element: Words | None  # man, machine, material, method, environment
    element_proposed: bool  # nobody chose it: the category points to it
    factor: Words | None  # GB/T 13861, from the category
    corrections: frozenset[str]  # cells that this person may change
    grades: tuple[str, ...]  # the present one and those this person may choose, worst first
    fields: tuple[FieldView, ...] = ()  # what the plant's data asks beside
    region: Region | None = None  # where the defect is, on a photo of the report
    check: CheckView | None = None  # of the last photo of a repair
    three: ThreePhotos | None = None  # the photos that its grade asks for


def view_of(field: FieldApp, session: Session, person: Person, record: Record) -> HazardView:
    """Return a hazard with its photos, its timeline and what this person may do now."""
    definitions = field.definitions
    card = card_of(field, session, person, record)
    photos = tuple(evidence.cards_in(field, session, record.record_id))
    steps = timeline.steps(field, session, record)
    accepted = timeline.moment_of(record).accepted_ms
    until = deadlines(definitions.hazards, card.grade, card.reported_ms, accepted)
    proposed = record.get("proposed")
    reasons = proposed.get("reasons") if isinstance(proposed, dict) else None
    unit = definitions.plant.units.get(record.text("unit"))
    assignee = definitions.plant.people.get(record.text("assignee"))
    element = element_now(definitions, record)
    return HazardView(
        card=card,
        photos=photos,
        steps=tuple(steps),
        moves=_moves(field, session, person, record),
        reasons=tuple(
            Words({str(key): str(text) for key, text in row.items()})
            for row in (reasons if isinstance(reasons, list) else [])
            if isinstance(row, dict)
        ),
        unit=unit.name if unit else NOBODY,
        assignee=assignee.name if assignee else None,
        accept_by_ms=until.accept_by_ms,
        rectify_by_ms=until.rectify_by_ms,
        place_known=bool(record.text("asset") or record.text("area")),
        category=record.text("category"),
        element_code=element,
        element=definitions.hazards.elements.get(element),
        element_proposed=element_proposed(definitions, record),
        factor=factor_words(definitions, record.text("category")),
        corrections=frozenset(
            name
            for name in definitions.workflows["hazard"].cells
            if may_correct(definitions.workflows["hazard"], record, name, person, definitions)
        ),
        grades=grades_of(definitions, record, person),
        fields=fields_of(definitions, record, person),
        region=region_of(record.get(REGION)),
        check=repair_checks.view_of(field, session, person, record),
        three=three_photos.view_of(field, session, person, record, photos),
    )


def element_now(definitions: Definitions, record: Record) -> str:
    """Return the element of a hazard: as chosen, else what its category points to."""
    pointed = element_of(definitions.hazards, record.text("category"))
    return record.text("element") or pointed or ""


def element_proposed(definitions: Definitions, record: Record) -> bool:
    """Say whether the element is what the category points to: nobody chose another."""
    pointed = element_of(definitions.hazards, record.text("category"))
    return record.text("element") in ("", pointed)


def grades_of(definitions: Definitions, record: Record, person: Person) -> tuple[str, ...]:
    """Return the grade that a hazard has and those that this person may give it, worst first."""
    flow, now = definitions.workflows["hazard"], record.text("grade")
    return tuple(
        code
        for code in definitions.hazards.grades
        if code == now or may_choose(flow, record, "grade", code, person, definitions)
    )


def _moves(
    field: FieldApp, session: Session, person: Person, record: Record
) -> tuple[MoveView, ...]:
    definitions = field.definitions
    flow = definitions.workflows["hazard"]
    photos = records.evidence_of(session, record.record_id)
    present = shots_now(record, photos, removals.gone(session))
    refused = known_refused(photos)
    album = from_album(last_after(photos))
    found: list[MoveView] = []
    for move in workflow.moves(flow, record, person, definitions.access, definitions.plant):
        missing: tuple[str, ...] = ()
        if "shots" in _requires(flow, move):
            by_name = flow.shot_rules.named if "assignee" in move.needs else ()
            named = present.union(by_name)  # whom it is given to is named with the step
            missing = workflow.missing_shots(flow, record, named, record.text("grade"))
        if "after_photo" in move.needs and AFTER not in present:
            missing = (*missing, AFTER)
        found.append(
            MoveView(
                action=move.action,
                words=definitions.access.actions[move.action],
                target=move.target,
                needs=_asked(move.needs, refused=refused, album=album),
                missing=missing,
                primary=move.action not in _SIDE_WAYS,
                asks=missing_before(definitions, record, move.action),
            )
        )
    return tuple(sorted(found, key=lambda move: not move.primary))


def _asked(needs: tuple[str, ...], *, refused: bool, album: bool) -> tuple[str, ...]:
    """What a person is asked for; a photo after the repair is among it."""
    photo = ("after_photo",) if "after_photo" in needs else ()
    return (*photo, *workflow.asked_for(needs, refused=refused, album=album))


def _requires(flow: workflow.Workflow, move: workflow.Move) -> tuple[str, ...]:
    way = (move.action, move.target)
    return next(
        row.requires
        for row in flow.transitions
        if move.source in row.sources and (row.action, row.target) == way
    )


def card_of(field: FieldApp, session: Session, person: Person | None, record: Record) -> HazardCard:
    """Return the card of a hazard as this person sees it; None: as nobody in particular."""
    return cards_of(field, session, person, [record])[0]


def cards_of(
    field: FieldApp, session: Session, person: Person | None, found: Sequence[Record]
) -> list[HazardCard]:
    """Return the cards of a page of hazards: what they need beside themselves is read at once."""
    ids = [record.record_id for record in found]
    unsent, thumbs = lists.unsent(session, ids), lists.first_thumbs(session, ids)
    return [
        _card(
            field,
            person,
            record,
            sent=record.record_id not in unsent,
            thumb=thumbs.get(record.record_id),
        )
        for record in found
    ]


def _card(
    field: FieldApp, person: Person | None, record: Record, *, sent: bool, thumb: str | None
) -> HazardCard:
    definitions = field.definitions
    plant = definitions.plant
    asset = plant.assets.get(record.text("asset"))
    area = plant.areas.get(record.text("area"))
    reporter = plant.people.get(record.text("reporter"))
    grade, reported = record.text("grade"), record.whole("reported_ms") or 0
    flow = definitions.workflows["hazard"]
    code = record.text("state")
    state = flow.states.get(code) or workflow.StateName(code, NOBODY)  # of a later version
    return HazardCard(
        record_id=record.record_id,
        code=record.text("code"),
        words=record.text("words"),
        asset_id=record.text("asset") or None,
        place=asset.name if asset else area.name if area else None,
        area=area.name if area else None,
        category=category_words(definitions, record.text("category")),
        grade=grade,
        state=state.code,
        state_words=state.name,
        reporter=reporter.name if reporter else NOBODY,
        reported_ms=reported,
        changed_ms=timeline.moment_of(record).changed_ms,
        mine=person is not None and record.text("reporter") == person.person_id,
        for_me=person is not None and waits_for(field, person, record),
        sent=sent,
        due_ms=due_of(definitions, record),
        thumb=blobs.read(field.store, thumb) if thumb else None,
    )


def due_of(definitions: Definitions, record: Record) -> int | None:
    """Return until when the next step of a hazard is due; None: no time is set."""
    moment, state = timeline.moment_of(record), record.text("state")
    since = (record.whole("reported_ms") or 0) if state == "reported" else moment.changed_ms
    grade = record.text("grade")
    return next_deadline(definitions.hazards, grade, state, since, moment.accepted_ms)


def waits_for(field: FieldApp, person: Person, record: Record) -> bool:
    """Say whether the next step is this person's own job, not only a plant-wide right."""
    definitions = field.definitions
    flow = definitions.workflows["hazard"]
    open_moves = workflow.moves(flow, record, person, definitions.access, definitions.plant)
    mine = {move.action for move in open_moves} - _SIDE_WAYS
    if "hazard.rectify" in mine:
        return record.text("assignee") == person.person_id
    if mine & {"hazard.accept", "hazard.dispatch"}:
        return record.text("unit") == person.unit
    return bool(mine & {"hazard.verify", "hazard.review"}) and record.text("area") in person.areas


def category_words(definitions: Definitions, code: str) -> Words | None:
    """Return the name of a category; None where nothing pointed to one yet."""
    category = definitions.hazards.categories.get(code)
    return category.name if category else None


def factor_words(definitions: Definitions, code: str) -> Words | None:
    """Return the factor of GB/T 13861 that a category belongs to."""
    category = definitions.hazards.categories.get(code)
    return definitions.hazards.factors.get(category.factor) if category else None
