"""A conflict that somebody settled: what stands now, who settled it, when and why."""

from dataclasses import dataclass

from app.field import FieldApp
from app.use_cases import conflicts, readable
from domain.control import flow_of
from domain.errors import NotAllowedError
from domain.plant import Person
from domain.words import Words
from offline_store import records, settled, times


@dataclass(frozen=True, slots=True)
class SettledCard:
    """What became of it; `value` stands in its field now, whatever happened since."""

    record_id: str
    type: str
    code: str
    title: str
    field: str
    value: Words
    person: Words
    at_ms: int
    note: str
    work: bool


def card(field: FieldApp, person: Person, conflict_id: str) -> SettledCard | None:
    """Return a settled conflict; None where it is not known here. Raises NotAllowedError."""
    with field.store.reading() as session:
        found = settled.lookup(session, conflict_id)
        record = records.lookup(session, found.record_id) if found else None
        if found is None or record is None:
            return None
        entry = found.by.entry
        if entry.person_id != person.person_id and not readable.may_read(field, person, record):
            raise NotAllowedError(action="read", person=person.person_id)
        true = times.of_records(session, [record.record_id]).get(entry.writer)
    who, note = field.definitions.plant.people.get(entry.person_id), entry.set.get("note")
    return SettledCard(
        record_id=record.record_id,
        type=record.type,
        code=record.text("code"),
        title=record.text("title") or record.text("words"),
        field=found.field,
        value=conflicts.said(field, record.type, found.field, record.get(found.field)),
        person=who.name if who else Words({"zh": entry.person_id, "en": entry.person_id}),
        at_ms=true.true_ms if true else entry.wall_ms,
        note=note if isinstance(note, str) else "",
        work=flow_of(field.definitions, record.type) is not None,
    )
