"""The plant of a scenario: one real server and as many devices as it asks for, on real stores."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.helpers.plant import PlantSite, plant


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[PlantSite]:
    """The demo plant."""
    async with plant(tmp_path) as here:
        yield here
