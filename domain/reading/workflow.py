"""Reading `workflows/*.yaml`: states, transitions and what a move needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.reading.source import Part
from domain.workflow import NEEDS, REQUIRES, RULE, StateName, Transition, Workflow


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
    part: Part, shots: Mapping[str, tuple[str, ...]]
) -> tuple[Workflow, tuple[WorkflowExample, ...]]:
    """Return the workflow of a file with its examples; `shots` are demanded by grade."""
    code = part.code("workflow", "workflow")
    kind = f"state of {code}"
    states = {row.code: row for row in (_state(p, kind) for p in part.parts("states"))}
    initial = part.ref("initial", kind)
    transitions = tuple(_transition(row, kind) for row in part.parts("transitions"))
    acted = part.part("acted")
    workflow = Workflow(
        code=code,
        name=part.words(),
        initial=initial,
        states=states,
        transitions=transitions,
        acted={action: acted.text(action) for action in acted.names()} if acted else {},
        shots=shots,
    )
    for action in workflow.acted:
        part.reading.use("action", action, part.path, part.line_at("acted"))
    _walk(part, workflow)
    examples = tuple(_example(row, workflow, kind) for row in part.parts("examples"))
    if not examples:
        part.problem("examples", "key.missing")
    return workflow, examples


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
