"""Scopes promise: who has one in common with a record is who the rules give it to, no one else."""

import random

import pytest

from domain.access import may, subject_of
from domain.definitions import read
from domain.plant import Person
from domain.records import Cell, Record, Value, type_names
from domain.scopes import EVERYTHING, Allotment, mark_of, of_people, of_record, sees
from tests.helpers.definitions import DAY0, definition_files, demo_definitions

DEMO = demo_definitions()
GROUND, PLANT = DEMO.ground, DEMO.plant
SCOPES = "scopes.yaml"


def record(type: str, **cells: Value) -> Record:
    made = {name: Cell(value, "d:1", 0, 0) for name, value in cells.items()}
    return Record("r", type, f"{type}@1", made)


def any_record(chance: random.Random) -> Record:
    people, units = sorted(PLANT.people), sorted(PLANT.units)
    cells: dict[str, Value] = {"state": chance.choice(("reported", "closed", "open", "done"))}
    if chance.random() < 0.8:
        cells["area"] = chance.choice(sorted(PLANT.areas))
    if chance.random() < 0.8:
        cells["unit"] = chance.choice(units)
    for cell in ("owner", "assignee", "verifier", "reporter", "inspector", "by", "to"):
        if chance.random() < 0.4:
            cells[cell] = chance.choice(people)
    return record(chance.choice(type_names), **cells)


def given(person: Person, one: Record) -> bool:
    """The rules, asked the long way: right by right, as the rest of the product asks."""
    for row in GROUND.rules.rows:
        if one.type not in row.types or one.text("state") in row.until:
            continue
        if not row.rights and not row.cells:
            return True
        if any(one.text(cell) == person.person_id for cell in row.cells):
            return person.retired_ms is None
        subject = subject_of(one)
        if any(may(DEMO.access, PLANT, person, right, subject) for right in row.rights):
            return True
    return False


@pytest.mark.parametrize("seed", range(5))
def test_a_scope_in_common_is_the_right_to_it(seed: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    wanted = {one: of_people(GROUND, [PLANT.people[one]], Allotment()) for one in PLANT.people}
    for _ in range(300):
        one = any_record(chance)
        scopes = of_record(GROUND, one)
        for person in PLANT.people.values():
            found = sees(wanted[person.person_id], scopes)
            assert found == given(person, one), (person.person_id, one)


def test_all_people_of_the_plant_have_everything_and_a_worker_has_not() -> None:
    assert of_people(GROUND, PLANT.people.values(), Allotment()) == (EVERYTHING,)
    assert EVERYTHING not in of_people(GROUND, [PLANT.people["U012"]], Allotment())


def test_a_place_limits_who_may_have_all_and_leaves_what_is_ones_own() -> None:
    manager = PLANT.people["U001"]
    limited = of_people(GROUND, [manager], Allotment(areas=("A06",)))
    here, there = record("hazard", area="A06"), record("hazard", area="A01")
    own = record("hazard", area="A01", reporter="U001")
    assert sees(limited, of_record(GROUND, here))
    assert not sees(limited, of_record(GROUND, there))
    assert sees(limited, of_record(GROUND, own))
    by_unit = of_people(GROUND, [manager], Allotment(units=("T-ELE",)))
    assert sees(by_unit, of_record(GROUND, record("hazard", area="A01", unit="T-ELE")))
    assert not sees(by_unit, of_record(GROUND, here))


def test_open_work_is_taken_along_until_it_is_done() -> None:
    wanted = of_people(GROUND, [PLANT.people["U009"]], Allotment())
    task = {"area": "A01", "unit": "T-TANK"}
    assert sees(wanted, of_record(GROUND, record("task", state="open", owner="U009", **task)))
    rules = [row for row in GROUND.rules.rows if row.until]
    assert rules, "the file has rows for open work"
    done = of_record(GROUND, record("task", state="done", owner="U009", **task))
    assert not any(one.startswith("todo/") for one in done)


def test_a_photo_goes_with_what_it_belongs_to() -> None:
    wanted = of_people(GROUND, [PLANT.people["U034"]], Allotment())
    photo = record("evidence", by="U012", of="h")
    assert not sees(wanted, of_record(GROUND, photo))
    assert sees(wanted, of_record(GROUND, photo, record("hazard", area="A06")))


def test_other_rules_are_another_mark_with_the_same_scopes() -> None:
    files = dict(definition_files())
    files[SCOPES] = files[SCOPES].replace("until: [done]", "until: [done, open]")
    other = read(files, DAY0)[0]
    assert other is not None
    assert mark_of(other.ground, ["all"]) != mark_of(GROUND, ["all"])
    assert mark_of(GROUND, ["all", "read/*"]) == mark_of(GROUND, ["read/*", "all"])


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("types: [register, device, quarantine, clock]", "types: [registre]", "value.choice"),
        ("rights: [read]}", "rights: [raed]}", "reference.unknown"),
        ("cells: [assignee, owner, verifier, to]", "cells: [asignee]", "value.choice"),
        (
            "{code: todo, types: [task], rights",
            "{code: part, types: [task], rights",
            "code.duplicate",
        ),
        ("cell: of}", "cell: about}", "value.choice"),
        ("days: 14", "days: 900", "value.choice"),
        ("days: 14", "days: 14\nmany: 1", "key.unknown"),
        ("with: [U012]}", "with: [U999]}", "reference.unknown"),
        (
            "{code: todo, types: [task], rights",
            "{code: to/do, types: [task], rights",
            "value.choice",
        ),
        ("until: [done]", "until: [done], cells: [owner]", "value.choice"),
    ],
)
def test_a_slip_in_the_file_is_named_with_its_line(before: str, after: str, code: str) -> None:
    files = dict(definition_files())
    text = files[SCOPES]
    assert before in text
    files[SCOPES] = text.replace(before, after, 1)
    definitions, problems = read(files, DAY0)
    assert definitions is None
    line = text[: text.index(before)].count("\n") + 1
    found = [(one.path, one.line, one.code) for one in problems]
    assert any(
        path == SCOPES and abs(at - line) <= 1 and said == code for path, at, said in found
    ), found
