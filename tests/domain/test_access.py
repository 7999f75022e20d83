"""Access promises: nothing that is not listed, and a scope is a scope."""

import pytest

from domain.access import Subject, may, subject_of
from domain.records import Cell, Record
from tests.helpers.definitions import demo_definitions

DEMO = demo_definitions()


@pytest.mark.parametrize(
    ("person", "action", "subject", "allowed"),
    [
        ("U012", "hazard.report", Subject(), True),
        ("U012", "read", Subject(owner="U012"), True),
        ("U012", "read", Subject(owner="U042"), False),
        ("U012", "read", Subject(unit="T-CHA"), True),
        ("U029", "hazard.accept", Subject(area="A01"), True),
        ("U029", "hazard.accept", Subject(area="A02"), False),
        ("U029", "hazard.accept", Subject(), False),
        ("U009", "hazard.rectify", Subject(assignee="U009"), True),
        ("U009", "hazard.rectify", Subject(assignee="U050"), False),
        ("U045", "prestart.confirm", Subject(unit="K01"), True),
        ("U044", "permit.stop", Subject(on_site=True), True),
        ("U004", "permit.guard", Subject(area="A01"), False),  # permits come later
        ("U001", "no.such.action", Subject(area="A01"), False),
    ],
)
def test_may(person: str, action: str, subject: Subject, allowed: bool) -> None:
    assert may(DEMO.access, DEMO.plant, DEMO.plant.people[person], action, subject) is allowed


def test_a_team_reaches_the_units_below_it_and_not_those_above() -> None:
    leader = DEMO.plant.people["U027"]  # fire officers, below HSE
    assert may(DEMO.access, DEMO.plant, leader, "hazard.accept", Subject(unit="T-FIRE"))
    assert not may(DEMO.access, DEMO.plant, leader, "hazard.accept", Subject(unit="D-HSE"))


@pytest.mark.parametrize(
    ("record_type", "cells", "subject"),
    [
        (
            "hazard",
            {"reporter": "U012", "assignee": "U009"},
            Subject(owner="U012", assignee="U009"),
        ),
        ("task", {"owner": "U003", "area": "A01"}, Subject("A01", None, "U003", "U003")),
        ("inspection", {"inspector": "U003"}, Subject(owner="U003", assignee="U003")),
    ],
)
def test_subject_of_a_record(record_type: str, cells: dict[str, str], subject: Subject) -> None:
    made = {name: Cell(value, "d:1", 0, 0) for name, value in cells.items()}
    assert subject_of(Record("r", record_type, "x@1", made)) == subject
