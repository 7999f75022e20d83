"""The client process of S36: one core, a phone's wheels, pictures of 12 megapixels, real screens.

`python -m tests.scenarios.poor_phone FOLDER measure|scan|photo|compare|look` prints one JSON object
a line. The three in the middle go on until they are killed, as when the battery dies.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import median

from tests.helpers import mobile

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
mobile.block()

import cv2  # noqa: E402 - what a phone lacks is blocked before anything is imported
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from app.field import FieldApp  # noqa: E402
from app.use_cases import evidence, evidence_files, hazards, repair_checks, reports  # noqa: E402
from domain.plant import Person  # noqa: E402
from domain.repair_checks import CHECK, Region, RepairCheck  # noqa: E402
from media.adapters.simulated import SimulatedCamera  # noqa: E402
from media.label_sheet import picture  # noqa: E402
from offline_store import records  # noqa: E402
from screens.hazard import HazardBody  # noqa: E402
from screens.report import ReportBody  # noqa: E402
from screens.scan import ScanScreen  # noqa: E402
from tests.helpers.field import ELECTRICIAN, desk_of, offline_field  # noqa: E402
from tests.helpers.render import rendered  # noqa: E402
from tests.media.pictures import FONT, KEYS, jpeg, opened, printed  # noqa: E402
from tests.media.places import BOX, SIZE, Picture, second_shot, wall, with_defect  # noqa: E402

INSPECTOR, REPORTER, LEADER = "U003", "U012", "U019"
WIDTH, HEIGHT = 4000, 3000
ROUNDS = 4
_compared_s: list[float] = []


def say(**facts: object) -> None:
    """Print one line, whole or not at all."""
    os.write(1, json.dumps(facts).encode() + b"\n")


@cache
def kernel_file() -> np.ndarray:
    """Return a photo of 12 megapixels."""
    return np.frombuffer(large(wall(7)), np.uint8)


def kernel() -> float:
    """Return the seconds of a fixed piece of work made of what the client does.

    A large photo is decoded, reduced and encoded, points of a small one are described, Python
    loops: each of the three takes a good part of it. The median of a few.
    """
    data, took = kernel_file(), list[float]()
    for _ in range(3):
        began = time.perf_counter()
        whole = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert whole is not None
        half = cv2.resize(whole, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        cv2.imencode(".jpg", half)
        small = cv2.resize(half, (480, 360), interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        cv2.SIFT.create(500).detectAndCompute(grey, np.empty(0, np.uint8))
        sum(number * number % 7 for number in range(400_000))
        took.append(time.perf_counter() - began)
    return median(took)


def large(small: Picture) -> bytes:
    """Return a picture as a camera of 12 megapixels gives it."""
    whole = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return jpeg(Image.fromarray(whole.astype(np.uint8)), quality=90)


def label() -> bytes:
    """Return the label of the tank, photographed from arm's length."""
    scene = Image.new("L", (WIDTH, HEIGHT), 180)
    plate = opened(picture(printed(version=2), "zh", FONT, 900)).convert("L")
    scene.paste(plate, ((WIDTH - plate.width) // 2, (HEIGHT - plate.height) // 2))
    return jpeg(scene, quality=85)


def phone(folder: Path) -> FieldApp:
    """Start the app on the store of the folder, as after a flat battery."""
    field = offline_field(folder)
    assert field.pack is not None
    field.pack = replace(field.pack, label_keys=KEYS)
    return field


def sees(field: FieldApp, *pictures: bytes) -> None:
    """Let the camera of the device give these pictures in turn."""
    field.devices = replace(field.devices, camera=lambda: SimulatedCamera(list(pictures)))


async def scan(field: FieldApp) -> float:
    """Hold a label before the camera; returns the seconds until its checklist opens."""
    desk = desk_of(field, INSPECTOR)
    went: list[str] = []
    desk.navigate = went.append
    sees(field, label())
    began = time.perf_counter()
    async with rendered(desk, ScanScreen) as drawn:
        await drawn.until(lambda: went)
        return time.perf_counter() - began


async def photo(field: FieldApp, seed: int) -> float:
    """Photograph a defect for a report; returns the seconds from the tap until it is kept."""
    desk = desk_of(field, REPORTER)
    draft = reports.open_draft(field, desk.signed_in, asset_id="DB-03")
    if evidence.of_record(field, draft.draft_id):  # of before the battery died
        reports.report(field, desk.signed_in, draft.draft_id, None)
        draft = reports.open_draft(field, desk.signed_in, asset_id="DB-03")
    sees(field, large(wall(seed)))
    async with rendered(desk, lambda: ReportBody(draft.draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("shutter") and not drawn.one("shutter").disabled)
        began = time.perf_counter()
        await drawn.tap("shutter")
        await drawn.until(lambda: evidence.of_record(field, draft.draft_id))
        took = time.perf_counter() - began
        (card,) = evidence.of_record(field, draft.draft_id)
        say(what="photo", id=card.evidence_id)
        await drawn.until(lambda: drawn.has("mark"))
    reports.report(field, desk.signed_in, draft.draft_id, None)
    return took


def given_out(field: FieldApp, seed: int) -> str:
    """A hazard with its marked photo, given to the electrician who began."""
    people = field.definitions.plant.people
    person = people[REPORTER]
    draft = reports.open_draft(field, person, asset_id="DB-03")
    target = evidence.Target(draft.draft_id, "HZ-1", "DB-03", "closeup")
    before = large(with_defect(wall(seed)))
    card = evidence.keep(field, person, target, before, source="camera", fix=None)
    left, top, right, bottom = (
        round(side * 1000 / whole) for side, whole in zip(BOX, (*SIZE, *SIZE), strict=True)
    )
    region = Region(card.evidence_id, left, top, right, bottom)
    reports.mark_region(field, person, draft.draft_id, region)
    reports.change_draft(field, person, draft.draft_id, words="柜门没锁", grade="C", category="EL")
    record_id = reports.report(field, person, draft.draft_id, None)
    leader, fitter = people[LEADER], people[ELECTRICIAN]
    hazards.act(field, leader, record_id, "hazard.accept", "accepted")
    hazards.act(field, leader, record_id, "hazard.dispatch", "dispatched", assignee=ELECTRICIAN)
    hazards.act(field, fitter, record_id, "hazard.rectify", "rectifying")
    return record_id


async def compare(field: FieldApp, seed: int) -> float:
    """Photograph a repair; returns the seconds that its screen waited for the comparison."""
    record_id = given_out(field, seed)
    desk = desk_of(field, ELECTRICIAN)
    sees(field, large(second_shot(wall(seed), seed + 30)))

    def after() -> list[str]:
        cards = evidence.of_record(field, record_id)
        return [one.evidence_id for one in cards if one.shot == "after"]

    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        finish = "do-hazard.rectify-to_verify"
        await drawn.until(lambda: drawn.has(finish))
        await drawn.tap(finish)
        await drawn.press_shutter()
        await drawn.until(after)
        (photo_id,) = after()
        say(what="photo", id=photo_id)
        await drawn.until(lambda: checked(field, photo_id) and drawn.has("check-verdict"))
    return _compared_s[-1]


def stopwatch() -> None:
    """Note how long each comparison takes where the screens begin it."""
    run = repair_checks.run

    def timed(field: FieldApp, person: Person, record_id: str) -> RepairCheck | None:
        began = time.perf_counter()
        try:
            return run(field, person, record_id)
        finally:
            _compared_s.append(time.perf_counter() - began)

    repair_checks.run = timed


def checked(field: FieldApp, photo_id: str) -> bool:
    """Whether before and after were compared: looked at cheaply, the core is the client's."""
    with field.store.reading() as session:
        return records.get(session, photo_id).get(CHECK) is not None


async def measure(field: FieldApp) -> None:
    """Do each of the three a few times, the kernel right before and after each time.

    What counts is the least share of a time over that of its two kernels: other work on this
    machine slows both.
    """
    shares: dict[str, float] = {}
    kernels = [kernel()]
    works: dict[str, Callable[[int], Awaitable[float]]] = {
        "scan": lambda _seed: scan(field),
        "photo": lambda seed: photo(field, seed),
        "compare": lambda seed: compare(field, seed),
    }
    for number, (name, work) in enumerate(works.items()):
        for turn in range(ROUNDS):
            took = await work(10 * number + turn)
            kernels.append(kernel())
            share = 2 * took / sum(kernels[-2:])
            shares[name] = min(share, shares.get(name, share))
    status = Path("/proc/self/status").read_text("ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    peak_mb = int(peak.split()[1]) / 1024
    say(what="measured", kernel=median(kernels), peak_mb=peak_mb, **shares)


async def until_killed(field: FieldApp, step: str) -> None:
    """Do one of the three over and over."""
    seed = 40
    while True:
        say(what="begin", step=step)
        seed += 1
        if step == "scan":
            await scan(field)
        elif step == "photo":
            await photo(field, seed)
        else:
            await compare(field, seed)


def look(field: FieldApp, photos: list[str]) -> None:
    """Say which of these photos are whole on this device."""
    whole: list[str] = []
    for one in photos:
        found = evidence_files.original_of(field, one)
        if found is not None and evidence.preview(field, one):
            whole.append(one)
    say(what="look", whole=whole)


def main() -> None:
    """Be that process."""
    folder, step = Path(sys.argv[1]), sys.argv[2]
    field = phone(folder)
    stopwatch()
    say(what="started")
    if step == "look":
        look(field, sys.argv[3:])
    elif step == "measure":
        asyncio.run(measure(field))
    else:
        asyncio.run(until_killed(field, step))
    field.store.close()


if __name__ == "__main__":
    main()
