"""The plant of a scenario: one real server and as many devices as it asks for, on real stores.

Server and first device are made once, the device in step with the server, and copied per test.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from app.use_cases import proofs as device_proofs
from offline_store.database import FILE_NAME
from server import proofs as server_proofs
from tests.helpers.plant import PlantSite, plant
from tests.helpers.trial import definitions_folder
from tests.scenarios.proving import Made, hazard, server_settings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def first_day(seeded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a plant whose device "phone-1" has enrolled and fetched everything."""
    folder = tmp_path_factory.mktemp("plant")
    shutil.copytree(seeded_home, folder / "server")
    async with plant(folder) as here:
        await here.device()
    return folder


@pytest_asyncio.fixture
async def site(
    first_day: Path, tmp_path: Path, on_store: Callable[[Path | None], str | None]
) -> AsyncIterator[PlantSite]:
    """The demo plant; each test runs on SQLite and on PostgreSQL."""
    shutil.copytree(first_day, tmp_path, dirs_exist_ok=True)
    url = on_store(first_day / "server")
    if url:
        (tmp_path / "server" / FILE_NAME).unlink()  # nothing may fall back to it
    async with plant(tmp_path, url) as here:
        yield here


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def made(first_day: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The hazard and its files, made once: on SQLite, each test below only reads."""
    folder = tmp_path_factory.mktemp("proofs") / "plant"
    shutil.copytree(first_day, folder)
    async with plant(folder) as here:
        device = await here.device()
        record_id = await hazard(device)
        file = await asyncio.to_thread(server_proofs.export, here.server_settings, record_id)
        own = device_proofs.export(device.settings, record_id, str)
        pem = server_proofs.public_pem(here.server_settings)
        return Made(folder, record_id, file, own, pem, here.server.state.site.key)


@pytest.fixture(scope="session")
def seeded(made: Made) -> Made:
    """A hazard of the first day: the server wrote it, among much else."""
    settings = server_settings(made.folder / "server")
    return replace(made, file=server_proofs.export(settings, "HZ-0005"))


@pytest.fixture
def server_home(made: Made) -> Path:
    """The stopped server's folder."""
    return made.folder / "server"


@pytest_asyncio.fixture
async def trial_site(
    first_day: Path, tmp_path: Path, on_store: Callable[[Path | None], str | None]
) -> AsyncIterator[PlantSite]:
    """The demo plant with the record type that tries permits; on SQLite and on PostgreSQL."""
    shutil.copytree(first_day, tmp_path, dirs_exist_ok=True)
    url = on_store(first_day / "server")
    if url:
        (tmp_path / "server" / FILE_NAME).unlink()
    definitions = definitions_folder(tmp_path / "definitions")
    async with plant(tmp_path, url, definitions) as here:
        yield here
