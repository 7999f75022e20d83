"""The demo plant's first day: tasks from the plans and the hazards that are already on their way.

All of it is written as entries of the device "server" and taken like the push of any device, by the
same rules; nothing is put into the store beside the journal.
"""

import hashlib
import logging
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from domain.access import may, subject_of
from domain.changes import DeviceTime, link
from domain.definitions import Definitions
from domain.demo import DemoHazard
from domain.hazards import route
from domain.places import Place
from domain.plans import due_tasks
from domain.plant import Plant
from domain.records import Cell, Record, Value
from offline_store import blobs, devices, entries, journal, keep
from offline_store.database import Store, open_store
from server import clock, demo_pictures, intake, pack
from server.keys import public_bytes
from server.site import EPOCH, SERVER_DEVICE, Site
from sync.protocol import ENTRIES_MAX, PushHead

_log = logging.getLogger(__name__)
_DAY0, _SEEDED = "server.day0", "server.seeded"
_PLAN: Final = "inspect.plan"
_MINUTE_MS: Final = 60_000
_ACCURACY_CM: Final = 600
# how a hazard came to the state it has on the first day: action, state, minutes after the report
_WAY: Final = (
    ("hazard.accept", "accepted", 18),
    ("hazard.dispatch", "dispatched", 30),
    ("hazard.rectify", "rectifying", 68),
    ("hazard.rectify", "to_verify", 148),
)


@dataclass(frozen=True, slots=True)
class Start:
    """What the first start decided, kept for good: day zero and the life of this store."""

    definitions: Definitions
    day0: date
    epoch: str


def first_start(store: Store, files: Mapping[str, str], now_ms: int) -> Start:
    """Return day zero (today in the plant's time zone, on the first start) and the feed's epoch."""
    with store.session() as session:
        day0, epoch = keep.get(session, _DAY0), keep.get(session, EPOCH)
        if not isinstance(day0, str) or not isinstance(epoch, str):
            utc_day = clock.day(now_ms, "UTC")
            zone = pack.read_definitions(files, utc_day).plant.timezone
            day0, epoch = clock.day(now_ms, zone).isoformat(), secrets.token_hex(8)
            keep.put(session, _DAY0, day0)
            keep.put(session, EPOCH, epoch)
    day = date.fromisoformat(day0)
    return Start(pack.read_definitions(files, day), day, epoch)


@dataclass(order=True)
class _Step:
    """One entry to be written, at its time."""

    at_ms: int
    order: int
    person: str = field(compare=False)
    kind: str = field(compare=False)
    record_id: str = field(compare=False)
    type: str = field(compare=False)
    set: Mapping[str, Value] = field(compare=False)


def seed(here: Site) -> None:
    """Fill an empty demo store, once."""
    with here.store.reading() as session:
        if keep.get(session, _SEEDED) is True:
            return
    steps = [*_tasks(here), *_hazards(here)]
    bodies = _bodies(here, sorted(steps))
    with here.store.session() as session:
        device = devices.Device(SERVER_DEVICE, public_bytes(here.key), SERVER_DEVICE)
        devices.add(session, device)
    with here.store.reading() as session:
        number, head = journal.head(session, SERVER_DEVICE)
    for start in range(number, len(bodies), ENTRIES_MAX):  # a start cut short goes on where it was
        some = bodies[start : start + ENTRIES_MAX]
        before, head = head, _after(head, some)
        push = PushHead(
            dev=SERVER_DEVICE,
            first=start + 1,
            last=start + len(some),
            prev=before.hex(),
            head=head.hex(),
        )
        taken = intake.take(here, push, some)
        for one in taken.reply.exceptions:  # the demo data breaks a rule: shown, not hidden
            _log.warning("seed", extra={"code": one.code, "first": one.n})
    with here.store.session() as session:
        keep.put(session, _SEEDED, True)
    demo = here.pack.definitions.demo
    _log.info("seeded", extra={"entries": len(bodies), "hazards": len(demo.hazards)})


def _after(head: bytes, bodies: list[bytes]) -> bytes:
    for body in bodies:
        head = link(head, body)
    return head


def _bodies(here: Site, steps: list[_Step]) -> list[bytes]:
    """Write the steps in a store of their own, as a device would, and return its entries."""
    scratch = open_store(None)
    try:
        with scratch.session() as session:
            devices.add(session, devices.Device(SERVER_DEVICE, public_bytes(here.key)))
            for step in steps:
                time = DeviceTime(step.at_ms, 0, "demo", 0)
                stamp = journal.Stamp(step.at_ms, 0, time, clock.new_id(step.at_ms))
                journal.write(
                    session,
                    journal.Author(SERVER_DEVICE, step.person),
                    stamp,
                    kind=step.kind,
                    record_id=step.record_id,
                    type=step.type,
                    definition=f"{step.type}@1",
                    set=step.set,
                )
            logged = entries.of_device(session, SERVER_DEVICE, 1, len(steps))
            return [one.body for one in logged]
    finally:
        scratch.close()


def _tasks(here: Site) -> Iterator[_Step]:
    found = here.pack.definitions
    now = here.now_ms()
    for order, task in enumerate(due_tasks(found.plant, found.day0, found.plant.timezone)):
        asset = found.plant.assets[task.asset]
        cells: dict[str, Value] = {
            "state": "open",
            "kind": "inspection",
            "asset": asset.asset_id,
            "area": asset.area,
            "unit": asset.owner,
            "template": task.template,
            "plan": task.plan_id,
            "owner": task.owner,
            "start_ms": task.start_ms,
            "due_ms": task.due_ms,
            "done_by": None,
        }
        made = {name: Cell(value, "", 0, 0) for name, value in cells.items()}
        planner = _planner(found, Record("", "task", "task@1", made))
        yield _Step(
            min(now, task.start_ms), order, planner, "edit", clock.new_id(now), "task", cells
        )


def _planner(found: Definitions, task: Record) -> str:
    people = sorted(found.plant.people.values(), key=lambda person: person.person_id)
    return next(
        person.person_id
        for person in people
        if may(found.access, found.plant, person, _PLAN, subject_of(task))
    )


def _hazards(here: Site) -> Iterator[_Step]:
    for order, hazard in enumerate(here.pack.definitions.demo.hazards):
        record_id = clock.new_id(hazard.reported_ms)
        yield _report(here, hazard, record_id, order)
        reached = hazard.state == "reported"
        shots = [("panorama", hazard.reporter, 1), ("closeup", hazard.reporter, 2)]
        if hazard.state == "to_verify":
            shots.append(("after", str(hazard.rectifier), _WAY[-1][2] - 1))
        for shot, person, minutes in shots:
            at_ms = hazard.reported_ms + minutes * _MINUTE_MS
            yield _photo(here, hazard, record_id, _Shot(shot, person, at_ms, order))
        for action, state, minutes in () if reached else _WAY:
            cells: dict[str, Value] = {"state": state, "action": action}
            person = str(hazard.owner)
            if action == "hazard.accept":
                cells |= {"owner": person, "responsible": person}
            elif action == "hazard.dispatch":
                cells |= {"assignee": hazard.rectifier}
            else:
                person = str(hazard.rectifier)
                cells |= {"rectifier": person}
            at_ms = hazard.reported_ms + minutes * _MINUTE_MS
            yield _Step(at_ms, order, person, "decide", record_id, "hazard", cells)
            if state == hazard.state:
                break


def _report(here: Site, hazard: DemoHazard, record_id: str, order: int) -> _Step:
    found = here.pack.definitions
    asset, area = found.plant.assets[hazard.asset], found.plant.areas[hazard.area]
    cells: dict[str, Value] = {
        "code": hazard.hazard_id,
        "state": "reported",
        "action": "hazard.report",
        "words": hazard.said.in_("zh"),
        "language": "zh",
        "reporter": hazard.reporter,
        "reported_ms": hazard.reported_ms,
        "asset": hazard.asset,
        "area": hazard.area,
        "place_note": None,
        "category": hazard.category,
        "grade": hazard.grade,
        "proposed": {"category": hazard.category, "grade": hazard.grade, "reasons": []},
        "unit": route(found.hazards, found.plant, found.access, hazard.category, area, asset),
        "source": None,
        "fix": _fix(asset.place, hazard.reported_ms),
    }
    at_ms = hazard.reported_ms
    return _Step(at_ms, order, hazard.reporter, "decide", record_id, "hazard", cells)


@dataclass(frozen=True, slots=True)
class _Shot:
    name: str
    person: str
    at_ms: int
    order: int


def _photo(here: Site, hazard: DemoHazard, record_id: str, shot: _Shot) -> _Step:
    plant = here.pack.definitions.plant
    asset = plant.assets[hazard.asset]
    drawn = demo_pictures.draw(
        shot.name,
        f"{asset.asset_id} {asset.name.in_('zh')}",
        _lines(plant, hazard, shot),
        here.settings.assets / "fonts" / "SafeSC.otf",
    )
    files = {"original": drawn.original, "stamped": drawn.stamped, "thumb": drawn.thumb}
    hashes: dict[str, Value] = {}
    for cell, data in files.items():
        hashes[cell] = hashlib.sha256(data).hexdigest()
        blobs.keep_file(here.store, data)
        with here.store.session() as session:
            sha256 = str(hashes[cell])
            blobs.add(session, sha256, len(data), kind=cell, record_id=record_id, state="held")
    cells: dict[str, Value] = {
        **hashes,
        "of": record_id,
        "item": None,
        "shot": shot.name,
        "size": len(drawn.original),
        "mime": "image/jpeg",
        "source": "drawn",
        "by": shot.person,
        "taken_ms": shot.at_ms,
        "exif": None,
        "fix": _fix(asset.place, shot.at_ms),
        "grade": "A",
        "reasons": [],
        "code": hazard.hazard_id,
    }
    photo_id = clock.new_id(shot.at_ms)
    return _Step(shot.at_ms, shot.order, shot.person, "attach", photo_id, "evidence", cells)


def _lines(plant: Plant, hazard: DemoHazard, shot: _Shot) -> list[str]:
    local = clock.local(shot.at_ms, plant.timezone)
    return [
        f"{local:%Y-%m-%d %H:%M:%S} {plant.people[shot.person].name.in_('zh')}",
        f"{hazard.asset} {plant.areas[hazard.area].name.in_('zh')} {hazard.hazard_id}",
    ]


def _fix(place: Place, at_ms: int) -> dict[str, Value]:
    return {
        "lat": place.lat_e7,
        "lon": place.lon_e7,
        "acc_cm": _ACCURACY_CM,
        "at_ms": at_ms,
        "mocked": False,
    }
