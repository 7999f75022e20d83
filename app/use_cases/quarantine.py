"""What the server holds in quarantine, as whoever may release it sees it and settles it."""

import re
from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import administration
from app.use_cases.hazard_views import NOBODY
from domain import quarantine
from domain.access import may, subject_of
from domain.devices import named
from domain.errors import MoveRefusedError, NotAllowedError
from domain.plant import Person
from domain.quarantine import Item
from domain.records import Record, Value
from domain.words import Words
from offline_store import entries, records
from offline_store import quarantine as store

_CODE = re.compile(r"[a-z][a-z0-9_.]*")  # of the product, not words of a person
DEFINITION = f"{quarantine.TYPE}@1"


@dataclass(frozen=True, slots=True)
class ItemCard:
    """One held entry, and the person it names; nobody vouches for either."""

    item: Item
    said: str  # in the language of the screen; codes are words here, or nothing
    person: Words
    barred: str  # code why it does not count although the rest was released


@dataclass(frozen=True, slots=True)
class QuarantineCard:
    """Entries of one device that count for nothing until somebody settles them.

    `done` is False while a decision still waits for the server; `let_in` is how many count now.
    """

    record_id: str
    device: str
    name: str
    why: str
    first: int
    last: int
    at_ms: int
    state: str
    done: bool
    let_in: int
    items: tuple[ItemCard, ...]
    lost_ms: int | None  # when its device was lost, as far as somebody said so
    before: int  # how many of them were provably written before that
    own: bool  # some of it was written by the person who looks
    may_release: bool
    may_refuse: bool
    settled_by: Words
    settled_ms: int | None
    note: str

    @property
    def count(self) -> int:
        """Return how many entries were set aside together."""
        return self.last - self.first + 1


def cards(field: FieldApp, person: Person) -> list[QuarantineCard]:
    """Return all quarantines, those that wait first; raises NotAllowedError without the right."""
    administration.allow_section(field, person, quarantine.TYPE)
    with field.store.reading() as session:
        found = records.find(session, quarantine.TYPE)
        shown = [_card(field, person, session, record) for record in found]
    return sorted(shown, key=lambda one: (one.state != quarantine.HELD, -one.at_ms, one.first))


def waiting(field: FieldApp, person: Person) -> list[QuarantineCard]:
    """Return what waits for this person to settle it, latest first; nothing without the right."""
    if quarantine.TYPE not in administration.sections(field, person):
        return []
    with field.store.reading() as session:
        found = records.find(session, quarantine.TYPE, state=quarantine.HELD)
        shown = [_card(field, person, session, record) for record in found]
    mine = [one for one in shown if one.may_release or one.may_refuse]
    return sorted(mine, key=lambda one: (-one.at_ms, one.first))


def card(field: FieldApp, person: Person, record_id: str) -> QuarantineCard:
    """Return one quarantine; raises NotAllowedError, RecordMissingError."""
    administration.allow_section(field, person, quarantine.TYPE)
    with field.store.reading() as session:
        return _card(field, person, session, _get(session, person, record_id))


def settle(
    field: FieldApp,
    person: Person,
    record_id: str,
    state: str,
    note: str,
    *,
    before_ms: int | None = None,
) -> QuarantineCard:
    """Release held entries ("released") or turn them down ("refused"), and say why.

    With `before_ms` only those are released that were provably written before that time; the rest
    stays held. Raises NotAllowedError, MoveRefusedError (no reason, settled already, never to be
    released).
    """
    said = note.strip()[: quarantine.NOTE_MAX]
    if not said:
        raise MoveRefusedError(reason="needs", need="note")
    with field.store.session() as session:
        record = _get(session, person, record_id)
        _allow(field, person, record, quarantine.ACTION_OF[state])
        if record.text("state") != quarantine.HELD:
            raise MoveRefusedError(reason="state", state=record.text("state"), target=state)
        if state == quarantine.LET and record.text("why") in quarantine.NEVER:
            raise MoveRefusedError(reason="state", state=record.text("why"), target=state)
        cells: dict[str, Value] = {
            "state": state,
            "settled_by": person.person_id,
            "settled_ms": field.clock.now_ms(),
            "note": said,
        }
        if before_ms is not None and state == quarantine.LET:
            cells[quarantine.BEFORE] = before_ms
        field.write(
            session,
            person.person_id,
            kind="decide",
            record_id=record_id,
            type=quarantine.TYPE,
            definition=DEFINITION,
            set=cells,
        )
        shown = _card(field, person, session, records.get(session, record_id))
    field.nudge()
    return shown


def release_before(
    field: FieldApp, person: Person, device_id: str, before_ms: int, note: str
) -> int:
    """Release what a lost device provably wrote before a time, on all its open cards at once.

    Returns how many cards that were. Raises as `settle`.
    """
    administration.allow_section(field, person, quarantine.TYPE)
    open_ones = [
        one
        for one in cards(field, person)
        if (one.device, one.why, one.state) == (device_id, quarantine.REVOKED, quarantine.HELD)
    ]
    for one in sorted(open_ones, key=lambda one: one.first):
        settle(field, person, one.record_id, quarantine.LET, note, before_ms=before_ms)
    return len(open_ones)


def _get(session: Session, person: Person, record_id: str) -> Record:
    record = records.get(session, record_id)
    if record.type != quarantine.TYPE:
        raise NotAllowedError(action=quarantine.RELEASE, person=person.person_id)
    return record


def _may(field: FieldApp, person: Person, record: Record, action: str) -> bool:
    found = field.definitions
    return may(found.access, found.plant, person, action, subject_of(record))


def _allow(field: FieldApp, person: Person, record: Record, action: str) -> None:
    if not _may(field, person, record, action):
        raise NotAllowedError(action=action, person=person.person_id)


def _card(field: FieldApp, person: Person, session: Session, record: Record) -> QuarantineCard:
    people = field.definitions.plant.people
    by, barred = people.get(record.text("settled_by")), quarantine.barred_of(record)
    first, last = record.whole("first") or 0, record.whole("last") or 0
    state, why = record.text("state"), record.text("why")
    held, done = state == quarantine.HELD, record.get("outcome") is not None
    items = [
        ItemCard(
            one,
            _said(field, one),
            people[one.person].name if one.person in people else NOBODY,
            barred.get(one.number, ""),
        )
        for one in _items(session, record)
    ]
    device = records.lookup(session, record.text("device"))
    lost_ms = device.whole("revoked_ms") if device else None
    until = _until(record, last)
    counts = done and state == quarantine.LET
    release = held and why not in quarantine.NEVER
    return QuarantineCard(
        record_id=record.record_id,
        device=record.text("device"),
        name=named(record.text("name"), record.text("device")),
        why=why,
        first=first,
        last=last,
        at_ms=record.whole("at_ms") or 0,
        state=state,
        done=done,
        let_in=until - first + 1 - len(barred) if counts else 0,
        items=tuple(items),
        lost_ms=lost_ms,
        before=_before(session, record, lost_ms) if held and why == quarantine.REVOKED else 0,
        own=any(one.item.person == person.person_id for one in items),
        may_release=release and _may(field, person, record, quarantine.RELEASE),
        may_refuse=held and _may(field, person, record, quarantine.REFUSE),
        settled_by=by.name if by else NOBODY,
        settled_ms=record.whole("settled_ms"),
        note=record.text("note"),
    )


def _items(session: Session, record: Record) -> tuple[Item, ...]:
    """Return what the entries say: all where they are here, else those the record tells of."""
    told = quarantine.items_of(record)
    if record.text("why") in quarantine.NEVER:
        return told
    first, last = record.whole("first") or 0, record.whole("last") or 0
    found = entries.of_device(session, record.text("device"), first, last - first + 1)
    said = {one.entry.number: quarantine.item(one.entry) for one in found}
    if len(said) > len(told):
        return tuple(said.values())
    return tuple(said.get(one.number, one) for one in told)


def _said(field: FieldApp, one: Item) -> str:
    """Return what an entry says; the code of an action or a state as the plant calls it."""
    if not _CODE.fullmatch(one.words):
        return one.words
    found, t = field.definitions, field.translator()
    if name := found.access.actions.get(one.words):
        return t.of(name)
    for workflow in found.workflows.values():
        if state := workflow.states.get(one.words):
            return t.of(state.name)
    return ""


def _until(record: Record, last: int) -> int:
    """Return the number up to which a release goes; one by time may end earlier."""
    outcome = record.get("outcome")
    found = outcome.get("last") if isinstance(outcome, dict) else None
    return found if isinstance(found, int) else last


def _before(session: Session, record: Record, lost_ms: int | None) -> int:
    if lost_ms is None:
        return 0
    first, last = record.whole("first") or 0, record.whole("last") or 0
    held = store.held(session, record.text("device"), first, last)
    return quarantine.first_after([one.entry for one in held], lost_ms)
