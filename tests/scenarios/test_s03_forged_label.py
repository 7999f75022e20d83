"""S03 Forged QR: forged, copied, retired and foreign labels; grade by position and album."""

import pytest

from app.use_cases import evidence, inspections
from app.use_cases import scan as scanning
from media.capture import Source
from offline_store import records
from tests.helpers.plant import PlantSite
from tests.helpers.screen import scan, screen_of

INSPECTOR, PIN = "U003", "3316"


async def test_a_forged_label_is_refused_and_leaves_a_security_event(site: PlantSite) -> None:
    device = await site.device()
    device.wire.up = False
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, site.label("TK-101", forged=True))
        await client.until(lambda: client.sees("标签验签不通过"))
        assert client.route == "/scan", "no checklist was opened"
        assert client.has("scan-list"), "a way on"
    with device.app.store.reading() as session:
        events = records.find(session, "event")
    assert [event.get("what") for event in events] == ["label.forged"]
    assert events[0].get("by") == INSPECTOR


async def test_a_copied_label_opens_its_own_asset_with_a_warning(site: PlantSite) -> None:
    """A photographed valid label of TK-102, pasted on TK-101."""
    device = await site.device()
    plant = device.app.definitions.plant
    device.here.stand_at(plant.assets["TK-101"])
    async with screen_of(device, INSPECTOR, PIN) as client:
        await client.until(lambda: device.here.asked > 0)
        await scan(client, device, site.label("TK-102"))
        await client.until(lambda: client.sees("TK-102 液碱储罐"))
        assert client.sees("标签与位置不符")


async def test_evidence_at_a_copied_label_gets_a_lower_grade(site: PlantSite) -> None:
    device = await site.device()
    person = device.person(INSPECTOR)
    fix = device.here.stand_at(device.app.definitions.plant.assets["TK-101"])
    picture = site.label("TK-102")  # what stands in the picture does not matter here
    grades: dict[str, str] = {}
    shots: tuple[tuple[str, Source], ...] = (
        ("TK-101", "camera"),
        ("TK-101", "file"),
        ("TK-102", "camera"),
    )
    for asset_id, source in shots:
        text = scanning.decode(device.app, site.label(asset_id), live=False)[0]
        found = scanning.resolve(device.app, person, text, fix)
        sheet = inspections.open_sheet(device.app, person, found, fix)
        target = evidence.Target(
            sheet.draft_id, sheet.code, asset_id, "item", "T03", found.label_state
        )
        card = evidence.keep(device.app, person, target, picture, source=source, fix=fix)
        grades[f"{asset_id} {source}"] = card.grade
    assert grades == {"TK-101 camera": "A", "TK-101 file": "C", "TK-102 camera": "D"}


@pytest.mark.parametrize(
    ("label_id", "version", "plant", "says"),
    [
        ("TK-101", 1, "DEMO", "标签已换发"),
        ("TK-901", 1, "DEMO2", "这是示例化工二厂的标签"),
    ],
)
async def test_retired_and_foreign_labels_are_refused_with_their_reason(
    site: PlantSite, label_id: str, version: int, plant: str, says: str
) -> None:
    device = await site.device()
    device.wire.up = False
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, site.label(label_id, version=version, plant=plant))
        await client.until(lambda: client.sees(says))
        assert client.route == "/scan", "no checklist was opened"
        assert client.has("scan-again"), "a way on"
