"""Administration: offline on one device, in force on all of them after the server took it."""

import pytest

from app import link
from app.use_cases import administration, devices, people
from app.use_cases import scan as scanning
from domain.errors import DeviceBlockedError, LabelRetiredError, NotAllowedError, PinWrongError
from tests.helpers.fakeclient import FakeClient
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of

ADMIN, ADMIN_PIN = "U014", "141427"
SECOND, SECOND_PIN = "U051", "515197"
INSPECTOR, PIN = "U003", "3316"


async def take_along(site: PlantSite, *of: Device) -> None:
    """Sync, and fetch the pack as the link does by itself."""
    for device in of:
        await device.sync()
        await link.refresh_pack(device.app, site.transport(device.wire, device.app.device.token))


async def type_pin(client: FakeClient, pin: str) -> None:
    for digit in pin:
        await client.until(lambda digit=digit: not client.one(f"pin-{digit}").disabled)
        await client.tap(f"pin-{digit}")


async def add_person(client: FakeClient, key: str, role: str) -> None:
    """Fill in the form of a new person and save it."""
    await client.tap("add")
    await client.until(lambda: client.has("field-id"))
    await client.write("field-id", key)
    await client.write("field-zh", "操作工七七")
    await client.write("field-en", "Operator 77")
    await client.tap("choose-roles")
    await client.write("search-roles", role)
    await client.tap(f"pick-roles-{role}")
    await client.tap("choose-unit")
    await client.write("search-unit", "T-TANK")
    await client.tap("pick-unit-T-TANK")
    await client.tap("save")
    await client.until(lambda: client.route == f"/admin/row/people/{key}")


async def test_a_person_added_offline_signs_in_elsewhere_and_chooses_an_own_pin(
    site: PlantSite,
) -> None:
    office, phone = await site.device("office"), await site.device("phone-1")
    office.wire.up = False
    async with screen_of(office, ADMIN, ADMIN_PIN, width=1280, height=800) as client:
        client.go("/me")
        await client.until(lambda: client.has("admin"))
        await client.tap("admin")
        await client.until(lambda: client.has("section-people"))
        await client.tap("section-people")
        await client.until(lambda: client.has("row-U003"))
        await add_person(client, "U077", "frontline")
        await client.until(lambda: client.has("standing"))
        assert client.sees("等待同步")
        await client.tap("pin")
        await client.tap("pin-yes")
        await client.until(lambda: client.has("pin-once"))
        shown = next(text for text in client.texts() if text.startswith("临时 PIN："))
        temporary = shown.rpartition("：")[2].strip()
        client.go("/admin/t/people")
    office.wire.up = True
    await take_along(site, office, phone)
    phone.wire.up = False
    async with screen_of(phone) as client:
        await client.until(lambda: client.has("search"))
        await client.write("search", "U077")
        await client.until(lambda: client.has("person-U077"))
        await client.tap("person-U077")
        await client.until(lambda: client.has("pin-1"))
        await type_pin(client, temporary)
        await client.until(lambda: client.has("new-pin"))
        assert not client.has("scan"), "nobody goes on with a PIN that somebody else knows"
        await type_pin(client, temporary)
        await type_pin(client, temporary)
        await client.until(lambda: client.has("pin-refused"))
        await type_pin(client, "2580")
        await type_pin(client, "2581")
        await client.until(lambda: client.sees("两次不一样"))
        await type_pin(client, "2580")
        await type_pin(client, "2580")
        await client.until(lambda: client.has("scan"))
    with pytest.raises(PinWrongError):
        people.sign_in(phone.app, "U077", temporary)
    phone.wire.up = True
    await take_along(site, phone, office)
    assert people.sign_in(office.app, "U077", "2580").person_id == "U077"


async def test_a_reset_pin_ends_the_old_one_and_the_wait(site: PlantSite) -> None:
    office, phone = await site.device("office"), await site.device("phone-1")
    for _ in range(3):
        with pytest.raises(PinWrongError):
            people.sign_in(phone.app, INSPECTOR, "0000")
    new = administration.reset_pin(office.app, office.person(ADMIN), INSPECTOR)
    with pytest.raises(PinWrongError):  # on the device that knows it, at once
        people.sign_in(office.app, INSPECTOR, PIN)
    await office.sync()
    await phone.sync()  # the feed is enough: no pack was fetched yet
    assert people.has_temporary(phone.app, INSPECTOR)
    assert people.sign_in(phone.app, INSPECTOR, new).person_id == INSPECTOR


async def test_rights_wait_for_a_second_administrator_on_the_screen(site: PlantSite) -> None:
    office, other = await site.device("office"), await site.device("phone-1")
    async with screen_of(office, ADMIN, ADMIN_PIN) as client:
        client.go("/admin/row/people/U012")
        await client.until(lambda: client.has("choose-roles"))
        await client.tap("choose-roles")
        await client.write("search-roles", "safety_officer")
        await client.tap("pick-roles-safety_officer")
        await client.tap("save")
        await client.until(lambda: client.has("proposal"))
        assert client.has("needs-other")
        assert not client.has("agree")
    await take_along(site, office, other)
    assert other.person("U012").roles == ("frontline",)
    async with screen_of(other, SECOND, SECOND_PIN) as client:
        client.go("/admin/row/people/U012")
        await client.until(lambda: client.has("agree"))
        await client.tap("agree")
        await client.until(lambda: not client.has("proposal"))
        await client.until(lambda: client.sees("系统管理员02同意"))
    await take_along(site, other, office)
    assert office.person("U012").roles == ("frontline", "safety_officer")


async def test_who_administers_nothing_finds_no_way_in(site: PlantSite) -> None:
    device = await site.device()
    async with screen_of(device, INSPECTOR, PIN) as client:
        client.go("/me")
        await client.until(lambda: client.has("sign-out"))
        assert not client.has("admin")
        for route in ("/admin/t/people", "/admin/devices", "/admin/row/people/U012"):
            client.go(route)
            await client.until(lambda: client.has("refusal"))
            assert not client.has("save")
    with pytest.raises(NotAllowedError):
        administration.change(device.app, device.person(INSPECTOR), "people", "U012", {}, reason="")


async def test_a_blocked_device_is_refused_and_says_so(site: PlantSite) -> None:
    office, lost = await site.device("office"), await site.device("phone-1")
    await office.sync()
    admin = office.person(ADMIN)
    cards = {card.name: card for card in devices.cards(office.app, admin)}
    assert {"office", "phone-1"} <= cards.keys()
    devices.turn(office.app, admin, cards["phone-1"].device_id, "blocked", "丢在罐区")
    await office.sync()
    async with screen_of(lost, INSPECTOR, PIN) as client:
        with pytest.raises(DeviceBlockedError):
            await lost.sync()
        await client.until(lambda: client.has("device-blocked"))
        assert client.sees("丢在罐区")
        assert client.sees("请联系系统管理员恢复")
        devices.turn(office.app, admin, cards["phone-1"].device_id, "active", "找到了")
        await office.sync()
        await lost.sync()
        await client.until(lambda: not client.has("device-blocked"))


async def test_somebody_who_leaves_is_signed_out_and_keeps_the_name(site: PlantSite) -> None:
    office, phone = await site.device("office"), await site.device("phone-1")
    async with screen_of(phone, INSPECTOR, PIN) as client:
        row = {"retired_ms": office.app.clock.now_ms()}
        administration.change(
            office.app, office.person(ADMIN), "people", INSPECTOR, row, reason="离职"
        )
        await take_along(site, office, phone)
        await client.until(lambda: not client.has("scan"))
    assert phone.person(INSPECTOR).name.in_("zh") == "巡检员03"
    with pytest.raises(NotAllowedError):
        people.sign_in(phone.app, INSPECTOR, PIN)


async def test_a_retired_label_is_refused_on_every_device(site: PlantSite) -> None:
    office, phone = await site.device("office"), await site.device("phone-1")
    held = office.app.definitions.plant.assets["TK-102"].label_version
    printed = scanning.decode(phone.app, site.label("TK-102"), live=False)[0]
    row = {"version": held + 1}
    administration.change(
        office.app, office.person(ADMIN), "labels", "TK-102", row, reason="破损换发"
    )
    await take_along(site, office, phone)
    with pytest.raises(LabelRetiredError):
        scanning.resolve(phone.app, phone.person(INSPECTOR), printed, None)


async def test_a_change_that_was_synced_no_longer_says_that_it_waits(site: PlantSite) -> None:
    office = await site.device("office")
    async with screen_of(office, ADMIN, ADMIN_PIN, width=1280, height=800) as client:
        client.go("/admin/t/people")
        await client.until(lambda: client.has("row-U003"))
        await add_person(client, "U077", "frontline")
        await client.until(lambda: client.sees("等待同步"))
        await take_along(site, office)
        await client.until(lambda: not client.sees("等待同步"))
        await client.tap("back")
        await client.until(lambda: client.has("search"))
        await client.write("search", "U077")
        await client.until(lambda: client.has("row-U077") and not client.has("row-U003"))
        assert not client.sees("等待同步")


async def test_who_was_given_no_pin_yet_reads_what_to_do_instead_of_a_pad(site: PlantSite) -> None:
    office, phone = await site.device("office"), await site.device("phone-1")
    async with screen_of(office, ADMIN, ADMIN_PIN, width=1280, height=800) as client:
        client.go("/admin/t/people")
        await client.until(lambda: client.has("row-U003"))
        await add_person(client, "U077", "frontline")
        await client.until(lambda: client.has("no-pin"))
        assert client.sees("设置首个 PIN"), "the administrator reads it, too"
        await take_along(site, office, phone)
        async with screen_of(phone) as other:
            await other.until(lambda: other.has("search"))
            await other.write("search", "U077")
            await other.until(lambda: other.has("person-U077"))
            assert other.sees("还没有 PIN")
            await other.tap("person-U077")
            await other.until(lambda: other.has("no-pin"))
            assert not other.has("pin-1")
        await client.tap("pin")
        await client.tap("pin-yes")
        await client.until(lambda: client.has("pin-once") and not client.has("no-pin"))
    await take_along(site, office, phone)
    async with screen_of(phone) as other:
        await other.until(lambda: other.has("search"))
        await other.write("search", "U077")
        await other.until(lambda: other.has("person-U077"))
        await other.tap("person-U077")
        await other.until(lambda: other.has("pin-1"))
