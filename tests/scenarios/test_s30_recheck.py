"""S30 72 h recheck: closed on Friday 17:00, rechecked by the reporter at its label until Monday."""

from dataclasses import replace
from datetime import time

import pytest

from app.use_cases import evidence, hazards, rechecks, reports, scan, tasks
from app.use_cases.evidence import Target
from domain.errors import NotAllowedError
from domain.plant import RosterRow
from domain.rechecks import (
    RecheckElsewhereError,
    RecheckLabelError,
    RecheckOwnWorkError,
    RecheckPhotoError,
    RecheckWordsError,
)
from domain.records import Record, Value
from offline_store import records
from tests.helpers.fakeclient import FakeClient
from tests.helpers.plant import Device, PlantSite, far_from
from tests.helpers.screen import screen_of
from tests.media.places import file, second_shot, wall, with_defect
from tests.scenarios.loop import act, inbox, on_server, told_about
from tests.scenarios.repairs import (
    FITTER,
    LEADER,
    PINS,
    REPORTER,
    VERIFIER,
    closed,
    met,
    next_day,
    sees,
    to_verify,
)

DELEGATE = "U021"  # leads the reporter's team
FRIDAY, MONDAY = 4, 0
FIVE = time(17)
DAY_MIN = 24 * 60


async def on_friday(site: PlantSite) -> Device:
    """A device in step with a server on which it is Friday, 17:00."""
    device = await site.device()
    site.time.be(next_day(device, FRIDAY, FIVE))
    await device.sync()
    return device


def task_of(site: PlantSite, hazard: str) -> Record:
    """The recheck of a hazard, as the server has it."""
    with site.server.state.site.store.reading() as session:
        found = records.find(session, "task", limit=records.ALL)
    [task] = [one for one in found if one.text("hazard") == hazard]
    return task


async def due(site: PlantSite) -> tuple[Device, str, str]:
    """A device on Friday, a hazard that was closed there, and the task to recheck it."""
    device = await on_friday(site)
    hazard = await closed(site, device)
    return device, hazard, task_of(site, hazard).record_id


def reminded(device: Device, person: str) -> list[str]:
    """What a person was reminded of about rechecks."""
    keys = [card.key for card in inbox(device, person).cards if card.rule == "reminder"]
    return [key.rpartition(".")[2] for key in reversed(keys) if ".recheck" in key]


def at_label(site: PlantSite, device: Device, person: str, label: str) -> scan.Scanned:
    """What this person's scan of a printed label gives."""
    [text] = scan.decode(device.app, site.label(label), live=False)
    return scan.resolve(device.app, device.person(person), text, None)


def rechecked(site: PlantSite, device: Device, person: str, task: str, result: str) -> None:
    """Do a recheck without the screens."""
    who = device.person(person)
    rechecks.arrive(device.app, who, task, at_label(site, device, person, "DB-03"), None)
    target = Target(task, "HZ", "DB-03", "recheck", label_state="verified")
    data = file(second_shot(wall(1), 7))
    evidence.keep(device.app, who, target, data, source="camera", fix=None)
    rechecks.answer(device.app, who, task, result, "锁又坏了" if result == "failed" else "")


async def open_task(client: FakeClient, task: str) -> None:
    await client.until(lambda: client.has(f"task-{task}"))
    await client.tap(f"task-{task}")


async def test_closed_on_friday_due_on_monday_and_the_device_that_closes_says_so_offline(
    site: PlantSite,
) -> None:
    device = await on_friday(site)
    hazard = to_verify(device)
    await device.sync()
    device.wire.up = False
    async with screen_of(device, VERIFIER, PINS[VERIFIER]) as client:
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.has("do-hazard.verify-closed"))
        assert not client.has("recheck")
        await client.tap("do-hazard.verify-closed")
        await client.until(lambda: client.has("recheck"))
        assert client.sees("关闭后复查：将交给 操作工12")
    device.wire.up = True
    await met(site, device)
    task = task_of(site, hazard)
    assert (task.text("owner"), task.text("state")) == (REPORTER, "open")
    monday = next_day(device, MONDAY, FIVE)
    assert abs((task.whole("due_ms") or 0) - monday) < 60_000, "72 h, the weekend included"
    assert on_server(site, hazard).text("state") == "closed"
    assert reminded(device, REPORTER) == ["recheck_start"], "at once"
    assert await site.run_duties() == 0
    assert await site.run_duties_elsewhere() == 0, "a second process makes no second task"
    cards = tasks.today(device.app, device.person(REPORTER), None).cards
    assert [card.record_id for card in cards if card.recheck] == [task.record_id]


async def test_the_reporter_rechecks_at_the_label_in_three_taps(site: PlantSite) -> None:
    """Home → task, scan, shutter, "still fixed": three taps and a scan."""
    device, hazard, task = await due(site)
    device.wire.up = False
    sees(device, site.label("DB-03"), second_shot(wall(1), 7))
    async with screen_of(device, REPORTER, PINS[REPORTER]) as client:
        await open_task(client, task)  # 1
        await client.until(lambda: client.has("shutter") and not client.one("shutter").disabled)
        await client.until(lambda: client.has("ghost"))
        await client.tap("ghost-switch")
        assert not client.has("ghost")
        await client.tap("ghost-switch")
        await client.tap("shutter")  # 2
        await client.until(lambda: client.has("recheck-looks"))
        assert client.sees("整改还在")
        assert not client.has("missing-box")
        await client.tap("recheck-pass")  # 3
        await client.until(lambda: client.route == "/" and not client.has(f"task-{task}"))
    device.wire.up = True
    await met(site, device)
    done = on_server(site, task)
    assert (done.text("state"), done.text("result")) == ("done", "passed")
    assert done.text("by") == REPORTER
    assert done.text("looks") == "changed"
    site_cell = done.get("site")
    assert isinstance(site_cell, dict)
    assert (site_cell["spot"], site_cell["label_state"]) == ("DB-03", "verified")
    assert on_server(site, hazard).text("state") == "closed"
    async with screen_of(device, VERIFIER, PINS[VERIFIER]) as client:
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.sees("复查通过：操作工12"))


async def test_another_labels_asset_is_refused_by_name_and_a_typed_id_opens_nothing(
    site: PlantSite,
) -> None:
    device = await on_friday(site)
    task = task_of(site, await closed(site, device)).record_id
    sees(device, site.label("TK-101"), site.label("DB-03"), second_shot(wall(1), 7))
    async with screen_of(device, REPORTER, PINS[REPORTER]) as client:
        await open_task(client, task)
        await client.until(lambda: client.has("elsewhere"))
        assert client.sees("这是 TK-101 甲醇储罐 的码，要复查的是 DB-03。")
        assert not client.has("shutter")
        await client.tap("recheck-scan")
        await client.until(lambda: client.has("shutter"))
    person = device.person(REPORTER)
    typed = scan.by_id(device.app, person, "DB-03", None, via="typed")
    with pytest.raises(RecheckLabelError):
        rechecks.arrive(device.app, person, task, typed, None)
    with pytest.raises(RecheckElsewhereError):
        rechecks.arrive(device.app, person, task, at_label(site, device, REPORTER, "TK-101"), None)
    # a copy of the right label, pasted somewhere else
    asset = device.app.definitions.plant.assets["DB-03"]
    now = device.app.clock.now_ms()
    fix = replace(device.here.stand_at(asset), place=far_from(asset.place, 400), at_ms=now)
    [text] = scan.decode(device.app, site.label("DB-03"), live=False)
    copied = scan.resolve(device.app, person, text, fix)
    assert copied.warning is not None
    with pytest.raises(type(copied.warning)):
        rechecks.arrive(device.app, person, task, copied, fix)


async def test_a_failed_recheck_opens_the_hazard_again_with_its_history(site: PlantSite) -> None:
    """The guard is gone: red box, the standard drawing, words, and the hazard is open again."""
    device, hazard, task = await due(site)
    before = len(hazards.view(device.app, device.person(VERIFIER), hazard).steps)
    sees(device, site.label("DB-03"), second_shot(with_defect(wall(1)), 7))
    async with screen_of(device, REPORTER, PINS[REPORTER], width=1280, height=800) as client:
        await open_task(client, task)
        await client.press_shutter()
        await client.until(lambda: client.has("recheck-looks"))
        assert client.sees("防护可能不见了")
        assert client.has("missing-box")
        assert client.has("standard"), "the drawing lies on the photo at once"
        await client.tap("recheck-fail")
        assert client.one("recheck-reopen").disabled, "words are needed"
        await client.write("recheck-note", "锁又坏了")
        await client.tap("recheck-reopen")
        await client.until(lambda: client.route == "/")
    await met(site, device)
    found = on_server(site, hazard)
    assert (found.text("state"), found.text("action")) == ("reopened", "rule")
    steps = hazards.view(device.app, device.person(VERIFIER), hazard).steps
    assert len([step for step in steps if step.status != "next"]) == before + 1
    assert [step.note for step in steps if step.state == "reopened"] == ["锁又坏了"]
    async with screen_of(device, LEADER, PINS[LEADER]) as client:
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.sees("复查不通过：操作工12"))
        assert client.has("do-hazard.accept-accepted")
    # rectified anew and closed again: that closing has a recheck of its own
    act(device, LEADER, hazard, "accept>accepted")
    act(device, LEADER, hazard, "dispatch>dispatched", assignee=FITTER)
    act(device, FITTER, hazard, "rectify>rectifying")
    target = Target(hazard, "HZ", "DB-03", "after")
    who = device.person(FITTER)
    data = file(second_shot(wall(1), 9))
    evidence.keep(device.app, who, target, data, source="camera", fix=None)
    act(device, FITTER, hazard, "rectify>to_verify")
    act(device, VERIFIER, hazard, "verify>closed")
    await met(site, device)
    with site.server.state.site.store.reading() as session:
        every = records.find(session, "task", limit=records.ALL)
    mine = [one for one in every if one.text("hazard") == hazard]
    assert sorted(one.text("state") for one in mine) == ["done", "open"]


async def test_who_repaired_it_cannot_recheck_it_on_device_or_server(site: PlantSite) -> None:
    """The fitter reported it himself: his leader is asked; whoever repaired is refused."""
    device = await on_friday(site)
    hazard = await closed(site, device, reporter=FITTER)
    task = task_of(site, hazard)
    assert task.text("owner") == LEADER, "the first of the rule: the own team leader"
    async with screen_of(device, FITTER, PINS[FITTER]) as client:
        client.go(f"/recheck/{task.record_id}")
        await client.until(lambda: client.has("recheck-refused"))
        assert client.sees("您参与了")
        assert not client.has("shutter")
    with pytest.raises(RecheckOwnWorkError):
        rechecks.arrive(
            device.app, device.person(FITTER), task.record_id,
            at_label(site, device, FITTER, "DB-03"), None,
        )  # fmt: skip
    await sneak(site, device, FITTER, task.record_id)
    await sneak(site, device, VERIFIER, task.record_id)  # nobody asked the inspector
    with pytest.raises(NotAllowedError):
        rechecks.arrive(
            device.app, device.person(VERIFIER), task.record_id,
            at_label(site, device, VERIFIER, "DB-03"), None,
        )  # fmt: skip


async def sneak(site: PlantSite, device: Device, person: str, task: str) -> None:
    """A device that was tampered with answers; the server does not take it."""
    answer: dict[str, Value] = {
        "state": "done", "done_ms": device.app.clock.now_ms(), "by": person, "result": "passed",
        "note": "", "looks": None,
        "site": {"spot": "DB-03", "label_state": "verified", "at_ms": 1_790_000_000_000,
                 "distance_m": None},
    }  # fmt: skip
    with device.app.store.session() as session:
        device.app.write(
            session, person, kind="decide", record_id=task, type="task", definition="task@1",
            set=answer,
        )  # fmt: skip
    await device.sync()
    assert on_server(site, task).text("state") == "open"
    await device.sync()
    with device.app.store.reading() as session:
        assert records.get(session, task).text("state") == "open", "and the device learns it"


async def test_the_server_takes_no_answer_without_photo_place_or_words(site: PlantSite) -> None:
    device = await on_friday(site)
    task = task_of(site, await closed(site, device)).record_id
    who = device.person(REPORTER)
    with pytest.raises(RecheckLabelError):
        rechecks.answer(device.app, who, task, "passed")
    rechecks.arrive(device.app, who, task, at_label(site, device, REPORTER, "DB-03"), None)
    with pytest.raises(RecheckPhotoError):
        rechecks.answer(device.app, who, task, "passed")
    await sneak(site, device, REPORTER, task)
    target = Target(task, "HZ", "DB-03", "recheck", label_state="verified")
    data = file(second_shot(wall(1), 7))
    evidence.keep(device.app, who, target, data, source="camera", fix=None)
    with pytest.raises(RecheckWordsError):
        rechecks.answer(device.app, who, task, "failed", "  ")
    rechecks.answer(device.app, who, task, "failed", "又坏了")
    await met(site, device)
    assert on_server(site, task).text("result") == "failed"


async def test_reminded_a_day_before_then_handed_on_then_escalated(site: PlantSite) -> None:
    device, hazard, task = await due(site)
    site.time.pass_by(2 * DAY_MIN - 5)
    await met(site, device)
    assert reminded(device, REPORTER) == ["recheck_start"]
    assert on_server(site, task).text("owner") == REPORTER
    site.time.pass_by(6)
    await met(site, device)
    assert "recheck_before" in reminded(device, REPORTER), "24 h before"
    assert on_server(site, task).text("owner") == DELEGATE, "never the rectifier or the verifier"
    assert "recheck_handed" in reminded(device, REPORTER), "the reporter is told whom"
    assert "recheck_start" in reminded(device, DELEGATE)
    async with screen_of(device, DELEGATE, PINS[DELEGATE]) as client:
        await client.until(lambda: client.has(f"task-{task}"))
    assert told_about(site, task) == []
    site.time.pass_by(DAY_MIN)
    await met(site, device)
    assert on_server(site, hazard).text("state") == "closed", "it stays closed"
    assert [level for level, _ in told_about(site, task)] == ["unit_head"], (
        "the delegate leads the team, so the next level up is told"
    )
    # the reporter was asked, too: what was done is not lost
    rechecked(site, device, REPORTER, task, "passed")
    await met(site, device)
    done = on_server(site, task)
    assert (done.text("result"), done.text("by")) == ("passed", REPORTER)


async def test_a_reporter_who_is_away_is_stood_in_for_at_once(site: PlantSite) -> None:
    device = await on_friday(site)
    here = site.server.state.site
    found = here.pack.definitions
    rows = tuple(RosterRow(number, "day", "A06", (VERIFIER,)) for number in range(30))
    off = RosterRow(-1, "day", "A02", (REPORTER,))
    here.pack = replace(
        here.pack,
        definitions=replace(found, plant=replace(found.plant, roster=(off, *rows))),
    )
    hazard = await closed(site, device)
    task = task_of(site, hazard)
    assert task.text("owner") == DELEGATE
    assert "recheck_handed" in reminded(device, REPORTER)


async def test_opened_by_hand_the_recheck_is_withdrawn(site: PlantSite) -> None:
    device, hazard, task = await due(site)
    act(device, VERIFIER, hazard, "reopen>reopened", note="又坏了")
    await met(site, device)
    assert on_server(site, task).text("state") == "withdrawn"
    async with screen_of(device, REPORTER, PINS[REPORTER]) as client:
        client.go(f"/recheck/{task}")
        await client.until(lambda: client.has("recheck-refused"))


async def test_a_hazard_without_equipment_is_rechecked_in_its_area(site: PlantSite) -> None:
    """No label of its own: any label of the area opens it, or standing there."""
    device = await on_friday(site)
    who, area = device.person(REPORTER), device.app.definitions.plant.areas["A06"]
    draft = reports.open_draft(device.app, who)
    reports.change_draft(
        device.app, who, draft.draft_id, words="地面积水", grade="C", category="EL"
    )
    reports.change_draft(device.app, who, draft.draft_id, area="A06")
    hazard = reports.report(device.app, who, draft.draft_id, None)
    act(device, LEADER, hazard, "accept>accepted")
    act(device, LEADER, hazard, "dispatch>dispatched", assignee=FITTER)
    act(device, FITTER, hazard, "rectify>rectifying")
    target = Target(hazard, "HZ", None, "after")
    data = file(second_shot(wall(1), 3))
    evidence.keep(device.app, device.person(FITTER), target, data, source="camera", fix=None)
    act(device, FITTER, hazard, "rectify>to_verify")
    act(device, VERIFIER, hazard, "verify>closed")
    await met(site, device)
    task = task_of(site, hazard).record_id
    device.here.fix = None
    sees(device, site.label("DB-03"), second_shot(wall(1), 7))
    async with screen_of(device, REPORTER, PINS[REPORTER]) as client:
        await open_task(client, task)
        await client.until(lambda: client.has("elsewhere"))
        assert client.sees(f"您不在 {area.name.in_('zh')}")
        await client.tap("recheck-scan")
        await client.press_shutter()
        await client.until(lambda: client.has("recheck-looks"))
        await client.tap("recheck-again")  # put away without another photo: the first one stays
        await client.until(lambda: client.has("capture-away"))
        await client.tap("capture-away")
        await client.until(lambda: client.has("recheck-pass"))
        await client.tap("recheck-pass")
        await client.until(lambda: client.route == "/")
    await met(site, device)
    assert on_server(site, task).text("result") == "passed"


async def test_scanning_the_equipment_first_offers_the_recheck(site: PlantSite) -> None:
    device = await on_friday(site)
    task = task_of(site, await closed(site, device)).record_id
    sees(device, site.label("DB-03"), second_shot(wall(1), 7))
    async with screen_of(device, REPORTER, PINS[REPORTER], width=1280, height=800) as client:
        await client.tap("scan")
        await client.until(lambda: client.has("offer-recheck"))
        await client.tap("offer-recheck")
        await client.until(lambda: client.has("shutter"))
        assert client.route == f"/recheck/{task}"
