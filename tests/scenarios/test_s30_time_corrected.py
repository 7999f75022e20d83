"""S30 where the closing device did not know the time: its recheck stays, whatever the time was."""

import pytest

from app.use_cases import rechecks as on_device
from domain import rechecks
from domain.errors import OfflineError
from domain.records import Record
from offline_store import records
from server.own_entries import OwnStep, write_own
from server.rights import RULE
from tests.helpers.plant import Device, PlantSite
from tests.helpers.trial import HOUR_MS, Hands, Hours, at
from tests.scenarios.loop import act, on_server, told_about
from tests.scenarios.repairs import REPORTER, VERIFIER, met, to_verify
from tests.scenarios.test_s30_recheck import on_friday, rechecked, reminded, task_of

BEHIND_MS = 5 * HOUR_MS
SLACK_MS = HOUR_MS  # what the test itself takes is lost between the clocks


def closed_at(hazard: Record) -> int:
    return hazard.cells["state"].wall_ms


async def closed_in_the_dark(site: PlantSite) -> tuple[Device, Device, str, int]:
    """A hazard closed offline by a restarted device, its clock 5 h behind; its recheck is made.

    The link broke after the closing was sent, before the device could say what time it had been.
    Returns that device, the reporter's, the hazard, and when it was closed.
    """
    site.time.be(at("08:00"))
    hands = Hands(at("08:00"))
    device = await site.device("phone-s30", clock=hands.clock())
    hours = Hours(site, [hands])
    hazard = to_verify(device)
    await met(site, device)
    hours.be(at("09:00", day=1))
    device.wire.up = False
    dark = Hands(hands.wall_ms - BEHIND_MS, 1_000, "boot-2")
    hours.hands = [dark]
    device = site.restart(device, dark.clock(not_before_ms=at("08:00")))
    act(device, VERIFIER, hazard, "verify>closed")
    hours.be(at("10:00", day=1))
    device.wire.up, device.wire.last = True, "/v1/push"
    with pytest.raises(OfflineError):
        await device.sync()
    await site.run_duties()
    reporters = await site.device("phone-2")
    await met(site, reporters)
    return device, reporters, hazard, at("09:00", day=1)


async def test_a_closing_whose_time_is_corrected_keeps_its_task_and_tells_once(
    site: PlantSite,
) -> None:
    device, reporters, hazard, closed_ms = await closed_in_the_dark(site)
    claimed_ms = closed_at(on_server(site, hazard))
    assert abs(claimed_ms - (closed_ms - BEHIND_MS)) < SLACK_MS, "nobody knows better yet"
    task = task_of(site, hazard)
    assert task.whole("start_ms") == claimed_ms
    said = on_device.of_hazard(device.app, device.person(VERIFIER), hazard)
    assert said is not None
    assert (said.state, said.task_id) == ("coming", task.record_id)
    told = told_about(site, task.record_id, "reminder")
    assert [person for _, person in told] == [REPORTER]

    device.wire.up = True
    await met(site, device, reporters)
    await met(site, device, reporters)
    assert abs(closed_at(on_server(site, hazard)) - closed_ms) < SLACK_MS, "corrected"
    again = task_of(site, hazard)  # no second one
    assert (again.record_id, again.text("state")) == (task.record_id, "open")
    assert again.whole("due_ms") == task.whole("due_ms"), "until when people were told"
    assert told_about(site, task.record_id, "reminder") == told
    assert reminded(reporters, REPORTER) == ["recheck_start"]
    known = on_device.of_hazard(device.app, device.person(VERIFIER), hazard)
    assert known is not None
    assert (known.state, known.task_id) == ("due", task.record_id)


async def test_failed_offline_before_the_correction_it_opens_the_hazard_all_the_same(
    site: PlantSite,
) -> None:
    device, reporters, hazard, closed_ms = await closed_in_the_dark(site)
    task = task_of(site, hazard).record_id
    reporters.wire.up = False
    rechecked(site, reporters, REPORTER, task, "failed")
    device.wire.up = True
    await met(site, device)
    assert abs(closed_at(on_server(site, hazard)) - closed_ms) < SLACK_MS
    assert on_server(site, hazard).text("state") == "closed", "nobody has heard of it yet"
    reporters.wire.up = True
    await met(site, reporters, device)
    answer = on_server(site, task)
    assert (answer.text("state"), answer.text("result")) == ("done", "failed")
    found = on_server(site, hazard)
    assert (found.text("state"), found.text("note")) == ("reopened", "锁又坏了")


async def test_a_task_made_by_the_former_version_is_the_recheck_and_gets_no_twin(
    site: PlantSite,
) -> None:
    """It is known by the time of the closing."""
    device = await on_friday(site)
    record_id = to_verify(device)
    act(device, VERIFIER, record_id, "verify>closed")
    await device.sync()
    here, hazard = site.server.state.site, on_server(site, record_id)
    with here.store.reading() as session:
        photos = records.evidence_of(session, record_id)
    found, closed_ms = here.pack.definitions, closed_at(hazard)
    one = rechecks.coming(found, hazard, photos, closed_ms, closed_ms)
    _, former = rechecks.ids_of(hazard)
    cells = rechecks.cells_of(hazard, one, REPORTER)
    [written] = write_own(here, [OwnStep(RULE, former, "task", cells)])
    assert written.verdict == "accepted"
    await met(site, device)
    task = task_of(site, record_id)
    assert (task.record_id, task.text("state")) == (former, "open")
    rechecked(site, device, REPORTER, former, "failed")
    await met(site, device)
    assert on_server(site, record_id).text("state") == "reopened"
