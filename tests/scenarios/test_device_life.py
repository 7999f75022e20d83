"""Pages of device life: a code to scan, a device that is locked, and one that joins by scanning."""

from pathlib import Path

import pytest

from app.settings import ClientSettings
from app.use_cases import devices, enrolment
from app.wiring import build_field
from domain.invitations import EnrolPlantError, Invitation, InvitationError, make_code
from media.adapters.readers import choose_reader
from screens.enrol import Enrol
from screens.sign_in import SignIn
from tests.helpers.field import desk_of
from tests.helpers.plant import Here, PlantSite, simulated
from tests.helpers.render import rendered
from tests.helpers.screen import screen_of

ADMIN, ADMIN_PIN = "U014", "141427"


async def test_the_administrator_makes_a_code_and_a_device_joins_by_its_picture(
    site: PlantSite,
) -> None:
    office = await site.device("office")
    async with screen_of(office, ADMIN, ADMIN_PIN) as client:
        client.go("/admin/devices")
        await client.until(lambda: client.has("new-device"))
        await client.tap("new-device")
        await client.until(lambda: client.has("device-name"))
        assert client.one("make-code").disabled
        await client.write("device-name", "罐区平板")
        await client.write("server-address", "http://plant.test")
        await client.tap("make-code")
        await client.until(lambda: client.has("once"))
        shown = next(text for text in client.texts() if text.count("-") == 3 and len(text) == 19)
        client.go("/admin/devices")
        await client.until(lambda: client.sees("等待登记"))
    await office.sync()
    joined = await site.device("tablet-9", shown.lower())
    assert joined.app.device.name == "tablet-9"
    await joined.sync()
    await office.sync()
    names = {one.name: one.state for one in devices.cards(office.app, office.person(ADMIN))}
    assert names["罐区平板"] == "active"


async def test_the_picture_of_a_code_is_read_by_the_scanner_and_fills_in_everything(
    site: PlantSite, tmp_path: Path
) -> None:
    office = await site.device("office")
    admin = office.person(ADMIN)
    made = devices.invite(office.app, admin, "新平板", "https://10.0.0.5:8000")
    texts = [code.text for code in choose_reader().read(made.picture(), fast=False)]
    field = build_field(
        ClientSettings(store=tmp_path / "new", store_key_file=tmp_path / "secret"),
        devices=simulated(Here(), []),
    )
    found = enrolment.read_code(field, list(texts))
    assert found == made.invitation
    assert found.key == made.print.replace(" ", "")
    desk = desk_of(field)
    async with rendered(desk, Enrol) as drawn:
        await drawn.until(lambda: drawn.has("scan-code"))
        await drawn.tap("scan-code")
        await drawn.until(lambda: drawn.has("choose-picture"))
    field.store.close()
    foreign = Invitation("https://x.example", "ELSEWHERE", make_code(b"0123456789"), "")
    with pytest.raises(EnrolPlantError):
        enrolment.read_code(office.app, [foreign.text()])
    with pytest.raises(InvitationError):
        enrolment.read_code(office.app, ["TK-101", "https://example.org"])


async def test_a_lost_device_shows_what_happened_and_the_way_back(site: PlantSite) -> None:
    office, phone = await site.device("office"), await site.device("phone-1")
    await office.sync()
    async with screen_of(office, ADMIN, ADMIN_PIN) as client:
        device_id = phone.app.device.device_id
        client.go(f"/admin/devices/lost/{device_id}")
        await client.until(lambda: client.has("lost-at"))
        assert client.one("lose").disabled, "not without a reason"
        await client.write("reason", "丢在罐区")
        await client.write("lost-at", "昨天")
        await client.tap("lose")
        await client.until(lambda: client.sees("不是时间"))
        await client.tap("ago-1")
        await client.tap("lose")
        await client.until(lambda: client.has("sure"))
        await client.tap("lose-do")
        await client.until(lambda: not client.has("sure"))
    await office.sync()
    card = next(
        one for one in devices.cards(office.app, office.person(ADMIN)) if one.device_id == device_id
    )
    ago_ms = office.app.clock.now_ms() - (card.revoked_ms or 0)
    assert 3_500_000 < ago_ms < 3_800_000
    with pytest.raises(Exception, match="revoked"):
        await phone.sync()
    desk = desk_of(phone.app)
    async with rendered(desk, SignIn) as drawn:
        await drawn.until(lambda: drawn.has("revoked"))
        assert drawn.sees("丢在罐区")
        assert not drawn.has("pin-1")
        await drawn.tap("enrol-again")
        await drawn.until(lambda: drawn.has("scan-code"))
