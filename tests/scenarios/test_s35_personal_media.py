"""S35, the data part: a person sees what is stored, and personal media go by rule or on request.

The bytes go on the server and on every device; hash and deletion entry stay, and the proof still
verifies and says in words what was removed, when and why. Server and devices are the real ones, on
SQLite and on PostgreSQL.
"""

import asyncio

import pytest
from obstore.store import MemoryStore

from app.proofs import verify
from app.use_cases import my_data, outbox
from domain import privacy
from domain.errors import MoveRefusedError, NotAllowedError
from domain.proof_reading import read
from domain.records import Value
from offline_store import blobs, journal, records, removals
from server import proofs as server_proofs
from server.blob_store import FolderBlobs, ObjectBlobs, choose
from server.site import Site
from tests.helpers.plant import Device, PlantSite
from tests.helpers.processes import free_port
from tests.helpers.s3 import KEYS
from tests.scenarios.loop import photograph, report
from tests.scenarios.proving import CATALOGS

INSPECTOR, MANAGER, ADMIN, OTHER = "U003", "U001", "U014", "U012"


async def with_face(device: Device) -> tuple[str, str, list[str]]:
    """Report a hazard with a picture of a person; returns hazard, evidence, hashes."""
    record_id = report(device, INSPECTOR, "TK-101", "阀门漏气")
    photograph(device, INSPECTOR, record_id, "responsible", "TK-101")
    await device.sync()
    with device.app.store.reading() as session:
        face = next(
            one
            for one in records.evidence_of(session, record_id)
            if one.text("shot") == "responsible"
        )
    return record_id, face.record_id, [face.text(cell) for cell in ("original", "stamped", "thumb")]


def here(device: Device, hashes: list[str]) -> list[bool]:
    return [blobs.is_here(device.app.store, sha) for sha in hashes]


def at_server(site: PlantSite, hashes: list[str]) -> list[bool]:
    return [blobs.is_here(site.server.state.site.store, sha) for sha in hashes]


async def test_a_request_takes_the_bytes_everywhere_and_the_proof_still_holds(
    site: PlantSite,
) -> None:
    device = await site.device()
    record_id, evidence_id, hashes = await with_face(device)
    second = await site.device("phone-2")
    assert second.app.engine
    await second.app.engine.fetch_blob(hashes[0])
    assert at_server(site, hashes) == here(device, hashes) == [True] * 3

    mine = my_data.view(device.app, device.person(INSPECTOR)).media
    assert [(one.evidence_id, one.state, one.here) for one in mine] == [(evidence_id, "kept", True)]
    with pytest.raises(NotAllowedError):
        my_data.ask(device.app, device.person(OTHER), evidence_id, "")
    my_data.ask(device.app, device.person(INSPECTOR), evidence_id, "不想留照片")
    with pytest.raises(MoveRefusedError):
        my_data.ask(device.app, device.person(INSPECTOR), evidence_id, "再来")
    await device.sync()
    await second.sync()
    assert await site.run_duties() >= 0
    assert at_server(site, hashes) == [True] * 3  # nobody has decided yet

    asked = my_data.view(second.app, second.person(MANAGER)).requests
    assert [(one.item.evidence_id, one.note) for one in asked] == [(evidence_id, "不想留照片")]
    assert my_data.view(second.app, second.person(ADMIN)).requests == ()
    with pytest.raises(NotAllowedError):
        my_data.decide(second.app, second.person(ADMIN), asked[0].record_id, "", remove=True)
    with pytest.raises(MoveRefusedError):
        my_data.decide(second.app, second.person(MANAGER), asked[0].record_id, " ", remove=False)
    my_data.decide(second.app, second.person(MANAGER), asked[0].record_id, "同意", remove=True)
    await second.sync()
    await site.run_duties()
    assert at_server(site, hashes) == [False] * 3
    await device.sync()
    await second.sync()
    assert here(device, hashes) == here(second, hashes) == [False] * 3
    mine = my_data.view(device.app, device.person(INSPECTOR)).media
    assert [(one.state, one.why) for one in mine] == [("removed", "request")]
    await site.run_duties()  # once
    with site.server.state.site.store.reading() as session:
        done = records.find(session, privacy.REMOVAL, state=privacy.DONE)
    assert len(done) == 1

    await proves(site, record_id, hashes[0], "按本人申请", "on request")


async def test_an_object_store_loses_the_bytes_too_once_it_can_be_reached(
    site: PlantSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant: Site = site.server.state.site
    rests = plant.blob_store = ObjectBlobs(MemoryStore(), FolderBlobs(plant.store))
    device = await site.device()
    _, evidence_id, hashes = await with_face(device)
    assert [rests.has(sha) for sha in hashes] == [True] * 3
    assert at_server(site, hashes) == [False] * 3
    my_data.ask(device.app, device.person(INSPECTOR), evidence_id, "")
    [asked] = my_data.view(device.app, device.person(MANAGER)).requests
    my_data.decide(device.app, device.person(MANAGER), asked.record_id, "同意", remove=True)
    await device.sync()
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    plant.blob_store = choose("s3://plant", None, plant.store)  # nobody answers there
    await site.run_duties()
    assert [rests.has(sha) for sha in hashes] == [True] * 3
    with plant.store.reading() as session:
        assert all(removals.is_removed(session, sha) for sha in hashes)
    plant.blob_store = rests
    await site.run_duties()
    assert [rests.has(sha) for sha in hashes] == [False] * 3
    await site.run_duties()  # and owes nothing any more


async def proves(site: PlantSite, record_id: str, sha: str, zh: str, en: str) -> None:
    file = site.folder / "proof.json"
    data = await asyncio.to_thread(server_proofs.export, site.server_settings, record_id)
    file.write_bytes(data)
    assert sha not in {one.sha256.hex() for one in read(data).files}
    key = site.folder / "plant.pub"
    key.write_bytes(server_proofs.public_pem(site.server_settings))
    for language, words in (("zh", zh), ("en", en)):
        found = verify(file, key, CATALOGS, language)
        assert found.good, found.lines
        said = [line for line in found.lines if sha[:12] in line and words in line]
        assert len(said) == 1


async def test_a_removed_file_is_not_taken_again_and_its_device_lets_go_of_it(
    site: PlantSite,
) -> None:
    device = await site.device()
    _, _, hashes = await with_face(device)
    late = await site.device("phone-2")
    data = blobs.read(device.app.store, hashes[0])
    assert data is not None
    with site.server.state.site.store.session() as session:
        removals.mark(session, hashes)
    removals.take_away(site.server.state.site.store, hashes)
    with late.app.store.session() as session:  # a device that has the same bytes to send
        assert blobs.put(late.app.store, session, data, "original") == hashes[0]
    await late.sync()
    assert here(late, hashes[:1]) == at_server(site, hashes[:1]) == [False]
    with late.app.store.reading() as session:
        assert blobs.pending(session) == []
        assert removals.is_removed(session, hashes[0])
    assert outbox.waiting(late.app) == 0
    with late.app.store.session() as session:  # and once more: it never comes back
        blobs.put(late.app.store, session, data, "original")
        assert removals.is_removed(session, hashes[0])
    await late.sync()
    assert at_server(site, hashes[:1]) == [False]


async def test_withdrawn_consent_takes_what_was_made_under_it(site: PlantSite) -> None:
    device = await site.device()
    record_id, _, hashes = await with_face(device)
    subject = OTHER
    store = site.server.state.site.store
    with store.reading() as session:
        assert records.get(session, record_id).text("assignee") != subject
    rules = device.app.definitions.privacy
    assert set(rules.purposes) == {"voice", "face", "sound"}
    my_data.declare(device.app, device.person(INSPECTOR), "voice", given=True)
    my_data.declare(device.app, device.person(INSPECTOR), "voice", given=False)
    await device.sync()
    await site.run_duties()
    assert at_server(site, hashes) == [True] * 3  # another purpose
    said = my_data.view(device.app, device.person(INSPECTOR)).purposes
    assert {one.purpose.code: one.given for one in said} == {
        "voice": False, "face": None, "sound": None,
    }  # fmt: skip


async def test_the_rule_removes_what_is_long_closed(
    site: PlantSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await site.device()
    record_id, evidence_id, hashes = await with_face(device)
    states = {**privacy.CLOSED, "hazard": frozenset({"reported"})}  # so that no loop is walked here
    monkeypatch.setattr(privacy, "CLOSED", states)
    site.time.pass_by(179 * 24 * 60)
    await site.run_duties()
    assert at_server(site, hashes) == [True] * 3
    site.time.pass_by(2 * 24 * 60)
    await site.run_duties()
    await site.run_duties_elsewhere()  # two processes say it once
    assert at_server(site, hashes) == [False] * 3
    await device.sync()
    assert here(device, hashes) == [False] * 3
    mine = my_data.view(device.app, device.person(INSPECTOR)).media
    assert [(one.evidence_id, one.why) for one in mine] == [(evidence_id, "rule")]
    with site.server.state.site.store.reading() as session:
        assert len(records.find(session, privacy.REMOVAL)) == 1
    site.time.ahead_ms = 0
    await proves(site, record_id, hashes[0], "保存期满", "its time was up")


async def test_the_export_of_my_data_is_logged(site: PlantSite) -> None:
    device = await site.device()
    await with_face(device)
    table = my_data.export(device.app, device.person(INSPECTOR)).decode("utf-8-sig")
    assert "U003" in table
    assert "责任人照片" in table
    await device.sync()
    with site.server.state.site.store.reading() as session:
        logged = [
            one
            for one in records.find(session, "event", limit=records.ALL)
            if one.text("what") == my_data.EXPORTED
        ]
    assert [one.text("by") for one in logged] == [INSPECTOR]


async def photo_of_another(device: Device) -> list[str]:
    """Somebody else's picture of a hazard; returns its hashes."""
    record_id = report(device, INSPECTOR, "TK-101", "阀门漏气")
    photograph(device, INSPECTOR, record_id, "closeup", "TK-101")
    await device.sync()
    with device.app.store.reading() as session:
        [photo] = records.evidence_of(session, record_id)
    return [photo.text("original"), photo.text("stamped")]


def as_own_voice(device: Device, person: str, files: list[str]) -> str:
    """Name files of somebody else as a recording of one's own, as a changed app does."""
    app = device.app
    record_id = report(device, person, "DB-03", "柜门没锁")
    cells: dict[str, Value] = {
        "of": record_id, "by": person, "media": "voice", "taken_ms": app.clock.now_ms(),
        "original": files[0], "transcript": files[1],
    }  # fmt: skip
    evidence_id = app.clock.new_id()
    with app.store.session() as session:
        author = journal.Author(app.device.device_id, person, app.sign)
        journal.write(
            session, author, app.clock.stamp(), kind="attach", record_id=evidence_id,
            type="evidence", definition="evidence@1", set=cells,
        )  # fmt: skip
    return evidence_id


async def test_nobody_has_the_photos_of_others_removed_by_calling_them_his_own(
    site: PlantSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, rogue = await site.device(), await site.device("rogue")
    hashes = await photo_of_another(device)
    evidence_id = as_own_voice(rogue, OTHER, hashes)
    await rogue.sync()
    # by withdrawing consent
    my_data.declare(rogue.app, rogue.person(OTHER), "voice", given=True)
    my_data.declare(rogue.app, rogue.person(OTHER), "voice", given=False)
    await rogue.sync()
    await site.run_duties()
    assert at_server(site, hashes) == [True] * 2
    # by a request that somebody approves
    my_data.ask(rogue.app, rogue.person(OTHER), evidence_id, "我的录音")
    [asked] = my_data.view(rogue.app, rogue.person(MANAGER)).requests
    my_data.decide(rogue.app, rogue.person(MANAGER), asked.record_id, "同意", remove=True)
    await rogue.sync()
    await site.run_duties()
    assert at_server(site, hashes) == [True] * 2
    with site.server.state.site.store.reading() as session:
        assert records.get(session, asked.record_id).text("state") == privacy.DECLINED
    # by letting its time run out
    closed = {**privacy.CLOSED, "hazard": frozenset({"reported"})}
    monkeypatch.setattr(privacy, "CLOSED", closed)
    site.time.pass_by(400 * 24 * 60)
    await site.run_duties()
    assert at_server(site, hashes) == [True] * 2


async def test_a_copy_of_a_personal_photo_does_not_keep_it(site: PlantSite) -> None:
    device = await site.device()
    _, evidence_id, hashes = await with_face(device)
    as_own_voice(device, OTHER, hashes[:2])  # later, so it is not its owner
    await device.sync()
    my_data.ask(device.app, device.person(INSPECTOR), evidence_id, "")
    [asked] = my_data.view(device.app, device.person(MANAGER)).requests
    my_data.decide(device.app, device.person(MANAGER), asked.record_id, "同意", remove=True)
    await device.sync()
    await site.run_duties()
    assert at_server(site, hashes) == [False] * 3
