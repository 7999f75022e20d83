"""Playing the examples that stand in the definition files: data is tested like code."""

from collections.abc import Iterator

from domain.access import may
from domain.definitions import Definitions
from domain.errors import (
    AnswersMissingError,
    MoveRefusedError,
    NotAllowedError,
    ShotsMissingError,
)
from domain.forms import check
from domain.hazards import propose, route
from domain.reading.access import AccessExample
from domain.reading.forms import FormExample
from domain.reading.hazards import HazardExample
from domain.reading.scopes import ScopeExample
from domain.reading.source import Problem
from domain.reading.workflow import WorkflowExample
from domain.records import Cell, Record
from domain.scopes import Allotment, of_people, of_record, sees
from domain.workflow import decide


def failures(definitions: Definitions) -> tuple[Problem, ...]:
    """Return every example whose outcome is not the one that stands there, with its line."""
    examples = definitions.examples
    rows = (
        *(_problem(one, _form(definitions, one)) for one in examples.forms),
        *(_problem(one, _workflow(definitions, one)) for one in examples.workflows),
        *(_problem(one, _hazard(definitions, one)) for one in examples.hazards),
        *(_problem(one, _access(definitions, one)) for one in examples.access),
        *(_problem(one, _scopes(definitions, one)) for one in examples.scopes),
    )
    return tuple(row for row in rows if row)


Example = FormExample | WorkflowExample | HazardExample | AccessExample | ScopeExample


def _problem(example: Example, differences: Iterator[str]) -> Problem | None:
    found = "; ".join(differences)
    if not found:
        return None
    return Problem(example.path, example.line, "example.failed", {"found": found})


def _form(definitions: Definitions, example: FormExample) -> Iterator[str]:
    asset = definitions.plant.assets[example.asset]
    facts = {"asset": asset.facts}
    progress = check(example.form, example.answers, example.photos, facts, example.excused)
    lines = {line.item.item_id: line for line in progress.lines}
    for item_id, state in example.states.items():
        line = lines.get(item_id)
        found = line.judgement.state if line else "hidden"
        if found != state:
            yield f"{item_id} is {found}"
    for item_id in example.hidden:
        if item_id in lines:
            yield f"{item_id} is asked"
    missing = {item_id for item_id, line in lines.items() if line.value and line.photo_missing}
    if missing != set(example.photo_missing):
        yield f"photos missing: {sorted(missing)}"


def _workflow(definitions: Definitions, example: WorkflowExample) -> Iterator[str]:
    code = example.workflow.code
    cells = {name: Cell(value, "example:1", 0, 0) for name, value in example.cells.items()}
    record = Record("example", code, f"{code}@1", cells)
    person = definitions.plant.people[example.person]
    facts = {"shots": example.shots}
    outcome = "ok"
    try:
        decide(
            example.workflow, record, example.action, example.target, person,
            definitions.access, definitions.plant, facts,
        )  # fmt: skip
    except (NotAllowedError, ShotsMissingError, AnswersMissingError) as error:
        outcome = error.code
    except MoveRefusedError as error:
        outcome = f"{error.code}:{error.params['reason']}"
    if outcome != example.expect:
        yield outcome


def _hazard(definitions: Definitions, example: HazardExample) -> Iterator[str]:
    plant = definitions.plant
    asset = plant.assets[example.asset] if example.asset else None
    area = plant.areas[example.area] if example.area else None
    for language in ("zh", "en"):
        words = example.said.in_(language)
        proposal = propose(definitions.hazards, words, asset, area, None)
        found = (proposal.category, proposal.grade)
        if found != (example.category, example.grade):
            yield f"{language}: {found}"
    unit = route(definitions.hazards, plant, definitions.access, example.category, area, asset)
    if unit != example.unit:
        yield f"goes to {unit}"


def _access(definitions: Definitions, example: AccessExample) -> Iterator[str]:
    plant = definitions.plant
    person = plant.people[example.person]
    if may(definitions.access, plant, person, example.action, example.subject) != example.allowed:
        yield "not allowed" if example.allowed else "allowed"


def _scopes(definitions: Definitions, example: ScopeExample) -> Iterator[str]:
    cells = {name: Cell(value, "example:1", 0, 0) for name, value in example.cells.items()}
    record = Record("example", example.type, f"{example.type}@1", cells)
    scopes = of_record(definitions.ground, record)
    for person_id in (*example.people, *example.others):
        person = definitions.plant.people[person_id]
        taken = sees(of_people(definitions.ground, [person], Allotment()), scopes)
        if taken != (person_id in example.people):
            yield f"{person_id} {'takes' if taken else 'does not take'} it along"
