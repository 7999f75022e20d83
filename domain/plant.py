"""The plant: areas, units, equipment, people. `domain.definitions` reads them from data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.expressions import Facts
from domain.places import Place
from domain.records import Value
from domain.words import Words


@dataclass(frozen=True, slots=True)
class Area:
    """An area of the plant; `risk` is red, orange, yellow or blue; `radius_m` around `place`."""

    code: str
    name: Words
    risk: str
    fire_explosion: bool
    toxic: bool
    major_hazard: int | None
    place: Place
    radius_m: int
    unit: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A department, workshop or team; `parent` makes the tree."""

    code: str
    name: Words
    parent: str | None


@dataclass(frozen=True, slots=True)
class Asset:
    """A piece of equipment with a label. `facts` holds what expressions read as `asset.*`."""

    asset_id: str
    name: Words
    area: str
    kind: str
    template: str
    owner: str
    place: Place
    label_version: int
    facts: Facts


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A fixed point with a label, usable where positions are poor."""

    checkpoint_id: str
    name: Words
    area: str
    place: Place
    label_version: int = 1  # an older label was retired


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in; the first role is the one shown. `pin` is only in demo data.

    Who was retired keeps name and roles for the records that name them, and may do nothing.
    """

    person_id: str
    name: Words
    roles: tuple[str, ...]
    unit: str
    areas: frozenset[str]
    pin: str | None = None
    retired_ms: int | None = None


@dataclass(frozen=True, slots=True)
class OtherPlant:
    """Another plant of the group, known so that its labels can be refused by name."""

    code: str
    name: Words
    assets: Mapping[str, Words] = field(default_factory=dict[str, Words])


@dataclass(frozen=True, slots=True)
class Contractor:
    """A firm that works in the plant; a barred one is refused offline too."""

    contractor_id: str
    name: Words
    status: str
    barred: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """A piece of equipment on a round, and the checklist that is filled in there."""

    asset: str
    template: str


@dataclass(frozen=True, slots=True)
class Route:
    """The equipment that one person walks past, in this order."""

    code: str
    name: Words
    stops: tuple[Stop, ...]

    def number(self, asset: str) -> int:
        """Return which stop this equipment is, from 1; 0 where it is none."""
        return next((at for at, stop in enumerate(self.stops, 1) if stop.asset == asset), 0)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """On which days rounds start: `days` by themselves, and then `every` so often.

    `every` is "", "day", "week", "month" or "shift", from day `begins` (offset from D0) until day
    `ends`. Weekdays count from 0 (Monday). `shifts`: at the beginning of each of these.
    """

    days: tuple[int, ...] = ()
    every: str = ""
    begins: int = 0
    ends: int | None = None
    weekdays: tuple[int, ...] = ()
    month_day: int | None = None
    shifts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InspectionPlan:
    """When checklists are due, and whose they are: a person's, or a role's of a unit."""

    plan_id: str
    stops: tuple[Stop, ...]
    route: str  # "" where the plan is no part of a route
    owner: str  # "" where a role is named instead
    role: str
    unit: str
    rhythm: Rhythm
    times: tuple[str, ...]
    due_min: int


@dataclass(frozen=True, slots=True)
class Supply:
    """Something used up by maintenance; `quantity` is decimal text ("0.2")."""

    name: Words
    quantity: str
    unit: str


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """Upkeep that is due `every_d` days after it was last done (`last_done`: offset from D0)."""

    plan_id: str
    asset: str
    work: str
    name: Words
    owner: str
    every_d: int
    last_done: int
    remind_before_d: int
    evidence: str  # "always": a photo must be there; "never"
    supplies: tuple[Supply, ...]


@dataclass(frozen=True, slots=True)
class RosterRow:
    """Who works in an area in one shift; `day` is an offset from D0."""

    day: int
    shift: str
    area: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift by local clock times "HH:MM"; one that ends before it begins runs over midnight."""

    code: str
    name: Words
    begins: str
    ends: str


@dataclass(frozen=True, slots=True)
class Plant:
    """All of one plant."""

    code: str
    name: Words
    timezone: str
    areas: Mapping[str, Area]
    units: Mapping[str, Unit]
    assets: Mapping[str, Asset]
    checkpoints: Mapping[str, Checkpoint]
    people: Mapping[str, Person]
    others: Mapping[str, OtherPlant]
    plans: tuple[InspectionPlan, ...]
    shifts: tuple[Shift, ...]
    kinds: Mapping[str, Words]  # equipment kinds
    contractors: Mapping[str, Contractor] = field(default_factory=dict[str, Contractor])
    routes: Mapping[str, Route] = field(default_factory=dict[str, Route])
    maintenance: tuple[MaintenancePlan, ...] = ()
    works: Mapping[str, Words] = field(default_factory=dict[str, Words])  # kinds of maintenance
    supply_units: Mapping[str, Words] = field(default_factory=dict[str, Words])
    roster: tuple[RosterRow, ...] = ()
    # the rows of what people administer, by table and key (`domain.registers`), paused plans too
    tables: Mapping[str, Mapping[str, Mapping[str, Value]]] = field(
        default_factory=dict[str, Mapping[str, Mapping[str, "Value"]]]
    )

    def unit_name(self, code: str) -> Words | None:
        """Return the name of a unit or contractor; both may own equipment."""
        unit = self.units.get(code)
        if unit:
            return unit.name
        contractor = self.contractors.get(code)
        return contractor.name if contractor else None

    def unit_line(self, code: str) -> tuple[str, ...]:
        """Return the unit and all above it, nearest first."""
        line: list[str] = []
        while code in self.units and code not in line:
            line.append(code)
            code = self.units[code].parent or ""
        return tuple(line)
