"""Management gaps: photos that stayed away check after check, and what their owner did about it."""

from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases.hazard_views import NOBODY
from domain import gaps
from domain.access import may, subject_of
from domain.errors import MoveRefusedError, NotAllowedError
from domain.plant import Person
from domain.records import Record
from domain.words import Words
from offline_store import records


@dataclass(frozen=True, slots=True)
class GapSheet:
    """One of the checks without the photo, with the reason that was given."""

    record_id: str
    code: str
    inspector: Words
    submitted_ms: int
    excuse: Words | None
    said: str


@dataclass(frozen=True, slots=True)
class GapView:
    """One gap: what is missing where, who settles it, and how it was settled."""

    gap_id: str
    asset_id: str
    asset: Words
    form: Words
    item: Words
    owner: Words
    raised_ms: int
    is_open: bool
    may_settle: bool
    settled_by: Words
    settled_ms: int | None
    note: str
    sheets: tuple[GapSheet, ...]


def listed(field: FieldApp, person: Person) -> list[GapView]:
    """Return the gaps that this person owns or may read: open ones first, then the latest."""
    with field.store.reading() as session:
        found = [
            _view(field, session, person, record)
            for record in records.find(session, gaps.TYPE)
            if _readable(field, person, record)
        ]
    return sorted(found, key=lambda gap: (not gap.is_open, -gap.raised_ms))


def view(field: FieldApp, person: Person, gap_id: str) -> GapView:
    """Return one gap; raises RecordMissingError or NotAllowedError."""
    with field.store.reading() as session:
        return _view(field, session, person, _get(field, session, person, gap_id))


def settle(field: FieldApp, person: Person, gap_id: str, note: str) -> GapView:
    """Say what was done about a gap; raises NotAllowedError, MoveRefusedError (note, state)."""
    said = note.strip()[: gaps.NOTE_MAX]
    if not said:
        raise MoveRefusedError(reason="needs", need="note")
    with field.store.session() as session:
        record = _get(field, session, person, gap_id)
        if record.text("owner") != person.person_id:
            raise NotAllowedError(action="gap.settle", person=person.person_id)
        if record.text("state") != gaps.OPEN:
            raise MoveRefusedError(reason="state", state=record.text("state"), target=gaps.SETTLED)
        field.write(
            session,
            person.person_id,
            kind="decide",
            record_id=gap_id,
            type=gaps.TYPE,
            definition=record.definition,
            set={
                "state": gaps.SETTLED,
                "settled_by": person.person_id,
                "settled_ms": field.clock.now_ms(),
                "note": said,
            },
        )
        shown = _view(field, session, person, records.get(session, gap_id))
    field.nudge()
    return shown


def _get(field: FieldApp, session: Session, person: Person, gap_id: str) -> Record:
    record = records.get(session, gap_id)
    if record.type != gaps.TYPE or not _readable(field, person, record):
        raise NotAllowedError(action="read", person=person.person_id)
    return record


def _readable(field: FieldApp, person: Person, record: Record) -> bool:
    found = field.definitions
    return may(found.access, found.plant, person, "read", subject_of(record))


def _view(field: FieldApp, session: Session, person: Person, record: Record) -> GapView:
    found = field.definitions
    people = found.plant.people
    asset = found.plant.assets.get(record.text("asset"))
    form = found.forms.get(record.text("form"))
    item = form.item(record.text("item")) if form else None
    owner, by = people.get(record.text("owner")), people.get(record.text("settled_by"))
    ids = record.get("sheets")
    sheets = [records.lookup(session, str(one)) for one in (ids if isinstance(ids, list) else [])]
    is_open = record.text("state") == gaps.OPEN
    return GapView(
        gap_id=record.record_id,
        asset_id=record.text("asset"),
        asset=asset.name if asset else NOBODY,
        form=form.name if form else NOBODY,
        item=item.name if item else NOBODY,
        owner=owner.name if owner else NOBODY,
        raised_ms=record.whole("raised_ms") or 0,
        is_open=is_open,
        may_settle=is_open and record.text("owner") == person.person_id,
        settled_by=by.name if by else NOBODY,
        settled_ms=record.whole("settled_ms"),
        note=record.text("note"),
        sheets=tuple(
            _sheet(field, sheet, record.text("item")) for sheet in sheets if sheet is not None
        ),
    )


def _sheet(field: FieldApp, sheet: Record, item_id: str) -> GapSheet:
    inspector = field.definitions.plant.people.get(sheet.text("inspector"))
    excused, said = sheet.get("excused"), sheet.get("excuse_words")
    reason = excused.get(item_id) if isinstance(excused, dict) else None
    words = said.get(item_id) if isinstance(said, dict) else None
    return GapSheet(
        record_id=sheet.record_id,
        code=sheet.text("code"),
        inspector=inspector.name if inspector else NOBODY,
        submitted_ms=sheet.whole("submitted_ms") or 0,
        excuse=field.definitions.excuses.get(reason) if isinstance(reason, str) else None,
        said=words if isinstance(words, str) else "",
    )
