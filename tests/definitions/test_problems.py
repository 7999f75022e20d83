"""Bad data promises to be found: each problem with its file, line and code, nothing half-read."""

# ruff: noqa: E501 - a table of cases reads best with one case per line

import pytest

from domain.definitions import load, read
from domain.errors import DefinitionError
from domain.examples import failures
from domain.reading.defaults import LATER
from tests.helpers.definitions import DAY0, definition_files

# The long files of later issues stand in short: each case reads everything again. merge.yaml goes by
# the states of permits.yaml and is left out.
SHORT = {path: "".join(f"{key}: []\n" for key in LATER[path]) for path in LATER}
FILES = {**definition_files(), **SHORT}
del FILES["merge.yaml"]
TANK, HAZARDS, PLANT = "forms/TANK-D.yaml", "hazards.yaml", "plants/demo.yaml"
FLOW, ACCESS = "workflows/hazard.yaml", "access.yaml"


def line_of(path: str, text: str) -> int:
    return 1 + FILES[path][: FILES[path].index(text)].count("\n")


@pytest.mark.parametrize(
    ("path", "good", "bad", "code", "params"),
    [
        (TANK, "unit: m, min", "units: m, min", "key.unknown", {"key": "units"}),
        (TANK, "zh: 液位, en: Level", "zh: 液位", "words.missing", {"key": "en"}),
        (TANK, "zh: 液位, en: Level", "en: Level", "words.missing", {"key": "zh"}),
        (TANK, "en: Level", "en: Level 液位", "words.han", {"key": "en"}),
        (TANK, "en: Level", "en: No", "value.kind", {"key": "en", "expected": "str"}),
        (TANK, "en: Level", "en: ''", "value.kind", {"key": "en", "expected": "str"}),
        (
            TANK,
            "relevant: asset.medium.flammable",
            "relevant: only if it burns",
            "expression.invalid",
            {"key": "relevant", "reason": "unexpected", "position": "6"},
        ),
        (
            TANK,
            "relevant: asset.medium.flammable",
            "relevant: 可燃时",
            "expression.invalid",
            {"key": "relevant", "reason": "character", "position": "1"},
        ),
        (
            TANK,
            "relevant: asset.medium.flammable",
            "relevant: flammable",
            "expression.name",
            {"key": "relevant", "name": "flammable"},
        ),
        (
            TANK,
            "relevant: asset.medium.flammable",
            "relevant: answer.T12 == 'ng'",
            "item.later",
            {"key": "relevant", "code": "T12"},
        ),
        (TANK, "g: A, cat: LK", "g: A, cat: XX", "reference.unknown", {"kind": "category", "code": "XX"}),
        (TANK, "g: A, cat: LK", "g: E, cat: LK", "reference.unknown", {"kind": "grade", "code": "E"}),
        (TANK, "id: T02", "id: T01", "code.duplicate", {"code": "T01"}),
        (TANK, "max: 11.5", "max: high", "value.kind", {"key": "max", "expected": "number"}),
        (TANK, "t: num", "t: number", "value.choice", {"value": "number"}),
        (TANK, "en: Level, unit", "en: Level, en: Level, unit", "key.duplicate", {"key": "en"}),
        (PLANT, "unit: W-STO", "unit: W-XXX", "reference.unknown", {"kind": "unit", "code": "W-XXX"}),
        (PLANT, "roles: [inspector]", "roles: [boss]", "reference.unknown", {"kind": "role", "code": "boss"}),
        (PLANT, "template: TANK-D", "template: NOPE", "reference.unknown", {"kind": "template", "code": "NOPE"}),
        (PLANT, "area: A01, kind: tank", "area: Z9, kind: tank", "reference.unknown", {"kind": "area", "code": "Z9"}),
        (PLANT, "asset: TK-101", "asset: TK-777", "reference.unknown", {"kind": "asset", "code": "TK-777"}),
        (PLANT, "medium: methanol", "medium: soup", "reference.unknown", {"kind": "medium", "code": "soup"}),
        (PLANT, "in_force: -20d", "in_force: yesterday", "date.invalid", {"value": "yesterday"}),
        (PLANT, "in_force: -20d", "in_force: '-20 d'", "date.invalid", {"value": "-20 d"}),
        (PLANT, "times: ['22:00', '03:00']", "times: ['25:00']", "date.invalid", {"value": "25:00"}),
        (PLANT, "every: day, from: -1d", "every: day, from: tonight", "date.invalid", {"value": "tonight"}),
        (PLANT, "id: U002", "id: U001", "code.duplicate", {"kind": "person", "code": "U001"}),
        (PLANT, "risk: red", "risk: pink", "value.choice", {"value": "pink"}),
        ("demo/hazards.yaml", "'-1d 22:05'", "'-1d 22:75'", "date.invalid", {"value": "-1d 22:75"}),
        (ACCESS, "can: [hazard.report, permit.check]", "can: [hazard.love]", "reference.unknown", {"kind": "action", "code": "hazard.love"}),
        (HAZARDS, "unit: T-ELE, zh", "unit: T-XXX, zh", "reference.unknown", {"kind": "unit", "code": "T-XXX"}),
        (HAZARDS, "when: finding.matches_major_criterion", "when: finding.matches", "reference.unknown", {"kind": "finding"}),
        (FLOW, "needs: [note]", "needs: [cake]", "value.choice", {"value": "cake"}),
        (FLOW, "to: void, by", "to: heaven, by", "reference.unknown", {"code": "heaven"}),
        (FLOW, "by: hazard.void, needs", "by: hazard.love, needs", "reference.unknown", {"kind": "action"}),
        ("sensors.yaml", "conditions: []", "conditions: [{expr: in case of doubt}]", "expression.invalid", {"key": "expr"}),
    ],
)  # fmt: skip
def test_problem(path: str, good: str, bad: str, code: str, params: dict[str, str]) -> None:
    assert good in FILES[path]
    line = line_of(path, good)
    definitions, problems = read({**FILES, path: FILES[path].replace(good, bad, 1)}, DAY0)
    assert definitions is None
    found = [problem for problem in problems if problem.code == code and problem.path == path]
    assert found, problems
    assert any(params.items() <= dict(problem.params).items() for problem in found), found
    assert line in {problem.line for problem in found}


@pytest.mark.parametrize(
    ("path", "text", "code", "line"),
    [
        (TANK, "code: TANK-D\nitems: [", "yaml.syntax", 3),
        (TANK, "a: 1\nb: \x00", "yaml.syntax", 1),
        (TANK, "- a\n", "value.kind", 1),
        (TANK, "", "value.kind", 1),
        (TANK, "code: &a x\nother: [*a]\n", "yaml.alias", 1),
        (TANK, "a: " + "[" * 50_000, "file.size", 1),
        (TANK, "- " * 50_000, "file.size", 1),
        (TANK, "#" * 600_000, "file.size", 1),
        ("forms/notes.txt", "hello", "file.unknown", 1),
        ("../forms/x.yaml", "a: 1", "file.unknown", 1),
    ],
    ids=range(10),
)
def test_a_file_that_cannot_be_read_is_one_problem(
    path: str, text: str, code: str, line: int
) -> None:
    definitions, problems = read({**FILES, path: text}, DAY0)
    assert definitions is None
    assert [(problem.path, problem.code, problem.line) for problem in problems] == [
        (path, code, line)
    ]


def test_a_missing_file_is_a_problem() -> None:
    files = {path: text for path, text in FILES.items() if path != ACCESS}
    assert [(p.path, p.code) for p in read(files, DAY0)[1]] == [(ACCESS, "file.missing")]
    assert read({}, DAY0)[0] is None


def test_a_state_without_a_way_out_or_in_is_a_problem() -> None:
    text = FILES[FLOW].replace("states:\n", "states:\n  - {code: lost, zh: 丢失, en: Lost}\n")
    problems = read({**FILES, FLOW: text}, DAY0)[1]
    assert {problem.code for problem in problems} == {"state.unreachable", "state.dead_end"}


def test_a_cycle_without_an_end_in_a_workflow_is_a_problem() -> None:
    states = "states:\n  - {code: ping, zh: 甲, en: Ping}\n  - {code: pong, zh: 乙, en: Pong}\n"
    moves = (
        "transitions:\n"
        "  - {from: [reported, pong], to: ping, by: hazard.accept}\n"
        "  - {from: [ping], to: pong, by: hazard.accept}\n"
    )
    text = FILES[FLOW].replace("states:\n", states, 1).replace("transitions:\n", moves, 1)
    definitions, problems = read({**FILES, FLOW: text}, DAY0)
    assert definitions is None
    found = {(problem.code, problem.params["code"]) for problem in problems}
    assert found == {("state.trapped", "ping"), ("state.trapped", "pong")}
    assert all(problem.path == FLOW and problem.line > 0 for problem in problems)


def test_steps_of_the_product_that_lead_back_to_themselves_are_a_problem() -> None:
    moves = (
        "transitions:\n"
        "  - {from: [reopened], to: accepted, by: rule}\n"
        "  - {from: [accepted], to: reopened, by: rule}\n"
    )
    text = FILES[FLOW].replace("transitions:\n", moves, 1)
    problems = read({**FILES, FLOW: text}, DAY0)[1]
    assert {problem.code for problem in problems} == {"state.loop"}


def test_a_checklist_without_examples_is_a_problem() -> None:
    text = FILES[TANK][: FILES[TANK].index("examples:")]
    problems = read({**FILES, TANK: text}, DAY0)[1]
    assert [(p.code, p.params["key"]) for p in problems] == [("key.missing", "examples")]


def test_an_example_that_does_not_come_true_is_named_with_its_line() -> None:
    text = FILES[TANK].replace("T03: bad", "T03: good")
    failed = failures(load({**FILES, TANK: text}, DAY0))
    assert [(one.path, one.line) for one in failed] == [(TANK, line_of(TANK, "asset: TK-101"))]
    assert failed[0].params == {"found": "T03 is bad"}


def test_loading_raises_all_problems_at_once() -> None:
    text = FILES[TANK].replace("g: A, cat: LK", "g: E, cat: XX")
    with pytest.raises(DefinitionError) as refused:
        load({**FILES, TANK: text}, DAY0)
    problems = refused.value.params["problems"]
    assert isinstance(problems, tuple)
    assert len(problems) == 2
