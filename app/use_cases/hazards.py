"""Hazards: report, who does what next, and what happened so far."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import evidence, timeline
from app.use_cases.evidence import EvidenceCard
from app.use_cases.timeline import Step
from domain import workflow
from domain.access import Subject, may, subject_of
from domain.definitions import Definitions
from domain.errors import NotAllowedError
from domain.forms import TEXT_MAX
from domain.hazards import deadlines, route
from domain.plant import Person
from domain.records import Record, Value
from domain.words import Words
from offline_store import outbox, records

DEFINITION = "hazard@1"
LIST_MAX = 200
NOBODY = Words({"zh": "—", "en": "—"})
OPEN_ENDS = frozenset({"closed", "merged", "void"})
FILTERS = ("mine", "todo", "open", "closed", "all")


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


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody a hazard may be dispatched to."""

    person_id: str
    name: Words
    role: Words
    unit: Words
    near: bool  # responsible for this area or of the unit routed to


def cards(field: FieldApp, person: Person, which: str = "mine") -> list[HazardCard]:
    """Return hazards that this person may see, latest change first; the person's own reports lead.

    `which`: "mine" reported by me, then those that wait for me · "todo" wait for me · "open" ·
    "closed" · "all".
    """
    with field.store.reading() as session:
        found = [
            _card(field, session, person, record)
            for record in records.find(session, "hazard", limit=LIST_MAX)
            if _may_read(field, person, record)
        ]
    chosen = [card for card in found if _fits(card, which)]
    own_first = which == "mine"
    return sorted(
        chosen, key=lambda card: (own_first and not card.mine, not card.for_me, -card.changed_ms)
    )


def view(field: FieldApp, person: Person, record_id: str) -> HazardView:
    """Return one hazard with its timeline and what this person may do now."""
    with field.store.reading() as session:
        return _view(field, session, person, records.get(session, record_id))


def candidates(field: FieldApp, person: Person, record_id: str) -> list[Candidate]:
    """Return who a hazard may be dispatched to, nearest first."""
    plant, access = field.definitions.plant, field.definitions.access
    with field.store.reading() as session:
        record = records.get(session, record_id)
    found: list[Candidate] = []
    for other in plant.people.values():
        subject = Subject(area=record.text("area"), assignee=other.person_id)
        if not may(access, plant, other, "hazard.rectify", subject):
            continue
        unit = plant.units.get(other.unit)
        near = record.text("unit") in plant.unit_line(other.unit)
        role = access.roles[other.roles[0]]
        found.append(
            Candidate(other.person_id, other.name, role, unit.name if unit else other.name, near)
        )
    return sorted(found, key=lambda row: (not row.near, row.person_id))


def act(
    field: FieldApp,
    person: Person,
    record_id: str,
    action: str,
    target: str,
    *,
    assignee: str | None = None,
    note: str = "",
    merged_into: str | None = None,
) -> HazardView:
    """Do one step; raises NotAllowedError, MoveRefusedError or ShotsMissingError."""
    definitions = field.definitions
    with field.store.session() as session:
        record = records.get(session, record_id)
        given: dict[str, Value] = {}
        if note.strip():
            given["note"] = note.strip()[:TEXT_MAX]
        if assignee:
            given |= {"assignee": assignee}
            if not record.text("responsible"):  # a badge instead of a picture (DOMAIN.md §2.11)
                given["responsible"] = assignee
        if merged_into:
            given["merged_into"] = merged_into
        move = workflow.decide(
            definitions.workflows["hazard"],
            record,
            action,
            target,
            person,
            definitions.access,
            definitions.plant,
            _facts(session, record),
            given,
        )
        given |= {"state": move.target, "action": action}
        given |= dict.fromkeys(_ACTED.get((action, target), ()), person.person_id)
        _write(field, session, person, record_id, "decide", given)
        shown = _view(field, session, person, records.get(session, record_id))
    field.nudge()
    return shown


def set_place(field: FieldApp, person: Person, record_id: str, asset_id: str) -> HazardView:
    """Fix the place of a hazard that came as "place unknown" (before dispatch).

    The hazard is routed anew. Needs the right to accept it; raises NotAllowedError.
    """
    definitions = field.definitions
    asset = definitions.plant.assets[asset_id]
    with field.store.session() as session:
        record = records.get(session, record_id)
        if not may(
            definitions.access, definitions.plant, person, "hazard.accept", subject_of(record)
        ):
            raise NotAllowedError(action="hazard.accept", person=person.person_id)
        area = definitions.plant.areas[asset.area]
        unit = route(
            definitions.hazards,
            definitions.plant,
            definitions.access,
            record.text("category") or None,
            area,
            asset,
        )
        _write(
            field,
            session,
            person,
            record_id,
            "edit",
            {"asset": asset_id, "area": asset.area, "unit": unit},
        )
        shown = _view(field, session, person, records.get(session, record_id))
    field.nudge()
    return shown


def open_of_asset(field: FieldApp, session: Session, asset_id: str) -> list[HazardCard]:
    """Return the open hazards of an asset, whoever reported them, oldest first."""
    found = [
        _card(field, session, None, record)
        for record in records.find(session, "hazard", limit=LIST_MAX)
        if record.text("asset") == asset_id and record.text("state") not in OPEN_ENDS
    ]
    return sorted(found, key=lambda card: card.reported_ms)


def open_counts(session: Session) -> dict[str, int]:
    """Return how many open hazards each asset has."""
    counts: dict[str, int] = {}
    for record in records.find(session, "hazard", limit=LIST_MAX):
        asset = record.text("asset")
        if asset and record.text("state") not in OPEN_ENDS:
            counts[asset] = counts.get(asset, 0) + 1
    return counts


_ACTED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("hazard.accept", "accepted"): ("owner",),
    ("hazard.verify", "closed"): ("verifier",),
    ("hazard.verify", "to_review"): ("verifier",),
}


def _write(
    field: FieldApp,
    session: Session,
    person: Person,
    record_id: str,
    kind: str,
    cells: Mapping[str, Value],
) -> None:
    field.write(
        session,
        person.person_id,
        kind=kind,
        record_id=record_id,
        type="hazard",
        definition=DEFINITION,
        set=cells,
    )


def _facts(session: Session, record: Record) -> dict[str, object]:
    found = records.evidence_of(session, record.record_id)
    return {"shots": frozenset(row.text("shot") for row in found)}


def _view(field: FieldApp, session: Session, person: Person, record: Record) -> HazardView:
    definitions = field.definitions
    card = _card(field, session, person, record)
    photos = tuple(evidence.cards_in(field, session, record.record_id))
    steps = timeline.steps(field, session, record)
    accepted = next((step.at_ms for step in steps if step.state == "accepted"), None)
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
    present = frozenset(row.text("shot") for row in records.evidence_of(session, record.record_id))
    found: list[MoveView] = []
    for move in workflow.moves(flow, record, person, definitions.access, definitions.plant):
        missing: tuple[str, ...] = ()
        if "shots" in _requires(flow, move):
            named = present | {"responsible"} if "assignee" in move.needs else present
            missing = workflow.missing_shots(flow, record, named, record.text("grade"))
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


_SIDE_WAYS = frozenset({"hazard.return", "hazard.merge", "hazard.void", "hazard.reopen"})


def _card(field: FieldApp, session: Session, person: Person | None, record: Record) -> HazardCard:
    definitions = field.definitions
    plant = definitions.plant
    asset = plant.assets.get(record.text("asset"))
    area = plant.areas.get(record.text("area"))
    reporter = plant.people.get(record.text("reporter"))
    grade, reported = record.text("grade"), record.whole("reported_ms") or 0
    state = definitions.workflows["hazard"].states[record.text("state")]
    moment = timeline.last(session, record.record_id)
    until = deadlines(definitions.hazards, grade, reported, moment.accepted_ms)
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
        due_ms=None if state.code in OPEN_ENDS else until.rectify_by_ms or until.accept_by_ms,
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


def _may_read(field: FieldApp, person: Person, record: Record) -> bool:
    definitions = field.definitions
    subject = subject_of(record)
    return may(definitions.access, definitions.plant, person, "read", subject) or bool(
        person.person_id in {record.text(cell) for cell in ("assignee", "owner", "verifier")}
    )


def _fits(card: HazardCard, which: str) -> bool:
    match which:
        case "mine":
            return card.mine or card.for_me
        case "todo":
            return card.for_me
        case "open":
            return card.state not in OPEN_ENDS
        case "closed":
            return card.state in OPEN_ENDS
        case _:
            return True


def category_words(definitions: Definitions, code: str) -> Words | None:
    """Return the name of a category; None where nothing pointed to one yet."""
    category = definitions.hazards.categories.get(code)
    return category.name if category else None
