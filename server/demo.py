"""The demo plant's first day: tasks from the plans and the hazards that are already on their way.

All of it is written as entries of the device "server" and taken like the push of any device, by the
same rules; nothing is put into the store beside the journal.
"""

import hashlib
import logging
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlmodel import Session

from domain.definitions import Definitions
from domain.demo import DemoHazard
from domain.hazards import route
from domain.places import Place
from domain.plant import Plant
from domain.records import Value
from offline_store import blobs, keep
from offline_store.database import Store
from server import clock, demo_pictures, own_entries, pack, rounds
from server.own_entries import OwnStep
from server.site import EPOCH, Site

_log = logging.getLogger(__name__)
_DAY0, _SEEDED = "server.day0", "server.seeded"
_MINUTE_MS: Final = 60_000
_ACCURACY_CM: Final = 600
_Planned = tuple[int, int, OwnStep]  # when, and the order among those of one moment
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


def seed(here: Site) -> None:
    """Fill an empty demo store, once."""
    with here.store.reading() as session:
        if keep.get(session, _SEEDED) is True:
            return
    steps = [step for _, _, step in sorted(_hazards(here), key=_when)]

    def fill(session: Session) -> list[own_entries.Written]:
        keep.put(session, _SEEDED, True)
        tasks = rounds.due(here, session, here.now_ms())
        return own_entries.write_within(here, session, [*tasks, *steps])

    for number, one in enumerate(here.store.run(fill), 1):
        if one.code:  # the demo data breaks a rule: shown, not hidden
            _log.warning("seed", extra={"code": one.code, "first": number})
    demo = here.pack.definitions.demo
    _log.info("seeded", extra={"entries": len(steps), "hazards": len(demo.hazards)})


def _when(planned: _Planned) -> tuple[int, int]:
    return planned[0], planned[1]


def _hazards(here: Site) -> Iterator[_Planned]:
    for order, hazard in enumerate(here.pack.definitions.demo.hazards):
        record_id = clock.new_id(hazard.reported_ms)
        yield hazard.reported_ms, order, _report(here, hazard, record_id)
        reached = hazard.state == "reported"
        shots = [("panorama", hazard.reporter, 1), ("closeup", hazard.reporter, 2)]
        if hazard.state == "to_verify":
            shots.append(("after", str(hazard.rectifier), _WAY[-1][2] - 1))
        for shot, person, minutes in shots:
            at_ms = hazard.reported_ms + minutes * _MINUTE_MS
            yield at_ms, order, _photo(here, hazard, record_id, _Shot(shot, person, at_ms))
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
            step = OwnStep(person, record_id, "hazard", cells, kind="decide", at_ms=at_ms)
            yield at_ms, order, step
            if state == hazard.state:
                break


def _report(here: Site, hazard: DemoHazard, record_id: str) -> OwnStep:
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
    return OwnStep(hazard.reporter, record_id, "hazard", cells, kind="decide", at_ms=at_ms)


@dataclass(frozen=True, slots=True)
class _Shot:
    name: str
    person: str
    at_ms: int


def _photo(here: Site, hazard: DemoHazard, record_id: str, shot: _Shot) -> OwnStep:
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
    return OwnStep(shot.person, photo_id, "evidence", cells, kind="attach", at_ms=shot.at_ms)


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
