"""Gloves and one free hand: targets of 56 px, the next step at the bottom, on the new screens."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import flet as ft
import pytest

from app.field import FieldApp
from app.use_cases import hazards
from app.use_cases.aiming import Candidate
from domain.words import Words
from media.adapters.simulated import SimulatedCamera
from media.recapture.stream import About
from screens.context import Desk, use_desk
from screens.hazard import HazardBody
from screens.relay_take import TakeInScreen
from screens.scan_choice import which
from tests.app.test_repair_checks import VERIFIER, given_out, repaired
from tests.helpers.fakeclient import FakeClient
from tests.helpers.field import ELECTRICIAN, desk_of, offline_field
from tests.helpers.plant import PlantSite
from tests.helpers.reach import out_of_reach, too_small
from tests.helpers.render import rendered
from tests.helpers.screen import screen_of
from tests.media.pictures import jpeg, photo
from tests.media.places import file, second_shot, wall
from tests.scenarios.repairs import PINS, REPORTER, closed, sees
from tests.scenarios.test_s30_recheck import on_friday, open_task, task_of
from tests.screens.test_hazard import accept, reported

HAND_IN = "do-hazard.rectify-to_verify"


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    built = offline_field(tmp_path)
    built.devices = replace(built.devices, camera=lambda: SimulatedCamera([jpeg(photo(640, 480))]))
    return built


def sized(desk: Desk, size: tuple[float, float]) -> Desk:
    desk.width, desk.height = size
    return desk


def in_hand(drawn: FakeClient) -> None:
    assert too_small(drawn) == []
    assert out_of_reach(drawn) == []


SIZES = pytest.mark.parametrize("size", [(412.0, 915.0), (1280.0, 800.0)], ids=["phone", "tablet"])


@SIZES
async def test_the_three_photos_their_panels_and_the_consent(
    field: FieldApp, size: tuple[float, float]
) -> None:
    record_id = reported(field, grade="B")
    desk = sized(accept(field, record_id), size)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("three"))
        in_hand(drawn)
        for opens in ("three-panorama", "three-responsible", "ask-photos"):
            await drawn.tap(opens)
            await drawn.until(lambda: drawn.has("three-close"))
            in_hand(drawn)
            assert not drawn.kind(ft.FilledButton), "a panel stands in the place of the footer"
            await drawn.tap("three-close")
        await drawn.tap("three-responsible")
        await drawn.tap("take-responsible")
        await drawn.until(lambda: drawn.has("consent-yes"))
        in_hand(drawn)
        assert not drawn.has("three"), "what is asked is not below what is scrolled away"


@SIZES
async def test_the_second_shot_and_why_it_cannot_be_taken(
    field: FieldApp, size: tuple[float, float]
) -> None:
    pictures, about = [file(second_shot(wall(1), 3))], About("OBS Virtual Camera")
    camera = SimulatedCamera(pictures, control=ft.Container(), about=about)
    field.devices = replace(field.devices, camera=lambda: camera)
    record_id = given_out(field)
    desk = sized(desk_of(field, ELECTRICIAN), size)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has(HAND_IN))
        await drawn.tap(HAND_IN)
        await drawn.until(lambda: drawn.has("shutter") and not drawn.one("shutter").disabled)
        assert place_of_preview(drawn) == 0
        going = asyncio.ensure_future(drawn.tap("shutter"))
        await drawn.until(lambda: drawn.has("task-cannot"))
        in_hand(drawn)
        assert place_of_preview(drawn) == 0, "a preview that moves gives no second picture"
        await drawn.tap("task-cannot")
        await drawn.until(lambda: drawn.has("task-again"))
        in_hand(drawn)
        assert place_of_preview(drawn) == 0
        await drawn.tap("task-why-space")
        await going
        await drawn.until(lambda: drawn.has(HAND_IN))


def place_of_preview(drawn: FakeClient) -> int:
    """The how manieth in its column the camera's picture is."""
    columns = [one.controls for one in drawn.kind(ft.Column)]
    [place] = [
        number
        for controls in columns
        for number, one in enumerate(controls)
        if isinstance(one, ft.Semantics) and one.identifier == "viewfinder"
    ]
    return place


@SIZES
async def test_the_comparison_with_the_decision_at_its_pictures(
    field: FieldApp, size: tuple[float, float]
) -> None:
    record_id = given_out(field)
    repaired(field, record_id, second_shot(wall(1), 3))
    fitter, verifier = (field.definitions.plant.people[one] for one in (ELECTRICIAN, VERIFIER))
    hazards.act(field, fitter, record_id, "hazard.rectify", "to_verify")
    desk = sized(desk_of(field, VERIFIER), size)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("compare"))
        await drawn.tap("compare")
        await drawn.until(lambda: drawn.has("compare-line"))
        for mode in ("compare-slide", "compare-side", "compare-heat"):
            await drawn.tap(mode)
            in_hand(drawn)
        await drawn.tap("do-hazard.return-rectifying")
        await drawn.until(lambda: drawn.has("move-note"))
        in_hand(drawn)
        await drawn.tap("move-cancel")
        await drawn.until(lambda: drawn.has("compare"))
        await drawn.tap("compare")
        await drawn.tap("do-hazard.verify-closed")
        await drawn.until(lambda: drawn.sees("已关闭"))
    assert hazards.view(field, verifier, record_id).card.state == "closed"


async def test_the_recheck_from_the_label_to_the_words(site: PlantSite) -> None:
    device = await on_friday(site)
    task = task_of(site, await closed(site, device)).record_id
    sees(device, site.label("DB-03"), second_shot(wall(1), 7))
    async with screen_of(device, REPORTER, PINS[REPORTER]) as client:
        await open_task(client, task)
        await client.until(lambda: client.has("shutter") and not client.one("shutter").disabled)
        in_hand(client)
        await client.tap("shutter")
        await client.until(lambda: client.has("recheck-looks"))
        in_hand(client)
        await client.tap("recheck-fail")
        in_hand(client)


@ft.component
def _choice() -> ft.Control:
    def nothing() -> None: ...

    async def take(_one: Candidate) -> None: ...

    name = Words({"zh": "甲醇储罐", "en": "Methanol tank"})
    found = [Candidate(one, one, name, name, signed=True) for one in ("TK-101", "TK-102")]
    return which(use_desk(), found, take, nothing, nothing)


@SIZES
@pytest.mark.parametrize("screen", [TakeInScreen, _choice], ids=["take in", "which label"])
async def test_other_new_screens(
    field: FieldApp, size: tuple[float, float], screen: Callable[[], object]
) -> None:
    async with rendered(sized(desk_of(field), size), screen) as drawn:
        await drawn.until(lambda: drawn.has("back"))
        in_hand(drawn)
