"""The inbox promises: plain sentences, both clocks where they differ, and one tap to the hazard."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.use_cases import notices
from offline_store import records
from screens.notices import sentence
from tests.helpers.field import desk_of, offline_field
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of
from tests.scenarios.loop import act, report

INSPECTOR, PIN = "U003", "3316"
LEADER, LEADER_PIN = "U025", "2539"
WORDS = "高高液位联锁旁路没恢复"


async def test_the_bell_counts_and_a_tap_opens_what_a_notice_is_about(site: PlantSite) -> None:
    device = await site.device()
    hazard = report(device, INSPECTOR, "TK-101", WORDS)
    await device.sync()
    act(device, LEADER, hazard, "return>returned", note="请写清楚是哪一套联锁")
    await device.sync()
    await site.run_duties()
    await device.sync()
    person = device.person(INSPECTOR)
    new = notices.unread(device.app, person)
    card = next(one for one in notices.inbox(device.app, person).cards if one.note)
    device.wire.up = False  # the inbox needs no network
    async with screen_of(device, INSPECTOR, PIN) as client:
        await client.until(lambda: client.has("unread"))
        assert client.sees(str(new))
        await client.tap("notices")
        await client.until(lambda: client.has(f"notice-{card.notice_id}"))
        assert client.sees("退回（班组长08）")
        assert client.sees("请写清楚是哪一套联锁")
        assert client.sees("截至")
        await client.tap(f"notice-{card.notice_id}")
        await client.until(lambda: client.has("words"))
        assert client.sees(WORDS)
        await client.tap("back")
        await client.until(lambda: client.has("see-all"))
        assert notices.unread(device.app, person) == new - 1
        await client.tap("see-all")
        await client.until(lambda: not client.has("see-all"))
    assert notices.unread(device.app, person) == 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_place_that_nobody_knows_yet_is_said_in_words(tmp_path: Path, language: str) -> None:
    t = replace(desk_of(offline_field(tmp_path)), language=language).t
    params: dict[str, notices.Shown] = {"code": "HZ-1", "grade": "C", "place": notices.NOTHING}
    card = notices.NoticeCard(
        "n", "reminder", "notice.reminder.accept_start", params, "", None, 0, 0, 0,
        seen=False, about_type="hazard", opens=None,
    )  # fmt: skip
    said = sentence(t, card, 0)
    assert "—" not in said
    assert t("hazard.place.unknown") in said


async def test_an_escalation_names_the_level_and_shows_both_clocks(site: PlantSite) -> None:
    device = await site.device()
    hazard = report(device, INSPECTOR, "TK-101", WORDS)
    site.time.pass_by(120)  # two hours without a network
    await device.sync()
    site.time.pass_by(16)
    await site.run_duties()
    await device.sync()
    async with screen_of(device, "U029", "2973") as client:
        await client.tap("notices")
        await client.until(lambda: client.sees("无人受理"))
        assert client.sees("通知车间主任")
        line = next(text for text in client.texts() if "通知车间主任" in text and "发生" in text)
        times = re.findall(r"\d\d:\d\d", line)
        assert len(times) == len(set(times)), "each time is said once"
        assert len(times) >= 2, "both clocks"
        assert client.sees(_code(device, hazard))


async def test_who_may_records_the_interim_control_on_the_hazard(site: PlantSite) -> None:
    device = await site.device()
    hazard = report(device, INSPECTOR, "TK-101", WORDS)
    act(device, LEADER, hazard, "accept>accepted")
    await device.sync()
    await site.run_duties()
    await device.sync()
    async with screen_of(device, LEADER, LEADER_PIN) as client:
        await client.tap("notices")
        card = next(
            one
            for one in notices.inbox(device.app, device.person(LEADER)).cards
            if one.opens == hazard
        )
        await client.until(lambda: client.has(f"notice-{card.notice_id}"))
        await client.tap(f"notice-{card.notice_id}")
        await client.until(lambda: client.has("interim-record"))
        assert client.sees("还没有记录临时措施")
        await client.tap("interim-record")
        await client.until(lambda: client.has("interim-text"))
        await client.write("interim-text", "已停泵，专人盯守")
        await client.tap("interim-save")
        await client.until(lambda: client.sees("临时措施：已停泵，专人盯守"))
    await device.sync()
    other = await site.device("phone-2")
    async with screen_of(other, INSPECTOR, PIN) as client:  # who may not, sees it
        await client.tap("notices")
        own = next(
            one
            for one in notices.inbox(other.app, other.person(INSPECTOR)).cards
            if one.opens == hazard
        )
        await client.until(lambda: client.has(f"notice-{own.notice_id}"))
        await client.tap(f"notice-{own.notice_id}")
        await client.until(lambda: client.sees("临时措施：已停泵，专人盯守"))
        assert not client.has("interim-record")


def _code(device: Device, hazard: str) -> str:
    with device.app.store.reading() as session:
        return records.get(session, hazard).text("code")
