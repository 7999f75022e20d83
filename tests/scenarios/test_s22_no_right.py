"""S22 No right: an inspector tries to approve, by three ways."""

import json

import pytest
from sqlalchemy import text

from app.use_cases import reports, works
from domain.changes import canonical, genesis, link
from domain.errors import NotAllowedError
from domain.records import Value
from domain.signatures import ChainForgedError
from offline_store import entries, journal, keep, records
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of
from tests.helpers.trial import HEAD, INSPECTOR, LEADER, MANAGER, PINS, TYPE, act, apply, on
from tests.scenarios.loop import inbox, on_server


async def applied(site: PlantSite) -> tuple[Device, str]:
    device = await site.device()
    record_id = apply(device)
    await device.sync()
    return device, record_id


def reported(device: Device, words: str) -> str:
    person = device.person(INSPECTOR)
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    reports.change_draft(device.app, person, draft.draft_id, words=words)
    return reports.report(device.app, person, draft.draft_id, None)


def seen_by(site: PlantSite, record_id: str) -> bool:
    with site.server.state.site.store.reading() as session:
        return records.lookup(session, record_id) is not None


async def test_the_screen_offers_nothing_of_the_kind(trial_site: PlantSite) -> None:
    device, record_id = await applied(trial_site)
    # an inspector who stands there may look (and stop), and sees no approval
    with device.app.store.session() as session:
        keep.put(session, f"scans.{INSPECTOR}", [["CS-07", device.app.clock.now_ms()]])
    async with screen_of(device, INSPECTOR, PINS[INSPECTOR]) as client:
        client.go(f"/works/{record_id}")
        await client.until(lambda: client.sees("已提交"))
        assert not client.has("step-permit.approve-approved")
        assert not client.has("step-permit.reject-rejected")
    offered = [step.action for step in works.view(device.app, device.person(HEAD), record_id).steps]
    assert "permit.approve" in offered, "whoever may is offered it"
    with pytest.raises(NotAllowedError):
        act(device, INSPECTOR, record_id, "approve>approved")
    assert on(device, record_id).text("state") == "submitted"


async def test_an_edited_database_is_caught_at_sync_and_honest_entries_before_it_count(
    trial_site: PlantSite,
) -> None:
    device, record_id = await applied(trial_site)
    device.wire.up = False
    honest = reported(device, "漏电")
    touched = reported(device, "柜门没锁")
    own, previous = device.app.device, b""
    previous = genesis(own.device_id, own.public_key)
    with device.app.store.session() as session:  # every hash after it computed again
        for row in entries.of_device(session, own.device_id, 1, 1000):
            body = row.body
            if row.entry.record_id == touched:
                changed: dict[str, Value] = {
                    "state": "approved",
                    "action": "permit.approve",
                    "slot.approve.1": HEAD,
                }
                body = canonical(
                    {
                        **json.loads(body), "by": HEAD, "rec": record_id, "type": TYPE,
                        "def": f"{TYPE}@1", "set": changed, "base": {},
                    }
                )  # fmt: skip
            previous = link(previous, body)
            session.connection().execute(
                text("UPDATE entry SET body = :body, hash = :hash WHERE entry_id = :id"),
                {"body": body, "hash": previous, "id": row.entry.entry_id},
            )
    device.wire.up = True
    with pytest.raises(ChainForgedError):
        await device.sync()
    assert seen_by(trial_site, honest)
    assert on_server(trial_site, record_id).text("state") == "submitted"


async def test_a_crafted_batch_with_the_own_key_is_refused_told_and_the_rest_counts(
    trial_site: PlantSite,
) -> None:
    device, record_id = await applied(trial_site)
    before = reported(device, "漏电")
    with device.app.store.session() as session:  # the signature of this device is good
        crafted = journal.write(
            session,
            journal.Author(device.app.device.device_id, INSPECTOR, device.app.sign),
            device.app.clock.stamp(),
            kind="decide",
            record_id=record_id,
            type=TYPE,
            definition=f"{TYPE}@1",
            set={
                "state": "approved", "action": "permit.approve", "slot.approve.1": INSPECTOR,
                "approved_ms": device.app.clock.now_ms(),
            },
            policies=device.app.definitions.policies,
        )  # fmt: skip
    after = reported(device, "柜门没锁")
    await device.sync()
    assert on_server(trial_site, record_id).text("state") == "submitted"
    assert on(device, record_id).text("state") == "submitted"
    assert seen_by(trial_site, before)
    assert seen_by(trial_site, after)
    with trial_site.server.state.site.store.reading() as session:
        rows = {one.entry.entry_id: one for one in entries.of_record(session, record_id)}
        told = [one for one in records.find(session, "event") if one.text("what") == "entry.rights"]
    row = rows[crafted.entry_id]
    assert (row.verdict, row.code) == ("refused", "access.denied")
    assert row.signature, "the signature is valid, the right is not there"
    [event] = told
    assert event.get("number") == crafted.number
    assert event.text("device") == crafted.device_id
    office = await trial_site.device("office")
    assert [one.key for one in inbox(office, MANAGER).cards if one.rule == "security"] == [
        "notice.security.rights"
    ]
    shown = works.view(device.app, device.person(LEADER), record_id)
    assert [line.verdict for line in shown.lines].count("refused") == 1, "kept and shown"


async def test_signing_with_somebody_elses_name_fills_no_slot(trial_site: PlantSite) -> None:
    device, record_id = await applied(trial_site)
    with device.app.store.session() as session:
        device.app.write(
            session, HEAD, kind="decide", record_id=record_id, type=TYPE, definition=f"{TYPE}@1",
            set={
                "state": "approved", "action": "permit.approve", "slot.approve.1": "U018",
                "approved_ms": device.app.clock.now_ms(),
            },
        )  # fmt: skip
    await device.sync()
    assert on_server(trial_site, record_id).text("slot.approve.1") == ""
    assert on_server(trial_site, record_id).text("state") == "submitted"
