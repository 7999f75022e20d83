"""Reading who does what when: routes, inspection plans, maintenance plans and the roster."""

from collections.abc import Mapping
from typing import Final

from domain.plant import (
    Asset,
    InspectionPlan,
    MaintenancePlan,
    Rhythm,
    RosterRow,
    Route,
    Stop,
    Supply,
)
from domain.reading.source import Part

_EVERY: Final = ("day", "shift", "week", "month")
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVIDENCE: Final = ("always", "never")
_MONTH_DAYS = 31


def read_routes(part: Part, assets: Mapping[str, Asset]) -> dict[str, Route]:
    """Return the routes; a stop without a checklist of its own takes the equipment's."""
    found: dict[str, Route] = {}
    for row in part.parts("routes"):
        stops: list[Stop] = []
        for stop in row.parts("stops"):
            asset = stop.ref("asset", "asset")
            template = stop.ref_or_none("template", "template")
            if template is None:
                template = assets[asset].template if asset in assets else ""
            stops.append(Stop(asset, template))
        if not stops:
            row.problem("stops", "key.missing")
        code = row.code("code", "route")
        found[code] = Route(code, row.words(), tuple(stops))
    return found


def read_inspection_plans(part: Part, routes: Mapping[str, Route]) -> tuple[InspectionPlan, ...]:
    """Return the plans: each for one piece of equipment, or for every stop of a route."""
    return tuple(_plan(row, routes) for row in part.parts("inspection_plans"))


def _plan(row: Part, routes: Mapping[str, Route]) -> InspectionPlan:
    route = row.ref_or_none("route", "route") or ""
    owner, role, unit = _owner(row)
    rhythm = _rhythm(row)
    if rhythm.every != "shift" and not row.has("times"):
        row.problem("times", "key.missing")
    return InspectionPlan(
        plan_id=row.code("id", "plan"),
        stops=_stops(row, routes.get(route)),
        route=route,
        owner=owner,
        role=role,
        unit=unit,
        rhythm=rhythm,
        times=row.clocks("times"),
        due_min=row.whole("due_min"),
    )


def _stops(row: Part, route: Route | None) -> tuple[Stop, ...]:
    if route is not None and not row.has("asset"):
        return route.stops
    stop = Stop(row.ref("asset", "asset"), row.ref("template", "template"))
    if route is not None and not route.number(stop.asset):
        row.problem("asset", "plan.not_on_route", asset=stop.asset, route=route.code)
    return (stop,)


def _owner(row: Part) -> tuple[str, str, str]:
    """Return person, role and unit: a person by name, or a role of a unit."""
    if row.has("role"):
        return "", row.ref("role", "role"), row.ref("unit", "owner")
    return row.ref("owner", "person"), "", ""


def _rhythm(row: Part) -> Rhythm:
    every = row.choice("every", _EVERY) if row.has("every") else ""
    if not every and not row.has("days"):
        row.problem("every", "key.missing")
    begins, ends = row.moment_or_none("from"), row.moment_or_none("until")
    shifts = row.refs("shifts", "shift")
    if every == "shift" and not shifts:
        row.problem("shifts", "key.missing")
    month_day = row.whole_or_none("month_day")
    if month_day is not None and not 1 <= month_day <= _MONTH_DAYS:
        row.problem("month_day", "value.choice", value=str(month_day), allowed=f"1-{_MONTH_DAYS}")
        month_day = None
    return Rhythm(
        days=row.days("days"),
        every=every,
        begins=begins.day if begins else 0,
        ends=ends.day if ends else None,
        weekdays=_weekdays(row),
        month_day=month_day,
        shifts=shifts,
    )


def _weekdays(row: Part) -> tuple[int, ...]:
    found: list[int] = []
    for name in row.texts("weekdays"):
        if name in _WEEKDAYS:
            found.append(_WEEKDAYS.index(name))
        else:
            row.problem("weekdays", "value.choice", value=name, allowed=", ".join(_WEEKDAYS))
    return tuple(found)


def read_maintenance(part: Part) -> tuple[MaintenancePlan, ...]:
    """Return the maintenance plans."""
    return tuple(map(_maintenance, part.parts("maintenance_plans")))


def _maintenance(row: Part) -> MaintenancePlan:
    every_d, remind_d = row.whole("every_d"), row.whole("remind_before_d")
    if every_d < 1:
        row.problem("every_d", "value.choice", value=str(every_d), allowed=">= 1")
    if not 0 <= remind_d <= max(every_d, 0):
        row.problem("remind_before_d", "value.choice", value=str(remind_d), allowed=f"0-{every_d}")
    return MaintenancePlan(
        plan_id=row.code("id", "plan"),
        asset=row.ref("asset", "asset"),
        work=row.ref("kind", "maintenance_kind"),
        name=row.words(),
        owner=row.ref("owner", "person"),
        every_d=max(every_d, 1),
        last_done=row.moment("last_done").day,
        remind_before_d=remind_d,
        evidence=row.choice("evidence", _EVIDENCE),
        supplies=tuple(map(_supply, row.parts("parts"))),
    )


def _supply(row: Part) -> Supply:
    quantity = row.number("qty")
    if quantity <= 0:
        row.problem("qty", "value.choice", value=str(quantity), allowed="> 0")
    return Supply(row.words(), str(quantity), row.ref("unit", "supply_unit"))


def read_roster(part: Part) -> tuple[RosterRow, ...]:
    """Return who works where, by shift."""
    return tuple(
        RosterRow(
            day=row.moment("date").day,
            shift=row.ref("shift", "shift"),
            area=row.ref("area", "area"),
            people=row.refs("people", "person"),
        )
        for row in part.parts("roster")
    )
