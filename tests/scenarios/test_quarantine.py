"""Records that nobody can prove: held by the server, released or refused by the safety manager.

A device's file is damaged between two unsent reports. What stood behind the loss has another hash
and no signature, so it counts for nothing until somebody who may has looked at it.
"""

from dataclasses import replace

import pytest
from sqlalchemy import update
from sqlmodel import col

from app.use_cases import notices, outbox, quarantine, reports
from domain.errors import MoveRefusedError, NotAllowedError, RecordMissingError
from domain.proof_checks import check, worth
from domain.proof_reading import read
from domain.quarantine import HELD, LET, REFUSED, Outcome
from domain.records import Record
from domain.signatures import ChainForgedError
from offline_store import entries, keep, records
from offline_store import quarantine as store
from offline_store.database import FILE_NAME
from offline_store.tables import EntryRow
from server import proofs as server_proofs
from server.keys import public_bytes
from tests.helpers.plant import Device, PlantSite
from tests.offline_store.damage import strike
from tests.scenarios import loop
from tests.scenarios.test_tampered_device import edit

OPERATOR, MANAGER, ADMINISTRATOR, LEADER = "U012", "U001", "U014", "U019"
WORDS = ["柜门没锁", "漏电", "插座烧了", "跳闸"]


def outcome_of_record(record: Record) -> Outcome:
    row = record.get("outcome")
    assert isinstance(row, dict)
    return Outcome(str(row["device"]), int(str(row["first"])), int(str(row["last"])), {},
                   let=bool(row["let"]))  # fmt: skip


def reported(device: Device, words: str) -> str:
    person = device.person(OPERATOR)
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    reports.change_draft(device.app, person, draft.draft_id, words=words)
    return reports.report(device.app, person, draft.draft_id, None)


async def damaged(site: PlantSite) -> tuple[Device, list[str]]:
    """Return a device that lost its second unsent report and sent the others; and all four."""
    device = await site.device()
    device.wire.up = False
    made = [reported(device, words) for words in WORDS]
    return await damage(site, device, made), made


async def damage(site: PlantSite, device: Device, made: list[str]) -> Device:
    """Let a device's file lose the second of its unsent reports, and send the others."""
    with device.app.store.reading() as session:
        lost = entries.of_record(session, made[1])[0].body[:80]
    device.app.store.close()
    file = device.settings.store / FILE_NAME
    strike(file, [lost], device.app.store.seal)
    file.write_bytes(b"\0" * 100 + file.read_bytes()[100:])
    device = site.restart(device)
    device.wire.up = True
    await device.sync()
    return device


def at(device: Device, made: list[str]) -> list[bool]:
    """Return which of the records count on a device."""
    with device.app.store.reading() as session:
        return [records.lookup(session, one) is not None for one in made]


def reasons(device: Device) -> set[str | None]:
    return {one.reason for one in outbox.view(device.app).items if one.state == "refused"}


async def settled(site: PlantSite, state: str, note: str) -> tuple[Device, Device, list[str]]:
    """Let the manager settle what the damaged device sent; returns both devices in step."""
    device, made = await damaged(site)
    office = await site.device("office")
    manager = office.person(MANAGER)
    [card] = quarantine.cards(office.app, manager)
    quarantine.settle(office.app, manager, card.record_id, state, note)
    await office.sync()
    await device.sync()
    return device, office, made


async def test_the_manager_reads_what_came_from_where_and_why_it_does_not_count(
    site: PlantSite,
) -> None:
    device, made = await damaged(site)
    office = await site.device("office")
    assert at(office, made) == [True, False, False, False]
    [card] = quarantine.cards(office.app, office.person(MANAGER))
    assert card.name.startswith("phone-1 ("), "with its code: others may be called alike"
    assert (card.why, card.state) == ("entry.unsigned", HELD)
    assert card.device == device.app.device.device_id
    said = {one.item.words: one.item.person for one in card.items}
    assert {WORDS[2]: OPERATOR, WORDS[3]: OPERATOR}.items() <= said.items()
    assert card.may_release
    assert card.may_refuse
    told = notices.inbox(office.app, office.person(MANAGER)).cards
    assert [one for one in told if one.rule == "security"]


async def test_what_is_released_counts_on_the_server_and_on_every_device(site: PlantSite) -> None:
    device, office, made = await settled(site, LET, "问过本人，属实")
    third = await site.device("phone-3")  # reads the whole feed anew
    for one in (device, office, third):
        assert at(one, made) == [True, False, True, True]
        assert reasons(one) <= {None}
        card = quarantine.cards(one.app, one.person(MANAGER))[0]
        assert (card.state, card.done, card.note) == (LET, True, "问过本人，属实")
        assert card.let_in == card.count
        assert card.settled_by == one.person(MANAGER).name
    with device.app.store.session() as session:  # reads everything once more
        keep.set_cursor(session, keep.Cursor(0, site.server.state.site.epoch))
    await device.sync()
    assert at(device, made) == [True, False, True, True]
    with site.server.state.site.store.reading() as session:
        there = records.get(session, made[2])
    with third.app.store.reading() as session:
        assert records.get(session, made[2]).cells == there.cells


async def test_what_is_refused_stays_visible_as_refused(site: PlantSite) -> None:
    device, office, made = await settled(site, REFUSED, "没人认得这些记录")
    for one in (device, office):
        assert at(one, made) == [True, False, False, False]
        card = quarantine.cards(one.app, one.person(MANAGER))[0]
        assert (card.state, card.done, card.let_in) == (REFUSED, True, 0)
    assert reasons(device) == {"entry.turned_down"}
    with pytest.raises(MoveRefusedError):  # settled once and for all
        quarantine.settle(office.app, office.person(MANAGER), card.record_id, LET, "又想放行")


async def test_only_who_has_the_right_settles_on_the_device_and_on_the_server(
    site: PlantSite,
) -> None:
    _, made = await damaged(site)
    office = await site.device("office")
    record_id = quarantine.cards(office.app, office.person(MANAGER))[0].record_id
    for person_id in (OPERATOR, ADMINISTRATOR):
        person = office.person(person_id)
        with pytest.raises(NotAllowedError):
            quarantine.cards(office.app, person)
        with pytest.raises(NotAllowedError):
            quarantine.settle(office.app, person, record_id, LET, "放行")
        with office.app.store.session() as session:  # a changed app does it all the same
            office.app.write(
                session, person_id, kind="decide", record_id=record_id, type="quarantine",
                definition="quarantine@1",
                set={"state": LET, "settled_by": person_id, "note": "放行",
                     "settled_ms": office.app.clock.now_ms()},
            )  # fmt: skip
        await office.sync()
    assert reasons(office) == {"access.denied"}
    with site.server.state.site.store.reading() as session:
        assert records.get(session, record_id).text("state") == HELD
        assert records.lookup(session, made[2]) is None
    with pytest.raises(MoveRefusedError):  # not without a reason
        quarantine.settle(office.app, office.person(MANAGER), record_id, LET, " ")


async def test_what_breaks_a_rule_is_not_let_in_by_a_release(site: PlantSite) -> None:
    device, made = await damaged(site)
    here = site.server.state.site
    people = here.pack.definitions.plant.people
    found = replace(here.pack.definitions.plant, people={
        key: one for key, one in people.items() if key != OPERATOR
    })  # fmt: skip
    here.pack = replace(here.pack, definitions=replace(here.pack.definitions, plant=found))
    office = await site.device("office")
    manager = office.person(MANAGER)
    card = quarantine.cards(office.app, manager)[0]
    quarantine.settle(office.app, manager, card.record_id, LET, "放行")
    await office.sync()
    await device.sync()
    assert at(device, made) == [True, False, False, False]
    card = quarantine.cards(office.app, manager)[0]
    assert card.let_in == 0
    assert {one.barred for one in card.items} == {"entry.invalid"}
    assert reasons(device) == {"entry.invalid"}


async def test_a_changed_chain_is_shown_but_never_released(site: PlantSite) -> None:
    device = await site.device()
    device.wire.up = False
    made = [reported(device, words) for words in WORDS]
    number = edit(device, made[1], "一切正常")
    device.wire.up = True
    with pytest.raises(ChainForgedError):
        await device.sync()
    office = await site.device("office")
    manager = office.person(MANAGER)
    [card] = quarantine.cards(office.app, manager)
    assert (card.why, card.first, card.may_release) == ("entry.forged", number, False)
    assert "一切正常" in {one.item.words for one in card.items}
    with pytest.raises(MoveRefusedError):
        quarantine.settle(office.app, manager, card.record_id, LET, "放行")
    quarantine.settle(office.app, manager, card.record_id, REFUSED, "查清了")
    await office.sync()
    assert quarantine.cards(office.app, manager)[0].done
    with office.app.store.reading() as session:
        [record] = records.find(session, "quarantine")
    outcome = outcome_of_record(record)
    assert outcome.last < outcome.first, "it says nothing of what else is held under its numbers"
    assert not outcome.let


async def test_what_others_overtook_is_not_let_in_on_top_of_their_decisions(
    site: PlantSite,
) -> None:
    device, office = await site.device(), await site.device("office")
    hazard = loop.report(office, OPERATOR, "DB-03", "柜门没锁", ())
    await office.sync()
    await device.sync()
    device.wire.up = False
    made = [reported(device, words) for words in WORDS[:2]]
    loop.act(device, LEADER, hazard, "accept>accepted")
    device = await damage(site, device, made)
    loop.act(office, LEADER, hazard, "accept>accepted")  # nobody saw the one that is held
    await office.sync()
    manager = office.person(MANAGER)
    [card] = quarantine.cards(office.app, manager)
    quarantine.settle(office.app, manager, card.record_id, LET, "属实")
    before = loop.on_server(site, hazard).cells
    await office.sync()
    await device.sync()
    assert loop.on_server(site, hazard).cells == before, "what was decided meanwhile stands"
    with device.app.store.reading() as session:
        assert records.get(session, hazard).cells == before
    assert reasons(device) == {"entry.overtaken"}


async def test_a_release_read_by_the_program_of_the_version_before_counts_after_the_update(
    site: PlantSite,
) -> None:
    _, office, made = await settled(site, LET, "属实")
    with office.app.store.session() as session:  # as the old program leaves it: held, and no more
        for record_id in made[2:]:
            for one in entries.of_record(session, record_id):
                session.connection().execute(
                    update(EntryRow)
                    .where(
                        col(EntryRow.device_id) == one.entry.device_id,
                        col(EntryRow.number) == one.entry.number,
                    )
                    .values(verdict="quarantined", code="entry.unsigned", params=None)
                )
            records.refold(session, record_id)
    assert at(office, made) == [True, False, False, False]
    office = site.restart(office)
    assert at(office, made) == [True, False, True, True]


async def test_what_was_held_before_there_were_such_records_gets_one_at_the_start(
    site: PlantSite,
) -> None:
    _, made = await damaged(site)
    here = site.server.state.site
    with here.store.session() as session:
        [known] = records.find(session, "quarantine")
        for one in entries.of_record(session, known.record_id):
            entries.remove(session, one.entry.device_id, one.entry.number)
        records.refold(session, known.record_id)
        assert store.ranges(session)
    await site.run_duties_elsewhere()  # another process starts on the same store
    with here.store.reading() as session:
        [again] = records.find(session, "quarantine")
        assert again.record_id == known.record_id
        assert again.whole("first") == known.whole("first")
    assert made


async def test_a_proof_says_that_held_entries_are_unproved_and_released_ones_a_word(
    site: PlantSite,
) -> None:
    device, made = await damaged(site)
    after = reported(device, "又跳闸")  # signed: but it does not vouch for what is held
    await device.sync()
    assert at(device, [after]) == [True]
    key = public_bytes(site.server.state.site.key)
    office = await site.device("office")
    manager = office.person(MANAGER)
    card = quarantine.cards(office.app, manager)[0]
    with pytest.raises(RecordMissingError):  # there is no record of what does not count
        server_proofs.export(site.server_settings, made[2])
    quarantine.settle(office.app, manager, card.record_id, LET, "属实")
    await office.sync()
    found = check(read(server_proofs.export(site.server_settings, made[2])), key)
    opened = [one.code for one in found if one.mark == "open"]
    assert opened == ["entry.held", "entry.released", "sum.open"]
    assert worth(found, key) == "open"
