"""Backup and restore: nothing that was ever confirmed is lost with the server."""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.errors import StoreDamagedError
from offline_store import blobs, copies, keep, peers
from offline_store.copies import StoreMissingError, StoreOlderError
from offline_store.database import FILE_NAME, open_store
from offline_store.peers import PeersOtherError
from server import backup
from server.backup import (
    BackupBrokenError,
    BackupMissingError,
    BackupPhraseError,
    BackupTargetError,
)
from server.settings import ServerSettings
from server.site import EPOCH
from tests.faults import crew
from tests.faults.crew import Member
from tests.helpers.postgres import Cluster
from tests.helpers.processes import ROOT, World
from tests.server.phone import CODE

Fill = Callable[[Path | None], str | None]
PHRASE = "correct horse battery staple"


def _anshao(world: World, *words: str) -> str:
    environment = {
        **os.environ, "ANSHAO_HOME": str(world.folder),
        "ANSHAO_SERVER_HOME": str(world.folder / "server"), "ANSHAO_BACKUP_PASSPHRASE": PHRASE,
        **({"ANSHAO_SERVER_DATABASE_URL": world.database_url} if world.database_url else {}),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "anshao", *words], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


async def _backed_up_at_work(world: World, people: list[Member], out: Path) -> list[str]:
    """Let people work, and back up meanwhile; returns hazards that all of them know."""
    for one in people:
        one.work()
        await one.sync()
    known = [one.hazards[0] for one in people]
    for one in people:
        await one.sync()
    # a backup while all of them work
    backing_up = asyncio.create_task(asyncio.to_thread(_anshao, world, "backup", "--out", str(out)))
    while not backing_up.done():
        for one in people:
            one.work(known)
            await one.sync()
            await asyncio.sleep(0.2)
    assert "whole" in _anshao(world, "backup", "--check", str(out)), await backing_up
    return known


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_plant_gets_everything_back_from_a_backup_and_from_its_devices(
    seeded_home: Path, tmp_path: Path, on_store: Fill, request: pytest.FixtureRequest
) -> None:
    """The rehearsal: backed up while people work, worked on, server lost, restored, worked on."""
    shutil.copytree(seeded_home, tmp_path / "server")
    url = on_store(seeded_home)
    if url:
        (tmp_path / "server" / FILE_NAME).unlink()
    world = World(tmp_path, database_url=url, code=CODE)
    await asyncio.to_thread(world.start_server)
    people = [
        await crew.member([world.server_port], tmp_path / f"tablet{number}", number)
        for number in range(3)
    ]
    try:
        out = tmp_path / "backups"
        known = await _backed_up_at_work(world, people, out)
        # days of work after it: the first two send it, the third is offline
        for _ in range(3):
            for one in people:
                one.work(known)
            for one in people[:2]:
                await one.sync()
        # the server is gone, and its disk with it
        await asyncio.to_thread(world.kill, "server")
        shutil.rmtree(tmp_path / "server")
        if url:
            cluster: Cluster = request.getfixturevalue("cluster")
            cluster.drop(url.rpartition("/")[2].partition("?")[0])
            world.database_url = url = cluster.url(cluster.empty())
        for one in people:
            one.work(known)
        said = _anshao(world, "restore", str(out))
        assert "restored" in said
        await asyncio.to_thread(world.start_server)
        for _ in range(3):
            for one in people:
                await one.sync()
        one = people[0]
        one.work(known)  # and it goes on
        for one in people * 2:
            await one.sync()
    finally:
        await asyncio.to_thread(world.stop)
    server = open_store(tmp_path / "server", url)
    try:
        crew.check(server, people)
    finally:
        server.close()
        for one in people:
            await one.close()


@pytest.fixture
def settings(seeded_home: Path, tmp_path: Path) -> ServerSettings:
    """A server that nobody runs now, with two photos."""
    home = tmp_path / "server"
    shutil.copytree(seeded_home, home)
    return ServerSettings(home=home)


def _to(settings: ServerSettings, home: Path) -> ServerSettings:
    return settings.model_copy(update={"home": home})


def test_a_backup_of_a_file_that_is_written_to_all_the_time_ends(
    settings: ServerSettings, tmp_path: Path
) -> None:
    """In steps SQLite would begin anew at each write, and never end."""
    done = threading.Event()

    def write() -> None:
        with sqlite3.connect(settings.home / FILE_NAME, timeout=30) as connection:
            while not done.wait(0.002):
                connection.execute("REPLACE INTO keep (name, body) VALUES ('x', randomblob(9))")
                connection.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = backup.make(settings, tmp_path / "out")
    finally:
        done.set()
        writer.join()
    assert backup.check(tmp_path / "out").facts == made.facts


def test_photos_are_copied_once_and_come_back_as_they_were(
    settings: ServerSettings, tmp_path: Path
) -> None:
    first = backup.make(settings, tmp_path / "out", PHRASE)
    again = backup.make(settings, tmp_path / "out", PHRASE)

    assert len(first.photos.named) == first.photos.copied > 0
    assert again.photos.copied == 0
    home = tmp_path / "new"
    backup.restore(_to(settings, home), tmp_path / "out", PHRASE)
    with_photos = sorted(one.name for one in (settings.home / "blobs").glob("*/*"))
    assert sorted(one.name for one in (home / "blobs").glob("*/*")) == with_photos
    for name in ("keys/server.pem", "keys/pins.json"):
        assert (home / name).read_bytes() == (settings.home / name).read_bytes()
        assert (home / name).stat().st_mode & 0o077 == 0


def test_a_restored_server_begins_a_new_life_of_the_feed(
    settings: ServerSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backup.make(settings, tmp_path / "out", PHRASE)
    backup.restore(_to(settings, tmp_path / "new"), tmp_path / "out", PHRASE)
    assert not [one for one in caplog.records if one.name == "server.backup"], "the command says it"

    epochs: set[object] = set()
    for home in (settings.home, tmp_path / "new"):
        store = open_store(home)
        with store.reading() as session:
            epochs.add(keep.get(session, EPOCH))
            assert not blobs.missing(store, session)
        store.close()
    assert len(epochs) == 2


def test_nothing_is_restored_over_what_is_there(settings: ServerSettings, tmp_path: Path) -> None:
    backup.make(settings, tmp_path / "out", PHRASE)
    before = (settings.home / FILE_NAME).read_bytes()

    with pytest.raises(BackupTargetError):
        backup.restore(settings, tmp_path / "out", PHRASE)

    assert (settings.home / FILE_NAME).read_bytes() == before


@pytest.mark.parametrize("phrase", [None, "", "wrong"])
def test_sealed_keys_need_their_passphrase(
    settings: ServerSettings, tmp_path: Path, phrase: str | None
) -> None:
    made = backup.make(settings, tmp_path / "out", PHRASE)
    secret = (settings.home / "keys" / "server.pem").read_bytes()

    with pytest.raises(BackupPhraseError):
        backup.restore(_to(settings, tmp_path / "new"), tmp_path / "out", phrase)

    assert not (tmp_path / "new" / FILE_NAME).exists()
    assert all(secret[40:80] not in file.read_bytes() for file in made.folder.iterdir())


def test_keys_in_clear_are_named_as_secret(settings: ServerSettings, tmp_path: Path) -> None:
    made = backup.make(settings, tmp_path / "out")

    assert (made.folder / "SECRET-keys.zip").stat().st_mode & 0o077 == 0
    assert json.loads((made.folder / "manifest.json").read_text())["keys"] == "SECRET"


@pytest.mark.parametrize("name", ["store.db", "files.zip", "blobs.txt", "manifest.json", "photo"])
def test_a_backup_that_was_damaged_is_told_and_not_restored(
    settings: ServerSettings, tmp_path: Path, name: str
) -> None:
    made = backup.make(settings, tmp_path / "out", PHRASE)
    photo = next((tmp_path / "out" / "blobs").glob("*/*"))
    file = photo if name == "photo" else made.folder / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)

    with pytest.raises((BackupBrokenError, StoreDamagedError)):
        backup.restore(_to(settings, tmp_path / "new"), tmp_path / "out", PHRASE)

    assert not (tmp_path / "new").exists()


def test_a_backup_that_was_cut_is_none(settings: ServerSettings, tmp_path: Path) -> None:
    made = backup.make(settings, tmp_path / "out", PHRASE)
    (made.folder / "manifest.json").unlink()

    with pytest.raises(BackupMissingError):
        backup.check(tmp_path / "out")


def test_no_store_and_another_version_are_said(settings: ServerSettings, tmp_path: Path) -> None:
    with pytest.raises(StoreMissingError):
        copies.make(tmp_path / "nowhere", None, tmp_path / "copy.db")
    with sqlite3.connect(settings.home / FILE_NAME) as connection:
        connection.execute("INSERT INTO schema_step (number) VALUES (9999)")
    with pytest.raises(StoreOlderError):
        copies.make(settings.home, None, tmp_path / "copy.db")


@pytest.mark.postgres
def test_a_process_of_another_version_is_refused_while_one_runs(
    cluster: Cluster, tmp_path: Path
) -> None:
    name = cluster.empty()
    with peers.joined(cluster.url(name), 1):
        with peers.joined(cluster.url(name), 1):
            pass  # another one of the same version
        with pytest.raises(PeersOtherError), peers.joined(cluster.url(name), 2):
            pytest.fail("two versions at one database")
    with peers.joined(cluster.url(name), 2):
        pass  # the old ones have ended
    cluster.drop(name)
