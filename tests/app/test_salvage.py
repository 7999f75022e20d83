"""A damaged device promises: it starts, says what was lost, and sync brings back what it can.

What had to get another hash is no longer what the device signed, and nobody signs it again: it goes
to the server unsigned and waits there for somebody to look at it.
"""

import shutil
from pathlib import Path

import httpx

from app import link
from app.use_cases import hazards, outbox, reports, storage
from domain.plant import Person
from offline_store import blobs, entries, journal, records
from offline_store.database import FILE_NAME
from offline_store.sealing import Seal
from server.main import create_app
from tests.helpers.plant import Device, PlantSite, Wire, plant
from tests.offline_store.damage import strike

OPERATOR = "U012"


def reported(device: Device, person: Person, words: str) -> str:
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    reports.change_draft(device.app, person, draft.draft_id, words=words)
    return reports.report(device.app, person, draft.draft_id, None)


def hit(folder: Path, *spots: bytes, seal: Seal | None = None) -> None:
    """Take the header of the store's file, and a few bytes wherever one of these stands."""
    file = folder / FILE_NAME
    strike(file, spots, seal)
    file.write_bytes(b"\0" * 100 + file.read_bytes()[100:])


def body(device: Device, record_id: str) -> bytes:
    with device.app.store.reading() as session:
        return entries.of_record(session, record_id)[0].body


def damaged(site: PlantSite, device: Device, *spots: bytes) -> Device:
    """Close a device, damage its file, and start it again."""
    seal = device.app.store.seal
    device.app.store.close()
    hit(device.settings.store, *spots, seal=seal)
    return site.restart(device)


async def test_everything_goes_on_after_the_header_is_gone(site: PlantSite) -> None:
    device = await site.device()
    person = device.person(OPERATOR)
    sent = reported(device, person, "柜门没锁")
    await device.sync()
    device.wire.up = False
    waiting = reported(device, person, "漏电")
    half = reports.open_draft(device.app, person, asset_id="DB-03")
    reports.change_draft(device.app, person, half.draft_id, words="写到一半")
    device = damaged(site, device)
    found = storage.warnings(device.app).damage
    assert found is not None
    assert found.changes[1] == found.unsent[1] == 0
    assert reports.open_draft(device.app, person, asset_id="DB-03").words == "写到一半"
    assert outbox.waiting(device.app) == 1
    device.wire.up = True
    await device.sync()
    assert outbox.waiting(device.app) == 0
    other = await site.device("phone-2")
    with other.app.store.reading() as session:
        assert {sent, waiting} <= {one.record_id for one in records.find(session, "hazard")}
    storage.understood(device.app)
    assert storage.warnings(device.app).damage is None


async def test_lost_entries_that_the_server_has_come_back(site: PlantSite) -> None:
    device = await site.device()
    person = device.person(OPERATOR)
    first, last = reported(device, person, "柜门没锁"), reported(device, person, "插座烧了")
    await device.sync()
    with device.app.store.reading() as session:
        before = {one.record_id: one for one in records.find(session, "hazard")}
    device = damaged(site, device, body(device, first)[:80], body(device, last)[:80])
    found = storage.warnings(device.app).damage
    assert found is not None
    assert found.changes[1] >= 2
    await device.sync()
    with device.app.store.reading() as session:
        assert {one.record_id: one for one in records.find(session, "hazard")} == before
        assert not entries.broken(session, waiting=False)
        own = entries.of_device(session, device.app.device.device_id, 1, 1000)
        assert not any(journal.is_stand_in(one.body, one.entry.device_id) for one in own)
    another = reported(device, person, "跳闸")
    await device.sync()
    assert hazards.view(device.app, person, another).card.sent


async def test_a_lost_unsent_entry_leaves_a_note_and_what_follows_waits_for_a_manager(
    site: PlantSite,
) -> None:
    device = await site.device()
    person = device.person(OPERATOR)
    device.wire.up = False
    made = [reported(device, person, f"漏电 {number}") for number in range(4)]
    with device.app.store.reading() as session:
        numbers = {one: entries.of_record(session, one)[0].entry.number for one in made}
    device = damaged(site, device, body(device, made[1])[:80])
    found = storage.warnings(device.app).damage
    assert found is not None
    assert found.unsent == (3, 1)
    with device.app.store.reading() as session:
        for one in (made[0], made[2], made[3]):
            assert entries.of_record(session, one)[0].entry.number == numbers[one]
    device.wire.up = True
    await device.sync()
    assert outbox.waiting(device.app) == 0
    server = site.server.state.site.store
    with server.reading() as session:
        here = {one.record_id for one in records.find(session, "hazard")}
        assert made[0] in here, "what stood before the loss is as it was signed"
        assert not here & set(made[1:])
        own = entries.of_device(session, device.app.device.device_id, 1, 1000)
        kept = {one.entry.record_id: (one.verdict, one.code) for one in own}
        assert [kept[one] for one in made[2:]] == [("quarantined", "entry.unsigned")] * 2
        [event] = [one for one in records.find(session, "event") if one.text("by") == "rule"]
        assert (event.text("what"), event.whole("number")) == ("entry.unsigned", numbers[made[1]])
    refused = {one.item_id: one.reason for one in outbox.view(device.app).items if one.reason}
    assert set(refused.values()) == {"entry.unsigned"}
    after = reported(device, person, "跳闸")  # signed again: the device goes on working
    await device.sync()
    with server.reading() as session:
        assert records.lookup(session, after) is not None


async def test_a_push_whose_answer_was_lost_with_its_entry_is_sorted_out(site: PlantSite) -> None:
    device = await site.device()
    person = device.person(OPERATOR)
    made = [reported(device, person, f"漏电 {number}") for number in range(3)]
    device.app.store.close()
    kept = (device.settings.store / FILE_NAME).read_bytes()
    device = site.restart(device)
    await device.sync()  # the server has all three, and this device forgets that it knows
    lost = body(device, made[1])
    device.app.store.close()
    (device.settings.store / FILE_NAME).write_bytes(kept)
    device = damaged(site, device, lost[:80])
    later = reported(device, person, "跳闸")  # on the stand-in, which is replaced: another hash
    await device.sync()
    last = reported(device, person, "又跳闸")
    await device.sync()
    with device.app.store.reading() as session:
        assert entries.of_record(session, made[1])[0].body == lost
        assert not entries.broken(session, waiting=False)
    assert outbox.waiting(device.app) == 0
    with site.server.state.site.store.reading() as session:
        assert records.lookup(session, later) is None
        [one] = entries.of_record(session, later)
        assert (one.verdict, one.code) == ("quarantined", "entry.unsigned")
        assert records.lookup(session, last) is not None
        assert not [
            one for one in records.find(session, "event") if one.text("what") == journal.LOST
        ]


async def test_a_damaged_server_starts_and_devices_bring_back_what_it_lost(
    seeded_home: Path, tmp_path: Path
) -> None:
    shutil.copytree(seeded_home, tmp_path / "server")
    async with plant(tmp_path) as site:
        device = await site.device()
        made = [reported(device, device.person(OPERATOR), f"漏电 {one}") for one in range(3)]
        await device.sync()
        lost = body(device, made[1])
        site.server.state.site.store.close()
        hit(tmp_path / "server", lost[:80])
        again = create_app(site.server_settings)
        async with again.router.lifespan_context(again):
            wire = Wire(again)
            transport = site.transport(wire, device.app.device.token)
            link.start_engine(device.app, transport, lambda: None)
            web = httpx.ASGITransport(app=again)
            async with httpx.AsyncClient(transport=web, base_url="http://plant.test") as client:
                ready = (await client.get("/health/ready")).json()
            assert ready["damaged"].startswith("damaged/")
            assert ready["lost"] >= 1
            for _ in range(2):  # the first round learns that the feed has begun anew
                await device.sync()
            with again.state.site.store.reading() as session:
                assert all(records.lookup(session, one) for one in made)
                assert not entries.broken(session, waiting=False)


def test_a_disk_is_judged_by_what_can_still_be_written() -> None:
    assert storage.share(1000, 200) == 80
    assert storage.share(1000, 199) == 81
    assert storage.share(0, 0) == 100


async def test_only_copies_that_the_server_confirmed_are_freed(site: PlantSite) -> None:
    device = await site.device()
    with device.app.store.session() as session:
        waiting = blobs.put(device.app.store, session, b"w" * 900, "original")
        refused = blobs.put(device.app.store, session, b"r" * 900, "original")
        blobs.fail(session, refused, "blob.kind", for_good=True)
        thumb = blobs.put(device.app.store, session, b"t" * 90, "thumb")
        blobs.confirm(session, thumb, "receipt", 1)
        done = blobs.put(device.app.store, session, b"d" * 700, "original")
        blobs.confirm(session, done, "receipt", 1)
    before = storage.view(device.app)
    assert (before.copies, before.copies_bytes) == (1, 700)
    assert storage.free_copies(device.app) == 700
    read = {sha: blobs.read(device.app.store, sha) for sha in (waiting, refused, thumb, done)}
    assert [sha for sha, data in read.items() if data is None] == [done]
    assert storage.view(device.app).copies == 0
    assert storage.free_copies(device.app) == 0


async def test_what_was_signed_behind_a_lost_entry_counts_once_that_one_is_back(
    site: PlantSite,
) -> None:
    device = await site.device()
    person = device.person(OPERATOR)
    first = reported(device, person, "柜门没锁")
    device.app.store.close()
    kept = (device.settings.store / FILE_NAME).read_bytes()
    device = site.restart(device)
    await device.sync()  # the server has it, and this device forgets that it knows
    lost = body(device, first)
    device.app.store.close()
    (device.settings.store / FILE_NAME).write_bytes(kept)
    device = site.restart(device)
    device.wire.up = False
    behind = [reported(device, person, f"漏电 {number}") for number in range(2)]
    device = damaged(site, device, lost[:80])
    device.wire.up = True
    await device.sync()
    assert outbox.waiting(device.app) == 0
    with site.server.state.site.store.reading() as session:
        for one in (first, *behind):
            assert records.lookup(session, one) is not None
            assert {row.verdict for row in entries.of_record(session, one)} == {"accepted"}
        assert not records.find(session, "quarantine")
