"""A hazard repaired on pictures that a camera could take: report, mark, repair, close."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.use_cases import evidence, reports
from app.use_cases.evidence import Target
from domain.repair_checks import Region
from media.adapters.simulated import SimulatedCamera
from tests.app.test_repair_checks import MARKED
from tests.helpers.fakeclient import FakeClient
from tests.helpers.plant import Device, PlantSite
from tests.media.places import Picture, file, second_shot, wall, with_defect
from tests.scenarios.loop import act

REPORTER, LEADER, FITTER, VERIFIER = "U012", "U019", "U009", "U034"
PINS = {"U012": "1205", "U019": "1972", "U009": "9972", "U034": "3429", "U021": "2194"}
FINISH = "do-hazard.rectify-to_verify"  # the same button: first the photo, then handing in


def sees(device: Device, *views: Picture | bytes) -> None:
    """Let the cameras that are opened from now on see these, one each; the last one stays."""
    left = [view if isinstance(view, bytes) else file(view) for view in views]

    def camera() -> SimulatedCamera:
        return SimulatedCamera([left.pop(0) if len(left) > 1 else left[0]])

    device.app.devices = replace(device.app.devices, camera=camera)


def shoot(device: Device, person: str, record_id: str, shot: str, view: Picture) -> str:
    """Take a photo of a hazard, or of a report being written; returns its id."""
    target = Target(record_id, "HZ", "DB-03", shot)
    who = device.person(person)
    kept = evidence.keep(device.app, who, target, file(view), source="camera", fix=None)
    return kept.evidence_id


def given_out(device: Device, seed: int = 1, reporter: str = REPORTER) -> str:
    """A marked hazard, accepted and given to the fitter; returns its id."""
    who = device.person(reporter)
    draft = reports.open_draft(device.app, who, asset_id="DB-03")
    photo = shoot(device, reporter, draft.draft_id, "closeup", with_defect(wall(seed)))
    reports.mark_region(device.app, who, draft.draft_id, Region(photo, *MARKED))
    reports.change_draft(device.app, who, draft.draft_id, words="门没锁", grade="C", category="EL")
    hazard = reports.report(device.app, who, draft.draft_id, None)
    act(device, LEADER, hazard, "accept>accepted")
    act(device, LEADER, hazard, "dispatch>dispatched", assignee=FITTER)
    return hazard


def to_verify(device: Device, seed: int = 1, reporter: str = REPORTER) -> str:
    """The same, repaired and handed in."""
    hazard = given_out(device, seed, reporter)
    act(device, FITTER, hazard, "rectify>rectifying")
    shoot(device, FITTER, hazard, "after", second_shot(wall(seed), 3))
    act(device, FITTER, hazard, "rectify>to_verify")
    return hazard


async def closed(site: PlantSite, device: Device, seed: int = 1, reporter: str = REPORTER) -> str:
    """The same, verified, sent, and its recheck made; returns the hazard's id."""
    hazard = to_verify(device, seed, reporter)
    act(device, VERIFIER, hazard, "verify>closed")
    await met(site, device)
    return hazard


async def met(site: PlantSite, *devices: Device) -> None:
    """Everything is sent, the server has done its duties, and everybody has what came of it."""
    for _ in range(2):
        for device in devices:
            await device.sync()
    for _ in range(2):  # what one duty writes, another one reads
        await site.run_duties()
    for device in devices:
        await device.sync()


async def mark_by_taps(client: FakeClient) -> None:
    """Mark the defect on the photo in view with two taps, and keep it."""
    await client.until(lambda: client.has("mark-pad"))
    pad = client.one("mark-pad")
    left, top, right, bottom = (side / 1000 for side in MARKED)
    for x, y in ((left, top), (right, bottom)):
        at = {"x": x * pad.content.width, "y": y * pad.content.height}
        await client.fire(pad, "tap_up", {"l": at, "g": at, "k": "touch"})
    await client.tap("mark-keep")
    await client.until(lambda: not client.has("mark-pad"))


def next_day(device: Device, weekday: int, clock: time) -> int:
    """Return the next time (ms) that it is this weekday (0: Monday) and time in the plant."""
    zone = ZoneInfo(device.app.definitions.plant.timezone)
    now = datetime.fromtimestamp(device.app.clock.now_ms() / 1000, UTC).astimezone(zone)
    ahead = (weekday - now.weekday()) % 7 or 7
    day = now.date() + timedelta(days=ahead)
    return round(datetime.combine(day, clock, zone).timestamp() * 1000)
