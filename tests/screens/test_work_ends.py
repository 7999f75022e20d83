"""The end of a work's validity reaches its people on whatever screen they are."""

import pytest

from app.use_cases import work_ends
from screens import alarm
from tests.helpers.fakeclient import FakeClient
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of
from tests.helpers.trial import (
    GUARDIAN,
    HEAD,
    LEADER,
    MANAGER,
    PINS,
    Hands,
    Hours,
    act,
    apply,
    at,
    on,
)


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm, "LOOK_S", 0.05)
    monkeypatch.setattr(alarm, "PAUSE_S", 0.01)


async def running(site: PlantSite) -> tuple[Device, Hours, str]:
    """A work approved at 08:25 for 8 h and started; the device is offline from then on."""
    site.time.be(at("08:00"))
    hands = Hands(at("08:00"))
    device = await site.device("tablet-1", clock=hands.clock())
    hours = Hours(site, [hands])
    record_id = apply(device)
    hours.be(at("08:25"))
    act(device, HEAD, record_id, "approve>approved")
    act(device, LEADER, record_id, "start>started")
    await device.sync()
    device.wire.up = False
    return device, hours, record_id


def shaken(client: FakeClient) -> int:
    """How often the device shook."""
    return sum(kind == "HapticFeedback" for kind, _, _ in client.calls)


async def test_who_is_named_is_warned_and_then_told_to_stop(trial_site: PlantSite) -> None:
    device, hours, record_id = await running(trial_site)
    hours.be(at("16:05"))
    async with screen_of(device, GUARDIAN, PINS[GUARDIAN]) as client:
        assert not client.has("alarm"), "more than a quarter of an hour is left"
        hours.be(at("16:15"))
        await client.until(lambda: client.has("alarm"))
        assert client.sees("分钟后到期（16:2")
        await client.until(lambda: shaken(client) == 1)
        await client.tap("alarm-close")
        hours.be(at("16:26"))
        await client.until(lambda: client.sees("已到，立即停止作业"))
        await client.until(lambda: shaken(client) == 1 + alarm.SHAKES)
        assert on(device, record_id).text("state") == "expired"
        await client.tap("alarm-look")
        await client.until(lambda: client.route == f"/works/{record_id}")
        await client.until(lambda: client.has("work-end"))
        assert not client.has("alarm"), "once"


async def test_a_locked_tablet_still_says_it(trial_site: PlantSite) -> None:
    device, hours, _ = await running(trial_site)
    async with screen_of(device, GUARDIAN, PINS[GUARDIAN]) as client:
        client.go("/me")
        await client.until(lambda: client.has("sign-out"))
        await client.tap("sign-out")
        await client.until(lambda: client.has("pin-1") or client.has("search"))
        hours.be(at("16:26"))
        await client.until(lambda: client.has("alarm"))
        assert not client.has("alarm-look"), "nobody is signed in to look at it"


async def test_others_stay_quiet_and_so_does_history(trial_site: PlantSite) -> None:
    device, hours, record_id = await running(trial_site)
    hours.be(at("16:20"))
    assert work_ends.endings(device.app, device.person(MANAGER)) == [], "not on this work"
    (one,) = work_ends.endings(device.app, device.person(GUARDIAN))
    assert (one.record_id, one.over) == (record_id, False)
    hours.be(at("17:26"))
    assert work_ends.endings(device.app, device.person(GUARDIAN)) == [], "an hour ago: history"
