"""The interim control of a hazard: what keeps people safe until it is repaired."""

from dataclasses import dataclass

from app.field import FieldApp
from app.use_cases.hazard_corrections import correct
from domain import corrections, escalation
from domain.errors import MoveRefusedError
from domain.plant import Person
from domain.questions import TEXT_MAX
from domain.records import Record, Value
from domain.words import Words
from offline_store import records, stories

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class InterimView:
    """What is in place and since when, until when it had to be, and whether this person may say so.

    `standing` is false for one that was recorded before the hazard was reopened. `due_ms` is None
    where no interim control is asked for, or not yet.
    """

    text: str
    by: Words | None
    at_ms: int | None
    due_ms: int | None
    standing: bool
    may: bool


def interim(field: FieldApp, person: Person, record_id: str) -> InterimView | None:
    """Return the interim control of a hazard; None where there is nothing to say about it."""
    with field.store.reading() as session:
        record = records.get(session, record_id)
        story = stories.story(session, record)
    accepted = escalation.accepted_turn(story)
    grade = field.definitions.hazards.sla.get(record.text("grade"))
    working = record.text("state") in escalation.WORKING
    due_ms = None
    if working and accepted is not None and grade is not None and grade.interim_h is not None:
        due_ms = accepted.captured_ms + grade.interim_h * _HOUR_MS
    text = record.text("interim").strip()
    if not text and due_ms is None:
        return None
    by = field.definitions.plant.people.get(record.text("interim_by"))
    return InterimView(
        text=text,
        by=by.name if by else None,
        at_ms=record.whole("interim_ms"),
        due_ms=due_ms,
        standing=escalation.interim_recorded(story),
        may=working and _may(field, person, record),
    )


def record_interim(field: FieldApp, person: Person, record_id: str, text: str) -> None:
    """Record what was done at once; it ends the escalation for want of an interim control.

    Raises NotAllowedError, or MoveRefusedError where nothing is said.
    """
    if not text.strip():
        raise MoveRefusedError(reason="needs", need="note")
    changes: dict[str, Value] = {
        "interim": text.strip()[:TEXT_MAX],
        "interim_ms": field.clock.now_ms(),
        "interim_by": person.person_id,
    }
    with field.store.session() as session:
        record = records.get(session, record_id)
        correct(field, session, person, record, changes)
    field.nudge()


def _may(field: FieldApp, person: Person, record: Record) -> bool:
    found = field.definitions
    flow = found.workflows["hazard"]
    return corrections.may_correct(flow, record, "interim", person, found)
