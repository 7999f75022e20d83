"""S12 Camera feed replaced: noticed, challenged, worth little, and somebody is told.

The whole way goes through the root screen: sign in, take over, photograph, hand in. The camera is
the port's simulated one, fed with what a virtual camera or a screen in front of the lens would give
(made by computer: no real one was there).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from app.use_cases import evidence, hazards, reports
from app.use_cases.evidence import EvidenceCard, Target
from benchmarks import displays
from domain.capture_trust import Kind
from domain.errors import MoveRefusedError
from media.adapters.simulated import SimulatedCamera
from media.recapture.stream import About, Frame
from tests.helpers.fakeclient import FakeClient
from tests.helpers.field import pin_of
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of, sign_in
from tests.media.places import Picture, file, from_aside, second_shot, wall, with_defect
from tests.scenarios.loop import act, inbox, on_server, told_about

PATIENCE_S = 30  # a second shot is counted down, then both photos are compared
REPORTER, LEADER, FITTER, VERIFIER = "U012", "U019", "U009", "U034"
HAND_IN = "do-hazard.rectify-to_verify"


def dispatched(device: Device) -> str:
    """A hazard given to the fitter, who has not begun."""
    who = device.person(REPORTER)
    draft = reports.open_draft(device.app, who, asset_id="DB-03")
    picture = file(with_defect(wall(1)))
    target = Target(draft.draft_id, "HZ", "DB-03", "closeup")
    evidence.keep(device.app, who, target, picture, source="camera", fix=None)
    reports.change_draft(device.app, who, draft.draft_id, words="门没锁", grade="C", category="EL")
    hazard = reports.report(device.app, who, draft.draft_id, None)
    act(device, LEADER, hazard, "accept>accepted")
    act(device, LEADER, hazard, "dispatch>dispatched", assignee=FITTER)
    return hazard


def sees(
    device: Device,
    pictures: Sequence[bytes],
    frames: Sequence[Frame] = (),
    name: str = "",
    *,
    live: bool = True,
) -> None:
    """Let the camera of the device give these pictures, one a shot."""
    camera = SimulatedCamera(
        pictures, live=live, about=About(name), frames=frames, control=_Preview()
    )
    device.app.devices = replace(device.app.devices, camera=lambda: camera)


def _Preview() -> object:  # noqa: N802 - a control stands for the preview: nothing else takes frames
    import flet as ft

    return ft.Container()


def asks(device: Device, kind: Kind, seconds: int = 1) -> None:
    """Let the plant's data know one task only, and a short countdown."""
    pack = device.app.pack
    assert pack is not None
    trust = replace(pack.definitions.trust, kinds=(kind,), seconds=seconds)
    device.app.pack = replace(pack, definitions=replace(pack.definitions, trust=trust))


class Finger:
    """Taps, and how many there were."""

    def __init__(self, client: FakeClient) -> None:
        self.client, self.taps = client, 0
        self.going: list[asyncio.Task[None]] = []

    async def tap(self, key: str, *, wait: bool = True) -> None:
        """Tap what is there and not grey; the shutter goes on working while others are tapped."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.client.has(key) or _grey(self.client, key):
                await asyncio.sleep(0.02)
        self.taps += 1
        work = asyncio.ensure_future(self.client.tap(key))
        self.going.append(work)
        if wait:
            await asyncio.gather(*self.going)


def _grey(client: FakeClient, key: str) -> bool:
    return bool(getattr(client.one(key), "disabled", False))


async def photographed(client: FakeClient, finger: Finger, hazard: str) -> None:
    """From the home screen: open, take over, photograph; what comes after is the caller's."""
    await finger.tap(f"hazard-{hazard}")
    await finger.tap("do-hazard.rectify-rectifying")
    await finger.tap("shutter", wait=False)


@asynccontextmanager
async def verifying(device: Device, hazard: str) -> AsyncIterator[FakeClient]:
    """The verifier takes the same device over and opens the hazard."""
    async with screen_of(device) as client:
        await client.until(lambda: client.has("person"))
        await client.tap("person")
        await sign_in(client, VERIFIER, pin_of(VERIFIER))
        await client.until(lambda: client.has(f"hazard-{hazard}"))
        await client.tap(f"hazard-{hazard}")
        yield client


def after_photo(device: Device, hazard: str) -> EvidenceCard:
    shown = hazards.view(device.app, device.person(VERIFIER), hazard)
    return next(photo for photo in reversed(shown.photos) if photo.shot == "after")


def codes(card: EvidenceCard) -> set[str]:
    return {code for code, ok, _ in card.reasons if not ok}


def told(device: Device, person: str) -> set[str]:
    return {card.key for card in inbox(device, person).cards if card.rule == "check"}


async def sent(site: PlantSite, device: Device) -> None:
    device.wire.up = True
    for _ in range(3):
        await device.sync()
    await site.run_duties()
    await device.sync()


async def test_a_virtual_camera_is_noticed_challenged_and_never_sound(site: PlantSite) -> None:
    device = await site.device()
    device.here.stand_at(device.app.definitions.plant.assets["DB-03"])
    hazard = dispatched(device)
    asks(device, "shake")
    still = second_shot(wall(1), 3)
    frames = displays.stream(still, "picture_even", np.random.default_rng(1))
    sees(device, [file(still)], frames, "OBS Virtual Camera")
    async with screen_of(device, FITTER, pin_of(FITTER)) as client:
        finger = Finger(client)
        await photographed(client, finger, hazard)
        await client.until(lambda: client.has("task"))  # what to do, and the seconds left
        await finger.tap(HAND_IN)  # the shutter went by itself; handing in is not held up
        await client.until(lambda: client.has("waits"))
        assert finger.taps == 4
    card = after_photo(device, hazard)
    assert card.grade == "D"
    assert codes(card) >= {"sign_repeat", "sign_even", "sign_device", "challenge_failed"}
    assert card.challenge is not None
    assert card.challenge.why == "same_exposure"
    await sent(site, device)
    assert on_server(site, hazard).text("state") == "to_verify"
    assert told(device, VERIFIER) == {"notice.check.signs", "notice.check.challenge"}
    assert told(device, FITTER) == set()
    before = told_about(site, hazard, "check")
    await site.run_duties()
    assert told_about(site, hazard, "check") == before  # said once


async def test_a_screen_before_the_lens_is_a_hint_with_its_rate(site: PlantSite) -> None:
    device = await site.device()
    device.here.stand_at(device.app.definitions.plant.assets["DB-03"])
    hazard = dispatched(device)
    asks(device, "closer")
    rng = np.random.default_rng(2)
    shots = [
        displays.recaptured(view, 3.3, "stripes", rng)
        for view in (second_shot(wall(1), 3), second_shot(wall(1), 5))
    ]
    sees(device, shots)
    async with screen_of(device, FITTER, pin_of(FITTER)) as client:
        finger = Finger(client)
        await photographed(client, finger, hazard)
        await finger.tap(HAND_IN)
        await client.until(lambda: client.has("waits"))
    card = after_photo(device, hazard)
    assert card.grade in ("C", "D")
    rates = [params for code, _, params in card.reasons if code == "sign_screen"]
    assert [set(one) for one in rates] == [{"rate"}]  # said in words, with its rate
    await sent(site, device)
    assert "notice.check.signs" in told(device, VERIFIER)
    async with verifying(device, hazard) as client:
        await client.until(lambda: client.has("doubt-sign_screen"))
        assert client.has("doubt-challenge")
        assert client.has("challenge-both")  # both pictures


@pytest.mark.parametrize(
    ("kind", "second"),
    [
        ("closer", from_aside(second_shot(wall(1), 3), 3, 1.25, 7)),
        ("aside", second_shot(second_shot(wall(1), 3), 9)),
        ("shake", from_aside(second_shot(wall(1), 3), 8, 1.05, 9)),
    ],
)
async def test_who_stands_there_keeps_the_grade_and_needs_no_more_taps(
    site: PlantSite, kind: Kind, second: Picture
) -> None:
    device = await site.device()
    device.here.stand_at(device.app.definitions.plant.assets["DB-03"])
    hazard = dispatched(device)
    asks(device, kind)
    first = second_shot(wall(1), 3)
    frames = displays.stream(first, "sensor", np.random.default_rng(3))
    sees(device, [file(first), file(second)], frames, "back")
    async with screen_of(device, FITTER, pin_of(FITTER)) as client:
        finger = Finger(client)
        await photographed(client, finger, hazard)
        await finger.tap(HAND_IN)
        await client.until(lambda: client.has("waits"))
        assert finger.taps <= 4  # UX: from the home screen: open, take over, photograph, hand in
    card = after_photo(device, hazard)
    assert card.challenge is not None
    assert (card.challenge.state, card.challenge.kind, card.grade) == ("met", kind, "A")
    await sent(site, device)
    assert told(device, VERIFIER) == set()


async def asked_to_come_closer(site: PlantSite) -> tuple[Device, str]:
    """Given: a repair whose photo will ask for a second shot, with half a minute for it."""
    device = await site.device()
    device.here.stand_at(device.app.definitions.plant.assets["DB-03"])
    hazard = dispatched(device)
    asks(device, "closer", seconds=30)
    sees(device, [file(second_shot(wall(1), 3))])
    return device, hazard


async def test_who_cannot_says_why_and_goes_on(site: PlantSite) -> None:
    device, hazard = await asked_to_come_closer(site)
    async with screen_of(device, FITTER, pin_of(FITTER)) as client:
        finger = Finger(client)
        await photographed(client, finger, hazard)
        await finger.tap("task-cannot", wait=False)
        await finger.tap("task-why-danger")
        await finger.tap(HAND_IN)
        await client.until(lambda: client.has("waits"))
    card = after_photo(device, hazard)
    assert card.challenge is not None
    assert (card.challenge.state, card.challenge.reason, card.grade) == ("skipped", "danger", "C")
    await sent(site, device)
    assert told(device, VERIFIER) == {"notice.check.challenge"}


async def test_an_app_that_is_closed_instead_leaves_the_task_open(site: PlantSite) -> None:
    device, hazard = await asked_to_come_closer(site)
    async with screen_of(device, FITTER, pin_of(FITTER)) as client:
        finger = Finger(client)
        await photographed(client, finger, hazard)
        await client.until(lambda: client.has("task"))
        await client.press("Escape")
        await client.until(lambda: client.has(HAND_IN))
        await asyncio.gather(*finger.going)
    card = after_photo(device, hazard)
    assert card.challenge is not None
    assert (card.challenge.state, card.grade) == ("open", "C")
    assert "challenge_open" in codes(card)


async def test_a_photo_from_an_album_closes_only_by_a_decision_with_a_reason(
    site: PlantSite,
) -> None:
    device = await site.device()
    hazard = dispatched(device)
    sees(device, [file(second_shot(wall(1), 3))], live=False)
    async with screen_of(device, FITTER, pin_of(FITTER)) as client:
        finger = Finger(client)
        await photographed(client, finger, hazard)
        await finger.tap(HAND_IN)  # may be handed in
        await client.until(lambda: client.has("waits"))
    assert after_photo(device, hazard).grade == "C"
    with pytest.raises(MoveRefusedError):
        act(device, VERIFIER, hazard, "verify>closed")
    async with verifying(device, hazard) as client:
        await client.until(lambda: client.has("doubt-album"))
        await client.tap("do-hazard.verify-closed")
        await client.until(lambda: client.has("album-why"))
        assert client.one("move-do").disabled
        await client.write("move-note", "已到现场看过")
        await client.tap("move-do")
        await client.until(lambda: not client.has("move-note"))
    await sent(site, device)
    assert on_server(site, hazard).text("state") == "closed"
