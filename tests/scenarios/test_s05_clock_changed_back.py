"""S05 Clock changed back while working: validity counts on a clock that nobody can set."""

from typing import Any

import pytest

from app.field import FieldApp
from app.link import keep_anchor
from app.use_cases import works
from domain import workflow
from domain.errors import MoveRefusedError
from domain.trusted_time import JUMP, TimeUntrustedError
from offline_store import entries, records
from tests.helpers.plant import Device, PlantSite
from tests.helpers.trial import (
    GUARDIAN,
    HEAD,
    HOUR_MS,
    LEADER,
    MANAGER,
    Hands,
    Hours,
    act,
    apply,
    at,
    on,
)
from tests.scenarios.loop import inbox, on_server

SLACK_MS = 3_000  # the server's clock goes on while the test runs


async def started(site: PlantSite) -> tuple[Device, Hands, Hours, str]:
    """A work approved at 08:25 for 8 h and started at 08:38."""
    site.time.be(at("08:00"))
    hands = Hands(at("08:00"))
    device = await site.device("tablet-1", clock=hands.clock())
    hours = Hours(site, [hands])
    record_id = apply(device)
    hours.be(at("08:25"))
    act(device, HEAD, record_id, "approve>approved")
    hours.be(at("08:38"))
    act(device, LEADER, record_id, "start>started")
    await device.sync()
    return device, hands, hours, record_id


def own(device: Device) -> list[entries.Logged]:
    with device.app.store.reading() as session:
        return entries.of_device(session, device.app.device.device_id, 1, 1000)


async def test_it_still_expires_at_16_25_true_time(trial_site: PlantSite) -> None:
    device, hands, hours, record_id = await started(trial_site)
    device.wire.up = False
    hours.be(at("12:00"))
    hands.wall_ms -= 3 * HOUR_MS  # the user moves the clock back
    hours.be(at("16:24"))
    assert works.expire(device.app) == 0
    assert on(device, record_id).text("state") == "started"
    hours.be(at("16:25") + SLACK_MS)
    person = device.person(GUARDIAN)
    shown = works.view(device.app, person, record_id)
    assert shown.card.state == "expired"
    assert abs((shown.card.expires_ms or 0) - at("16:25")) < SLACK_MS
    assert works.expire(device.app) == 0, "once"
    device.wire.up = True
    await device.sync()
    assert on_server(trial_site, record_id).text("state") == "expired"
    assert await trial_site.run_duties() >= 0
    with trial_site.server.state.site.store.reading() as session:
        told = [
            one.entry
            for one in entries.of_record(session, record_id)
            if one.entry.set.get("state") == "expired" and one.verdict == "accepted"
        ]
    assert len(told) == 1


async def test_the_jump_stands_in_the_chain(trial_site: PlantSite) -> None:
    device, hands, hours, _ = await started(trial_site)
    hours.be(at("12:00"))
    hands.wall_ms -= 3 * HOUR_MS
    await device.sync()  # noticed while the app runs, nobody does anything
    jumps = [one.entry for one in own(device) if one.entry.kind == "clock_jump"]
    assert [one.set["jump"] for one in jumps] == [-3 * HOUR_MS]
    assert jumps[0].set["what"] == JUMP
    assert abs(jumps[0].time.device_ms - at("09:00")) < SLACK_MS
    assert abs(jumps[0].wall_ms - at("12:00")) < SLACK_MS, "its own time is right"
    assert on_server(trial_site, jumps[0].record_id).get("jump") == -3 * HOUR_MS
    await device.sync()
    assert len([one for one in own(device) if one.entry.kind == "clock_jump"]) == 1


async def test_a_jump_while_the_app_was_closed_is_noticed_at_its_start(
    trial_site: PlantSite,
) -> None:
    device, hands, hours, _ = await started(trial_site)
    keep_anchor(device.app)
    hours.be(at("12:00"))
    hands.wall_ms -= 3 * HOUR_MS
    again = trial_site.restart(device, hands.clock())
    assert again.app.clock.trusted, "the same boot: it stays calibrated"
    await again.sync()
    assert [one.entry.set["jump"] for one in own(again) if one.entry.kind == "clock_jump"] == [
        -3 * HOUR_MS
    ]


async def test_the_server_lets_it_expire_too_and_both_are_one(trial_site: PlantSite) -> None:
    device, _, hours, record_id = await started(trial_site)
    device.wire.up = False
    hours.be(at("16:26"))
    await trial_site.run_duties()
    await trial_site.run_duties_elsewhere()
    assert on_server(trial_site, record_id).text("state") == "expired"
    assert works.expire(device.app) == 1
    device.wire.up = True
    await device.sync()
    assert on(device, record_id).text("state") == "expired"
    assert on(device, record_id) == on_server(trial_site, record_id)
    with device.app.store.reading() as session:
        assert records.conflicts(session, record_id) == []


async def test_nobody_starts_or_resumes_after_the_end(trial_site: PlantSite) -> None:
    device, hands, hours, _ = await started(trial_site)
    second = apply(device)
    act(device, HEAD, second, "approve>approved")
    hours.be(at("16:38") + 1_000)
    hands.wall_ms -= 12 * HOUR_MS
    with pytest.raises(MoveRefusedError):
        act(device, LEADER, second, "start>started")
    assert on(device, second).text("state") == "expired"


async def test_a_start_after_the_end_is_refused_by_the_server_and_told(
    trial_site: PlantSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, _, hours, _ = await started(trial_site)
    second = apply(device)
    act(device, HEAD, second, "approve>approved")
    hours.be(at("17:00"))

    def never(_field: FieldApp) -> int:
        return 0

    def whatever(*asked: Any) -> workflow.Move:  # noqa: ANN401 - a device that was tampered with
        return workflow.Move(asked[2], "approved", asked[3])

    monkeypatch.setattr(works, "expire", never)
    monkeypatch.setattr(works, "decide", whatever)
    act(device, LEADER, second, "start>started")
    monkeypatch.undo()
    await device.sync()
    rows = [one for one in own(device) if one.entry.record_id == second]
    assert (rows[-1].verdict, rows[-1].code) == ("refused", "work.expired")
    assert on_server(trial_site, second).text("state") != "started"
    office = await trial_site.device("office")
    told = [one for one in inbox(office, MANAGER).cards if one.rule == "security"]
    assert [one.key for one in told] == ["notice.security.expired"]


async def test_work_after_the_end_counts_and_is_told(trial_site: PlantSite) -> None:
    device, _, hours, record_id = await started(trial_site)
    hours.be(at("16:40"))
    works.expire(device.app)
    works.check_in(device.app, device.person(GUARDIAN), record_id)
    await device.sync()
    listed = on_server(trial_site, record_id).get("check_ins")
    assert isinstance(listed, list)
    assert len(listed) == 1
    office = await trial_site.device("office")
    told = [one.key for one in inbox(office, MANAGER).cards if one.rule == "security"]
    assert told == ["notice.security.late"]


async def test_after_a_reboot_without_contact_nothing_is_said_of_validity(
    trial_site: PlantSite,
) -> None:
    device, hands, _, record_id = await started(trial_site)
    device.wire.up = False
    act(device, GUARDIAN, record_id, "stop>suspended", "气味")
    again = trial_site.restart(device, Hands(hands.wall_ms, 1_000, "boot-2").clock())
    with pytest.raises(TimeUntrustedError):
        act(again, LEADER, record_id, "resume>started")
    assert works.expire(again.app) == 0
