"""The permission matrix of access.yaml, read without our reader, and somebody of each role.

`allowed` is the expectation of the tests: it looks into the YAML alone, so that it cannot repeat a
mistake of `domain.access`. A situation is how a record stands to the person: in exactly one of the
scopes, besides `plant`, in which everything lies.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final, cast

import yaml

from domain.definitions import Definitions
from domain.plant import Person
from domain.records import Cell, Record, Value
from domain.words import Words
from tests.helpers.definitions import definition_files, demo_definitions

WHO: Final = "M001"  # the person who tries, in one role at a time
OTHER: Final = "U044"  # somebody the record has to do with instead
TEAM, AREA = "T-ELE", "A06"
_ELSEWHERE: Final[Mapping[str, Value]] = {
    "area": "A01", "unit": "T-CHA", "reporter": OTHER, "assignee": OTHER
}  # fmt: skip
SITUATIONS: Final[Mapping[str, Mapping[str, Value]]] = {
    "own": {**_ELSEWHERE, "reporter": WHO},
    "assigned": {**_ELSEWHERE, "assignee": WHO},
    "team": {**_ELSEWHERE, "unit": TEAM},
    "area": {**_ELSEWHERE, "area": AREA},
    "plant": _ELSEWHERE,
    # nothing that a device sends says who is on the spot or named on a permit: as anywhere
    "on_site": _ELSEWHERE,
    "on_permit": _ELSEWHERE,
}
_SAID_ELSEWHERE = {"on_site", "on_permit"}


@cache
def raw() -> dict[str, Any]:
    """Return access.yaml as plain data."""
    return cast("dict[str, Any]", yaml.safe_load(definition_files()["access.yaml"]))


def codes(key: str) -> list[str]:
    """Return the codes of a list of access.yaml: roles, scopes, actions."""
    return [str(row["code"]) for row in raw()[key]]


ROLES = [role for role in codes("roles") if role != "everyone"]
ACTIONS, SCOPES = codes("actions"), codes("scopes")


def allowed(role: str, action: str, scopes: Collection[str]) -> bool:
    """Say whether the file gives a role an action in one of these scopes, or everyone."""
    rows = [row for one in (role, "everyone") for row in raw()["permissions"].get(one, [])]
    return any(action in row["can"] and row["scope"] in scopes for row in rows)


def holding(situation: str) -> set[str]:
    """Return the scopes that a record in this situation lies in."""
    return {"plant"} if situation in _SAID_ELSEWHERE else {situation, "plant"}


def person(role: str, person_id: str = WHO) -> Person:
    """Return somebody with one role, of the electricians, responsible for one area."""
    name = Words({"zh": role, "en": role})
    return Person(person_id, name, (role,), TEAM, frozenset({AREA}))


def with_person(role: str, found: Definitions | None = None) -> Definitions:
    """Return the definitions of the demo plant with somebody of this role among its people."""
    found = found or demo_definitions()
    people = {**found.plant.people, WHO: person(role)}
    return replace(found, plant=replace(found.plant, people=people))


def record(type: str, cells: Mapping[str, Value], record_id: str = "r1", number: int = 1) -> Record:
    """Return a record of these cells, of the n-th entry of some device."""
    made = {name: Cell(value, f"other:{number}", 0, 0) for name, value in cells.items()}
    return Record(record_id, type, f"{type}@1", made)


def hazard(situation: str, **cells: Value) -> Record:
    """Return a hazard that stands so to the person."""
    base: dict[str, Value] = {
        "code": "HZ-1", "words": "x", "grade": "C", "category": "EL",
        "reported_ms": 1_700_000_000_000,
    }  # fmt: skip
    return record("hazard", {**base, **SITUATIONS[situation], **cells})
