"""Reading `workflows/*.yaml`: states, transitions and what a move needs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.hazard_fields import HazardField
from domain.reading.hazard_fields import WORKFLOW, read_fields
from domain.reading.shots import read_shot_rules
from domain.reading.source import Part
from domain.work import Work
from domain.workflow import (
    HOLDS,
    NEEDS,
    REQUIRES,
    RULE,
    TEXT_LONGEST,
    CellRule,
    StateName,
    Transition,
    Workflow,
    decided_cells,
)


@dataclass(frozen=True, slots=True)
class WorkflowExample:
    """A record, a person and a move, and what comes of it: `ok`, or the error code and reason."""

    path: str
    line: int
    workflow: Workflow
    cells: dict[str, str]
    shots: frozenset[str]
    person: str
    action: str
    target: str
    expect: str


def read_workflow(
    part: Part, shots: Mapping[str, tuple[str, ...]], hazards: Part
) -> tuple[Workflow, tuple[WorkflowExample, ...]]:
    """Return the workflow of a file with its examples; `shots` are demanded by grade.

    The fields that a plant asks of a hazard stand in `hazards`.
    """
    code = part.code("workflow", "workflow")
    kind = f"state of {code}"
    states = {row.code: row for row in (_state(p, kind) for p in part.parts("states"))}
    initial = part.ref("initial", kind)
    transitions = tuple(_transition(row, kind) for row in part.parts("transitions"))
    acted, all_acted = part.part("acted"), part.part("all_acted")
    workflow = Workflow(
        code=code,
        name=part.words(),
        initial=initial,
        states=states,
        transitions=transitions,
        acted={action: acted.text(action) for action in acted.names()} if acted else {},
        shots=shots,
        all_acted={action: all_acted.text(action) for action in all_acted.names()}
        if all_acted
        else {},
        cells={rule.name: rule for rule in (_cell(p, code) for p in part.parts("cells"))},
        work=_work(part.part("work"), kind),
    )
    for action in (*workflow.acted, *workflow.all_acted):
        part.reading.use("action", action, part.path, part.line_at("acted"))
    if code == WORKFLOW:
        workflow = _with_fields(workflow, read_fields(hazards, decided_cells(workflow)))
        workflow = replace(workflow, shot_rules=read_shot_rules(hazards, f"cell of {code}"))
    _walk(part, workflow)
    _signed_once(part, workflow)
    examples = tuple(_example(row, workflow, kind) for row in part.parts("examples"))
    if not examples:
        part.problem("examples", "key.missing")
    return workflow, examples


def _with_fields(workflow: Workflow, fields: tuple[HazardField, ...]) -> Workflow:
    """Each field is a cell, written by those whom it names."""
    cells = {
        one.field_id: CellRule(
            one.field_id,
            holds="answer",
            first=one.first,
            editors=one.editors,
            own=one.own,
            item=one.item,
        )
        for one in fields
    }
    return replace(workflow, fields=fields, cells={**workflow.cells, **cells})


def _state(row: Part, kind: str) -> StateName:
    return StateName(row.code("code", kind), row.words(), row.flag("final"))


def _transition(row: Part, kind: str) -> Transition:
    action = row.text("by")
    if action != RULE:
        row.ref("by", "action")
    right = row.ref_or_none("right", "action")
    return Transition(
        sources=frozenset(row.refs("from", kind)),
        target=row.ref("to", kind),
        action=action,
        right=right or action,
        when=row.expression("when"),
        needs=_among(row, "needs", NEEDS),
        requires=_among(row, "requires", REQUIRES),
    )


def _cell(row: Part, workflow: str) -> CellRule:
    return CellRule(
        name=row.code("cell", f"cell of {workflow}"),
        holds=row.choice("holds", HOLDS),
        first=row.flag("first"),
        editors=row.refs("edit", "action"),
        own=row.flag("own"),
        lower=row.ref_or_none("lower", "action"),
        reason=row.flag("reason"),
        longest=row.whole_or_none("max") or TEXT_LONGEST,
        trusted="trusted_time" in _among(row, "needs", ("trusted_time",)),
    )


def _work(part: Part | None, kind: str) -> Work | None:
    """Read how long an approval is valid, and which decision stamps and signs what."""
    if part is None:
        return None
    stamps, slots = part.part("stamps"), part.part("slots")
    found = Work(
        hours=part.text("hours"),
        since=part.text("since"),
        expired=part.ref("expired", kind),
        stamps={one: stamps.text(one) for one in stamps.names()} if stamps else {},
        slots={one: slots.text(one) for one in slots.names()} if slots else {},
        measured=part.texts("measured"),
    )
    for action in (*found.stamps, *found.slots):
        part.reading.use("action", action, part.path, part.line)
    return found


def _among(row: Part, key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    values = row.texts(key)
    for value in values:
        if value not in allowed:
            row.problem(key, "value.choice", value=value, allowed=", ".join(allowed))
    return values


def _walk(part: Part, workflow: Workflow) -> None:
    """Every state can be reached, every state that is not final can be left, a final one cannot."""
    reached = {workflow.initial}
    while more := {row.target for row in workflow.transitions if row.sources & reached} - reached:
        reached |= more
    left = frozenset[str]().union(*(row.sources for row in workflow.transitions))
    for state in workflow.states.values():
        if state.code not in reached:
            part.problem("states", "state.unreachable", code=state.code)
        if (state.code in left) is state.final:
            code = "state.not_final" if state.final else "state.dead_end"
            part.problem("states", code, code=state.code)
    for state in sorted(_trapped(workflow) & left):  # one without any way out was named above
        part.problem("states", "state.trapped", code=state)
    for row in workflow.transitions:
        if row.action == RULE and row.target in _behind(workflow, row.target):
            part.problem("transitions", "state.loop", code=row.target)


def _signed_once(part: Part, workflow: Workflow) -> None:
    """No way leads back to a signature that was given: a second one would pass for the first.

    Whoever needs a second round applies anew; rounds are not counted (`work.ROUND`).
    """
    for action in workflow.work.slots if workflow.work else ():
        rows = [row for row in workflow.transitions if row.action == action]
        reached = {row.target for row in rows}
        while (
            more := {row.target for row in workflow.transitions if row.sources & reached} - reached
        ):
            reached |= more
        for state in sorted({one for row in rows for one in row.sources} & reached):
            part.problem("transitions", "work.rounds", by=action, code=state)


def _trapped(workflow: Workflow) -> set[str]:
    """Return the states that only lead round and round, never to an end."""
    ends = {state.code for state in workflow.states.values() if state.final}
    led = set(ends)
    while (
        more := {
            source for row in workflow.transitions if row.target in led for source in row.sources
        }
        - led
    ):
        led |= more
    return workflow.states.keys() - led if ends else set()


def _behind(workflow: Workflow, state: str) -> set[str]:
    """Return where the product's own steps lead from a state, without a person."""
    found: set[str] = set()
    ahead = {state}
    while ahead:
        ahead = {
            row.target for row in workflow.transitions if row.action == RULE and row.sources & ahead
        } - found
        found |= ahead
    return found


def _example(row: Part, workflow: Workflow, kind: str) -> WorkflowExample:
    cells = row.part("record")
    record = {name: str(cells.fact(name)) for name in cells.names()} if cells else {}
    return WorkflowExample(
        path=row.path,
        line=row.line,
        workflow=workflow,
        cells=record,
        shots=frozenset(row.refs("shots", "shot")),
        person=row.ref("person", "person"),
        action=row.ref("by", "action"),
        target=row.ref("to", kind),
        expect=row.text("expect"),
    )
