"""S09 "After" photo from another angle: the ghost guides, a far angle goes to a person."""

import pytest

from app.use_cases import hazards
from domain.errors import FieldError
from domain.repair_checks import SERVER_CHECK, check_of
from offline_store import records
from tests.helpers.fakeclient import FakeClient
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of
from tests.media.places import Picture, from_aside, second_shot, wall
from tests.scenarios.loop import act, on_server
from tests.scenarios.repairs import (
    FINISH,
    FITTER,
    PINS,
    VERIFIER,
    given_out,
    met,
    sees,
)

TAKE_OVER = "do-hazard.rectify-rectifying"


async def photographed(client: FakeClient, device: Device, begin: str, view: Picture) -> None:
    """Tap what opens the camera, see the ghost over it, take the photo."""
    sees(device, view)
    await client.until(lambda: client.has(begin))
    await client.tap(begin)
    await client.until(lambda: client.has("shutter") and not client.one("shutter").disabled)
    await client.until(lambda: client.has("ghost"))
    await client.tap("shutter")
    await client.until(lambda: client.has("check-verdict"))


@pytest.mark.parametrize("width", [412, 1280])
async def test_a_step_aside_and_nearer_passes_with_the_ghost_in_four_taps(
    site: PlantSite, width: int
) -> None:
    """Take over, photograph and hand in: home → hazard, take over, shutter, hand in."""
    device = await site.device()
    hazard = given_out(device)
    device.wire.up = False
    async with screen_of(device, FITTER, PINS[FITTER], width=width) as client:
        await client.until(lambda: client.has(f"hazard-{hazard}"))
        await client.tap(f"hazard-{hazard}")  # 1
        view = from_aside(wall(1), 25, 1.3, 6)
        await photographed(client, device, TAKE_OVER, view)  # 2, 3
        assert client.sees("已整改")
        assert not client.has("unregistered")
        await client.tap(FINISH)  # 4
        await client.until(lambda: client.has("waits"))
    device.wire.up = True
    await met(site, device)
    assert on_server(site, hazard).text("state") == "to_verify"


async def test_from_far_aside_a_person_decides_and_a_retake_is_offered_at_once(
    site: PlantSite,
) -> None:
    device = await site.device()
    hazard = given_out(device)
    async with screen_of(device, FITTER, PINS[FITTER]) as client:
        client.go(f"/hazard/{hazard}")
        await photographed(client, device, TAKE_OVER, from_aside(wall(1), 60, 1.3, 6))
        assert client.sees("需人工核验")
        assert client.has("retake-after"), "said at once, with the way out"
        await client.tap(FINISH)  # it may be handed in as it is
        await client.until(lambda: client.has("waits"))
    await met(site, device)
    with site.server.state.site.store.reading() as session:
        photos = records.evidence_of(session, hazard)
    [after] = [one for one in photos if one.text("shot") == "after"]
    again = check_of(after.get(SERVER_CHECK))
    assert again is not None
    assert again.outcome == "needs_person"
    assert on_server(site, hazard).text("state") == "to_verify", "nothing closes it by itself"
    with pytest.raises(FieldError):
        act(device, FITTER, hazard, "verify>closed")
    async with screen_of(device, VERIFIER, PINS[VERIFIER]) as client:
        await client.until(lambda: client.has(f"hazard-{hazard}"))  # it waits for the reviewer
        await client.tap(f"hazard-{hazard}")
        await client.until(lambda: client.has("check-verdict"))
        assert client.sees("需人工核验")
        await client.tap("do-hazard.verify-closed")
        await client.until(lambda: client.has("recheck"))
    assert hazards.view(device.app, device.person(VERIFIER), hazard).card.state == "closed"


async def test_a_retake_from_the_right_place_is_compared_anew(site: PlantSite) -> None:
    device = await site.device()
    hazard = given_out(device)
    device.wire.up = False
    async with screen_of(device, FITTER, PINS[FITTER]) as client:
        client.go(f"/hazard/{hazard}")
        await photographed(client, device, TAKE_OVER, from_aside(wall(1), 60, 1.3, 6))
        sees(device, second_shot(wall(1), 3))
        await client.tap("retake-after")
        await client.until(lambda: client.has("shutter") and not client.one("shutter").disabled)
        await client.until(lambda: client.has("ghost"))
        await client.tap("shutter")
        await client.until(lambda: client.has("check-verdict") and not client.has("unregistered"))
    view = hazards.view(device.app, device.person(FITTER), hazard)
    assert view.check is not None
    assert view.check.check is not None
    assert view.check.check.outcome == "passed"
