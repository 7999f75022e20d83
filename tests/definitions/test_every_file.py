"""Every definition file promises: no problem, true examples, both languages.

What the reader checks is checked here a second time by other means.
"""

import re
from collections.abc import Iterator
from time import process_time
from typing import Any, cast

import pytest
import yaml

from domain.definitions import read
from domain.examples import failures
from domain.records import Cell, Record
from domain.workflow import RULE, moves
from tests.helpers.definitions import DAY0, definition_files, demo_definitions

FILES = definition_files()
READ = read(FILES, DAY0)
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def mappings(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        row = cast("dict[str, Any]", value)
        yield row
        for child in row.values():
            yield from mappings(child)
    elif isinstance(value, list):
        for child in cast("list[object]", value):
            yield from mappings(child)


@pytest.mark.parametrize("path", FILES)
def test_file(path: str) -> None:
    assert [problem for problem in READ[1] if problem.path == path] == []
    assert READ[0] is not None
    assert [failure for failure in failures(READ[0]) if failure.path == path] == []
    for row in mappings(yaml.safe_load(FILES[path])):
        assert ("zh" in row) == ("en" in row), row
        if "en" in row:
            assert row["zh"].strip()
            assert row["en"].strip()
            assert not HAN.search(row["en"]), row


@pytest.mark.parametrize("path", [path for path in FILES if path.startswith("forms/")])
def test_every_checklist_has_examples_that_reach_a_bad_answer(path: str) -> None:
    examples = yaml.safe_load(FILES[path])["examples"]
    assert any("bad" in example.get("expect", {}).values() for example in examples)


@pytest.mark.parametrize("path", [path for path in FILES if path.startswith("workflows/")])
def test_every_workflow_can_be_walked(path: str) -> None:
    flow = yaml.safe_load(FILES[path])
    states = {state["code"]: state.get("final", False) for state in flow["states"]}
    reached, edge = {flow["initial"]}, {flow["initial"]}
    while edge:
        edge = {row["to"] for row in flow["transitions"] if edge & set(row["from"])} - reached
        reached |= edge
    assert reached == set(states)
    exits = {state for row in flow["transitions"] for state in row["from"]}
    assert exits == {code for code, final in states.items() if not final}


@pytest.mark.parametrize("code", demo_definitions().workflows)
def test_every_action_of_a_workflow_belongs_to_somebody(code: str) -> None:
    access = demo_definitions().access
    held = {
        action for rows in access.permissions.values() for row in rows for action in row.actions
    }
    used = {row.action for row in demo_definitions().workflows[code].transitions}
    assert used - held == {RULE}


_SIDE_WAYS = {"hazard.return", "hazard.merge", "hazard.void", "hazard.reopen"}
_WORKER = "U005"  # a contractor's welder: did the work, is responsible for nothing
_PLACES = [
    (area, grade)
    for area in demo_definitions().plant.areas
    for grade in demo_definitions().hazards.grades
]


def _hazard(state: str, area: str, grade: str, unit: str | None) -> Record:
    cells = {"state": state, "area": area, "unit": unit, "grade": grade}
    cells |= {"assignee": _WORKER, "rectifier": _WORKER}
    made = {name: Cell(value, "d:1", 0, 0) for name, value in cells.items()}
    return Record("r", "hazard", "hazard@1", made)


@pytest.mark.parametrize(("area", "grade"), _PLACES)
def test_in_every_area_a_hazard_of_every_grade_can_be_brought_to_its_end(
    area: str, grade: str
) -> None:
    demo = demo_definitions()
    flow, access, plant = demo.workflows["hazard"], demo.access, demo.plant
    ends = {"local", "closed"}  # nobody has it yet; nobody needs to do anything
    for state in flow.states.values():
        if state.final or state.code in ends or (state.code == "to_review" and grade != "A"):
            continue
        record = _hazard(state.code, area, grade, plant.areas[area].unit)
        on: set[str] = set()  # the moves that bring it further
        for person in plant.people.values():
            found = moves(flow, record, person, access, plant)
            mine = {move.action for move in found}
            on |= mine - _SIDE_WAYS
            if mine & {"hazard.verify", "hazard.review"}:  # who may pass it may fail it
                assert "rectifying" in {move.target for move in found}, person.person_id
        assert on, state.code


def test_the_demo_has_what_the_issue_counts() -> None:
    demo = demo_definitions()
    assert (len(demo.plant.assets), len(demo.plant.people)) == (13, 60)
    assert len(demo.forms) >= 12  # a checklist more is one file more, and nothing to extend
    assert demo.forms["TANK-D"].version == 7
    assert set(demo.hazards.shots_before_dispatch["B"]) == {"panorama", "closeup", "responsible"}
    assert set(demo.hazards.sla) == set(demo.hazards.grades) == {"A", "B", "C", "D"}
    assert demo.plant.others["DEMO2"].assets.keys() == {"TK-901"}
    assert {asset.template for asset in demo.plant.assets.values()} <= demo.forms.keys()


def test_limits_of_substances_are_the_same_wherever_they_stand() -> None:
    substances = {row["code"]: row for row in yaml.safe_load(FILES["chemicals.yaml"])["chemicals"]}
    for sensor in yaml.safe_load(FILES["sensors.yaml"])["sensors"]:
        substance = substances.get(sensor.get("medium"), {})
        limit = substance.get("mac") or substance.get("twa")
        if sensor["kind"] == "toxic":
            assert sensor["l1"] == limit, sensor["id"]
    hydrogen_sulfide = demo_definitions().forms["CSE-E"].item("C06")
    assert hydrogen_sulfide
    assert hydrogen_sulfide.maximum[0].value == substances["hydrogen_sulfide"]["mac"]


def test_every_default_names_its_source_and_is_read_as_its_type() -> None:
    defaults = demo_definitions().defaults
    assert all(row.source for row in defaults.rows.values())
    assert defaults.whole("scan.max_mismatch_m") == 100
    assert str(defaults.number("rectify.min_probability")) == "0.85"
    assert defaults.text("report.contractor.time") == "18:00"
    assert defaults.texts("warn.levels") == ("red", "yellow", "blue")


def test_reading_everything_takes_well_under_the_budget() -> None:
    begin = process_time()
    read(FILES, DAY0)
    assert process_time() - begin < 1.5  # seconds; about 0.15 on the build machine


def test_the_version_is_that_of_the_texts_and_the_day() -> None:
    demo = demo_definitions()
    again, _ = read(dict(reversed(FILES.items())), DAY0)
    changed, _ = read({**FILES, "shi.yaml": FILES["shi.yaml"] + "\n# more\n"}, DAY0)
    assert again
    assert changed
    assert again.version == demo.version != changed.version
    assert re.fullmatch("[0-9a-f]{12}", demo.version)
