"""A device whose battery was empty shows 1970: people go on working, and nothing is refused."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from app.clock import Clock
from app.use_cases import hazards, outbox, reports
from offline_store import records
from tests.helpers.plant import PlantSite, plant
from tests.helpers.screen import screen_of

IN_1970 = 86_400_000


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[PlantSite]:
    async with plant(tmp_path) as here:
        yield here


async def test_a_report_of_1970_is_not_lost_and_the_person_is_told(
    site: PlantSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await site.device()
    device.wire.up = False
    monkeypatch.setattr(
        "app.wiring.Clock", partial(Clock, wall_ms=lambda: IN_1970, boot="after an empty battery")
    )
    device = site.restart(device)
    async with screen_of(device, "U012", "1205") as client:
        await client.until(lambda: client.has("clock-behind"))
        assert client.sees("1970") or client.sees("01-02"), "what the device shows is said"
    person = device.person("U012")
    draft = reports.open_draft(device.app, person)
    reports.change_draft(device.app, person, draft.draft_id, words="护罩没装", asset_id="C-401")
    hazard = reports.report(device.app, person, draft.draft_id, None)
    device.wire.up = True
    await device.sync()
    with device.app.store.reading() as session:
        record = records.get(session, hazard)
    reported = record.whole("reported_ms")
    assert reported
    assert reported > 1_700_000_000_000, "no time before the last contact"
    assert not [row for row in outbox.view(device.app).items if row.state == "refused"]
    card = hazards.view(device.app, person, hazard).card
    assert card.sent
