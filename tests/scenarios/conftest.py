"""The plant of a scenario: one real server and as many devices as it asks for, on real stores.

Server and first device are made once, the device in step with the server, and copied per test.
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

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
async def site(first_day: Path, tmp_path: Path) -> AsyncIterator[PlantSite]:
    """The demo plant."""
    shutil.copytree(first_day, tmp_path, dirs_exist_ok=True)
    async with plant(tmp_path) as here:
        yield here
