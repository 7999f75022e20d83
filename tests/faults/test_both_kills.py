"""Clients and server are killed during sync, twenty times: nothing is lost, no hand is needed."""

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from offline_store.database import FILE_NAME
from tests.faults.both import Campaign

KILLS = 20


@pytest.mark.slow
@pytest.mark.timeout(900)  # each start of a process takes its seconds
def test_twenty_kills_of_clients_and_server_during_sync_lose_nothing(
    seeded_home: Path, tmp_path: Path, on_store: Callable[[Path | None], str | None]
) -> None:
    seed = secrets.randbelow(2**31)
    print(f"seed {seed}")  # `dev.py soak kill --seed` takes it
    shutil.copytree(seeded_home, tmp_path / "server")
    url = on_store(seeded_home)
    if url:
        (tmp_path / "server" / FILE_NAME).unlink()
    campaign = Campaign(tmp_path, seed, url)

    print(campaign.run(KILLS))

    assert sum(campaign.tally.values()) == KILLS
