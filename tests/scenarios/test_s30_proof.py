"""S30, what leads to a recheck and what proves it: the notice, and a photo of here and now."""

import pytest

from app.use_cases import evidence, rechecks
from app.use_cases.evidence import Target
from domain.rechecks import RecheckAlbumError
from tests.helpers.plant import PlantSite
from tests.helpers.screen import screen_of
from tests.media.places import file, second_shot, wall
from tests.scenarios.loop import inbox, on_server
from tests.scenarios.repairs import PINS, REPORTER, closed, met, sees
from tests.scenarios.test_s30_recheck import (
    DAY_MIN,
    at_label,
    due,
    on_friday,
    open_task,
    rechecked,
    sneak,
    task_of,
)


async def test_a_notice_of_a_recheck_leads_to_it_and_once_it_is_done_to_its_hazard(
    site: PlantSite,
) -> None:
    device, hazard, task = await due(site)
    [notice] = [
        one.notice_id for one in inbox(device, REPORTER).cards if one.key.endswith(".recheck_start")
    ]
    sees(device, site.label("DB-03"), second_shot(wall(1), 7))
    async with screen_of(device, REPORTER, PINS[REPORTER]) as client:
        await client.tap("notices")
        await client.until(lambda: client.has(f"notice-{notice}"))
        await client.tap(f"notice-{notice}")
        await client.until(lambda: client.route == f"/recheck/{task}")
        await client.until(lambda: client.has("shutter"))
    rechecked(site, device, REPORTER, task, "passed")
    [card] = [one for one in inbox(device, REPORTER).cards if one.notice_id == notice]
    assert (card.place, card.opens) == ("hazard", hazard)


async def test_who_reported_it_may_begin_it_after_it_was_handed_on(site: PlantSite) -> None:
    device = await on_friday(site)
    hazard = await closed(site, device)
    site.time.pass_by(2 * DAY_MIN + 1)
    await met(site, device)
    assert on_server(site, task_of(site, hazard).record_id).text("owner") != REPORTER
    async with screen_of(device, REPORTER, PINS[REPORTER]) as client:
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.has("recheck-begin"))  # as the notice says


async def test_a_photo_from_files_confirms_nothing_but_may_open_the_hazard_again(
    site: PlantSite,
) -> None:
    """Nobody looks at a recheck that passed, so its photo is taken there and then."""
    device = await on_friday(site)
    hazard = await closed(site, device)
    task, who = task_of(site, hazard).record_id, device.person(REPORTER)
    rechecks.arrive(device.app, who, task, at_label(site, device, REPORTER, "DB-03"), None)
    target = Target(task, "HZ", "DB-03", "recheck", label_state="verified")
    data = file(second_shot(wall(1), 7))
    evidence.keep(device.app, who, target, data, source="file", fix=None)
    with pytest.raises(RecheckAlbumError):
        rechecks.answer(device.app, who, task, "passed")
    await sneak(site, device, REPORTER, task)  # nor does the server take it
    async with screen_of(device, REPORTER, PINS[REPORTER]) as client:
        await open_task(client, task)
        await client.until(lambda: client.has("recheck-pass"))
        assert client.one("recheck-pass").disabled
        await client.until(lambda: client.sees("相册里的照片不能证明整改还在"))
        sees(device, second_shot(wall(1), 9))
        await client.tap("recheck-again")
        await client.until(lambda: client.has("shutter"))
        assert not client.has("capture-choose"), "while there is a camera no file is offered"
        await client.tap("capture-away")
        await client.tap("recheck-fail")
        await client.write("recheck-note", "锁又坏了")
        await client.tap("recheck-reopen")
        await client.until(lambda: client.route == "/")
    await met(site, device)
    assert on_server(site, hazard).text("state") == "reopened"
