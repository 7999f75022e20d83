"""The server's duty to make tasks of plans: rounds of inspection and upkeep that is due.

Tasks are made `plans.ahead_days` ahead, since a device may work that long without the server, and
shown on it `plans.shown_h` ahead. What a plan says of the future counts: a task that has not begun
follows a change of its plan (another person, another checklist), and is withdrawn when the plan no
longer asks for it. A round that has begun stays as it was. One that nobody did is missed after
`plans.missed_days`: later than any device comes back that did it offline.

A task's id follows from plan, equipment and start (`domain.plans.task_id`), and all is decided and
written in one transaction: a restart, a clock that jumps or a second process make nothing twice.
"""

import logging
from collections.abc import Iterator, Mapping, Set
from typing import Final

from sqlmodel import Session

from domain.access import may, subject_of
from domain.definitions import Definitions
from domain.plans import DueTask, DueUpkeep, due_tasks, due_upkeep, task_id
from domain.plant import MaintenancePlan
from domain.records import Cell, Record, Value
from domain.rosters import owner_of
from offline_store import records
from offline_store.database import lock_feed
from server import own_entries
from server.own_entries import OwnStep
from server.site import Site

_log = logging.getLogger(__name__)
PLAN: Final = "inspect.plan"
_DAY_MS: Final = 86_400_000
_Cells = dict[str, Value]


def run(here: Site, now_ms: int) -> int:
    """Write what is due, once; returns how many entries that took. Call it in a thread."""
    with here.store.reading() as session:  # mostly there is nothing to do: no lock for that
        if not due(here, session, now_ms):
            return 0

    def write(session: Session) -> int:
        lock_feed(session)
        steps = due(here, session, now_ms)
        own_entries.write_within(here, session, steps)
        return len(steps)

    count = here.store.run(write)
    if count:
        here.hints.announce()
        _log.info("rounds", extra={"entries": count})
    return count


def due(here: Site, session: Session, now_ms: int) -> list[OwnStep]:
    """Return the entries that bring the tasks in step with the plans at this time."""
    found = here.pack.definitions
    defaults = found.defaults
    since = now_ms - defaults.whole("plans.back_days") * _DAY_MS
    until = now_ms + defaults.whole("plans.ahead_days") * _DAY_MS
    wanted: dict[str, _Cells] = {}
    for task in due_tasks(found.plant, found.day0, since, until):
        owner = owner_of(task, found.plant, found.access, found.day0)
        if owner is None:
            _log.warning("round without owner", extra={"plan": task.plan.plan_id})
            continue
        wanted[task.task_id] = _inspection(found, task, owner)
    upkeep = list(_upkeep(found, session))
    wanted |= {one.task_id: _maintenance(found, one) for one in upkeep if one.start_ms < until}
    asked = wanted.keys() | {one.task_id for one in upkeep}  # what is far off is not withdrawn
    return [
        *_made(found, session, wanted, now_ms),
        *_ended(found, session, asked, now_ms, until),
    ]


def _made(
    found: Definitions, session: Session, wanted: Mapping[str, _Cells], now_ms: int
) -> Iterator[OwnStep]:
    """Yield new tasks, and what plans changed about those that have not begun."""
    for record_id, cells in wanted.items():
        task = records.lookup(session, record_id)
        if task is None:
            yield from _step(found, record_id, cells | {"done_by": None})
            continue
        if task.type != "task":  # such an id is no longer taken (`notice_rights.check_id`)
            _log.error("id of a round is held", extra={"record": record_id, "type": task.type})
            continue
        state, begun = task.text("state"), (task.whole("start_ms") or 0) <= now_ms
        follows = not begun or cells["kind"] == "maintenance"  # that one is open for weeks
        # missed before its time: the clock was ahead, and is right again
        reopens = state == "withdrawn" or (state == "missed" and not begun)
        if reopens or (state == "open" and follows):
            changed = {name: value for name, value in cells.items() if task.get(name) != value}
            if changed:
                yield from _step(found, record_id, changed, task)


def _ended(
    found: Definitions,
    session: Session,
    asked: Set[str],
    now_ms: int,
    until_ms: int,
) -> Iterator[OwnStep]:
    """Yield what becomes of open tasks of plans that no plan asks for any more, or nobody did."""
    missed_ms = found.defaults.whole("plans.missed_days") * _DAY_MS
    for task in records.find(session, "task", state="open", limit=records.ALL):
        start_ms, due_ms = task.whole("start_ms") or 0, task.whole("due_ms") or 0
        upkeep = task.text("kind") == "maintenance"
        ours = task_id(task.text("plan"), task.text("asset"), due_ms if upkeep else start_ms)
        if task.record_id in asked or task.record_id != ours:
            continue
        if upkeep or now_ms < start_ms < until_ms:
            yield from _step(found, task.record_id, {"state": "withdrawn"}, task)
        elif due_ms + missed_ms < now_ms:
            yield from _step(found, task.record_id, {"state": "missed"}, task)


def _upkeep(found: Definitions, session: Session) -> Iterator[DueUpkeep]:
    for plan in found.plant.maintenance:
        done_ms = _last_done_ms(session, plan)
        yield due_upkeep(plan, found.day0, found.plant.timezone, done_ms)


def _last_done_ms(session: Session, plan: MaintenancePlan) -> int | None:
    """Return when upkeep was last done; no later than the server had it, whatever it says."""
    done = [
        min(record.whole("submitted_ms") or 0, record.cells["submitted_ms"].wall_ms)
        for record in records.find(session, "maintenance", asset=plan.asset, limit=records.ALL)
        if record.text("plan") == plan.plan_id
    ]
    return max(done, default=None)


def _inspection(found: Definitions, task: DueTask, owner: str) -> _Cells:
    plan, asset = task.plan, found.plant.assets[task.stop.asset]
    cells: _Cells = {
        "state": "open",
        "kind": "inspection",
        "asset": asset.asset_id,
        "area": asset.area,
        "unit": asset.owner,
        "template": task.stop.template,
        "plan": plan.plan_id,
        "owner": owner,
        "start_ms": task.start_ms,
        "due_ms": task.due_ms,
    }
    if plan.route:
        route = found.plant.routes[plan.route]
        number = route.number(asset.asset_id)
        cells |= {"route": route.code, "stop": number, "stops": len(route.stops)}
    return cells


def _maintenance(found: Definitions, due_one: DueUpkeep) -> _Cells:
    plan = due_one.plan
    asset = found.plant.assets[plan.asset]
    supplies: list[Value] = [
        {**supply.name.by_language, "qty": supply.quantity, "unit": supply.unit}
        for supply in plan.supplies
    ]
    return {
        "state": "open",
        "kind": "maintenance",
        "asset": asset.asset_id,
        "area": asset.area,
        "unit": asset.owner,
        "plan": plan.plan_id,
        "work": plan.work,
        "title": dict(plan.name.by_language),
        "parts": supplies,
        "evidence": plan.evidence,
        "owner": plan.owner,
        "start_ms": due_one.start_ms,
        "due_ms": due_one.due_ms,
    }


def _step(
    found: Definitions, record_id: str, cells: Mapping[str, Value], task: Record | None = None
) -> Iterator[OwnStep]:
    """Sign an entry with the person who plans there: a plan is somebody's decision.

    Where nobody may plan, that plan stands still (the rules take no task of nobody's), no other.
    """
    new = {name: Cell(value, "", 0, 0) for name, value in cells.items()}
    about = task or Record(record_id, "task", "task@1", new)
    people = sorted(found.plant.people.values(), key=lambda person: person.person_id)
    for person in people:
        if may(found.access, found.plant, person, PLAN, subject_of(about)):
            yield OwnStep(person.person_id, record_id, "task", cells)
            return
    extra = {"plan": about.text("plan"), "task": record_id}
    _log.warning("nobody may plan there", extra=extra)
