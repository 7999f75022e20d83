"""A demo server, on a copy of its first day."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from offline_store.database import FILE_NAME
from server import main
from server.settings import ServerSettings
from tests.server.phone import CODE, Bench


@pytest.fixture
def settings(
    seeded_home: Path, tmp_path: Path, on_store: Callable[[Path | None], str | None]
) -> ServerSettings:
    home = tmp_path / "server"
    shutil.copytree(seeded_home, home)
    url = on_store(seeded_home)
    if url:
        (home / FILE_NAME).unlink()  # nothing may fall back to it
    return ServerSettings(
        home=home,
        demo=True,
        enrol_code=CODE,
        silence_s=0.3,
        disk_free_min_bytes=0,
        database_url=url,
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
