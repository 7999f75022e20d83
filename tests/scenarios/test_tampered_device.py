"""Somebody edits the database of a device: what stood before arrives, and people are told.

The app of the device, the plant's server and the manager's device are the real ones.
"""

import json

import pytest
from sqlalchemy import text

from app.use_cases import notices, outbox, reports
from domain.changes import canonical, genesis, link, signed_bytes
from domain.signatures import ChainForgedError, verifies
from offline_store import entries, records
from screens.notices import sentence
from tests.helpers.plant import Device, PlantSite

OPERATOR, MANAGER, ADMINISTRATOR = "U012", "U001", "U002"


def reported(device: Device, words: str) -> str:
    person = device.person(OPERATOR)
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    reports.change_draft(device.app, person, draft.draft_id, words=words)
    return reports.report(device.app, person, draft.draft_id, None)


def edit(device: Device, record_id: str, words: str) -> int:
    """Change what a report says, and every hash after it; returns its number."""
    own, edited = device.app.device, 0
    previous = genesis(own.device_id, own.public_key)
    with device.app.store.session() as session:
        for row in entries.of_device(session, own.device_id, 1, 1000):
            body = row.body
            if row.entry.record_id == record_id:
                edited = row.entry.number
                body = canonical({**json.loads(body), "set": {**row.entry.set, "words": words}})
            previous = link(previous, body)
            session.connection().execute(
                text("UPDATE entry SET body = :body, hash = :hash WHERE entry_id = :id"),
                {"body": body, "hash": previous, "id": row.entry.entry_id},
            )
    return edited


async def test_every_entry_of_the_app_is_signed_as_it_is_written(site: PlantSite) -> None:
    device = await site.device()
    device.wire.up = False
    reported(device, "柜门没锁")
    own = device.app.device
    with device.app.store.reading() as session:
        logged = entries.of_device(session, own.device_id, 1, 1000)
    assert logged
    for row in logged:
        assert row.signature is not None
        message = signed_bytes(row.entry.kind, row.hash)
        assert verifies(own.public_key, message, row.signature)


@pytest.mark.parametrize("goes_on", [False, True])
async def test_an_edited_row_is_caught_and_both_people_read_what_to_do(
    site: PlantSite, goes_on: bool
) -> None:
    device = await site.device()
    device.wire.up = False
    made = [reported(device, words) for words in ("柜门没锁", "漏电", "插座烧了")]
    number = edit(device, made[1], "一切正常")
    if goes_on:  # the app writes behind it
        made.append(reported(device, "跳闸"))
    device.wire.up = True
    with pytest.raises(ChainForgedError):
        await device.sync()
    with site.server.state.site.store.reading() as session:
        found = [records.lookup(session, one) is not None for one in made]
    assert found == [True, *(False for _ in made[1:])]

    view = outbox.view(device.app)
    assert view.waiting == len(made) - 1, "nothing is thrown away"
    assert view.status.error is not None
    why, remedy = device.app.translator().error(view.status.error)
    assert f"第 {number} 条" in why
    assert "导出" in remedy

    office = await site.device("office")
    inbox = notices.inbox(office.app, office.person(MANAGER))
    [card] = [one for one in inbox.cards if one.rule == "security"]
    said = sentence(office.app.translator(), card, office.app.clock.now_ms())
    assert device.settings.device_name in said
    assert f"第 {number} 条" in said
    with pytest.raises(ChainForgedError):  # tried again, it is told once
        await device.sync()
    await office.sync()
    again = notices.inbox(office.app, office.person(MANAGER))
    assert len([one for one in again.cards if one.rule == "security"]) == 1
