"""Work under control on this device: apply, decide, measure, check in, and let it expire.

Any workflow with a part `work:` and a state that puts safety first. Rights, states, time and holds
are judged by the functions that the server judges with.
"""

from sqlmodel import Session

from app.field import FieldApp
from app.timekeeping import RULE
from app.use_cases.work_views import (
    RESUME,
    WorkCard,
    WorkView,
    card_of,
    facts_of,
    lifted_by,
    may_see,
    open_holds,
    site_of,
    view_of,
)
from domain import corrections
from domain.access import may, subject_of
from domain.control import SITE, flows, may_check_in
from domain.errors import MoveRefusedError, NotAllowedError
from domain.holds import ACTION, HOLDS, STATE
from domain.plant import Person
from domain.records import Cell, Record, Value
from domain.trusted_time import TimeUntrustedError
from domain.work import CHECK_INS, Work, is_over
from domain.workflow import Workflow, decide, rows_of
from offline_store import records

APPLY, STOP = "permit.apply", "permit.stop"
NOTE_MAX = 500
LIST_MAX = 200


def cards(field: FieldApp, person: Person) -> list[WorkCard]:
    """Return the works that this person may read, last changed first."""
    with field.store.reading() as session:
        return [
            card_of(field, session, flow, record)
            for flow, _ in flows(field.definitions)
            for record in records.find(session, flow.code, limit=LIST_MAX)
            if may_see(field, session, person, record)
        ]


def view(field: FieldApp, person: Person, record_id: str) -> WorkView:
    """Return one work; one whose approval is over expires first. Raises NotAllowedError."""
    expire(field)
    with field.store.reading() as session:
        record = records.get(session, record_id)
        if not may_see(field, session, person, record):
            raise NotAllowedError(action="read", person=person.person_id)
        return view_of(field, session, person, record)


def apply(field: FieldApp, person: Person, type: str, **given: Value) -> str:
    """Apply for a work in the own name; returns its id. Raises NotAllowedError and the like."""
    flow = field.definitions.workflows[type]
    record_id = field.clock.new_id()
    asset = field.definitions.plant.assets.get(str(given.get("asset") or ""))
    with field.store.session() as session:
        cells: dict[str, Value] = {
            **given,
            "by": person.person_id,
            "code": given.get("code") or field.next_code(session, type[:2].upper()),
            "area": given.get("area") or (asset.area if asset else None),
            "applied_ms": field.clock.now_ms(),
        }
        corrections.check_first(flow, cells, person, field.definitions)
        subject = subject_of(as_applied(record_id, type, cells))
        found = field.definitions
        if not may(found.access, found.plant, person, APPLY, subject):
            raise NotAllowedError(action=APPLY, person=person.person_id)
        target = next(row.target for row in flow.transitions if row.action == APPLY)
        _write(
            field, session, person, record_id, flow, "decide",
            {**cells, STATE: target, ACTION: APPLY},
        )  # fmt: skip
    field.nudge()
    return record_id


def as_applied(record_id: str, type: str, cells: dict[str, Value]) -> Record:
    """Return a record as its first entry would make it."""
    return Record(
        record_id, type, f"{type}@1", {name: Cell(value, "", 0, 0) for name, value in cells.items()}
    )


def act(
    field: FieldApp, person: Person, record_id: str, action: str, target: str, note: str = ""
) -> WorkView:
    """Do one step. A resumption lifts the holds that this action lifts, by name.

    Raises NotAllowedError, MoveRefusedError (also hold: another hold keeps the work stopped),
    TimeUntrustedError or WorkExpiredError.
    """
    expire(field)
    with field.store.session() as session:
        record = records.get(session, record_id)
        flow = field.definitions.workflows[record.type]
        _do(field, session, person, flow, record, action, target, note)
        shown = view_of(field, session, person, records.get(session, record_id))
    field.nudge()
    return shown


def measure(
    field: FieldApp, person: Person, record_id: str, cell: str, value: str, sampled_ms: int
) -> WorkView:
    """Enter a measured value with the time of its sample; raises TimeUntrustedError and others."""
    cells: dict[str, Value] = {cell: {"value": value, "sampled_ms": sampled_ms}}
    with field.store.session() as session:
        record = records.get(session, record_id)
        flow = field.definitions.workflows[record.type]
        if flow.cells[cell].trusted and not field.clock.trusted:
            raise TimeUntrustedError(action=cell)
        if sampled_ms > field.clock.now_ms():
            raise MoveRefusedError(reason="needs", need="sampled_ms")
        corrections.check(flow, record, cells, person, field.definitions)
        _write(field, session, person, record_id, flow, "edit", cells)
        shown = view_of(field, session, person, records.get(session, record_id))
    field.nudge()
    return shown


def check_in(field: FieldApp, person: Person, record_id: str) -> WorkView:
    """Say that the person is there; needs no trusted time, and counts also after the end."""
    with field.store.session() as session:
        record = records.get(session, record_id)
        flow = field.definitions.workflows[record.type]
        if not may_check_in(field.definitions, flow, record, person):
            raise NotAllowedError(action=CHECK_INS, person=person.person_id)
        known = record.get(CHECK_INS)
        mine: Value = {"by": person.person_id, "at_ms": field.clock.now_ms()}
        listed = [*(known if isinstance(known, list) else []), mine]
        _write(field, session, person, record_id, flow, "edit", {CHECK_INS: listed})
        shown = view_of(field, session, person, records.get(session, record_id))
    field.nudge()
    return shown


def expire(field: FieldApp) -> int:
    """Let works expire whose approval is over by a trusted time; returns how many, each once."""
    if field.pack is None or not field.clock.trusted:
        return 0
    now, count = field.clock.now_ms(), 0
    for flow, work in flows(field.definitions):
        states = sorted({one for row in rows_of(flow, RULE, work.expired) for one in row.sources})
        with field.store.reading() as session:
            found = [
                one.record_id
                for one in records.find(session, flow.code, state=states, limit=records.ALL)
                if is_over(work, one, now)
            ]
        for record_id in found:
            count += _expire(field, flow, work, record_id, states)
    if count:
        field.nudge()
    return count


def _expire(field: FieldApp, flow: Workflow, work: Work, record_id: str, states: list[str]) -> int:
    with field.store.session() as session:
        if records.get(session, record_id).text(STATE) not in states:
            return 0  # another window of this device did it meanwhile
        field.write(
            session, RULE, kind="decide", record_id=record_id, type=flow.code,
            definition=f"{flow.code}@1", set={STATE: work.expired, ACTION: RULE},
        )  # fmt: skip
    return 1


def _do(  # noqa: PLR0917 -- a decision names everything it rests on
    field: FieldApp,
    session: Session,
    person: Person,
    flow: Workflow,
    record: Record,
    action: str,
    target: str,
    note: str,
) -> None:
    found, work = field.definitions, flow.work
    assert work is not None
    given: dict[str, Value] = {}
    if note.strip():
        given["note"] = note.strip()[:NOTE_MAX]
    site = site_of(field, session, person, record)
    facts = facts_of(field, site=site)
    move = decide(flow, record, action, target, person, found.access, found.plant, facts, given)
    held = open_holds(session, record)
    lifting = [one for one in held if lifted_by(field, record, one) == action]
    if action == RESUME and len(lifting) < len(held):
        raise MoveRefusedError(reason="hold", state=record.text(STATE), target=target)
    given |= {STATE: move.target, ACTION: action}
    slot, stamp = work.slot(action), work.stamps.get(action)
    if slot:
        given[slot] = person.person_id
    if stamp:
        given[stamp] = field.clock.now_ms()
    if site and action == STOP:
        given[SITE] = site
    if lifting:
        given[HOLDS] = [*(one.hold_id for one in lifting)]
    kind = "lift" if lifting else "decide"
    _write(field, session, person, record.record_id, flow, kind, given)


def _write(
    field: FieldApp,
    session: Session,
    person: Person,
    record_id: str,
    flow: Workflow,
    kind: str,
    cells: dict[str, Value],
) -> None:
    field.write(
        session,
        person.person_id,
        kind=kind,
        record_id=record_id,
        type=flow.code,
        definition=f"{flow.code}@1",
        set={name: value for name, value in cells.items() if value is not None},
    )
