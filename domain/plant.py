"""The plant: areas, units, equipment, people. `domain.definitions` reads them from data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.expressions import Facts
from domain.places import Place
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


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in; the first role is the one shown. `pin` is only in demo data."""

    person_id: str
    name: Words
    roles: tuple[str, ...]
    unit: str
    areas: frozenset[str]
    pin: str | None = None


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
class InspectionPlan:
    """When a template is due on an asset: rounds start on `days` (offset from D0) at `times`."""

    plan_id: str
    template: str
    asset: str
    owner: str
    days: tuple[int, ...]
    times: tuple[str, ...]
    due_min: int


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
