"""The plant of a scenario: one real server and as many devices as it asks for, on real stores.

Server and first device are made once, the device in step with the server, and copied per test.
"""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from offline_store.database import FILE_NAME
from tests.helpers.plant import PlantSite, plant


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
