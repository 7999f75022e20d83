"""S01 Cold offline start: synced before, no network, the app killed and started again."""

import time

import pytest

from app.use_cases import inspections, scan
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of

INSPECTOR, PIN = "U003", "3316"


async def killed_and_offline(site: PlantSite) -> Device:
    """Given: a device that was in step, its app killed, and no network since."""
    device = await site.device()
    device.wire.up = False
    again = site.restart(device)
    with pytest.raises(Exception, match=r"sync\.offline"):
        await again.sync()
    return again


async def test_sign_in_with_pin_works_and_own_tasks_are_there(site: PlantSite) -> None:
    device = await killed_and_offline(site)
    async with screen_of(device, INSPECTOR, PIN) as client:
        await client.until(lambda: client.sees("HY-21"))
        assert client.sees("TK-101"), "the tasks of inspector 03 hold the tank"
        assert not client.sees("DB-03"), "and not the switchboard of inspector 09"


async def test_a_checklist_that_was_begun_is_marked_on_the_way_back(site: PlantSite) -> None:
    device = await killed_and_offline(site)
    async with screen_of(device, INSPECTOR, PIN) as client:
        await client.until(lambda: client.sees("HY-21"))
        keys = [str(control.key) for control in client.controls()]
        await client.tap(next(key for key in keys if key.startswith("task-")))
        await client.until(lambda: client.has("T01-ok"))
        await client.tap("T01-ok")
        await client.press("Escape")
        await client.until(lambda: client.sees(device.app.catalogs["zh"]["today.started"]))


async def test_a_wrong_pin_does_not_sign_in(site: PlantSite) -> None:
    device = await killed_and_offline(site)
    async with screen_of(device) as client:
        await client.until(lambda: client.has("search"))
        await client.write("search", INSPECTOR)
        await client.until(lambda: client.has(f"person-{INSPECTOR}"))
        await client.tap(f"person-{INSPECTOR}")
        await client.until(lambda: client.has("pin-1"))
        for digit in "3317":
            await client.tap(f"pin-{digit}")
        await client.until(lambda: client.has("pin-refused"))
        assert not client.has("scan")


async def test_twelve_templates_thirteen_assets_keys_and_blacklist_are_there(
    site: PlantSite,
) -> None:
    device = await killed_and_offline(site)
    definitions = device.app.definitions
    assert len(definitions.forms) == 12
    assert len(definitions.plant.assets) == 13
    assert device.app.pack
    plants = {key.plant for key in device.app.pack.label_keys.values()}
    assert plants == {"DEMO", "DEMO2"}
    barred = [code for code, row in definitions.plant.contractors.items() if row.barred]
    assert barred == ["K03"]


async def test_the_banner_says_offline_and_as_of_when(site: PlantSite) -> None:
    device = await killed_and_offline(site)
    async with screen_of(device, INSPECTOR, PIN) as client:
        await client.until(lambda: client.sees("离线"))
        assert client.sees("数据截至")


async def test_every_checklist_opens_within_a_second(site: PlantSite) -> None:
    device = await killed_and_offline(site)
    person = device.person(INSPECTOR)
    slowest = 0.0
    for asset_id in device.app.definitions.plant.assets:
        found = scan.by_id(device.app, person, asset_id, None, via="list")
        began = time.perf_counter()
        sheet = inspections.open_sheet(device.app, person, found, None)
        slowest = max(slowest, time.perf_counter() - began)
        assert sheet.lines, f"{asset_id} has an empty checklist"
    assert slowest <= 1.0, "the bound of the scenario, 20 times what it takes here"
