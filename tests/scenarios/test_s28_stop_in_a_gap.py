"""S15, S28: a stop counts on every device at once, even where entries before it never come.

The tablet that stopped the work wrote much else before it without a network. Somebody brings the
stop by pictures, or the tablet itself sends it ahead on a slow link, or it is lost for good.
"""

import random

import pytest

from app.use_cases import devices, relay, relaying, works
from domain.errors import MoveRefusedError
from domain.records import Value
from domain.signatures import SignatureWrongError
from offline_store import entries, records, relayed
from server import carrying
from sync.relaying import Relayer
from sync.status import look
from tests.helpers.plant import Device, PlantSite
from tests.helpers.trial import (
    GUARDIAN,
    HEAD,
    LEADER,
    MANAGER,
    act,
    apply,
    on,
    open_holds,
)
from tests.scenarios.loop import on_server

WHY, ADMIN = "有气味", "U014"


async def begun(site: PlantSite) -> tuple[Device, Device, Device, str]:
    """Three tablets; the first one stopped a work among forty other things."""
    first, second = await site.device("平板1"), await site.device("平板2")
    office = await site.device("office")
    record_id = apply(first)
    for one in (first, second, office):
        await one.sync()
    first.wire.up = second.wire.up = False
    other_work(first)
    act(first, HEAD, record_id, "approve>approved")
    other_work(first)
    act(first, LEADER, record_id, "start>started")
    other_work(first)
    act(first, GUARDIAN, record_id, "stop>suspended", WHY)
    return first, second, office, record_id


def other_work(device: Device) -> None:
    """Write so much that pictures leave it out."""
    with device.app.store.session() as session:
        for _ in range(14):
            device.app.write(
                session, HEAD, kind="edit", record_id=device.app.clock.new_id(), type="event",
                definition="event@1", set={
                    "what": "export", "by": HEAD, "at_ms": device.app.clock.now_ms(),
                    "text": f"{random.getrandbits(600):x}", "figure": "x", "days": 1,
                    "format": "csv", "rows": 1,
                },
            )  # fmt: skip


def hand_over(source: Device, target: Device, record_id: str) -> bool:
    """Hand over by pictures; returns whether other entries were left out."""
    offered = relaying.offer(source.app, source.person(HEAD), record_id)
    relay.take(target.app, target.person(HEAD), offered.message)
    return offered.short


def held_on_server(site: PlantSite, record_id: str) -> list[str]:
    with site.server.state.site.store.reading() as session:
        found = records.holds(session, record_id)
    return [one.placed_by for one in found if one.lifted_by is None]


def waiting(site: PlantSite) -> dict[int, str]:
    with site.server.state.site.store.reading() as session:
        return {one.piece.entry.number: one.came.state for one in relayed.find(session)}


async def test_it_is_in_force_everywhere_before_what_it_rests_on_has_come(
    trial_site: PlantSite,
) -> None:
    first, second, office, record_id = await begun(trial_site)
    assert hand_over(first, second, record_id)
    assert on(office, record_id).text("state") == "submitted"
    second.wire.up = True
    await second.sync()
    await office.sync()
    assert held_on_server(trial_site, record_id) == [GUARDIAN]
    assert on_server(trial_site, record_id).text("state") == "suspended"
    assert on(office, record_id).text("state") == "suspended"
    assert open_holds(office, record_id) == ["stop"]
    assert sorted(waiting(trial_site).values()) == ["carried", "waiting", "waiting"]
    shown = works.view(office.app, office.person(MANAGER), record_id)
    assert [line.note for line in shown.lines if line.note] == [WHY]
    with pytest.raises(MoveRefusedError):  # nobody starts it, whoever did not stand there
        act(office, LEADER, record_id, "start>started")

    first.wire.up = True  # now the writer comes itself, with all of it
    await first.sync()
    for one in (second, office, first):
        await one.sync()
    assert waiting(trial_site) == {}
    for one in (first, second, office):
        assert on(one, record_id).text("state") == "suspended"
        assert open_holds(one, record_id) == ["stop"]
        with one.app.store.reading() as session:
            assert records.conflicts(session, record_id) == []  # nobody disagreed
    with trial_site.server.state.site.store.reading() as session:
        rows = entries.of_record(session, record_id)
    assert [row.verdict for row in rows if row.verdict not in ("accepted", "merged")] == []
    lines = works.view(office.app, office.person(MANAGER), record_id).lines
    assert [line.note for line in lines if line.note] == [WHY]  # told once, by who did it


async def test_the_tablet_never_comes_and_only_a_lift_frees_the_work(
    trial_site: PlantSite,
) -> None:
    first, second, office, record_id = await begun(trial_site)
    hand_over(first, second, record_id)
    second.wire.up = True
    await second.sync()
    await office.sync()
    office_view = works.view(office.app, office.person(LEADER), record_id)
    ways = {(step.action, step.target) for step in office_view.steps if not step.blocked}
    assert ("permit.resume", "approved") in ways
    act(office, LEADER, record_id, "resume>approved")
    await office.sync()
    await second.sync()
    assert held_on_server(trial_site, record_id) == []
    assert open_holds(second, record_id) == []
    state = on_server(trial_site, record_id).text("state")
    first.wire.up = True  # it does come after all: what was lifted by name stays lifted
    await first.sync()
    for one in (second, office, first):
        await one.sync()
    assert held_on_server(trial_site, record_id) == []
    assert {on(one, record_id).text("state") for one in (first, second, office)} == {state}


async def test_a_backlog_on_a_slow_link_does_not_keep_a_stop_back(trial_site: PlantSite) -> None:
    first, _, office, record_id = await begun(trial_site)
    first.wire.up = True
    app = first.app
    relayer = Relayer(
        app.store, trial_site.transport(first.wire, app.device.token), app.device.device_id,
        lambda: app.definitions.policies,
    )  # fmt: skip
    due = look(app.store, app.device.device_id)
    await relayer.pass_on(due, 0)  # the first thing that a round of sync does
    assert held_on_server(trial_site, record_id) == [GUARDIAN]
    await office.sync()
    assert open_holds(office, record_id) == ["stop"]
    await first.sync()
    await office.sync()
    assert waiting(trial_site) == {}
    assert on(office, record_id).text("state") == on(first, record_id).text("state") == "suspended"


async def test_a_device_that_was_shut_out_is_not_carried(trial_site: PlantSite) -> None:
    first, second, office, record_id = await begun(trial_site)
    hand_over(first, second, record_id)
    lost_ms = office.app.clock.now_ms()
    admin, device_id = office.person(ADMIN), first.app.device.device_id
    devices.revoke(office.app, admin, device_id, lost_ms, "丢了")
    await office.sync()
    second.wire.up = True
    await second.sync()
    assert held_on_server(trial_site, record_id) == []
    assert set(waiting(trial_site).values()) == {"waiting"}


async def test_somebody_who_may_not_stop_it_is_not_carried(trial_site: PlantSite) -> None:
    first, second, _, record_id = await begun(trial_site)
    with first.app.store.session() as session:  # U044 is there, no label was scanned
        first.app.write(
            session, "U012", kind="decide", record_id=record_id, type="trial",
            definition="trial@1",
            set={"state": "suspended", "action": "permit.stop", "note": WHY},
        )  # fmt: skip
    hand_over(first, second, record_id)
    second.wire.up = True
    await second.sync()
    assert held_on_server(trial_site, record_id) == [GUARDIAN]  # the other one is in force
    states = waiting(trial_site)
    assert [states[number] for number in sorted(states)][-2:] == ["carried", "waiting"]


async def test_a_device_takes_no_page_with_a_stop_that_nobody_signed(
    trial_site: PlantSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, office, record_id = await begun(trial_site)
    hand_over(first, second, record_id)
    real = carrying.wrapped

    def unsigned(device_id: str, previous: bytes, body: bytes, _signature: bytes) -> Value:
        return real(device_id, previous, body, b"\0" * 64)

    monkeypatch.setattr(carrying, "wrapped", unsigned)
    second.wire.up = True
    for one in (second, office):
        with pytest.raises(SignatureWrongError):
            await one.sync()
    assert open_holds(office, record_id) == []
