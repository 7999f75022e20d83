"""How a hazard is shown: its card in a list, and the whole of it with what can be done next."""

from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import evidence, timeline
from app.use_cases.evidence import EvidenceCard
from app.use_cases.timeline import Step
from domain import workflow
from domain.definitions import Definitions
from domain.evidence import AFTER, shots_now
from domain.hazards import deadlines, next_deadline
from domain.plant import Person
from domain.records import Record
from domain.words import Words
from offline_store import outbox, records

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


def view_of(field: FieldApp, session: Session, person: Person, record: Record) -> HazardView:
    """Return a hazard with its photos, its timeline and what this person may do now."""
    definitions = field.definitions
    card = card_of(field, session, person, record)
    photos = tuple(evidence.cards_in(field, session, record.record_id))
    steps = timeline.steps(field, session, record)
    accepted = timeline.last(session, record.record_id).accepted_ms
    until = deadlines(definitions.hazards, card.grade, card.reported_ms, accepted)
    proposed = record.get("proposed")
    reasons = proposed.get("reasons") if isinstance(proposed, dict) else None
    unit = definitions.plant.units.get(record.text("unit"))
    assignee = definitions.plant.people.get(record.text("assignee"))
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
    )


def _moves(
    field: FieldApp, session: Session, person: Person, record: Record
) -> tuple[MoveView, ...]:
    definitions = field.definitions
    flow = definitions.workflows["hazard"]
    present = shots_now(record, records.evidence_of(session, record.record_id))
    found: list[MoveView] = []
    for move in workflow.moves(flow, record, person, definitions.access, definitions.plant):
        missing: tuple[str, ...] = ()
        if "shots" in _requires(flow, move):
            named = present | {"responsible"} if "assignee" in move.needs else present
            missing = workflow.missing_shots(flow, record, named, record.text("grade"))
        if "after_photo" in move.needs and AFTER not in present:
            missing = (*missing, AFTER)
        found.append(
            MoveView(
                action=move.action,
                words=definitions.access.actions[move.action],
                target=move.target,
                needs=move.needs,
                missing=missing,
                primary=move.action not in _SIDE_WAYS,
            )
        )
    return tuple(sorted(found, key=lambda move: not move.primary))


def _requires(flow: workflow.Workflow, move: workflow.Move) -> tuple[str, ...]:
    way = (move.action, move.target)
    return next(
        row.requires
        for row in flow.transitions
        if move.source in row.sources and (row.action, row.target) == way
    )


def card_of(field: FieldApp, session: Session, person: Person | None, record: Record) -> HazardCard:
    """Return the card of a hazard as this person sees it; None: as nobody in particular."""
    definitions = field.definitions
    plant = definitions.plant
    asset = plant.assets.get(record.text("asset"))
    area = plant.areas.get(record.text("area"))
    reporter = plant.people.get(record.text("reporter"))
    grade, reported = record.text("grade"), record.whole("reported_ms") or 0
    flow = definitions.workflows["hazard"]
    code = record.text("state")
    state = flow.states.get(code) or workflow.StateName(code, NOBODY)  # of a later version
    moment = timeline.last(session, record.record_id)
    since = reported if record.text("state") == "reported" else moment.changed_ms
    due = next_deadline(definitions.hazards, grade, record.text("state"), since, moment.accepted_ms)
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
        changed_ms=moment.changed_ms,
        mine=person is not None and record.text("reporter") == person.person_id,
        for_me=person is not None and _waits_for(field, person, record),
        sent=outbox.is_sent(session, record.record_id),
        due_ms=due,
        thumb=next(
            (card.thumb for card in evidence.cards_in(field, session, record.record_id)), None
        ),
    )


def _waits_for(field: FieldApp, person: Person, record: Record) -> bool:
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
