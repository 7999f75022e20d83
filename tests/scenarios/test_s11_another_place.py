"""S11 Completely different place: nearly every pixel differs, and a person has to look at it."""

from domain.repair_checks import CHECK, SERVER_CHECK, check_of
from offline_store import records
from tests.helpers.plant import PlantSite
from tests.helpers.screen import screen_of
from tests.media.places import wall
from tests.scenarios.loop import on_server
from tests.scenarios.repairs import FINISH, FITTER, PINS, VERIFIER, given_out, met, sees


async def test_another_place_is_flagged_never_passed_though_nearly_every_pixel_differs(
    site: PlantSite,
) -> None:
    device = await site.device()
    hazard = given_out(device)
    device.wire.up = False
    sees(device, wall(8))
    async with screen_of(device, FITTER, PINS[FITTER]) as client:
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.has("do-hazard.rectify-rectifying"))
        await client.tap("do-hazard.rectify-rectifying")
        await client.press_shutter()
        await client.until(lambda: client.has("check-verdict"))
        assert client.sees("需人工核验")
        assert client.has("retake-after")
        await client.tap(FINISH)  # may be handed in, a person decides
        await client.until(lambda: client.has("waits"))
    device.wire.up = True
    await met(site, device)
    with site.server.state.site.store.reading() as session:
        photos = records.evidence_of(session, hazard)
    [after] = [one for one in photos if one.text("shot") == "after"]
    for cell in (CHECK, SERVER_CHECK):
        found = check_of(after.get(cell))
        assert found is not None
        assert (found.outcome, found.reasons[0].key) == ("needs_person", "rectify.other_place")
        assert float(found.full_frame) > 0.5, "the naive figure would have passed it"
    assert on_server(site, hazard).text("state") == "to_verify"
    async with screen_of(device, VERIFIER, PINS[VERIFIER], width=1280, height=800) as client:
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.has("check-verdict"))
        assert client.sees("需人工核验")
        await client.tap("compare")
        await client.until(lambda: client.has("compare-line"))
        assert client.has("unregistered"), "both as they were taken: they do not fit"
