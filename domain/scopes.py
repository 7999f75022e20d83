"""Who takes which records along: scopes that records lie in and that devices subscribe to.

A row of `scopes.yaml` covers types of records. It gives them to everybody, to people with one of
its rights (by the scopes of `access.yaml`), or to the people that some cells name, always or until
the record has one of some states. Evidence goes with what it belongs to.

A scope is a text: "read/area=A01", "part/U009", "open/*" (everywhere) or "all". A record and a
person have one in common exactly if the row gives the record to the person.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from domain.access import EVERYONE, Access, of_person, of_subject, subject_of
from domain.plant import Person, Plant
from domain.records import Record, type_names

EVERYTHING = "*"  # the one scope of a device that may have every record
_PLACES = ("area", "unit", "units")
_MARK_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file; a row without rights and cells is for everybody."""

    code: str
    types: frozenset[str]
    rights: frozenset[str] = frozenset()
    cells: tuple[str, ...] = ()
    until: frozenset[str] = frozenset()  # states that end it


@dataclass(frozen=True, slots=True)
class Rules:
    """The whole file: rows, which cell of a type names the record it goes with, days of work."""

    rows: tuple[Row, ...]
    follows: Mapping[str, str]
    days: int  # offline, for which a device takes work along


# what a device took along before there was a file: everything
RULES = Rules((Row("all", frozenset(type_names)),), {}, 14)


@dataclass(frozen=True, slots=True)
class Ground:
    """What scopes are worked out from."""

    rules: Rules
    access: Access
    plant: Plant


@dataclass(frozen=True, slots=True)
class Allotment:
    """What an administrator set for a device: its people, and places to which it is limited."""

    people: tuple[str, ...] = ()  # none named: all people of the plant
    areas: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


def of_record(ground: Ground, record: Record, about: Record | None = None) -> frozenset[str]:
    """Return the scopes of a record; `about` is the record it goes with, where that is known."""
    found: set[str] = set() if about is None else set(of_record(ground, about))
    state = record.text("state")
    for row in ground.rules.rows:
        if record.type not in row.types or state in row.until:
            continue
        if row.rights:
            found.add(f"{row.code}/*")
            found.update(_of_subject(ground, row, record))
        elif row.cells:
            found.update(f"{row.code}/{record.text(cell)}" for cell in row.cells if record.text(cell))
        else:
            found.add(row.code)
    return frozenset(found)


def of_people(ground: Ground, people: Iterable[Person], within: Allotment) -> tuple[str, ...]:
    """Return what a device of these people subscribes to, sorted; EVERYTHING alone if that is all.

    Retired people subscribe to nothing. Places that `within` names take the place of "everywhere"
    and leave out other areas and units; what is somebody's own stays.
    """
    found: set[str] = set()
    for row in ground.rules.rows:
        if not row.rights and not row.cells:
            found.add(row.code)
    for person in people:
        if person.retired_ms is None:
            for row in ground.rules.rows:
                found.update(_of_person(ground, row, person))
    if within.areas or within.units:
        found = {one for scope in found for one in _limited(scope, within)}
    return (EVERYTHING,) if _is_everything(ground, found) else tuple(sorted(found))


def mark_of(ground: Ground, scopes: Collection[str]) -> str:
    """Return what tells a subscription from another, and from the same one under other rules."""
    return hashlib.sha256("\n".join([rules_mark(ground), *sorted(scopes)]).encode()).hexdigest()[
        :_MARK_DIGITS
    ]


def rules_mark(ground: Ground) -> str:
    """Return what tells rules by which records lie in scopes from other ones."""
    rows = [
        (one.code, sorted(one.types), sorted(one.rights), one.cells, sorted(one.until))
        for one in ground.rules.rows
    ]
    subjects = sorted((one.code, one.subject or "") for one in ground.access.scopes.values())
    units = sorted((code, unit.parent or "") for code, unit in ground.plant.units.items())
    said = repr((rows, sorted(ground.rules.follows.items()), subjects, units))
    return hashlib.sha256(said.encode()).hexdigest()[:_MARK_DIGITS]


def sees(scopes: Collection[str], record: frozenset[str]) -> bool:
    """Return whether a subscription has a record with these scopes."""
    return EVERYTHING in scopes or not record.isdisjoint(scopes)


def _of_subject(ground: Ground, row: Row, record: Record) -> Iterable[str]:
    subject = subject_of(record)
    for name in sorted(_subjects(ground, row)):
        for value in of_subject(name, ground.plant, subject):
            yield f"{row.code}/{name}={value}"


def _subjects(ground: Ground, row: Row) -> set[str]:
    """Return which sides of a record the rights of a row are compared with."""
    return {
        name
        for permissions in ground.access.permissions.values()
        for one in permissions
        if one.actions & row.rights and (name := ground.access.scopes[one.scope].subject)
    }


def _of_person(ground: Ground, row: Row, person: Person) -> Iterable[str]:
    if row.cells:
        yield f"{row.code}/{person.person_id}"
        return
    for role in (*person.roles, EVERYONE):
        for one in ground.access.permissions.get(role, ()):
            if not one.actions & row.rights:
                continue
            scope = ground.access.scopes[one.scope]
            if scope.subject is None:
                yield f"{row.code}/*"
            elif scope.person is not None:  # without: said of the moment, not of a kept record
                for value in of_person(scope.person, person):
                    yield f"{row.code}/{scope.subject}={value}"


def _limited(scope: str, within: Allotment) -> Iterable[str]:
    code, slash, which = scope.partition("/")
    if slash and which == EVERYTHING:
        yield from (f"{code}/area={area}" for area in within.areas)
        yield from (f"{code}/units={unit}" for unit in within.units)
        return
    name, _, value = which.partition("=")
    if name not in _PLACES or value in (within.areas if name == "area" else within.units):
        yield scope


def _is_everything(ground: Ground, found: Collection[str]) -> bool:
    covered: set[str] = set()
    for row in ground.rules.rows:
        always = not row.until and (f"{row.code}/*" in found if row.rights else not row.cells)
        if always:
            covered |= row.types
    return covered >= set(type_names)
