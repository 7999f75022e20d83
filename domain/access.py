"""Who may do what where: roles x actions x scope, from data. What is not listed is not allowed."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.plant import Person, Plant
from domain.records import Record
from domain.words import Words

EVERYONE = "everyone"  # the role that every signed-in person has
# What a scope may compare. Of the record: area, unit, the unit with those above it, whose it is,
# whom it is assigned to, who is named on it, whether the actor is there. Of the person: the rest.
OF_SUBJECT = ("area", "unit", "units", "owner", "assignee", "named", "on_site")
OF_PERSON = ("id", "unit", "areas")


@dataclass(frozen=True, slots=True)
class Scope:
    """A reach of a right: the record's `subject` and the person's `person` have one in common.

    Without `person` it is enough that the record has a `subject`; without both it always holds.
    """

    code: str
    name: Words
    subject: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """What a role may do within one scope."""

    scope: str
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Incompatible:
    """Two actions that one person may not do on the same record of that type."""

    rule_id: str
    record: str
    first: str
    second: str
    name: Words


@dataclass(frozen=True, slots=True)
class TwoPerson:
    """An action on `subject` that needs a second person with the same right."""

    rule_id: str
    action: str
    subject: str
    name: Words


@dataclass(frozen=True, slots=True)
class Access:
    """The permission matrix. `incompatible` applies whatever the permissions say."""

    roles: Mapping[str, Words]
    scopes: Mapping[str, Scope]
    actions: Mapping[str, Words]
    permissions: Mapping[str, tuple[Permission, ...]]
    incompatible: tuple[Incompatible, ...]
    two_person: tuple[TwoPerson, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action is about, as far as scopes ask: codes of area, unit and people.

    `owner` is the person whose record it is, `assignee` the person it is assigned to, `named` are
    those that a permit names; `on_site`: the actor scanned a label of the area within the last five
    minutes.
    """

    area: str | None = None
    unit: str | None = None
    owner: str | None = None
    assignee: str | None = None
    on_site: bool = False
    named: frozenset[str] = frozenset()


def may(access: Access, plant: Plant, person: Person, action: str, subject: Subject) -> bool:
    """Return whether one of the person's roles has this action in a scope that the subject fits."""
    return person.retired_ms is None and any(
        action in permission.actions
        and within(access.scopes[permission.scope], plant, person, subject)
        for role in (*person.roles, EVERYONE)
        for permission in access.permissions.get(role, ())
    )


def reaches(access: Access, person: Person, action: str) -> bool:
    """Return whether the person has this action beyond records that are theirs or name them."""
    places = (None, "area", "unit", "units")
    return person.retired_ms is None and any(
        action in permission.actions and access.scopes[permission.scope].subject in places
        for role in (*person.roles, EVERYONE)
        for permission in access.permissions.get(role, ())
    )


def subject_of(record: Record, *, on_site: bool = False) -> Subject:
    """Return what scopes ask about a record."""
    owner, assignee = {
        "hazard": ("reporter", "assignee"),
        "task": ("owner", "owner"),
        "inspection": ("inspector", "inspector"),
        "maintenance": ("by", "by"),
        "notice": ("to", "to"),
        "gap": ("owner", "owner"),
    }.get(record.type, ("by", "by"))
    return Subject(
        area=record.text("area") or None,
        unit=record.text("unit") or None,
        owner=record.text(owner) or None,
        assignee=record.text(assignee) or None,
        on_site=on_site,
    )


def within(scope: Scope, plant: Plant, person: Person, subject: Subject) -> bool:
    """Return whether a subject lies in this scope of a person."""
    if scope.subject is None:
        return True
    theirs = of_subject(scope.subject, plant, subject)
    if scope.person is None:
        return bool(theirs)
    return not theirs.isdisjoint(of_person(scope.person, person))


def of_subject(name: str, plant: Plant, subject: Subject) -> frozenset[str]:
    """Return what a scope compares on the side of the record (a name of OF_SUBJECT)."""
    match name:
        case "area":
            value = subject.area
        case "unit":
            value = subject.unit
        case "units":
            unit = subject.unit
            return frozenset((unit, *plant.unit_line(unit)) if unit else ())
        case "owner":
            value = subject.owner
        case "assignee":
            value = subject.assignee
        case "named":
            return subject.named
        case _:
            value = name if subject.on_site else None
    return frozenset((value,)) if value else frozenset()


def of_person(name: str, person: Person) -> frozenset[str]:
    """Return what a scope compares on the side of the person (a name of OF_PERSON)."""
    match name:
        case "id":
            return frozenset((person.person_id,))
        case "unit":
            return frozenset((person.unit,))
        case _:
            return person.areas
