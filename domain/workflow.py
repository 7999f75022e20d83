"""The state machine of a record, as data: which moves are open, and whether one may be made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from domain.access import Access, Incompatible, may, subject_of
from domain.errors import (
    AnswersMissingError,
    MoveRefusedError,
    NotAllowedError,
    ShotsMissingError,
)
from domain.expressions import Expression, Facts, holds
from domain.hazard_fields import HazardField, missing
from domain.holds import Safety
from domain.plant import Person, Plant
from domain.policies import TypePolicies
from domain.questions import Item
from domain.records import Record, Value
from domain.shots import ShotRules
from domain.trusted_time import TimeUntrustedError
from domain.words import Words
from domain.work import Work, WorkExpiredError, expires_ms, is_over

RULE = "rule"  # what the product does itself; nobody may ask for it
# What a move may ask the person for, and the cell it fills. after_photo is evidence, not a cell.
# refusal_reason is a note, asked for where the check of the photos found nothing changed;
# album_reason one where the photo after the repair was chosen from files.
NEEDS = ("assignee", "note", "merged_into", "after_photo", "refusal_reason", "album_reason")
_NO_CELLS = ("after_photo", "refusal_reason", "album_reason")
# What must be true before a move: its place is known, its photos are there, the time is trusted,
# the approval is not over.
REQUIRES = ("place", "shots", "trusted_time", "valid")
# What a cell may hold: text, a time in ms, who writes it, anything, or a code of that kind.
HOLDS = (
    "text", "time", "self", "any",
    "category", "element", "grade", "asset", "area", "unit", "person", "region",
)  # fmt: skip
TEXT_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class StateName:
    """A state; nothing leaves a final one."""

    code: str
    name: Words
    final: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """A row of the state machine; `needs` and `requires` as in NEEDS and REQUIRES.

    `right` is the action whose permission the move takes, where that is not its own: whoever may
    verify may also send back.
    """

    sources: frozenset[str]
    target: str
    action: str
    right: str
    when: Expression | None = None
    needs: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CellRule:
    """Who writes a cell of a record, and what fits in it (`domain.corrections` applies it).

    `holds` is one of HOLDS. `first`: it comes with the first entry. `editors`: actions of which one
    must be allowed to change it later; `own`: whose record it is may change it, too. `lower`: the
    right it takes beside to go down its list of codes. `reason`: a change says why.
    """

    name: str
    holds: str
    first: bool = False
    editors: tuple[str, ...] = ()
    own: bool = False
    lower: str | None = None
    reason: bool = False
    longest: int = TEXT_LONGEST
    item: Item | None = None  # a field of the data: the cell holds an answer to this question
    trusted: bool = False  # nothing is written here without a trusted time


@dataclass(frozen=True, slots=True)
class Workflow:
    """States, transitions and cells of one record type.

    `acted` says which cell names who did an action last, `all_acted` which one names all who ever
    did; `shots` which pictures a grade demands, `shot_rules` what stands in for them; `fields`
    what a plant asks beside.
    """

    code: str
    name: Words
    initial: str
    states: Mapping[str, StateName]
    transitions: tuple[Transition, ...]
    acted: Mapping[str, str]
    shots: Mapping[str, tuple[str, ...]]
    all_acted: Mapping[str, str] = field(default_factory=dict[str, str])
    cells: Mapping[str, CellRule] = field(default_factory=dict[str, CellRule])
    fields: tuple[HazardField, ...] = ()
    work: Work | None = None
    shot_rules: ShotRules = field(default_factory=ShotRules)


@dataclass(frozen=True, slots=True)
class Move:
    """A transition for one record; `needs` is what it asks the person for."""

    action: str
    source: str
    target: str
    needs: tuple[str, ...] = ()


def moves(
    workflow: Workflow, record: Record, actor: Person, access: Access, plant: Plant
) -> tuple[Move, ...]:
    """Return the moves that this person may make now; photos may still be missing for one."""
    found: list[Move] = []
    source = state_of(workflow, record)
    for row in workflow.transitions:
        if source not in row.sources or row.action == RULE or not _when(row, record, {}):
            continue
        if not may(access, plant, actor, row.right, subject_of(record)):
            continue
        if clash(workflow, record, access, row.action, actor.person_id) is None:
            found.append(Move(row.action, source, row.target, row.needs))
    return tuple(found)


def decide(  # noqa: PLR0917 - a decision names everything it rests on
    workflow: Workflow,
    record: Record,
    action: str,
    target: str,
    actor: Person,
    access: Access,
    plant: Plant,
    facts: Facts,
    given: Mapping[str, Value] | None = None,
) -> Move:
    """Return the move, or raise why it may not be made: rights, then state, then what it needs.

    `facts["shots"]` is the set of shots on the record, `facts["on_site"]` whether the actor is
    there; `facts["trusted"]` whether the time is, `facts["now_ms"]` what it is. `given` holds the
    cells that the move sets; without it only the way is checked and not what the person still has
    to fill in.
    `facts["refused"]` is whether the check of its photos found nothing changed.
    `facts["merge_into"]` is the record that `given["merged_into"]` names, where it is known.
    Raises NotAllowedError, MoveRefusedError (state, condition, incompatible, place, needs,
    assignee, merged_into), ShotsMissingError, AnswersMissingError, TimeUntrustedError or
    WorkExpiredError.
    """
    source = state_of(workflow, record)
    subject = subject_of(record, on_site=facts.get("on_site") is True)
    ways = rows_of(workflow, action, target)
    rows = [row for row in ways if source in row.sources]
    rights = {row.right for row in rows or ways} or {action}
    if action == RULE or not any(may(access, plant, actor, right, subject) for right in rights):
        raise NotAllowedError(action=action, person=actor.person_id)
    if not rows:
        raise MoveRefusedError(reason="state", state=source, target=target)
    row = next((row for row in rows if _when(row, record, facts)), None)
    if row is None:
        raise MoveRefusedError(reason="condition", state=source, target=target)
    rule = clash(workflow, record, access, action, actor.person_id)
    if rule is not None:
        raise MoveRefusedError(reason="incompatible", rule=rule.rule_id)
    check_time(workflow, row, record, facts)
    _require(workflow, row, record, facts, given or {})
    _answered(workflow, record, action, plant, given or {})
    if given is not None:
        _check_given(row, record, facts, given, access, plant)
        if "merged_into" in row.needs:
            _check_merge(workflow, record, facts)
    return Move(action, source, row.target, row.needs)


def check_time(workflow: Workflow, row: Transition, record: Record, facts: Facts) -> None:
    """Raise TimeUntrustedError or WorkExpiredError where a move needs what the clock cannot say."""
    if "trusted_time" in row.requires and facts.get("trusted") is not True:
        raise TimeUntrustedError(action=row.action)
    now, work = facts.get("now_ms"), workflow.work
    if "valid" in row.requires and work and isinstance(now, int) and is_over(work, record, now):
        raise WorkExpiredError(action=row.action, expired_ms=expires_ms(work, record))


def under_control(workflow: Workflow, policies: TypePolicies) -> bool:
    """Say whether this is work under control: a part `work:`, and a state with safety first."""
    safe = isinstance(policies.get(workflow.code, {}).get("state"), Safety)
    return workflow.work is not None and safe


def rows_of(workflow: Workflow, action: str, target: str) -> tuple[Transition, ...]:
    """Return the rows by which `action` leads to `target`, from whatever state."""
    return tuple(
        row for row in workflow.transitions if (row.action, row.target) == (action, target)
    )


def signature(workflow: Workflow, record: Record, action: str, person_id: str) -> dict[str, Value]:
    """Return the cells that name who did `action`; nobody signs for another."""
    signed: dict[str, Value] = {}
    cell, others = workflow.acted.get(action), workflow.all_acted.get(action)
    if cell:
        signed[cell] = person_id
    if others:
        signed[others] = [*sorted({*actors(workflow, record, action), person_id})]
    return signed


def actors(workflow: Workflow, record: Record, action: str) -> frozenset[str]:
    """Return everybody who ever did `action` on this record."""
    last = record.text(workflow.acted.get(action, ""))
    listed = record.get(workflow.all_acted.get(action, ""))
    people = (
        {one for one in listed if isinstance(one, str)} if isinstance(listed, list) else set[str]()
    )
    return frozenset({*people, last} - {""})


def decided_cells(workflow: Workflow) -> frozenset[str]:
    """Return the cells that moves alone set."""
    people = {*workflow.acted.values(), *workflow.all_acted.values()}
    stamped = workflow.work.stamps.values() if workflow.work else ()
    return frozenset({"state", "action", "assignee", "merged_into", *people, *stamped})


def state_of(workflow: Workflow, record: Record) -> str:
    """Return the state of a record; one that was not reported yet is in the initial state."""
    return record.text("state") or workflow.initial


def clash(
    workflow: Workflow, record: Record, access: Access, action: str, person_id: str
) -> Incompatible | None:
    """Return the rule by which this person may not do `action` here, for what they did before."""
    for rule in access.incompatible:
        if rule.record != record.type or action not in (rule.first, rule.second):
            continue
        other = rule.second if action == rule.first else rule.first
        if person_id in actors(workflow, record, other):
            return rule
    return None


def missing_shots(
    workflow: Workflow, record: Record, present: frozenset[str], grade: str
) -> tuple[str, ...]:
    """Return the shots that `grade` demands and for which nothing stands.

    A named responsible person stands in for the picture of that person (DOMAIN.md §2.11).
    """
    cells = {name: cell.value for name, cell in record.cells.items()}
    here = workflow.shot_rules.standing(present, cells)
    return tuple(shot for shot in workflow.shots.get(grade, ()) if shot not in here)


def scene(record: Record, facts: Facts) -> Facts:
    """Return the facts with the record's cells under its type and `record`: `hazard.grade`."""
    cells = {name: cell.value for name, cell in record.cells.items()}
    return {**facts, "record": cells, record.type: cells}


def _when(row: Transition, record: Record, facts: Facts) -> bool:
    return holds(row.when, scene(record, facts))


def _require(
    workflow: Workflow,
    row: Transition,
    record: Record,
    facts: Facts,
    given: Mapping[str, Value],
) -> None:
    """Check that place and photos are there; danger waits for none (`ShotRules.waived`)."""
    if "place" in row.requires and not (record.text("asset") or record.text("area")):
        raise MoveRefusedError(reason="place")
    present = frozenset(cast("frozenset[str]", facts.get("shots") or ()))
    rules = workflow.shot_rules
    present = rules.standing(present, given)  # named with this very move
    grade = record.text("grade")
    missing: tuple[str, ...] = ()
    if "shots" in row.requires:
        missing = missing_shots(workflow, record, present, grade)
    if missing and rules.waived(given, scene(record, facts)):
        missing = ()
    if "after_photo" in row.needs and "after" not in present:
        missing = (*missing, "after")
    if missing:
        raise ShotsMissingError(shots=list(missing), grade=grade)


def _answered(
    workflow: Workflow, record: Record, action: str, plant: Plant, given: Mapping[str, Value]
) -> None:
    """What the plant asks before this step is answered, before or with this very move."""
    cells = {name: cell.value for name, cell in record.cells.items()} | dict(given)
    open_ones = missing(workflow.fields, cells, action, plant)
    if open_ones:
        raise AnswersMissingError(fields=[one.item.name for one in open_ones])


def asked_for(needs: tuple[str, ...], *, refused: bool, album: bool = False) -> tuple[str, ...]:
    """Return the cells that needs ask for.

    A refused repair goes on only with a word why, and so does one shown by a photo from an album.
    """
    cells = [need for need in needs if need not in _NO_CELLS]
    if (refused and "refusal_reason" in needs) or (album and "album_reason" in needs):
        cells.append("note")
    return tuple(dict.fromkeys(cells))


def _check_given(
    row: Transition,
    record: Record,
    facts: Facts,
    given: Mapping[str, Value],
    access: Access,
    plant: Plant,
) -> None:
    refused, album = facts.get("refused") is True, facts.get("album") is True
    for need in asked_for(row.needs, refused=refused, album=album):
        value = given.get(need)
        if not (isinstance(value, str) and value.strip()):
            raise MoveRefusedError(reason="needs", need=need)
    if "assignee" in row.needs:
        person = plant.people.get(str(given["assignee"]))
        subject = replace(subject_of(record), assignee=person.person_id if person else None)
        if person is None or not may(access, plant, person, "hazard.rectify", subject):
            raise MoveRefusedError(reason="assignee", person=given["assignee"])


def _check_merge(workflow: Workflow, record: Record, facts: Facts) -> None:
    """A hazard goes on only in another one that is here and still open."""
    other = facts.get("merge_into")
    if (
        not isinstance(other, Record)
        or other.type != record.type
        or other.record_id == record.record_id
        or state_of(workflow, other) in _ends(workflow)
    ):
        raise MoveRefusedError(reason="merged_into")


def _ends(workflow: Workflow) -> frozenset[str]:
    """Return the states in which nobody works on a record: final ones, and those only reopened."""
    final = {state.code for state in workflow.states.values() if state.final}
    closed = {
        state
        for state in workflow.states
        if {row.action for row in workflow.transitions if state in row.sources}
        <= {"hazard.reopen", RULE}
    }
    return frozenset(final | closed)
