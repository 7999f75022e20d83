"""The file of the unsent queue: taken in by another device, by the server, and by the command.

Whoever takes it in, and however often: each record arrives once, with its photos, and has receipts.
"""

import asyncio
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from app.use_cases import outbox, relay, relaying
from domain.errors import ServerRefusedError
from domain.relay import (
    Message,
    RelayDamagedError,
    RelayElsewhereError,
    RelayForgedError,
    RelayForkError,
    RelayNewerError,
    RelayNothingError,
    RelayUnknownError,
    Run,
    encode,
    prove,
    read,
    runs_of,
)
from offline_store import blobs, entries, records, relay_files, relayed, removals
from server import drop
from server.blob_store import FolderBlobs, ObjectBlobs
from server.relay import take as server_take
from tests.conftest import ROOT
from tests.helpers.plant import Device, PlantSite
from tests.scenarios.loop import report

OPERATOR, INSPECTOR = "U012", "U003"


async def offline(site: PlantSite) -> tuple[Device, str, Path]:
    """A device that reported a hazard with a photo and cannot send it; and its outbox file."""
    device = await site.device()
    device.wire.up = False
    record_id = report(device, INSPECTOR, "TK-101", "阀门漏气", ("closeup",))
    file = site.folder / "anshao-outbox.zip"
    file.write_bytes(outbox.export(device.app))
    return device, record_id, file


def files_of(device: Device, record_id: str) -> list[str]:
    with device.app.store.reading() as session:
        photo = records.evidence_of(session, record_id)[0]
    return [photo.text(cell) for cell in ("original", "stamped", "thumb")]


def at_server(site: PlantSite, record_id: str) -> tuple[bool, int]:
    with site.server.state.site.store.reading() as session:
        here = records.lookup(session, record_id) is not None
        return here, len(entries.of_record(session, record_id))


async def test_another_device_takes_the_file_in_and_sends_it_with_its_photos(
    site: PlantSite,
) -> None:
    device, record_id, file = await offline(site)
    hashes = files_of(device, record_id)
    second = await site.device("phone-2")
    second.wire.up = False
    taken = relay.take_file(second.app, second.person(OPERATOR), file)
    assert taken.photos == 3
    assert {line.type for line in taken.lines} >= {"hazard", "evidence"}
    assert [blobs.is_here(second.app.store, sha) for sha in hashes] == [True] * 3
    again = relay.take_file(second.app, second.person(OPERATOR), file)
    assert (again.lines, again.photos) == ([], 0)
    assert again.known == len(taken.lines)

    second.wire.up = True
    await second.sync()
    assert at_server(site, record_id) == (True, 1)
    store = site.server.state.site.store
    assert [blobs.is_here(store, sha) for sha in hashes] == [True] * 3
    assert relay.waiting(second.app) == []

    device.wire.up = True  # its own sync finds all there, and gets its receipts for the photos
    await device.sync()
    assert at_server(site, record_id) == (True, 1)
    assert outbox.waiting(device.app) == 0
    assert relaying.offer(device.app, device.person(OPERATOR), record_id).entries


async def test_the_server_takes_the_file_in_twice_with_the_same_receipts(site: PlantSite) -> None:
    device, record_id, file = await offline(site)
    here = site.server.state.site
    first = await asyncio.to_thread(drop.take, here, file)
    assert [run["outcome"] for run in first.runs] == ["taken"]
    assert all(first.photos.values())
    assert len(first.photos) == 3
    second = await asyncio.to_thread(drop.take, here, file)
    assert [run["outcome"] for run in second.runs] == ["known"]
    assert second.runs[0]["receipt"] == first.runs[0]["receipt"]
    assert second.photos == first.photos
    assert at_server(site, record_id) == (True, 1)
    device.wire.up = True
    await device.sync()
    assert outbox.waiting(device.app) == 0
    assert at_server(site, record_id) == (True, 1)


async def test_a_file_brings_back_no_photo_that_was_removed(site: PlantSite) -> None:
    device, record_id, file = await offline(site)
    here, sha = site.server.state.site, files_of(device, record_id)[0]
    with here.store.session() as session:
        removals.mark(session, [sha])
    took = await asyncio.to_thread(drop.take, here, file)
    assert len(took.photos) == 2
    assert took.refused == {sha: "blob.removed"}
    second = await site.device("phone-2")
    second.wire.up = False
    with second.app.store.session() as session:
        removals.mark(session, [sha])
    relay.take_file(second.app, second.person(OPERATOR), file)
    for store in (here.store, second.app.store):
        assert [one for one in files_of(device, record_id) if not blobs.is_here(store, one)] == [
            sha
        ]
        with store.reading() as session:
            assert removals.is_removed(session, sha)


async def test_photos_that_only_a_forged_entry_names_fill_nobodys_device(
    site: PlantSite, tmp_path: Path
) -> None:
    device, record_id, file = await offline(site)
    second = await site.device("phone-2")
    second.wire.up = False
    relay.take_file(second.app, second.person(OPERATOR), file)
    thing = b"\0" * 1_000_000
    sha, known = hashlib.sha256(thing).hexdigest(), files_of(device, record_id)[0]
    with zipfile.ZipFile(file) as archive:
        message = json.loads(archive.read(relay_files.MESSAGE))
    forged = json.loads(json.dumps(message["runs"][0]).replace(known, sha))
    assert forged != message["runs"][0]
    message["runs"].append(forged)
    made = tmp_path / "made.anshao-relay"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(relay_files.MESSAGE, json.dumps(message))
        archive.writestr(relay_files.FOLDER + sha, thing)
    taken = relay.take_file(second.app, second.person(OPERATOR), made)
    assert [type(one) for one in taken.trouble] == [RelayForgedError]
    assert not blobs.is_here(second.app.store, sha)
    here = site.server.state.site
    await asyncio.to_thread(drop.take, here, made)
    assert not blobs.is_here(here.store, sha)


async def test_photos_of_a_file_obey_the_limits_of_uploads_and_go_where_files_rest(
    site: PlantSite,
) -> None:
    device, record_id, file = await offline(site)
    here, hashes = site.server.state.site, files_of(device, record_id)
    sizes = {sha: blobs.size(device.app.store, sha) for sha in hashes}
    largest = max(hashes, key=lambda sha: sizes[sha])
    folder = site.server_settings.home / drop.FOLDER
    folder.mkdir()
    (folder / "one.anshao-relay").write_bytes(file.read_bytes())
    settings, objects = here.settings, ObjectBlobs(MemoryStore(), FolderBlobs(here.store))
    here.settings = settings.model_copy(update={"disk_free_min_bytes": 2**60})
    await site.run_duties()
    assert (folder / "one.anshao-relay").exists()  # waits for room, and is taken then
    limit = {"blob_max_bytes": sizes[largest] - 1}
    here.settings, here.blob_store = settings.model_copy(update=limit), objects
    await site.run_duties()
    done = json.loads((folder / "done" / "one.anshao-relay.result.json").read_text("utf-8"))
    assert done["refused"] == {largest: "blob.size"}
    assert set(done["photos"]) == set(hashes) - {largest}
    for sha in done["photos"]:
        assert not blobs.is_here(here.store, sha)
        assert hashlib.sha256(b"".join(objects.read(sha, 0, 2**62))).hexdigest() == sha


async def test_a_running_server_takes_what_lies_in_its_folder(site: PlantSite) -> None:
    _, record_id, file = await offline(site)
    folder = site.server_settings.home / drop.FOLDER
    folder.mkdir()
    (folder / "one.anshao-relay").write_bytes(file.read_bytes())
    (folder / "two.anshao-relay").write_bytes(file.read_bytes()[:500])
    await site.run_duties()
    assert at_server(site, record_id) == (True, 1)
    good = json.loads((folder / "done" / "one.anshao-relay.result.json").read_text("utf-8"))
    bad = json.loads((folder / "done" / "two.anshao-relay.result.json").read_text("utf-8"))
    assert good["runs"][0]["outcome"] == "taken"
    assert bad["error"] == "relay.damaged"
    assert not list(folder.glob("*.anshao-relay"))


async def test_a_chain_with_a_changed_entry_is_refused_and_the_rest_stays_good(
    site: PlantSite,
) -> None:
    device, record_id, _ = await offline(site)
    second = await site.device("phone-2")
    offered = relaying.offer(device.app, device.person(OPERATOR), record_id)
    forged = offered.message.replace("阀门漏气".encode(), "阀门正常".encode())
    assert forged != offered.message
    with pytest.raises(RelayForgedError):
        relay.take(second.app, second.person(OPERATOR), forged)
    here = site.server.state.site
    reply = server_take(here, read(forged), "file")
    assert [(run.outcome, run.code) for run in reply.runs] == [("refused", "relay.forged")]
    assert at_server(site, record_id)[0] is False


async def test_two_histories_under_one_number_are_kept_and_told(site: PlantSite) -> None:
    """The device was set back: what it wrote before was handed over, then it wrote anew."""
    device, record_id, _ = await offline(site)
    second = await site.device("phone-2")
    second.wire.up = False
    relay.take(
        second.app, second.person(OPERATOR),
        relaying.offer(device.app, device.person(OPERATOR), record_id).message,
    )  # fmt: skip
    own = device.app.device.device_id
    with device.app.store.session() as session:
        known = [one.entry.number for one in entries.of_record(session, record_id)]
        for number in range(min(known), max(known) + 10):
            entries.remove(session, own, number)
    other = report(device, INSPECTOR, "DB-03", "另一段历史")
    message = relaying.offer(device.app, device.person(OPERATOR), other).message
    taken = relay.take(second.app, second.person(OPERATOR), message)
    assert [type(one) for one in taken.trouble] == [RelayForkError]
    assert taken.lines == []
    with second.app.store.reading() as session:
        assert "fork" in {one.came.state for one in relayed.find(session)}
    second.wire.up = True
    await second.sync()
    aside = site.server_settings.home / "quarantine"
    assert at_server(site, record_id)[0]
    assert list(aside.glob("*.jsonl"))


async def test_what_goes_on_from_a_history_that_was_turned_down_counts_nowhere(
    site: PlantSite,
) -> None:
    """It was handed over piece by piece, while the device that was set back had sent another."""
    device, begun, _ = await offline(site)
    second, person = await site.device("phone-2"), device.person(INSPECTOR)
    first = relaying.offer(device.app, person, begun).message
    later = report(device, INSPECTOR, "DB-03", "同一段历史")
    whole = read(relaying.offer(device.app, person, later).message)
    own, key = device.app.device.device_id, device.app.device.public_key
    behind = prove(whole.runs[0], key)[read(first).count :]
    rest = encode(replace(whole, runs=runs_of(behind, {own: key})))
    with device.app.store.session() as session:
        for number in range(1, entries.head(session, own)[0] + 1):
            entries.remove(session, own, number)
    report(device, INSPECTOR, "DB-03", "另一段历史")
    device.wire.up = True
    await device.sync()

    relay.take(second.app, second.person(OPERATOR), first)
    await second.sync()  # the server has the other one
    taken = relay.take(second.app, second.person(OPERATOR), rest)
    assert {line.state for line in taken.lines} == {"fork"}
    await second.sync()
    with second.app.store.reading() as session:
        assert records.lookup_all(session, [begun, later]) == []


async def test_what_cannot_be_taken_in_says_why(site: PlantSite, tmp_path: Path) -> None:
    device, record_id, file = await offline(site)
    second = await site.device("phone-2")
    person = second.person(OPERATOR)
    message = relaying.offer(device.app, device.person(OPERATOR), record_id).message
    plain = read(message)

    def made(**other: object) -> bytes:
        return json.dumps({**json.loads(message), **other}).encode()

    for data, error in [
        (b"", RelayDamagedError), (b"[]", RelayDamagedError), (b"{" * 100_000, RelayDamagedError),
        (message[:-9], RelayDamagedError), (made(v=2), RelayNewerError),
        (made(v="1"), RelayDamagedError), (made(runs=[]), RelayDamagedError),
        (made(runs={"0": 1}), RelayDamagedError), (made(plant="OTHER"), RelayElsewhereError),
        (made(runs=[{"dev": "x"}]), RelayDamagedError), (made(at_ms=-1), RelayDamagedError),
    ]:  # fmt: skip
        with pytest.raises(error):
            relay.take(second.app, person, data)
    run = plain.runs[0]
    stranger = Message(plain.plant, plain.sender, plain.made_ms, (replaced(run, "nobody"),))
    with pytest.raises(RelayUnknownError):
        relay.take(second.app, person, encode(stranger))
    with pytest.raises(RelayNothingError):
        relaying.offer(second.app, person, "0198c0de-0000-7000-8000-000000000000")

    for name, change in {"torn.zip": file.read_bytes()[:-40], "text.zip": b"hello"}.items():
        (tmp_path / name).write_bytes(change)
        with pytest.raises(RelayDamagedError):
            relay.take_file(second.app, person, tmp_path / name)
    sly = tmp_path / "sly.zip"  # other bytes under a hash, a path that leads out, a stranger's file
    sha = files_of(device, record_id)[0]
    with zipfile.ZipFile(sly, "w") as archive:
        archive.writestr(relay_files.MESSAGE, message)
        archive.writestr("blobs/../../out.txt", b"out")
        archive.writestr(f"blobs/{'0' * 64}", b"nobody named this")
        archive.writestr(f"blobs/{sha}", b"other bytes")
    with pytest.raises(RelayDamagedError):
        relay.take_file(second.app, person, sly)
    assert not (tmp_path / "out.txt").exists()
    assert not blobs.is_here(second.app.store, "0" * 64)
    assert not blobs.is_here(second.app.store, sha)


def replaced(run: Run, device_id: str) -> Run:
    return replace(run, device_id=device_id)


async def test_the_wire_refuses_what_is_no_message(site: PlantSite) -> None:
    device = await site.device()
    transport = site.transport(device.wire, device.app.device.token)
    bomb = gzip.compress(bytes(5 * 1024 * 1024))
    for data in (b"", b"not gzip", gzip.compress(b"{}"), bomb):
        with pytest.raises(ServerRefusedError) as caught:
            await transport.relay(data)
        assert int(str(caught.value.params["status"])) in (400, 413, 422)


@pytest.mark.slow
async def test_the_command_takes_a_file_into_a_server_that_stands_still(
    site: PlantSite, tmp_path: Path
) -> None:
    _, record_id, file = await offline(site)
    home = tmp_path / "copy"
    shutil.copytree(site.server_settings.home, home / "server")
    url = site.server_settings.database_url
    base = {"ANSHAO_SERVER_DATABASE_URL": url} if url else {}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "anshao.py"), "take-in", str(file)],
            env=base | {"ANSHAO_HOME": str(home), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip

    first = await asyncio.to_thread(run)
    assert (first.returncode, "结果：全部接收" in first.stdout) == (0, True), first.stderr
    second = await asyncio.to_thread(run)
    assert (second.returncode, "以前已接收" in second.stdout) == (0, True)
    assert first.stdout.split("收条 ")[1:] == second.stdout.split("收条 ")[1:]
    assert record_id
