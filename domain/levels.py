"""Whom to tell when, as data: levels of people, and the marks at which each of them is told.

All of it comes from `hazards.yaml`: `levels`, `sla`, `reminders`, `tasks`, `copies`. Nothing here
asks for the time; `domain.escalation` lays these rules over records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from domain.expressions import Expression
from domain.plant import Person, Plant

NEXT_LEVEL: Final = "next_level"  # in `to`: one level up each time
OF: Final = ("unit", "area", "plant")  # for whom somebody of a level stands
INTERIM_RECORDED: Final = "interim_recorded"
UNTIL: Final = (INTERIM_RECORDED,)
REMINDED: Final = ("accept", "interim", "rectify", "inspection", "maintenance", "recheck")
ANCHORS: Final = ("start", "due")
TASK_KINDS: Final = ("inspection", "maintenance", "recheck")
WITHOUT_ASSET: Final = ("area", "photo")  # how a recheck proves where it was done
MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Level:
    """People of a role: of the unit, responsible for the area, or of the whole plant."""

    role: str
    of: str


@dataclass(frozen=True, slots=True)
class Mark:
    """When `to` is told: after so many minutes, or after a share of the time that there was.

    With `every_min` it is told again and again, one level up each time, until what `until` names.
    """

    to: str
    after_min: int | None = None
    after_share: Decimal | None = None
    every_min: int | None = None
    until: str = ""

    def after_ms(self, whole_ms: int) -> int:
        """Return how long after the beginning, where `whole_ms` is all the time there was."""
        if self.after_share is not None:
            return int(self.after_share * whole_ms)
        return (self.after_min or 0) * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Reminder:
    """Who has to act is reminded: at the start, or before or at the time it is due."""

    of: str
    at: str
    before_min: int = 0


@dataclass(frozen=True, slots=True)
class Copy:
    """Who gets a copy of every hazard that ever had this grade, once it comes to this state."""

    grade: str
    state: str
    to: str


@dataclass(frozen=True, slots=True)
class Nagging:
    """All rules about reminding, escalating and copying."""

    levels: tuple[Level, ...] = ()
    unaccepted: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict[str, tuple[Mark, ...]])
    open: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict[str, tuple[Mark, ...]])
    reminders: tuple[Reminder, ...] = ()
    tasks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict[str, tuple[Mark, ...]])
    copies: tuple[Copy, ...] = ()

    def reminders_of(self, what: str) -> tuple[Reminder, ...]:
        """Return the reminders about one kind of step."""
        return tuple(row for row in self.reminders if row.of == what)


@dataclass(frozen=True, slots=True)
class RecheckRules:
    """The recheck after closing: until when, and who does it where `when` sends it on.

    The first of `to` who is none of the people in the cells `but` of the hazard.
    """

    due_h: int = 72
    remind_h: int = 24
    when: Expression | None = None
    to: tuple[Level, ...] = ()
    but: tuple[str, ...] = ()
    without_asset: str = WITHOUT_ASSET[0]


@dataclass(frozen=True, slots=True)
class Told:
    """The people of a level who stand for a record."""

    level: str
    people: tuple[str, ...]


def holders(plant: Plant, level: Level, unit: str, area: str) -> tuple[str, ...]:
    """Return who holds a level for this unit and area, by id."""

    def stands(person: Person) -> bool:
        match level.of:
            case "unit":
                return person.unit == unit
            case "area":
                return area in person.areas
            case _:
                return True

    return tuple(
        person.person_id
        for person in sorted(plant.people.values(), key=lambda one: one.person_id)
        if person.retired_ms is None and level.role in person.roles and stands(person)
    )


def ladder(
    rules: Nagging, plant: Plant, unit: str, area: str, but: frozenset[str] = frozenset()
) -> tuple[Told, ...]:
    """Return the levels that somebody holds here, from low to high, without the people in `but`."""
    rungs: list[Told] = []
    for level in rules.levels:
        found = holders(plant, level, unit, area)
        people = tuple(person for person in found if person not in but)
        if people:
            rungs.append(Told(level.role, people))
    return tuple(rungs)


def told_for(rules: Nagging, rungs: tuple[Told, ...], level: str) -> Told | None:
    """Return the level that is told: the one named, else the next one up, else the highest.

    None only where nobody at all holds a level; definitions like that are refused when read.
    """
    order = [row.role for row in rules.levels]
    wanted = order.index(level)
    above = (rung for rung in rungs if order.index(rung.level) >= wanted)
    return next(above, rungs[-1] if rungs else None)
