"""Work under control as its page shows it: what stands, who may do what now, and why not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import readable
from domain import corrections
from domain.access import may, subject_of
from domain.carried import inside
from domain.control import may_check_in, safety_of, was_there
from domain.errors import FieldError, MoveRefusedError
from domain.expressions import holds
from domain.holds import ACTION, STATE, Hold
from domain.plant import Person
from domain.records import Record, Value
from domain.trusted_time import TimeUntrustedError
from domain.words import Words
from domain.work import CHECK_INS, expires_ms, is_over, named_on
from domain.workflow import RULE, Transition, Workflow, check_time, scene, state_of
from offline_store import journal, keep, records, times

SETTLE = "conflict.settle"
RESUME = "permit.resume"
_NOBODY = Words({"zh": "—", "en": "—"})


@dataclass(frozen=True, slots=True)
class Step:
    """A step that this person's role has here; `blocked` says why it cannot be done right now."""

    action: str
    target: str
    words: Words
    needs_note: bool
    blocked: FieldError | None = None


@dataclass(frozen=True, slots=True)
class HoldCard:
    """An open hold: what keeps the work stopped, who placed it, when, and whether I may lift it."""

    hold_id: str
    kind: str
    by: Words
    at_ms: int
    mine: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the work's history; `corrected` where its device did not know the time."""

    words: Words
    person: Words
    at_ms: int
    device_ms: int
    unc_ms: int | None
    corrected: bool
    note: str
    readings: tuple[tuple[str, str], ...]  # measured by it: cell and value
    arrived: bool  # somebody checked in
    sent: bool
    verdict: str
    code: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured value; `blocked` says why no new one can be entered now."""

    cell: str
    value: str
    sampled_ms: int | None
    may: bool
    blocked: FieldError | None


@dataclass(frozen=True, slots=True)
class WorkCard:
    """A work in a list."""

    record_id: str
    type: str
    code: str
    title: str
    state: str
    state_words: Words
    expires_ms: int | None
    holds: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class WorkView:
    """A work on its page."""

    card: WorkCard
    kind: Words
    place: Words | None
    trusted: bool
    over: bool
    steps: tuple[Step, ...]
    holds: tuple[HoldCard, ...]
    readings: tuple[Reading, ...]
    check_ins: tuple[tuple[Words, int], ...]
    may_check_in: bool
    people: tuple[tuple[str, Words], ...]
    lines: tuple[Line, ...]
    conflict_ids: tuple[str, ...]


def facts_of(field: FieldApp, *, site: Value) -> dict[str, object]:
    """Return what a move asks beside the record: time and place."""
    return {
        "trusted": field.clock.trusted,
        "now_ms": field.clock.now_ms() if field.clock.trusted else None,
        "on_site": site is not None,
    }


def site_of(field: FieldApp, session: Session, person: Person, record: Record) -> Value:
    """Return which label of the work's area this person scanned here a short while ago."""
    kept, now = keep.get(session, f"scans.{person.person_id}"), field.clock.now_ms()
    for row in kept if isinstance(kept, list) else []:
        if not isinstance(row, list) or len(row) != 2:
            continue
        if was_there(field.definitions, record, row[0], row[1], now):
            return {"asset": row[0], "scanned_ms": row[1]}
    return None


def may_see(field: FieldApp, session: Session, person: Person, record: Record) -> bool:
    """Readers, who is named on it, and whoever stands there: anyone on site may stop it."""
    return (
        readable.may_read(field, person, record)
        or person.person_id in subject_of(record).named
        or site_of(field, session, person, record) is not None
    )


def open_holds(session: Session, record: Record) -> list[Hold]:
    """Return the holds that nobody has lifted."""
    return [one for one in records.holds(session, record.record_id) if one.lifted_by is None]


def lifted_by(field: FieldApp, record: Record, hold: Hold) -> str:
    """Return the action that lifts a hold."""
    safety = safety_of(field.definitions.policies, record.type)
    assert safety is not None
    return safety.lifted_by.get(hold.kind, "")


def card_of(field: FieldApp, session: Session, flow: Workflow, record: Record) -> WorkCard:
    """Return a work as a list shows it."""
    state = state_of(flow, record)
    work = flow.work
    return WorkCard(
        record_id=record.record_id,
        type=record.type,
        code=record.text("code"),
        title=record.text("title"),
        state=state,
        state_words=flow.states[state].name,
        expires_ms=expires_ms(work, record) if work else None,
        holds=len(open_holds(session, record)),
        conflicts=len(records.conflicts(session, record.record_id)),
    )


def view_of(field: FieldApp, session: Session, person: Person, record: Record) -> WorkView:
    """Return a work as its page shows it."""
    flow = field.definitions.workflows[record.type]
    assert flow.work is not None
    plant = field.definitions.plant
    place = plant.assets.get(record.text("asset")) or plant.areas.get(record.text("area"))
    listed = record.get(CHECK_INS)
    there: list[tuple[Words, int]] = []
    for one in listed if isinstance(listed, list) else []:
        at = one.get("at_ms") if isinstance(one, dict) else None
        if isinstance(one, dict) and isinstance(at, int):
            there.append((_name(field, str(one.get("by"))), at))
    return WorkView(
        card=card_of(field, session, flow, record),
        kind=flow.name,
        place=place.name if place else None,
        trusted=field.clock.trusted,
        over=is_over(flow.work, record, field.clock.now_ms()),
        steps=tuple(_steps(field, session, person, flow, record)),
        holds=tuple(
            HoldCard(
                one.hold_id, one.kind, _name(field, one.placed_by), one.placed_ms,
                _lifts(field, person, record, one),
            )
            for one in open_holds(session, record)
        ),
        readings=tuple(_readings(field, person, flow, record)),
        check_ins=tuple(there),
        may_check_in=may_check_in(field.definitions, flow, record, person),
        people=tuple(_people(field, record)),
        lines=tuple(_lines(field, session, flow, record)),
        conflict_ids=tuple(
            one.conflict_id for one in records.conflicts(session, record.record_id)
        ),
    )  # fmt: skip


def _lifts(field: FieldApp, person: Person, record: Record, hold: Hold) -> bool:
    found, action = field.definitions, lifted_by(field, record, hold)
    return may(found.access, found.plant, person, action, subject_of(record))


def _steps(
    field: FieldApp, session: Session, person: Person, flow: Workflow, record: Record
) -> Iterator[Step]:
    """Yield what the person's role has here; a step that time forbids is shown with the reason."""
    found, state = field.definitions, state_of(flow, record)
    site = site_of(field, session, person, record)
    subject, facts = subject_of(record, on_site=site is not None), facts_of(field, site=site)
    open_ones = open_holds(session, record)
    for row in flow.transitions:
        if state not in row.sources or row.action in {RULE, SETTLE}:
            continue
        if not may(found.access, found.plant, person, row.right, subject):
            continue
        if row.when is not None and not _holds(row, record):
            continue
        blocked: FieldError | None = None
        try:
            check_time(flow, row, record, facts)
        except FieldError as error:
            blocked = error
        barred = [one for one in open_ones if lifted_by(field, record, one) != row.action]
        if blocked is None and row.action == RESUME and barred:
            blocked = MoveRefusedError(reason="hold", state=state, target=row.target)
        words = found.access.actions[row.action]
        yield Step(row.action, row.target, words, "note" in row.needs, blocked)


def _holds(row: Transition, record: Record) -> bool:
    return holds(row.when, scene(record, {}))


def _readings(field: FieldApp, person: Person, flow: Workflow, record: Record) -> Iterator[Reading]:
    for cell in flow.work.measured if flow.work else ():
        value = record.get(cell)
        shown, sampled = "", None
        if isinstance(value, dict):
            shown, at = str(value.get("value") or ""), value.get("sampled_ms")
            sampled = at if isinstance(at, int) else None
        allowed = corrections.may_correct(flow, record, cell, person, field.definitions)
        waits = flow.cells[cell].trusted and not field.clock.trusted
        blocked = TimeUntrustedError(action=cell) if waits else None
        yield Reading(cell, shown, sampled, allowed, blocked)


def _people(field: FieldApp, record: Record) -> Iterator[tuple[str, Words]]:
    for cell in ("work_leader", "guardians", "analysts", "workers"):
        value = record.get(cell)
        for one in sorted(named_on({cell: value})):
            yield cell, _name(field, one)


def _lines(field: FieldApp, session: Session, flow: Workflow, record: Record) -> Iterator[Line]:
    found, true = field.definitions, times.of_records(session, [record.record_id])
    rows = journal.of_record(session, record.record_id)
    here = {row.entry.writer for row in rows}
    for row in rows:
        carried = inside(row.entry)  # a stop that came before its turn: told as its author's
        if carried is not None and carried.writer in here:
            continue
        entry = carried or row.entry
        known = true.get(entry.writer)
        state = flow.states.get(str(entry.set.get(STATE)))
        action = found.access.actions.get(str(entry.set.get(ACTION)))
        words = action or (state.name if state else None) or _NOBODY
        note = entry.set.get("note")
        yield Line(
            words=words,
            person=_name(field, entry.person_id),
            at_ms=known.true_ms if known else entry.wall_ms,
            device_ms=entry.time.device_ms,
            unc_ms=known.unc_ms if known else entry.time.uncertainty_ms,
            corrected=known is not None,
            note=note if isinstance(note, str) else "",
            readings=tuple(_measured_by(flow, entry.set)),
            arrived=CHECK_INS in entry.set,
            sent=row.feed is not None,
            verdict=row.verdict or "",
            code=row.code or "",
        )


def _measured_by(flow: Workflow, cells: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    for cell in flow.work.measured if flow.work else ():
        value = cells.get(cell)
        if isinstance(value, dict):
            yield cell, str(value.get("value") or "")


def _name(field: FieldApp, person_id: str) -> Words:
    person = field.definitions.plant.people.get(person_id)
    return person.name if person else Words({"zh": person_id, "en": person_id})
