"""Who may do what where: roles x actions x scope, from data. What is not listed is not allowed."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.plant import Person, Plant
from domain.records import Record
from domain.words import Words

EVERYONE = "everyone"  # the role that every signed-in person has
SCOPES = ("own", "assigned", "on_permit", "on_site", "team", "area", "plant")


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
    scopes: Mapping[str, Words]
    actions: Mapping[str, Words]
    permissions: Mapping[str, tuple[Permission, ...]]
    incompatible: tuple[Incompatible, ...]
    two_person: tuple[TwoPerson, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action is about, as far as scopes ask: codes of area, unit and people.

    `owner` is the person whose record it is, `assignee` the person it is assigned to; `on_site`:
    the actor scanned a label of the area within the last five minutes.
    """

    area: str | None = None
    unit: str | None = None
    owner: str | None = None
    assignee: str | None = None
    on_site: bool = False


def may(access: Access, plant: Plant, person: Person, action: str, subject: Subject) -> bool:
    """Return whether one of the person's roles has this action in a scope that the subject fits."""
    return any(
        action in permission.actions and _within(permission.scope, plant, person, subject)
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


def _within(scope: str, plant: Plant, person: Person, subject: Subject) -> bool:
    match scope:
        case "plant":
            return True
        case "area":
            return subject.area is not None and subject.area in person.areas
        case "team":
            unit = subject.unit
            return unit is not None and (
                unit == person.unit or person.unit in plant.unit_line(unit)
            )
        case "own":
            return subject.owner == person.person_id
        case "assigned":
            return subject.assignee == person.person_id
        case "on_site":
            return subject.on_site
        case _:  # on_permit: permits come with their own issue
            return False
