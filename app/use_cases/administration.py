"""Administration: people, plans, roster, whitelist and labels, row by row, each change an entry.

A change is written here at once and holds once the server has taken it, when the next pack comes.
Until then it is shown as waiting. What widens rights waits for a second administrator.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import people
from domain import register_rules, registers
from domain.access import Subject, may
from domain.errors import (
    NotAllowedError,
    RegisterOpenError,
    RegisterOwnError,
    RegisterRowError,
)
from domain.pins import digits_for, drawn
from domain.plant import Person
from domain.quarantine import ACTION_OF
from domain.records import Record, Value
from domain.register_rules import ACCOUNTS, check_person, needs_second, person_after
from domain.registers import DEFINITION, TABLES, Known, Row, RowProblem, register_id
from domain.words import Words
from offline_store import records
from offline_store import registers as store

PLAN_TABLES = ("inspection_plans", "maintenance_plans")
SECTIONS = (
    "people", "devices", *PLAN_TABLES, "roster", "whitelist", "labels", "definitions",
    "quarantine",
)  # fmt: skip
_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "devices": (ACCOUNTS,),
    "definitions": ("definition.edit", "definition.release"),
    "quarantine": tuple(ACTION_OF.values()),
}


@dataclass(frozen=True, slots=True)
class RowCard:
    """One row as it will be once everything written here counts.

    `status`: "held" · "waiting" for the server or the next pack · "proposed": waits for a second
    person · "paused" · "ended": retired, or holds no longer.
    """

    table: str
    key: str
    row: Row
    status: str
    proposal: Row | None = None
    proposed_by: Words | None = None
    may_settle: bool = False


def sections(field: FieldApp, person: Person) -> list[str]:
    """Return what this person may administer, in the order of the page; mostly nothing."""
    return [code for code in SECTIONS if _may_somewhere(field, person, _actions(code))]


def may_change(field: FieldApp, person: Person, table: str, row: Row | None) -> bool:
    """Return whether this person may change a row of a table."""
    found = field.definitions
    asset = found.plant.assets.get(str(row.get("asset"))) if row else None
    subject = Subject(asset.area, asset.owner) if asset and table in PLAN_TABLES else Subject()
    return any(
        may(found.access, found.plant, person, action, subject) for action in _actions(table)
    )


def rows(field: FieldApp, person: Person, table: str) -> list[RowCard]:
    """Return all rows of a table, what waits first; raises NotAllowedError without the right."""
    allow_section(field, person, table)
    held = field.definitions.plant.tables.get(table, {})
    with field.store.reading() as session:
        changed = store.of_table(session, table)
    cards = [
        _card(field, person, table, key, held.get(key), changed.get(key))
        for key in dict.fromkeys((*held, *changed))
    ]
    if table in PLAN_TABLES:
        cards = [card for card in cards if may_change(field, person, table, card.row)]
    order = {"proposed": 0, "waiting": 1, "held": 2, "paused": 2, "ended": 3}
    return sorted(cards, key=lambda card: (order[card.status], card.key))


def row(field: FieldApp, person: Person, table: str, key: str) -> RowCard:
    """Return one row; raises NotAllowedError, or RegisterRowError where there is none."""
    allow_section(field, person, table)
    held = field.definitions.plant.tables.get(table, {}).get(key)
    with field.store.reading() as session:
        record = records.lookup(session, register_id(table, key))
    if held is None and record is None:
        raise RegisterRowError(table=table, key=key, column="", problem="missing", value="")
    return _card(field, person, table, key, held, record)


def change(
    field: FieldApp,
    person: Person,
    table: str,
    key: str,
    columns: Row | None,
    *,
    reason: str,
    fresh: bool = False,
) -> str:
    """Change columns of a row, or end it (None); returns "waiting", or "proposed".

    `fresh` means a new row: a key that is there already is refused. Raises NotAllowedError or a
    RegisterError, which names the column.
    """
    with field.store.session() as session:
        state = write_change(
            field, session, person, table, key, columns, reason=reason, fresh=fresh
        )
    field.nudge()
    return state


def write_change(
    field: FieldApp,
    session: Session,
    person: Person,
    table: str,
    key: str,
    columns: Row | None,
    *,
    reason: str,
    fresh: bool = False,
    codes: Known | None = None,
) -> str:
    """Do `change` in a transaction that does more; `codes` are those of `known`, if at hand."""
    record = records.lookup(session, register_id(table, key))
    held = field.definitions.plant.tables.get(table, {}).get(key)
    before = _will(held, record)
    if not may_change(field, person, table, {**(before or {}), **(columns or {})}):
        raise NotAllowedError(action=_actions(table)[0], person=person.person_id)
    if record is not None and record.text("state") == "proposed":
        raise RegisterOpenError(table=table, key=key)
    if fresh and before is not None:
        raise RegisterRowError(table=table, key=key, column="id", problem="exists", value=key)
    earlier = record.get("row") if record else None
    row: Row | None = None
    if columns is not None:
        row = {**(earlier if isinstance(earlier, dict) else {}), **columns}
        codes = codes or known(field, session)
        found = registers.row_problems(codes, TABLES[table], key, row, before)
        refuse_problems(table, key, found)
    proposed = False
    if table == "people" and row is not None:
        proposed = _check_people(field, session, person, key, row)
    cell = "proposal" if proposed else "row"
    state = "proposed" if proposed else "active"
    _write(
        field, session, person, table, key, state=state, reason=reason, cells={cell: _value(row)}
    )
    return "proposed" if proposed else "waiting"


def settle(
    field: FieldApp, person: Person, table: str, key: str, *, agree: bool, reason: str = ""
) -> None:
    """Confirm a proposal of somebody else, or reject it; raises as `change`."""
    with field.store.session() as session:
        record = records.lookup(session, register_id(table, key))
        if record is None or record.text("state") != "proposed":
            raise RegisterRowError(table=table, key=key, column="", problem="missing", value="")
        proposal = record.get("proposal")
        assert isinstance(proposal, dict), "a proposal is a row"
        if not may_change(field, person, table, proposal):
            raise NotAllowedError(action=_actions(table)[0], person=person.person_id)
        if agree and person.person_id in (record.text("by"), key):
            raise RegisterOwnError(key=key)
        cells: dict[str, Value] = {"proposal": None}
        if agree:
            cells["row"] = dict(proposal)
        _write(
            field, session, person, table, key,
            state="active", reason=reason, cells=cells, kind="decide",
        )  # fmt: skip
    field.nudge()


def known(field: FieldApp, session: Session) -> Known:
    """Return the codes rows may name, people added on this device included."""
    found = field.definitions
    codes = registers.known_codes(found.plant, found.access, found.forms)
    added = store.of_table(session, "people").keys() - found.plant.people.keys()
    return Known({**codes.codes, "person": {*codes.codes["person"], *added}})


def refuse_problems(table: str, key: str, problems: Sequence[RowProblem]) -> None:
    """Raise RegisterRowError for the first problem."""
    for first in problems[:1]:
        raise RegisterRowError(
            table=table, key=key, column=first.column, problem=first.code, value=first.value
        )


def reset_pin(field: FieldApp, person: Person, key: str) -> str:
    """Give somebody a PIN for one time and return it: it is shown once and stands nowhere else."""
    found = field.definitions
    if not may(found.access, found.plant, person, ACCOUNTS, Subject()):
        raise NotAllowedError(action=ACCOUNTS, person=person.person_id)
    if key == person.person_id:
        raise RegisterOwnError(key=key)
    with field.store.session() as session:
        record = records.lookup(session, register_id("people", key))
        will = _will(found.plant.tables["people"].get(key), record)
        proposal = record.get("proposal") if record else None
        will = will or (proposal if isinstance(proposal, dict) else None)
        if will is None or will.get("retired_ms") is not None:
            raise RegisterRowError(table="people", key=key, column="", problem="missing", value="")
        roles = will.get("roles")
        assert isinstance(roles, list), "a person has roles"
        length = digits_for(found.access, [str(role) for role in roles])
        pin = drawn(length, lambda: secrets.choice("0123456789"))
        people.write_pin(field, session, person.person_id, key, pin, temporary=True)
    field.nudge()
    return pin


def _card(
    field: FieldApp, person: Person, table: str, key: str, held: Row | None, record: Record | None
) -> RowCard:
    will = _will(held, record)
    if record is not None and record.text("state") == "proposed":
        proposal = record.get("proposal")
        assert isinstance(proposal, dict), "a proposal is a row"
        by = field.definitions.plant.people.get(record.text("by"))
        other = person.person_id not in (record.text("by"), key)
        return RowCard(
            table, key, will or proposal, "proposed", proposal, by.name if by else None,
            other and may_change(field, person, table, proposal),
        )  # fmt: skip
    shown = will or held or {}
    return RowCard(table, key, shown, _status(held, record, will))


def _status(held: Row | None, record: Record | None, will: Row | None) -> str:
    changed = record.get("row") if record and "row" in record.cells else {}
    if isinstance(changed, dict):
        waits = any((held or {}).get(name) != value for name, value in changed.items())
    else:
        waits = held is not None
    if waits:
        return "waiting"
    if will is None or will.get("retired_ms") is not None:
        return "ended"
    return "paused" if will.get("paused") is True else "held"


def _will(held: Row | None, record: Record | None) -> Row | None:
    """Return a row as it will be, None where it will hold no longer."""
    if record is None or "row" not in record.cells:
        return held
    row = record.get("row")
    return {**(held or {}), **row} if isinstance(row, dict) else None


def _check_people(field: FieldApp, session: Session, person: Person, key: str, row: Row) -> bool:
    """Check the rules of people; return whether the change takes a second administrator."""
    found = field.definitions
    record = records.lookup(session, register_id("people", key))
    earlier = record.get("row") if record else None
    before = found.plant.people.get(key)
    if isinstance(earlier, dict):
        before = person_after(key, before, earlier)
    admins = register_rules.administrators(found.access, found.plant)
    check_person(found.access, person.person_id, key, before, row, admins)
    return needs_second(found.access, before, row)


def _write(
    field: FieldApp,
    session: Session,
    person: Person,
    table: str,
    key: str,
    *,
    state: str,
    reason: str,
    cells: Mapping[str, Value],
    kind: str = "edit",
) -> None:
    field.write(
        session,
        person.person_id,
        kind=kind,
        record_id=register_id(table, key),
        type="register",
        definition=DEFINITION,
        set={
            "table": table,
            "key": key,
            "state": state,
            "reason": reason.strip()[: registers.REASON_MAX],
            "by": person.person_id,
            "at_ms": field.clock.now_ms(),
            **cells,
        },
    )


def _value(row: Row | None) -> Value:
    return None if row is None else dict(row)


def _actions(section: str) -> tuple[str, ...]:
    return _ACTIONS.get(section) or TABLES[section].actions


def allow_section(field: FieldApp, person: Person, section: str) -> None:
    """Raise NotAllowedError for somebody who has nothing to do with a section."""
    if section not in SECTIONS or not _may_somewhere(field, person, _actions(section)):
        action = _actions(section)[0] if section in SECTIONS else section
        raise NotAllowedError(action=action, person=person.person_id)


def _may_somewhere(field: FieldApp, person: Person, actions: Sequence[str]) -> bool:
    """Return whether a person has one of these rights anywhere: in an area of theirs, say."""
    found = field.definitions
    subjects = [Subject(), Subject(unit=person.unit)]
    subjects += [Subject(area=area) for area in person.areas]
    return any(
        may(found.access, found.plant, person, action, subject)
        for action in actions
        for subject in subjects
    )
