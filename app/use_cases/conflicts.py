"""Conflicts as records: two who changed one thing without knowing of each other, until settled.

Shown are base, both sides, who and when; to whoever wrote a side, whoever is named on the record,
and whoever may settle. Settling is an entry like any other.
"""

from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import readable
from domain import merge
from domain.access import may, subject_of
from domain.control import flow_of, safety_of
from domain.devices import named
from domain.errors import MoveRefusedError, NotAllowedError, RecordMissingError
from domain.holds import ACTION, HOLDS, SLOT, STATE
from domain.plant import Person
from domain.records import Cell, Record, Value
from domain.words import Words
from offline_store import entries, records, times
from offline_store.entries import Logged
from offline_store.records import Disagreement

SETTLE = "conflict.settle"
KEPT, OTHER, LIFT, END = "kept", "other", "lift", "end"  # ways to settle
NOTE_MAX = 500
_OFFLINE_MS = 60_000  # received later than that: it was written without a network
_PARTS = ("reporter", "owner", "assignee", "verifier", "inspector", "by")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what it says, whose it is, when and where it was written.

    `value` is what a person reads, `action` the decision where it is one; `signed`: its own
    signature is here. `corrected`: its device did not know the time; `at_ms` is the true one.
    """

    value: Words
    action: Words | None
    person: Words
    device: str
    at_ms: int
    device_ms: int
    unc_ms: int | None
    corrected: bool
    offline: bool
    signed: bool
    note: str
    mine: bool


@dataclass(frozen=True, slots=True)
class ConflictCard:
    """A conflict that nobody has settled; `kept` stands until then, `base` is what both had seen.

    `ways` are the ways to settle it that this person has; none for who may only look.
    """

    conflict_id: str
    record_id: str
    type: str
    code: str
    title: str
    field: str
    state: Words | None
    kept: Side
    other: Side
    base: Words | None
    holds: tuple[str, ...]
    work: bool
    ways: tuple[str, ...]
    settlers: tuple[Words, ...]

    @property
    def decides(self) -> bool:
        """Whether two decisions clash, not two values."""
        return self.field == STATE

    @property
    def at_ms(self) -> int:
        """When the later side was written."""
        return max(self.kept.at_ms, self.other.at_ms)


def cards(field: FieldApp, person: Person) -> list[ConflictCard]:
    """Return the open conflicts that concern this person, latest first."""
    with field.store.reading() as session:
        found: list[ConflictCard] = []
        for one in records.conflicts(session):
            record = records.lookup(session, one.record_id)
            if record is not None and _concerns(field, session, person, record, one):
                found.append(_card(field, session, person, record, one))
    return sorted(found, key=lambda card: (-card.at_ms, card.conflict_id))


def card(field: FieldApp, person: Person, conflict_id: str) -> ConflictCard | None:
    """Return one conflict; None once it is settled. Raises NotAllowedError."""
    with field.store.reading() as session:
        one = _find(session, conflict_id)
        if one is None:
            return None
        record = records.get(session, one.record_id)
        if not _concerns(field, session, person, record, one):
            raise NotAllowedError(action="read", person=person.person_id)
        return _card(field, session, person, record, one)


def settle(field: FieldApp, person: Person, conflict_id: str, way: str, note: str) -> None:
    """Settle a conflict and say why.

    `way`: "kept" what stands is to stand · "other" the other value counts · "lift" the reject hold
    goes, work may be resumed by who has that right · "end" the work is over for good. Raises
    NotAllowedError, MoveRefusedError (no reason; not a way to settle this one), RecordMissingError.
    """
    said = note.strip()[:NOTE_MAX]
    if not said:
        raise MoveRefusedError(reason="needs", need="note")
    with field.store.session() as session:
        one = _find(session, conflict_id)
        if one is None:
            raise RecordMissingError(record=conflict_id)
        record = records.get(session, one.record_id)
        if not _may_settle(field, person, record):
            raise NotAllowedError(action=SETTLE, person=person.person_id)
        if way not in _ways(field, session, person, record, one):
            raise MoveRefusedError(reason="state", state=record.text(STATE), target=way)
        if way == LIFT:
            open_ones = [hold.hold_id for hold in _reject_holds(field, session, record)]
            lifted: dict[str, Value] = {HOLDS: [*open_ones], ACTION: SETTLE, "note": said}
            _write(field, session, person, record, "lift", lifted)
        elif way == END:
            over: dict[str, Value] = {STATE: "void", ACTION: SETTLE, "note": said}
            _write(field, session, person, record, "decide", over)
        _resolve(field, session, person, record, one, way, said)
    field.nudge()


def _resolve(
    field: FieldApp,
    session: Session,
    person: Person,
    record: Record,
    one: Disagreement,
    way: str,
    said: str,
) -> None:
    """Write the entry that closes this conflict and no other of the record."""
    record = records.get(session, record.record_id)
    cell = record.cells[one.field]
    base = {one.field: merge.join_writers(cell.writer, one.kept.writer, one.other.writer)}
    changes: dict[str, Value] = {}
    flow = field.definitions.workflows.get(record.type)
    final = flow is not None and flow.states[record.text(STATE) or flow.initial].final
    if way == OTHER:
        changes[one.field] = one.other.value
    if flow and "note" in flow.cells and not final and way in {KEPT, OTHER}:
        changes["note"] = said
        if "note" in record.cells:
            base["note"] = record.cells["note"].writer
    _write(field, session, person, record, "resolve", changes, base)


def _write(
    field: FieldApp,
    session: Session,
    person: Person,
    record: Record,
    kind: str,
    cells: dict[str, Value],
    base: dict[str, str] | None = None,
) -> None:
    field.write(
        session, person.person_id, kind=kind, record_id=record.record_id, type=record.type,
        definition=record.definition, set=cells, base=base,
    )  # fmt: skip


def _find(session: Session, conflict_id: str) -> Disagreement | None:
    return next((one for one in records.conflicts(session) if one.conflict_id == conflict_id), None)


def _may_settle(field: FieldApp, person: Person, record: Record) -> bool:
    found = field.definitions
    return may(found.access, found.plant, person, SETTLE, subject_of(record))


def _concerns(
    field: FieldApp, session: Session, person: Person, record: Record, one: Disagreement
) -> bool:
    if _may_settle(field, person, record):
        return True
    involved = {record.text(cell) for cell in _PARTS} | subject_of(record).named
    if person.person_id in involved and readable.may_read(field, person, record):
        return True
    rows = _rows(session, record)
    authors = {
        rows[writer].entry.person_id
        for cell in (one.kept, one.other)
        for writer in cell.writer.split("+")
        if writer in rows
    }
    signers = {str(cell.value) for name, cell in record.cells.items() if name.startswith(SLOT)}
    return person.person_id in authors | signers | subject_of(record).named


def _rows(session: Session, record: Record) -> dict[str, Logged]:
    return {one.entry.writer: one for one in entries.of_record(session, record.record_id)}


def _reject_holds(field: FieldApp, session: Session, record: Record) -> list[records.Hold]:
    safety = safety_of(field.definitions.policies, record.type)
    if safety is None:
        return []
    return [
        hold
        for hold in records.holds(session, record.record_id)
        if hold.lifted_by is None and safety.lifted_by.get(hold.kind) == SETTLE
    ]


def _ways(
    field: FieldApp, session: Session, person: Person, record: Record, one: Disagreement
) -> tuple[str, ...]:
    if not _may_settle(field, person, record):
        return ()
    flow = field.definitions.workflows.get(record.type)
    if one.field == STATE:
        if not _reject_holds(field, session, record):
            return (KEPT,)
        ends = flow is not None and any(
            row.action == SETTLE and record.text(STATE) in row.sources for row in flow.transitions
        )
        return (LIFT, END) if ends else (LIFT,)
    rule = flow.cells.get(one.field) if flow else None
    chosen = rule is not None and (rule.editors or rule.own)
    return (KEPT, OTHER) if chosen and one.field != "deleted" else (KEPT,)


def _card(
    field: FieldApp, session: Session, person: Person, record: Record, one: Disagreement
) -> ConflictCard:
    rows, true = _rows(session, record), times.of_records(session, [record.record_id])
    flow = field.definitions.workflows.get(record.type)
    state = flow.states.get(record.text(STATE)) if flow else None
    found = field.definitions
    base = None
    if one.base is not None:
        seen = [rows[part].entry.set.get(one.field) for part in one.base.split("+") if part in rows]
        known = next((value for value in reversed(seen) if value is not None), None)
        base = said(field, record.type, one.field, known) if known is not None else None
    settlers = [
        other.name
        for other in found.plant.people.values()
        if may(found.access, found.plant, other, SETTLE, subject_of(record))
    ]
    return ConflictCard(
        conflict_id=one.conflict_id,
        record_id=record.record_id,
        type=record.type,
        code=record.text("code"),
        title=record.text("title") or record.text("words"),
        field=one.field,
        state=state.name if state else None,
        kept=_side(field, session, person, record, one.field, one.kept, rows, true),
        other=_side(field, session, person, record, one.field, one.other, rows, true),
        base=base,
        holds=tuple(
            hold.kind for hold in records.holds(session, record.record_id) if hold.lifted_by is None
        ),
        work=flow_of(found, record.type) is not None,
        ways=_ways(field, session, person, record, one),
        settlers=tuple(settlers[:3]),
    )


def _side(  # noqa: PLR0917 -- what a side is found in
    field: FieldApp,
    session: Session,
    person: Person,
    record: Record,
    name: str,
    cell: Cell,
    rows: dict[str, Logged],
    true: dict[str, times.TrueTime],
) -> Side:
    writers = [one for one in cell.writer.split("+") if one in rows]
    row = next((rows[one] for one in writers if rows[one].entry.set.get(name) == cell.value), None)
    row = row or (rows[writers[-1]] if writers else None)
    value = said(field, record.type, name, cell.value)
    if row is None:
        nobody = Words({"zh": "—", "en": "—"})
        return Side(
            value, None, nobody, "", cell.wall_ms, cell.wall_ms, None,
            corrected=False, offline=False, signed=False, note="", mine=False,
        )  # fmt: skip
    entry, known = row.entry, true.get(row.entry.writer)
    at_ms = known.true_ms if known else entry.wall_ms
    note, who = entry.set.get("note"), field.definitions.plant.people.get(entry.person_id)
    action = field.definitions.access.actions.get(str(entry.set.get(ACTION)))
    late = row.received_ms is None or row.received_ms - at_ms > _OFFLINE_MS
    return Side(
        value=value,
        action=action if name == STATE else None,
        person=who.name if who else Words({"zh": entry.person_id, "en": entry.person_id}),
        device=_device(field, session, entry.device_id),
        at_ms=at_ms,
        device_ms=entry.time.device_ms,
        unc_ms=known.unc_ms if known else entry.time.uncertainty_ms,
        corrected=known is not None,
        offline=late,
        signed=row.signature is not None,
        note=note if isinstance(note, str) else "",
        mine=entry.person_id == person.person_id,
    )


def _device(field: FieldApp, session: Session, device_id: str) -> str:
    if field.identity and device_id == field.identity.device_id:
        return named(field.name, device_id)
    known = records.lookup(session, device_id)
    name = known.text("name") if known and known.type == "device" else ""
    return named(name, device_id)


def said(field: FieldApp, type: str, name: str, value: Value) -> Words:
    """Return a value as people read it: the name of a code, a reading, a list, or the text."""
    found = field.definitions
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    if isinstance(value, list):
        parts = [said(field, type, name, one) for one in value]
        return Words(
            {
                "zh": "、".join(one.in_("zh") for one in parts) or "—",
                "en": ", ".join(one.in_("en") for one in parts) or "—",
            }
        )
    if value is None or value == "":
        return Words({"zh": "—", "en": "—"})
    flow = found.workflows.get(type)
    if name == STATE and flow and isinstance(value, str) and value in flow.states:
        return flow.states[value].name
    text = str(value)
    for table in (found.plant.people, found.plant.areas, found.plant.assets, found.plant.units):
        if text in table:
            return table[text].name
    hazards = found.hazards
    if name == "grade" and text in hazards.grades:
        return hazards.grades[text].name
    if name == "category" and text in hazards.categories:
        return hazards.categories[text].name
    if name == "element" and text in hazards.elements:
        return hazards.elements[text]
    return Words({"zh": text, "en": text})
