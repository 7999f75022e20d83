"""S02 Scan → checklist: the label of TK-101 opens TANK-D v7, and a level of 11.8 m turns red."""

import pytest

from domain.errors import OfflineError
from tests.helpers.plant import PlantSite
from tests.helpers.screen import scan, screen_of

INSPECTOR, PIN = "U003", "3316"


async def test_scanning_opens_the_right_checklist_and_the_level_turns_red(site: PlantSite) -> None:
    device = await site.device()
    plant = device.app.definitions.plant
    device.wire.up = False
    with pytest.raises(OfflineError):
        await device.sync()
    device.here.stand_at(plant.assets["TK-101"])
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, site.label("TK-101"))
        await client.until(lambda: client.sees("储罐日检 v7"))  # TANK-D v7 opens
        assert client.sees("标签验签通过")  # signature verified on the device
        assert client.sees("TK-101 甲醇储罐")  # which
        await client.until(lambda: client.has("question-T03"))
        assert not client.has("T03-judgement")
        await client.write("T03-field", "11.8")
        await client.until(lambda: client.sees("高于上限 11.5 m"))  # red at once
        assert client.sees("必须拍照")  # and demands a photo
        assert client.has("T03-shoot")


async def test_who_what_which_when_are_in_the_record_that_is_handed_in(site: PlantSite) -> None:
    from app.use_cases import inspections
    from app.use_cases import scan as scanning
    from offline_store import records

    device = await site.device()
    person = device.person(INSPECTOR)
    asset = device.app.definitions.plant.assets["TK-101"]
    fix = device.here.stand_at(asset)
    texts = scanning.decode(device.app, site.label("TK-101"), live=False)
    found = scanning.resolve(device.app, person, texts[0], fix)
    sheet = inspections.open_sheet(device.app, person, found, fix)
    sheet = inspections.stand_still(device.app, person, sheet.draft_id, "停机")
    record_id = inspections.hand_in(device.app, person, sheet.draft_id, fix)
    with device.app.store.reading() as session:
        record = records.get(session, record_id)
    assert record.get("inspector") == INSPECTOR  # who
    assert record.definition == "TANK-D@7"  # what
    assert (record.get("asset"), record.get("area")) == ("TK-101", "A01")  # which
    assert record.get("submitted_ms") == pytest.approx(
        device.app.clock.now_ms(), abs=60_000
    )  # when
    assert record.get("label_state") == "verified"
