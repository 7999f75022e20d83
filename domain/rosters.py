"""Whose a round is: the person of the plan, else who is on shift there, else the team leader.

The roster says who works where in a shift. A person counts as away only where the roster has a row
for that area and shift and the person stands in no row of that shift: a roster with gaps takes
nobody's work away.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.access import Access, Subject, may
from domain.plans import DueTask, day_begins
from domain.plant import Person, Plant, Shift

LEADER: Final = "team_leader"
DO: Final = "inspect.do"


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on: `here` in the area, `anywhere` in the plant, in the order of the roster."""

    here: tuple[str, ...]
    anywhere: tuple[str, ...]


def on_duty(plant: Plant, day0: date, at_ms: int, area: str) -> Duty:
    """Return who is on shift at a time; a night shift belongs to the day on which it began."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(plant.timezone))
    shifts = {shift.code for shift in plant.shifts if _on(shift, local.time())}
    day = local.date() - timedelta(days=local.time() < day_begins(plant.shifts))
    rows = [
        row for row in plant.roster if row.shift in shifts and day0 + timedelta(days=row.day) == day
    ]
    here = tuple(person for row in rows if row.area == area for person in row.people)
    return Duty(here, tuple(person for row in rows for person in row.people))


def owner_of(task: DueTask, plant: Plant, access: Access, day0: date) -> str | None:
    """Return who has to do a round; None where nobody of this plant can be named.

    A named person does the own round unless the roster has somebody else there. Then, and for a
    plan that names a role: who is on shift in the area (before elsewhere) and may do it, of that
    role and unit before others; then the unit's team leader; then whoever the plan named.
    """
    plan, asset = task.plan, plant.assets[task.stop.asset]
    duty = on_duty(plant, day0, task.start_ms, asset.area)
    named = plant.people.get(plan.owner)
    if named and (not duty.here or named.person_id in duty.anywhere):
        return named.person_id
    roles = set(named.roles) if named else {plan.role}
    unit = named.unit if named else plan.unit

    def fits(person_id: str) -> bool:
        person = plant.people.get(person_id)
        return person is not None and _may_do(person, plant, access, asset.area, asset.owner)

    def rank(person_id: str) -> tuple[bool, bool]:
        person = plant.people[person_id]
        return not roles & set(person.roles), unit not in plant.unit_line(person.unit)

    on = [person for person in duty.here if fits(person)]
    if not named:  # a role is asked for: nobody else takes it
        on = [person for person in (*on, *duty.anywhere) if fits(person) and not any(rank(person))]
    if on:
        return min(on, key=rank)  # the first of equals: min keeps the order of the roster
    leader = _leader(plant, (unit, asset.owner))
    if leader:
        return leader
    return named.person_id if named else _holder(plant, plan.role, plan.unit)


def _may_do(person: Person, plant: Plant, access: Access, area: str, unit: str) -> bool:
    subject = Subject(area=area, unit=unit, assignee=person.person_id)
    return may(access, plant, person, DO, subject)


def _leader(plant: Plant, units: tuple[str, ...]) -> str | None:
    for unit in units:
        for code in plant.unit_line(unit):
            found = _holder(plant, LEADER, code)
            if found:
                return found
    return None


def _holder(plant: Plant, role: str, unit: str) -> str | None:
    people = sorted(plant.people.values(), key=lambda person: person.person_id)
    return next((p.person_id for p in people if role in p.roles and p.unit == unit), None)


def _on(shift: Shift, clock: time) -> bool:
    begins, ends = time.fromisoformat(shift.begins), time.fromisoformat(shift.ends)
    return begins <= clock < ends if begins < ends else clock >= begins or clock < ends
