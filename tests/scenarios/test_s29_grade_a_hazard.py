"""S29 Grade-A hazard: escalated while nobody acts, and copied to the general manager in the end.

The numbers are those of the source (DOMAIN.md §2b.8), not read from the data: a changed value in
`hazards.yaml` turns this red.
"""

import pytest

from app.use_cases import hazards
from app.use_cases.interim import record_interim
from domain.errors import MoveRefusedError, NotAllowedError
from offline_store import entries, records
from tests.helpers.plant import Device, PlantSite
from tests.scenarios.loop import (
    act,
    inbox,
    on_server,
    photograph,
    report,
    told_about,
)

INSPECTOR, LEADER, TECHNICIAN = "U003", "U025", "U041"
HEAD, SAFETY_MANAGER, GENERAL_MANAGER, DEPT_MANAGER = "U029", "U001", "U011", "U015"
BYPASS = "高高液位联锁旁路没恢复"
MINUTE = 60_000


def _received_ms(site: PlantSite, record_id: str) -> int:
    with site.server.state.site.store.reading() as session:
        received = entries.of_record(session, record_id)[-1].received_ms
    assert received
    return received


def _hz_0005(device: Device) -> str:
    with device.app.store.reading() as session:
        found = records.find(session, "hazard")
    return next(one.record_id for one in found if one.text("code") == "HZ-0005")


async def _rectified(device: Device, record_id: str) -> None:
    photograph(device, TECHNICIAN, record_id, "after", "TK-101")
    act(device, TECHNICIAN, record_id, "rectify>to_verify")
    await device.sync()


async def _copies(site: PlantSite) -> list[str]:
    """What the general manager is told on a device of his own, of copies."""
    await site.run_duties()
    own = await site.device("phone-gm")
    cards = inbox(own, GENERAL_MANAGER).cards
    return [str(card.params["code"]) for card in cards if card.rule == "copy"]


async def test_the_general_manager_has_the_copy_once_the_review_has_passed(
    site: PlantSite,
) -> None:
    device = await site.device()
    hazard = _hz_0005(device)
    await _rectified(device, hazard)
    act(device, INSPECTOR, hazard, "verify>to_review")
    await device.sync()
    await site.run_duties()
    assert told_about(site, hazard, "copy") == []  # rectified and verified is not reviewed
    act(device, DEPT_MANAGER, hazard, "review>closed")
    await device.sync()
    assert await _copies(site) == ["HZ-0005"]
    await site.run_duties()
    await site.run_duties_elsewhere()
    assert told_about(site, hazard, "copy") == [("general_manager", GENERAL_MANAGER)]


async def test_lowering_the_grade_in_between_keeps_no_copy_back(site: PlantSite) -> None:
    device = await site.device()
    hazard = _hz_0005(device)
    await _rectified(device, hazard)
    manager = device.person(SAFETY_MANAGER)
    hazards.set_grade(device.app, manager, hazard, "B", "联锁另有一套在用")
    act(device, INSPECTOR, hazard, "verify>closed")  # no review for grade B
    await device.sync()
    assert on_server(site, hazard).text("grade") == "B"
    assert await _copies(site) == ["HZ-0005"]


async def test_lowering_the_grade_takes_the_safety_manager_and_a_reason(site: PlantSite) -> None:
    device = await site.device()
    hazard = _hz_0005(device)
    for person in (LEADER, HEAD, DEPT_MANAGER, GENERAL_MANAGER):
        with pytest.raises(NotAllowedError):
            hazards.set_grade(device.app, device.person(person), hazard, "B", "没那么严重")
    with pytest.raises(MoveRefusedError):
        hazards.set_grade(device.app, device.person(SAFETY_MANAGER), hazard, "B", " ")
    await device.sync()
    assert on_server(site, hazard).text("grade") == "A"


async def test_unaccepted_it_escalates_at_15_30_and_60_minutes_once_each(site: PlantSite) -> None:
    device = await site.device()
    hazard = report(device, INSPECTOR, "TK-101", BYPASS)
    await device.sync()
    received = _received_ms(site, hazard)
    assert on_server(site, hazard).text("grade") == "A"
    expected: list[tuple[str, str]] = []
    for minutes, level, person in (
        (15, "unit_head", HEAD),
        (30, "safety_manager", SAFETY_MANAGER),
        (60, "general_manager", GENERAL_MANAGER),
    ):
        site.time.be(received + minutes * MINUTE - 20_000)
        await site.run_duties()
        assert told_about(site, hazard) == expected  # not a minute too early
        site.time.be(received + minutes * MINUTE)
        await site.run_duties_elsewhere()  # another process, just started, knows it too
        await site.run_duties()
        expected.append((level, person))
        assert told_about(site, hazard) == expected
        site.time.pass_by(-24 * 60)  # the clock jumps back, and is right again
        await site.run_duties()
        site.time.pass_by(24 * 60)
        await site.run_duties()
        assert told_about(site, hazard) == expected
    site.time.pass_by(3 * 24 * 60)
    await site.run_duties()
    await site.run_duties_elsewhere()
    assert told_about(site, hazard) == expected


async def test_a_clock_that_jumps_ahead_and_back_loses_no_step(site: PlantSite) -> None:
    device = await site.device()
    hazard = report(device, INSPECTOR, "TK-101", BYPASS)
    await device.sync()
    received = _received_ms(site, hazard)
    site.time.be(received + 20 * MINUTE)  # ahead, for one round
    await site.run_duties()
    site.time.be(received + 1 * MINUTE)
    await site.run_duties()
    for minutes in (15, 30, 60):
        site.time.be(received + minutes * MINUTE)
        await site.run_duties()
    levels = [level for level, _ in told_about(site, hazard)]
    assert levels == ["unit_head", "safety_manager", "general_manager"]


async def test_time_counts_from_when_the_one_who_must_act_could_know(site: PlantSite) -> None:
    leader = await site.device("phone-leader")
    report(leader, LEADER, "C-401", "地面有油")  # this is how the server knows whose phone it is
    await leader.sync()
    device = await site.device()
    await site.run_duties()
    hazard = report(device, INSPECTOR, "TK-101", BYPASS)
    await device.sync()
    received = _received_ms(site, hazard)
    site.time.be(received + 10 * MINUTE)
    await leader.sync()  # his phone has it ten minutes later
    await leader.sync()
    site.time.be(received + 24 * MINUTE)
    await site.run_duties()
    assert told_about(site, hazard) == []
    site.time.be(received + 26 * MINUTE)
    await site.run_duties()
    assert told_about(site, hazard) == [("unit_head", HEAD)]
    own = await site.device("phone-head")
    card = next(card for card in inbox(own, HEAD).cards if card.opens == hazard)
    assert card.counted_ms - card.captured_ms == pytest.approx(10 * MINUTE, abs=MINUTE)


async def test_without_interim_control_one_level_up_every_30_minutes_until_it_is_recorded(
    site: PlantSite,
) -> None:
    device = await site.device()
    hazard = report(device, INSPECTOR, "TK-101", BYPASS)
    await device.sync()
    await device.sync()
    act(device, LEADER, hazard, "accept>accepted")
    await device.sync()
    accepted = on_server(site, hazard).cells["state"].wall_ms
    site.time.be(accepted + 29 * MINUTE)
    await site.run_duties()
    assert told_about(site, hazard) == []
    site.time.be(accepted + 31 * MINUTE)
    await site.run_duties()
    await site.run_duties_elsewhere()
    assert told_about(site, hazard) == [("unit_head", HEAD)]
    site.time.be(accepted + 61 * MINUTE)
    await site.run_duties()
    stood = [("unit_head", HEAD), ("safety_manager", SAFETY_MANAGER)]
    assert told_about(site, hazard) == stood
    with pytest.raises(NotAllowedError):
        record_interim(device.app, device.person(INSPECTOR), hazard, "已停泵")
    record_interim(device.app, device.person(LEADER), hazard, "已停泵，专人盯守")
    await device.sync()
    site.time.be(accepted + 95 * MINUTE)
    await site.run_duties()
    assert told_about(site, hazard) == stood  # the general manager is left in peace
    assert on_server(site, hazard).text("interim_by") == LEADER
