"""A demo server, seeded once per run and copied for each test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from server import main
from server.settings import ServerSettings
from tests.server.phone import CODE, Bench


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("seeded") / "server"
    site = main.prepare(ServerSettings(home=home, demo=True, enrol_code=CODE))
    site.store.close()
    return home


@pytest.fixture
def settings(seeded: Path, tmp_path: Path) -> ServerSettings:
    home = tmp_path / "server"
    shutil.copytree(seeded, home)
    return ServerSettings(
        home=home, demo=True, enrol_code=CODE, silence_s=0.3, disk_free_min_bytes=0
    )


@pytest.fixture
async def bench(settings: ServerSettings) -> AsyncIterator[Bench]:
    app = main.create_app(settings)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        bench = Bench(app.state.site, settings, client)
        yield bench
    for phone in bench.phones:
        phone.store.close()
    app.state.site.store.close()
