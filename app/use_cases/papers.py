"""The report of a hazard or an inspection as PDF, made on this device of what it knows."""

from dataclasses import dataclass

from app.field import FieldApp
from app.translate import Translator
from app.use_cases import events
from app.use_cases.readable import READ, may_read
from domain.errors import NotAllowedError
from domain.plant import Person
from media.papers import facts, report
from media.papers.report import Making
from offline_store import records
from offline_store.proofs import Maker

EVENT = "export.report"  # says who took which record out as a paper


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A PDF to save, and what to call it."""

    name: str
    data: bytes


def make(
    field: FieldApp,
    person: Person,
    record_id: str,
    t: Translator,
    made_ms: int | None = None,
) -> ReportFile:
    """Return the report of a record in the language of `t`; takes seconds: call it in a thread.

    Who took it is written down before it is handed out. Raises NotAllowedError,
    RecordMissingError, ReportKindError.
    """
    now_ms = field.clock.now_ms() if made_ms is None else made_ms
    with field.store.reading() as session:
        record = records.get(session, record_id)
        report.check_kind(record.type)
        if not may_read(field, person, record):
            raise NotAllowedError(action=READ, person=person.person_id)
        maker = Maker(field.device.device_id, now_ms, field.definitions)
        told = facts.gather(field.store, session, record, maker)
    making = Making(t, field.font, now_ms, person.person_id)
    data = report.make(field.store, told, making)
    told_of = {"record": record.record_id, "format": "pdf", "language": t.language}
    events.note(field, person, EVENT, told_of, at_ms=now_ms)
    return ReportFile(f"anshao-{record.text('code') or record_id}-{t.language}.pdf", data)
