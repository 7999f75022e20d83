"""A demo server in this process, and tablets that close with the test."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from server import main
from server.settings import ServerSettings
from server.site import Site
from tests.server.phone import CODE
from tests.sync.field import Tablet, tablet

Enrol = Callable[..., Awaitable[Tablet]]


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sync") / "server"
    main.prepare(ServerSettings(home=home, enrol_code=CODE)).store.close()
    return home


@pytest.fixture
def app(empty_home: Path, tmp_path: Path) -> httpx.ASGITransport:
    home = tmp_path / "server"
    shutil.copytree(empty_home, home)
    settings = ServerSettings(
        home=home, enrol_code=CODE, silence_s=0.3, disk_free_min_bytes=0, blob_max_bytes=1_000_000,
        enrol_per_minute=1000, enrol_code_devices=1000,
    )  # fmt: skip
    return httpx.ASGITransport(main.create_app(settings))


@pytest.fixture
def site(app: httpx.ASGITransport) -> Site:
    return app.app.state.site  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportFunctionMemberAccess]


@pytest.fixture
async def enrol(app: httpx.ASGITransport, site: Site) -> AsyncIterator[Enrol]:
    tablets: list[Tablet] = []

    async def one(**options: float) -> Tablet:
        tablets.append(await tablet(app, **options))  # pyright: ignore[reportArgumentType]
        return tablets[-1]

    yield one
    for made in tablets:
        await made.transport.close()
        made.store.close()
    site.store.close()
