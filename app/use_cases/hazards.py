"""Hazards: report, who does what next, and what happened so far."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases.hazard_views import OPEN_ENDS, HazardCard, HazardView, card_of, view_of
from domain import workflow
from domain.access import Subject, may, subject_of
from domain.errors import NotAllowedError
from domain.evidence import shots_now
from domain.forms import TEXT_MAX
from domain.hazards import route
from domain.plant import Person
from domain.records import Record, Value
from domain.words import Words
from offline_store import records

DEFINITION = "hazard@1"
LIST_MAX = 200
FILTERS = ("mine", "todo", "open", "closed", "all")


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

    `which`: "mine" reported by me · "todo" wait for me · "open" ·
    "closed" · "all".
    """
    with field.store.reading() as session:
        found = [
            card_of(field, session, person, record)
            for record in _listed(field, session, which)
            if _may_read(field, person, record)
        ]
    chosen = [card for card in found if _fits(card, which)]
    own_first = which == "mine"
    return sorted(
        chosen, key=lambda card: (own_first and not card.mine, not card.for_me, -card.changed_ms)
    )


def open_states(field: FieldApp) -> list[str]:
    """Return the states in which a hazard is not done with."""
    return [code for code in field.definitions.workflows["hazard"].states if code not in OPEN_ENDS]


def _listed(field: FieldApp, session: Session, which: str) -> list[Record]:
    """Return what a list may hold: every open hazard, and of those done with the latest."""
    unfinished: list[Record] = []
    if which != "closed":
        unfinished = records.find(session, "hazard", state=open_states(field), limit=records.ALL)
    if which in ("todo", "open"):
        return unfinished
    done = records.find(session, "hazard", state=sorted(OPEN_ENDS), limit=LIST_MAX)
    return [*unfinished, *done]


def view(field: FieldApp, person: Person, record_id: str) -> HazardView:
    """Return one hazard with its timeline and what this person may do now.

    Raises NotAllowedError where it is neither theirs nor open on equipment that they look after.
    """
    with field.store.reading() as session:
        record = records.get(session, record_id)
        if not _may_read(field, person, record):
            raise NotAllowedError(action="read", person=person.person_id)
        return view_of(field, session, person, record)


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
        near = record.text("unit") in plant.unit_line(other.unit)
        role = access.roles[other.roles[0]]
        unit = plant.unit_name(other.unit) or other.name
        found.append(Candidate(other.person_id, other.name, role, unit, near))
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
        flow = definitions.workflows["hazard"]
        move = workflow.decide(
            flow,
            record,
            action,
            target,
            person,
            definitions.access,
            definitions.plant,
            _facts(session, record, merged_into),
            given,
        )
        given |= {"state": move.target, "action": action}
        given |= workflow.signature(flow, action, person.person_id)
        if move.target == "returned":  # not theirs: the unit that triages decides whose it is
            given["unit"] = definitions.hazards.otherwise[-1]
        _write(field, session, person, record_id, "decide", given)
        shown = view_of(field, session, person, records.get(session, record_id))
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
        shown = view_of(field, session, person, records.get(session, record_id))
    field.nudge()
    return shown


def open_of_asset(field: FieldApp, session: Session, asset_id: str) -> list[HazardCard]:
    """Return the open hazards of an asset, whoever reported them, oldest first."""
    found = [
        card_of(field, session, None, record)
        for record in _listed(field, session, "open")
        if record.text("asset") == asset_id
    ]
    return sorted(found, key=lambda card: card.reported_ms)


def open_counts(field: FieldApp, session: Session) -> dict[str, int]:
    """Return how many open hazards each asset has."""
    counts: dict[str, int] = {}
    for record in _listed(field, session, "open"):
        asset = record.text("asset")
        if asset:
            counts[asset] = counts.get(asset, 0) + 1
    return counts


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


def _facts(session: Session, record: Record, merged_into: str | None) -> dict[str, object]:
    """Return what the workflow asks beside the record: its photos, and where it would be merged."""
    return {
        "shots": shots_now(record, records.evidence_of(session, record.record_id)),
        "merge_into": records.lookup(session, merged_into) if merged_into else None,
    }


def _may_read(field: FieldApp, person: Person, record: Record) -> bool:
    definitions = field.definitions
    subject = subject_of(record)
    return may(definitions.access, definitions.plant, person, "read", subject) or bool(
        person.person_id in {record.text(cell) for cell in ("assignee", "owner", "verifier")}
    )


def _fits(card: HazardCard, which: str) -> bool:
    match which:
        case "mine":
            return card.mine
        case "todo":
            return card.for_me
        case "open":
            return card.state not in OPEN_ENDS
        case "closed":
            return card.state in OPEN_ENDS
        case _:
            return True
