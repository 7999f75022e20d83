"""Maintenance from plan to next plan: the label offers it, it is done offline, the next is made."""

import pytest

from domain.errors import OfflineError
from offline_store import records
from server import rounds
from server.site import Site
from tests.helpers.plant import PlantSite
from tests.helpers.screen import scan, screen_of

FITTER, PIN = "U040", "4085"
DAY_MS = 86_400_000


async def test_an_overdue_filter_is_changed_offline_and_due_again_in_ninety_days(
    site: PlantSite,
) -> None:
    device = await site.device()
    device.wire.up = False
    with pytest.raises(OfflineError):
        await device.sync()
    device.here.stand_at(device.app.definitions.plant.assets["C-401"])
    with device.app.store.reading() as session:
        (task,) = [
            one
            for one in records.find(session, "task", state="open", person=FITTER, asset="C-401")
            if one.text("kind") == "maintenance"
        ]
    async with screen_of(device, FITTER, PIN) as client:
        await client.until(lambda: client.has(f"task-{task.record_id}"))
        assert client.sees("更换空气滤芯")
        await scan(client, device, site.label("C-401"))
        await client.until(lambda: client.has(f"offer-{task.record_id}"))  # what it is due for
        assert client.has("documents")  # with the drawing of this very compressor
        await client.tap(f"offer-{task.record_id}")
        await client.until(lambda: client.has("part-0"))
        assert client.one("part-0").value == "1"  # as planned
        assert client.sees("标签验签通过")
        await client.write("part-0", "2")
        await client.tap("take")
        await client.press_shutter()
        await client.until(lambda: client.has("hand-in") and not client.one("hand-in").disabled)
        await client.tap("hand-in")
        await client.until(lambda: client.has("scan"))
        await client.until(lambda: not client.has(f"task-{task.record_id}"))
    device.wire.up = True
    await device.sync()

    here: Site = site.server.state.site
    with here.store.reading() as session:
        (done,) = records.find(session, "maintenance")
        assert records.get(session, task.record_id).text("done_by") == done.record_id
    assert done.get("parts") == [
        {"zh": "空气滤芯", "en": "Air filter element", "qty": "2", "unit": "pc"}
    ]
    now = here.now_ms()
    rounds.run(here, now)  # far off: not made yet
    assert _open(here) == []
    rounds.run(here, now + 80 * DAY_MS)
    (following,) = _open(here)
    assert 89 <= ((following or 0) - now) // DAY_MS <= 90
    await device.sync()
    with device.app.store.reading() as session:
        known = records.find(session, "task", state="open", person=FITTER, asset="C-401")
    assert [one.whole("due_ms") for one in known] == [following]


def _open(here: Site) -> list[int | None]:
    with here.store.reading() as session:
        found = records.find(session, "task", state="open", asset="C-401", person=FITTER)
    return [task.whole("due_ms") for task in found]
