"""Correcting a hazard beside its steps: checked against the rights, then written as one entry."""

from collections.abc import Mapping

from sqlmodel import Session

from app.field import FieldApp
from domain import corrections
from domain.plant import Person
from domain.records import Record, Value

DEFINITION = "hazard@1"


def correct(
    field: FieldApp,
    session: Session,
    person: Person,
    record: Record,
    changes: Mapping[str, Value],
) -> None:
    """Write cells of a hazard; raises NotAllowedError, MoveRefusedError or EntryInvalidError."""
    found = field.definitions
    corrections.check(found.workflows["hazard"], record, changes, person, found)
    field.write(
        session,
        person.person_id,
        kind="edit",
        record_id=record.record_id,
        type="hazard",
        definition=DEFINITION,
        set=changes,
    )
