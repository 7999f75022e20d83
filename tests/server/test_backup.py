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
from offline_store import blobs, copies, keep
from offline_store.copies import StoreMissingError, StoreOlderError
from offline_store.database import FILE_NAME, open_store
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
        for one in people:
            one.work()
            await one.sync()
        known = [one.hazards[0] for one in people]
        for one in people:
            await one.sync()
        # a backup while all of them work
        out = tmp_path / "backups"
        backing_up = asyncio.create_task(
            asyncio.to_thread(_anshao, world, "backup", "--out", str(out))
        )
        while not backing_up.done():
            for one in people:
                one.work(known)
                await one.sync()
                await asyncio.sleep(0.2)
        assert "whole" in _anshao(world, "backup", "--check", str(out)), await backing_up
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
