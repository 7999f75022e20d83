"""S15 Two supervisors decide offline at once: reject wins, whoever arrives first."""

from pathlib import Path

import pytest

from app.use_cases import conflicts, relay, relaying, works
from domain.errors import MoveRefusedError, NotAllowedError
from offline_store import entries, keep, records
from offline_store.relay_files import SUFFIX
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of
from tests.helpers.trial import (
    DEPUTY,
    GUARDIAN,
    HEAD,
    INSPECTOR,
    LEADER,
    MANAGER,
    PINS,
    PLACE,
    act,
    apply,
    on,
    open_holds,
)
from tests.scenarios.loop import on_server

WHY = "救生绳只有一根"


async def two(site: PlantSite) -> tuple[Device, Device, str]:
    """Two tablets that know an application, both without a network from now on."""
    one, other = await site.device("平板1"), await site.device("平板2")
    record_id = apply(one)
    await one.sync()
    await other.sync()
    one.wire.up = other.wire.up = False
    return one, other, record_id


async def meet(one: Device, other: Device, *, first: Device) -> None:
    """Both get a network, one before the other."""
    one.wire.up = other.wire.up = True
    second = other if first is one else one
    for device in (first, second, first, second):
        await device.sync()


def states(site: PlantSite, record_id: str, *devices: Device) -> set[str]:
    found = {on(device, record_id).text("state") for device in devices}
    return found | {on_server(site, record_id).text("state")}


def verdicts(site: PlantSite, record_id: str, action: str) -> list[tuple[str, str | None]]:
    with site.server.state.site.store.reading() as session:
        rows = entries.of_record(session, record_id)
    return [
        (one.verdict or "", one.code)
        for one in rows
        if one.entry.set.get("action") == f"permit.{action}"
    ]


@pytest.mark.parametrize("approval_first", [True, False])
async def test_before_the_start_it_is_rejected_in_either_order(
    trial_site: PlantSite, approval_first: bool
) -> None:
    one, other, record_id = await two(trial_site)
    act(one, HEAD, record_id, "approve>approved")
    act(other, DEPUTY, record_id, "reject>rejected", WHY)
    await meet(one, other, first=one if approval_first else other)
    assert states(trial_site, record_id, one, other) == {"rejected"}
    with trial_site.server.state.site.store.reading() as session:
        rows = entries.of_record(session, record_id)
        asked = records.conflicts(session, record_id)
    signed = {row.entry.person_id for row in rows if row.signature and row.entry.kind == "decide"}
    assert {HEAD, DEPUTY} <= signed, "both signatures kept"
    assert len(asked) == 1
    office = await trial_site.device("office")
    [card] = conflicts.cards(office.app, office.person(MANAGER))
    sides = {side.person.in_("zh"): side for side in (card.kept, card.other)}
    assert set(sides) == {"车间主任02", "车间副主任03"}
    assert card.kept.person.in_("zh") == "车间副主任03"
    assert sides["车间副主任03"].note == WHY
    assert all(side.signed for side in sides.values())
    assert card.base
    assert card.base.in_("zh") == "已提交"
    for device, person in ((one, HEAD), (other, DEPUTY), (one, LEADER), (one, GUARDIAN)):
        assert [it.conflict_id for it in conflicts.cards(device.app, device.person(person))] == [
            card.conflict_id
        ], "shown to those concerned"
    assert conflicts.cards(one.app, one.person("U012")) == [], "and to nobody else"


@pytest.mark.parametrize("start_first", [True, False])
async def test_after_the_start_it_is_suspended_until_somebody_settles(
    trial_site: PlantSite, start_first: bool
) -> None:
    one, other, record_id = await two(trial_site)
    act(one, HEAD, record_id, "approve>approved")
    act(one, LEADER, record_id, "start>started")
    act(other, DEPUTY, record_id, "reject>rejected", WHY)
    await meet(one, other, first=one if start_first else other)
    assert states(trial_site, record_id, one, other) == {"suspended"}
    assert open_holds(one, record_id) == open_holds(other, record_id) == ["reject"]
    with pytest.raises(MoveRefusedError) as refused:  # only a settlement lifts it
        act(one, LEADER, record_id, "resume>started")
    assert refused.value.params["reason"] == "hold"

    office = await trial_site.device("office")
    manager = office.person(MANAGER)
    [card] = conflicts.cards(office.app, manager)
    assert card.ways == (conflicts.LIFT, conflicts.END)
    assert conflicts.card(one.app, one.person(HEAD), card.conflict_id).ways == ()  # type: ignore[union-attr]
    with pytest.raises(NotAllowedError):
        conflicts.settle(one.app, one.person(HEAD), card.conflict_id, conflicts.LIFT, "补了")
    conflicts.settle(office.app, manager, card.conflict_id, conflicts.LIFT, "第二根绳已到位")
    assert conflicts.cards(office.app, manager) == []
    await office.sync()
    await one.sync()
    assert on(one, record_id).text("state") == "suspended", "work goes on by a resumption only"
    assert open_holds(one, record_id) == []
    act(one, LEADER, record_id, "resume>started")
    for device in (one, other, office):
        await device.sync()
    await other.sync()
    assert states(trial_site, record_id, one, other) == {"started"}
    with trial_site.server.state.site.store.reading() as session:
        assert records.conflicts(session, record_id) == []


async def test_the_safety_manager_ends_the_work_on_the_screen(trial_site: PlantSite) -> None:
    one, other, record_id = await two(trial_site)
    act(one, HEAD, record_id, "approve>approved")
    act(one, LEADER, record_id, "start>started")
    act(other, DEPUTY, record_id, "reject>rejected", WHY)
    await meet(one, other, first=one)
    office = await trial_site.device("office")
    async with screen_of(office, MANAGER, PINS[MANAGER]) as client:
        await client.until(lambda: client.has("conflicts"))
        await client.tap("conflicts")
        await client.until(lambda: client.has("side-kept"))
        for words in ("两人决定不同", "班组长01", "车间副主任03", WHY, "签名有效", "已提交"):
            assert client.sees(words), words
        await client.tap("way-end")
        await client.until(lambda: client.has("conflict-note"))
        await client.write("conflict-note", "重新办理")
        await client.tap("conflict-do")
        await client.until(lambda: client.sees("这处冲突已经处理"))
    await office.sync()
    await one.sync()
    await other.sync()
    assert states(trial_site, record_id, one, other) == {"void"}


async def test_two_approvals_are_one_and_a_duplicate_signature(trial_site: PlantSite) -> None:
    one, other, record_id = await two(trial_site)
    act(one, HEAD, record_id, "approve>approved")
    act(other, DEPUTY, record_id, "approve>approved")
    await meet(one, other, first=one)
    assert states(trial_site, record_id, one, other) == {"approved"}
    assert on_server(trial_site, record_id).text("slot.approve.1") == HEAD
    assert sorted(verdicts(trial_site, record_id, "approve"))[0] == ("accepted", None)
    assert len(verdicts(trial_site, record_id, "approve")) == 2
    shown = works.view(one.app, one.person(HEAD), record_id)
    codes = [line.code for line in shown.lines if line.person.in_("zh") == "车间副主任03"]
    assert codes[0] in {"duplicate", "duplicate_signature"}, "kept and shown"
    assert conflicts.cards(one.app, one.person(HEAD)) == []


async def test_a_reject_by_an_inspector_is_refused_and_the_stop_of_one_on_site_counts(
    trial_site: PlantSite,
) -> None:
    one, other, record_id = await two(trial_site)
    act(one, HEAD, record_id, "approve>approved")
    act(one, LEADER, record_id, "start>started")
    with pytest.raises(NotAllowedError):
        act(other, INSPECTOR, record_id, "reject>rejected", WHY)
    one.wire.up = other.wire.up = True
    await one.sync()
    await other.sync()
    with pytest.raises(NotAllowedError):
        act(other, INSPECTOR, record_id, "stop>suspended", "没人监护")
    with other.app.store.session() as session:  # as a scan of the label leaves it
        keep.put(session, f"scans.{INSPECTOR}", [[PLACE, other.app.clock.now_ms()]])
    act(other, INSPECTOR, record_id, "stop>suspended", "没人监护")
    await other.sync()
    await one.sync()
    assert states(trial_site, record_id, one, other) == {"suspended"}
    assert open_holds(one, record_id) == ["stop"]
    act(one, LEADER, record_id, "resume>started")
    await one.sync()
    assert on_server(trial_site, record_id).text("state") == "started"


async def test_a_stop_and_a_reject_stay_beside_each_other(trial_site: PlantSite) -> None:
    one, other, record_id = await two(trial_site)
    act(one, HEAD, record_id, "approve>approved")
    act(one, LEADER, record_id, "start>started")
    act(one, GUARDIAN, record_id, "stop>suspended", "报警")
    act(other, DEPUTY, record_id, "reject>rejected", WHY)
    await meet(one, other, first=other)
    assert open_holds(one, record_id) == ["reject", "stop"]
    with pytest.raises(MoveRefusedError):
        act(one, LEADER, record_id, "resume>started")


async def test_the_guardian_is_told_on_the_page_of_the_work(trial_site: PlantSite) -> None:
    one, other, record_id = await two(trial_site)
    act(one, HEAD, record_id, "approve>approved")
    act(one, LEADER, record_id, "start>started")
    act(other, DEPUTY, record_id, "reject>rejected", WHY)
    await meet(one, other, first=one)
    async with screen_of(one, GUARDIAN, PINS[GUARDIAN]) as client:
        await client.until(lambda: client.has("conflicts"))
        await client.tap("conflicts")
        await client.until(lambda: client.has("told-next"))
        assert client.sees("安全主管01")
        assert not client.has("way-lift")
        await client.tap("open-record")
        await client.until(lambda: client.has("hold-reject"))
        assert client.sees("挂起")


async def test_a_rejection_handed_over_by_a_file_stops_work_at_once(
    trial_site: PlantSite, tmp_path: Path
) -> None:
    """The receiver verifies signature and chain as at sync; the server gets it later, once."""
    one, other, record_id = await two(trial_site)
    act(one, HEAD, record_id, "approve>approved")
    act(one, LEADER, record_id, "start>started")
    act(other, DEPUTY, record_id, "reject>rejected", WHY)
    file = tmp_path / f"handed{SUFFIX}"
    file.write_bytes(relaying.file_of(other.app, other.person(DEPUTY), record_id))
    relay.take_file(one.app, one.person(LEADER), file)
    assert open_holds(one, record_id) == ["reject"]
    with pytest.raises(MoveRefusedError):
        act(one, LEADER, record_id, "resume>started")
    await meet(one, other, first=one)
    assert len(states(trial_site, record_id, one, other)) == 1
    assert open_holds(one, record_id) == open_holds(other, record_id) == ["reject"]
