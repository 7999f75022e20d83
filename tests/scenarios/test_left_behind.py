"""What a device left behind, and what a copied device says: in the file, held, told; never lost."""

import asyncio
import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from app import joining, link
from app.settings import ClientSettings
from app.use_cases import devices, enrolment, notices, outbox, people, quarantine, relay, relaying
from app.wiring import build_field
from domain.errors import ChainBrokenError, MoveRefusedError, OfflineError
from domain.invitations import DeviceRevokedError
from domain.quarantine import FORK, LET, REFUSED
from domain.relay import ENTRIES_MAX
from offline_store import blobs, journal, records, relay_files
from server import drop
from tests.helpers.plant import Device, Here, PlantSite, Wire, simulated
from tests.scenarios.loop import report
from tests.scenarios.test_quarantine import reported
from tests.scenarios.test_s28_device_lost import (
    ADMIN,
    MANAGER,
    OWNER,
    UNSENT,
    counts,
    report_loss,
    stolen,
)
from tests.server.phone import report as cells


async def joined_anew(site: PlantSite, office: Device, phone: Device) -> Device:
    """Let a device join with a new key, and go away again before it sent what it had."""
    await office.sync()
    made = devices.invite(office.app, office.person(ADMIN), "phone-1 再登记", "http://plant.test")
    await office.sync()
    phone.wire.up = True
    enrolment.set_server(phone.app, "http://plant.test", made.code, made.invitation)
    await joining.join_again(phone.app, site.transport(phone.wire))
    assert phone.app.trouble is None
    phone.wire.up = False
    return site.restart(phone)


def exported(site: PlantSite, phone: Device) -> Path:
    file = site.folder / "anshao-outbox.zip"
    outbox.export_to(phone.app, file)
    return file


async def test_the_file_has_what_a_former_identity_left_and_the_server_holds_it_for_a_manager(
    site: PlantSite,
) -> None:
    found = await stolen(site)
    old = found.phone.app.device.device_id
    await report_loss(found)
    phone = await joined_anew(site, found.office, found.phone)
    assert people.sign_in(phone.app, OWNER, "1205").person_id == OWNER
    again = reported(phone, "找回来以后写的")
    file = exported(site, phone)
    with zipfile.ZipFile(file) as archive:
        head = json.loads(archive.read(f"former/{old}/device.json"))
        bodies = archive.read(f"former/{old}/entries.jsonl").splitlines()
    assert head["device"] == old
    assert len(bodies) == joining.left_behind(phone.app) > UNSENT

    here = site.server.state.site
    taken = await asyncio.to_thread(drop.take, here, file)

    assert {run["dev"]: run["outcome"] for run in taken.runs} == {
        old: "taken", phone.app.device.device_id: "taken",
    }  # fmt: skip
    assert len(taken.photos) == 3, "of entries that are held, too"
    await found.office.sync()
    manager = found.office.person(MANAGER)
    assert counts(found.office, [again]) == 1
    assert counts(found.office, found.honest) == 0
    held = [one for one in quarantine.cards(found.office.app, manager) if one.device == old]
    assert {one.why for one in held} == {"entry.revoked"}
    quarantine.release_before(found.office.app, manager, old, found.lost_ms, "机主核对过")
    await found.office.sync()
    assert counts(found.office, found.honest) == UNSENT
    phone.wire.up = True  # what went by file is not sent twice
    await phone.sync()
    await joining.send_former(
        phone.app,
        lambda one: site.transport(phone.wire, one.token),
        lambda: phone.app.definitions.policies,
    )
    assert joining.left_behind(phone.app) == 0
    assert counts(phone, [again, *found.honest]) == UNSENT + 1


async def test_another_device_carries_what_an_identity_left_that_was_not_revoked(
    site: PlantSite,
) -> None:
    phone, office = await site.device(), await site.device("office")
    phone.wire.up = False
    made = report(phone, OWNER, "TK-101", "换号以前写的", ("closeup",))
    phone = await joined_anew(site, office, phone)
    file = exported(site, phone)
    await office.sync()

    took = relay.take_file(office.app, office.person(OWNER), file)

    assert took.photos == 3
    assert not took.trouble
    await office.sync()
    with site.server.state.site.store.reading() as session:
        assert records.lookup(session, made) is not None


async def test_what_another_device_carried_of_a_former_identity_does_not_hold_up_the_rest(
    site: PlantSite,
) -> None:
    phone, office = await site.device(), await site.device("office")
    phone.wire.up = False
    carried = reported(phone, "别人带走了")
    file = exported(site, phone)
    rest = reported(phone, "那以后写的")
    assert not relay.take_file(office.app, office.person(OWNER), file).trouble
    await office.sync()
    phone = await joined_anew(site, office, phone)
    phone.wire.up = True

    wrong = await joining.send_former(
        phone.app,
        lambda one: site.transport(phone.wire, one.token),
        lambda: phone.app.definitions.policies,
    )

    assert wrong is None
    await phone.sync()
    await office.sync()
    assert joining.left_behind(phone.app) == 0
    assert counts(office, [carried, rest]) == 2


async def test_a_lost_phone_sends_the_rest_of_what_another_carried_though_the_link_was_cut(
    site: PlantSite,
) -> None:
    found = await stolen(site)
    phone, office = found.phone, found.office
    file = exported(site, phone)
    reported(phone, "那以后写的")
    assert relay.take_file(office.app, office.person(OWNER), file).photos == 3
    await report_loss(found)
    phone.wire.up, phone.wire.last = True, "/v1/push"
    with pytest.raises(OfflineError):  # it heard what the server lacks, and no more
        await phone.sync()
    phone.wire.up = True
    with pytest.raises(DeviceRevokedError):
        await phone.sync()
    heads = list[int]()
    for store in (site.server.state.site.store, phone.app.store):
        with store.reading() as session:
            heads.append(journal.head(session, phone.app.device.device_id)[0])
    assert heads[0] == heads[1], "all of it has gone"


async def test_a_queue_longer_than_one_message_goes_whole_into_the_file(site: PlantSite) -> None:
    """Nine days offline are more than the 500 entries that a message holds."""
    phone = await site.device()
    phone.wire.up = False
    with phone.app.store.session() as session:
        for at in range(ENTRIES_MAX + 20):
            phone.app.write(
                session, OWNER, kind="edit", record_id=f"h{at}", type="hazard",
                definition="hazard@1", set=cells(f"第 {at} 条"),
            )  # fmt: skip
    file = exported(site, phone)
    opened = relay_files.RelayFile(file)
    opened.close()
    assert [one.count for one in opened.messages] == [ENTRIES_MAX, 20]

    here = site.server.state.site
    taken = await asyncio.to_thread(drop.take, here, file)

    assert [run["outcome"] for run in taken.runs] == ["taken", "taken"]
    phone.wire.up = True
    await phone.sync()
    assert outbox.waiting(phone.app) == 0
    with here.store.reading() as session:
        assert records.get(session, f"h{ENTRIES_MAX + 19}").text("words")


def copied(site: PlantSite, name: str, copy: str) -> None:
    """Copy a device's folder, and the secret that opens it, to another machine."""
    shutil.copytree(site.folder / name, site.folder / copy)
    shutil.copyfile(site.folder / f"{name}.secret", site.folder / f"{copy}.secret")


async def test_a_copied_device_is_told_to_the_people_who_must_know_and_on_the_device(
    site: PlantSite,
) -> None:
    phone, office = await site.device(), await site.device("office")
    device_id = phone.app.device.device_id
    phone.app.store.close()
    copied(site, "phone-1", "phone-1-copy")
    phone = site.restart(phone)
    honest = reported(phone, "原机写的")
    await phone.sync()

    with pytest.raises(ChainBrokenError):  # it is synced as soon as it is built, still in step
        await _wrote_elsewhere(site)

    for _ in range(2):  # said once, however often it comes
        with pytest.raises(ChainBrokenError):
            await site.devices[-1].sync()
    await office.sync()
    manager = office.person(MANAGER)
    [card] = quarantine.cards(office.app, manager)
    assert (card.device, card.why) == (device_id, FORK)
    assert "复制机写的" in {one.item.words for one in card.items}
    assert not card.may_release
    for person in (MANAGER, ADMIN):
        told = notices.inbox(office.app, office.person(person)).cards
        assert len([one for one in told if one.rule == "security"]) == 1
    assert counts(office, [honest]) == 1
    shown = site.devices[-1].app.engine
    assert shown is not None
    assert isinstance(shown.status.error, ChainBrokenError)
    with pytest.raises(MoveRefusedError):
        quarantine.settle(office.app, manager, card.record_id, LET, "放行")
    quarantine.settle(office.app, manager, card.record_id, REFUSED, "平板被整机复制过，已重新登记")
    await office.sync()
    assert quarantine.cards(office.app, manager)[0].done


async def _wrote_elsewhere(site: PlantSite) -> None:
    name = "phone-1-copy"
    settings = ClientSettings(
        store=site.folder / name,
        store_key_file=site.folder / f"{name}.secret",
        server_url="http://plant.test",
        device_name=name,
    )
    wire, here = Wire(site.server), Here()
    app = build_field(settings, devices=simulated(here, []))
    made = Device(app, wire, here, settings, [])
    site.devices.append(made)
    transport = site.transport(wire, app.device.token)
    link.start_engine(app, transport, lambda: None)
    reported(made, "复制机写的")
    await made.sync()


async def test_a_relay_file_of_a_sealed_device_holds_photos_that_others_can_read(
    site: PlantSite,
) -> None:
    phone = await site.device()
    assert phone.app.store.seal is not None
    phone.wire.up = False
    hazard = report(phone, OWNER, "TK-101", "阀门漏气", ("closeup",))
    file = site.folder / "one.anshao-relay"
    file.write_bytes(relaying.file_of(phone.app, phone.person(OWNER), hazard))
    with zipfile.ZipFile(file) as archive:
        carried = [name for name in archive.namelist() if name.startswith("blobs/")]
        for name in carried:
            assert hashlib.sha256(archive.read(name)).hexdigest() == name.removeprefix("blobs/")
    taken = await asyncio.to_thread(drop.take, site.server.state.site, file)
    assert len(taken.photos) == len(carried) == 3
    assert all(blobs.is_here(site.server.state.site.store, sha) for sha in taken.photos)
