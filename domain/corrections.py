"""Who may write which cell of a record beside its moves: rules are data, `cells` of a workflow.

The device asks here which buttons to draw and the server which entries to take, so that nobody is
offered what would be refused.
"""

from collections.abc import Mapping

from domain.access import may, subject_of
from domain.definitions import Definitions
from domain.errors import (
    AnswerInvalidError,
    EntryInvalidError,
    MoveRefusedError,
    NotAllowedError,
)
from domain.plant import Person
from domain.questions import Item, parse_answer
from domain.records import Record, Value
from domain.repair_checks import region_of
from domain.workflow import CellRule, Workflow, clash, state_of

NOTE = "note"
_PLACE = frozenset({"asset", "area", "unit"})


def check_values(
    workflow: Workflow, given: Mapping[str, Value], person: Person, definitions: Definitions
) -> None:
    """Check that each cell is known and holds what it may hold; raises EntryInvalidError."""
    for name, value in given.items():
        rule = workflow.cells.get(name)
        if rule is None:
            raise EntryInvalidError(reason="fields")
        if value is not None and rule.holds != "any":
            _fits(rule, value, person, definitions)


def check_first(
    workflow: Workflow, given: Mapping[str, Value], person: Person, definitions: Definitions
) -> None:
    """Check what a record's first entry sets beside its first move; raises EntryInvalidError."""
    check_values(workflow, given, person, definitions)
    rules = workflow.cells
    for name, value in given.items():
        if value is not None and not rules[name].first:
            raise EntryInvalidError(reason="fields")


def check(
    workflow: Workflow,
    record: Record,
    changes: Mapping[str, Value],
    person: Person,
    definitions: Definitions,
) -> None:
    """Check a correction, all of what one entry sets.

    Raises EntryInvalidError, NotAllowedError, or MoveRefusedError where a reason is missing, the
    person did what bars them from it, or nobody works on the record any more.
    """
    check_values(workflow, changes, person, definitions)
    changed = [name for name in changes if changes[name] != record.get(name)]
    if changed and _over(workflow, record):
        raise MoveRefusedError(reason="final", state=state_of(workflow, record))
    for name in changed:
        rule, note = workflow.cells[name], changes.get(NOTE)
        if not rule.editors and not rule.own:
            raise EntryInvalidError(reason="append_only")
        if rule.lower and changes[name] is None:  # what has an order always has a value
            raise EntryInvalidError(reason=rule.holds)
        _may(workflow, rule, record, changes[name], person, definitions)
        if rule.reason and not (isinstance(note, str) and note.strip()):
            raise MoveRefusedError(reason="needs", need=NOTE)


def may_correct(
    workflow: Workflow, record: Record, name: str, person: Person, definitions: Definitions
) -> bool:
    """Return whether this person may change a cell at all; for a grade see `may_choose`."""
    rule = workflow.cells.get(name)
    if rule is None or _over(workflow, record):
        return False
    subject = subject_of(record)
    if rule.own and subject.owner == person.person_id:
        return True
    access, plant = definitions.access, definitions.plant
    return any(may(access, plant, person, action, subject) for action in rule.editors)


def may_choose(
    workflow: Workflow,
    record: Record,
    name: str,
    value: str,
    person: Person,
    definitions: Definitions,
) -> bool:
    """Return whether this person may give a cell this value."""
    rule = workflow.cells.get(name)
    if rule is None or _over(workflow, record):
        return False
    try:
        _may(workflow, rule, record, value, person, definitions)
    except (NotAllowedError, MoveRefusedError):
        return False
    return True


def check_merge(
    workflow: Workflow, record: Record, other: Record, person: Person, definitions: Definitions
) -> None:
    """Check that a record goes on in another one without going down its list of codes.

    Its deadlines and whom it is escalated to would end with it: that is a downgrade, and takes the
    right to one. Raises MoveRefusedError (merge_grade).
    """
    for rule in workflow.cells.values():
        if rule.lower is None or not _lowers(rule, record, other.get(rule.name), definitions):
            continue
        try:
            _may(workflow, rule, record, other.get(rule.name), person, definitions)
        except (NotAllowedError, MoveRefusedError) as error:
            raise MoveRefusedError(reason="merge_grade", into=other.text(rule.name)) from error


def may_merge(
    workflow: Workflow, record: Record, other: Record, person: Person, definitions: Definitions
) -> bool:
    """Return whether this person may merge one into the other as far as grades go."""
    try:
        check_merge(workflow, record, other, person, definitions)
    except MoveRefusedError:
        return False
    return True


def _over(workflow: Workflow, record: Record) -> bool:
    state = workflow.states.get(state_of(workflow, record))
    return state is not None and state.final


def _may(
    workflow: Workflow,
    rule: CellRule,
    record: Record,
    value: Value,
    person: Person,
    definitions: Definitions,
) -> None:
    if rule.lower is None or not _lowers(rule, record, value, definitions):
        if not may_correct(workflow, record, rule.name, person, definitions):
            raise NotAllowedError(action=next(iter(rule.editors), ""), person=person.person_id)
        return
    access, plant = definitions.access, definitions.plant
    if not may(access, plant, person, rule.lower, subject_of(record)):
        raise NotAllowedError(action=rule.lower, person=person.person_id)
    broken = clash(workflow, record, access, rule.lower, person.person_id)
    if broken is not None:
        raise MoveRefusedError(reason="incompatible", rule=broken.rule_id)


def _lowers(rule: CellRule, record: Record, after: Value, definitions: Definitions) -> bool:
    order, before = list(definitions.codes(rule.holds)), record.text(rule.name)
    return before in order and after in order and order.index(str(after)) > order.index(before)


def _answers(item: Item, value: Value) -> None:
    """Raise EntryInvalidError for what is no answer, or not written as answers are kept."""
    try:
        same = isinstance(value, str) and parse_answer(item, value) == value
    except AnswerInvalidError as error:
        raise EntryInvalidError(reason="answer") from error
    if not same:
        raise EntryInvalidError(reason="answer")


def _fits(rule: CellRule, value: Value, person: Person, definitions: Definitions) -> None:
    """Raise EntryInvalidError where a value is nothing that this cell may hold."""
    if rule.item is not None:
        _answers(rule.item, value)
        return
    match rule.holds:
        case "text":
            fits, why = isinstance(value, str) and len(value) <= rule.longest, "size"
        case "time":
            fits, why = isinstance(value, int) and not isinstance(value, bool), "time"
        case "self":
            fits, why = value == person.person_id, "person"
        case "region":
            fits, why = region_of(value) is not None, "region"
        case kind:
            fits = isinstance(value, str) and value in definitions.codes(kind)
            why = "place" if kind in _PLACE else kind
    if not fits:
        raise EntryInvalidError(reason=why)
