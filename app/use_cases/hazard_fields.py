"""What the plant's data asks of a hazard beside what every hazard has: see it and answer it."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.field import FieldApp
from app.use_cases.hazard_corrections import correct
from domain import corrections, hazard_fields
from domain.definitions import Definitions
from domain.errors import AnswerInvalidError, EntryInvalidError, MoveRefusedError
from domain.plant import Person
from domain.questions import Item, parse_answer
from domain.records import Record, Value
from domain.words import Words
from offline_store import records


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field that is asked: its answer ("": none yet), and which steps wait for it."""

    item: Item
    value: str
    waits: tuple[Words, ...]
    may: bool  # this person may answer it


def fields_of(definitions: Definitions, record: Record, person: Person) -> tuple[FieldView, ...]:
    """Return the fields asked of a hazard, as they stand; old answers that are none are empty."""
    flow = definitions.workflows["hazard"]
    cells = {name: cell.value for name, cell in record.cells.items()}
    return tuple(
        FieldView(
            item=one.item,
            value=_value(one.item, cells.get(one.field_id)),
            waits=_waits(definitions, one, cells),
            may=corrections.may_correct(flow, record, one.field_id, person, definitions),
        )
        for one in hazard_fields.asked(flow.fields, cells, definitions.plant)
    )


def asked_first(definitions: Definitions, cells: Mapping[str, Value]) -> tuple[FieldView, ...]:
    """Return the fields that a report asks already; none of them has to be answered in it."""
    flow = definitions.workflows["hazard"]
    return tuple(
        FieldView(one.item, _value(one.item, cells.get(one.field_id)), (), may=True)
        for one in hazard_fields.asked(flow.fields, cells, definitions.plant)
        if one.first
    )


def parse_fields(definitions: Definitions, answers: Mapping[str, str]) -> dict[str, Value]:
    """Return answers as they are kept, None for one taken back; raises AnswerInvalidError."""
    rules = definitions.workflows["hazard"].cells
    found: dict[str, Value] = {}
    for name, text in answers.items():
        rule = rules.get(name)
        if rule is None or rule.item is None:
            raise EntryInvalidError(reason="fields")
        found[name] = parse_answer(rule.item, text) if text.strip() else None
    return found


def record_fields(
    field: FieldApp, person: Person, record_id: str, answers: Mapping[str, str]
) -> tuple[str, ...]:
    """Write what changed, in one entry, and return its names; an empty text takes an answer back.

    Raises AnswerInvalidError, NotAllowedError or MoveRefusedError (unchanged).
    """
    definitions = field.definitions
    given = parse_fields(definitions, answers)
    with field.store.session() as session:
        record = records.get(session, record_id)
        changes = {name: value for name, value in given.items() if value != record.get(name)}
        if not changes:
            raise MoveRefusedError(reason="unchanged")
        correct(field, session, person, record, changes)
    field.nudge()
    return tuple(changes)


def missing_before(definitions: Definitions, record: Record, action: str) -> tuple[str, ...]:
    """Return the ids of the fields whose answer a step still waits for."""
    fields = definitions.workflows["hazard"].fields
    cells = {name: cell.value for name, cell in record.cells.items()}
    found = hazard_fields.missing(fields, cells, action, definitions.plant)
    return tuple(one.field_id for one in found)


def _waits(
    definitions: Definitions, one: hazard_fields.HazardField, cells: Mapping[str, Value]
) -> tuple[Words, ...]:
    return tuple(
        definitions.access.actions[action]
        for action in sorted(one.before)
        if hazard_fields.missing([one], cells, action, definitions.plant)
    )


def _value(item: Item, value: Value) -> str:
    """An answer that a later version of the field does not take any more is asked again."""
    if not isinstance(value, str) or not value:
        return ""
    try:
        return parse_answer(item, value)
    except AnswerInvalidError:
        return ""
