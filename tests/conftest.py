"""Rules for every test: loopback only, a skip fails in CI, Hypothesis from fixed profiles."""

import ipaddress
import os
import shutil
import socket
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.helpers.postgres import Cluster

from tests.helpers import mobile

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
MEMORY = Path("/dev/shm")  # a disk waits milliseconds for each fsync, and there are thousands
MEMORY_MIN_BYTES = 4 * 1024**3
MAY_SKIP = {"model", "shared"}  # weights and data that do not stand in the repository

hypothesis.settings.register_profile("dev", max_examples=50, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=500, deadline=None, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "dev")

if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_MIN_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run say that it stands for a phone."""
    parser.addoption("--profile", choices=["mobile"], help="import nothing that phones lack")


def pytest_configure(config: pytest.Config) -> None:
    """Take away what phones lack before a test imports it."""
    if config.getoption("--profile") == "mobile":
        mobile.block()


class NetworkRefusedError(RuntimeError):
    """A test reached for an address beyond this machine. No OSError: code would call it offline."""


def _refuse_beyond_loopback(sock: socket.socket, address: object) -> None:
    if sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    host = str(cast("tuple[object, ...]", address)[0])
    if host == "localhost" or ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        return
    message = f"tests talk to this machine only, not to {host}"
    raise NetworkRefusedError(message)


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Generator[None]:
    """Refuse connections beyond loopback for the whole run."""
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex

    def connect(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - as socket has it
        _refuse_beyond_loopback(self, address)
        real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:  # noqa: ANN401 - as socket has it
        _refuse_beyond_loopback(self, address)
        return real_connect_ex(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    patch.setattr(socket.socket, "connect_ex", connect_ex)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def seeded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo server on its first day, made once; a test works on a copy of it."""
    from server import main  # most tests need no server
    from server.settings import ServerSettings

    home = tmp_path_factory.mktemp("seeded") / "server"
    main.prepare(ServerSettings(home=home, demo=True)).store.close()
    return home


@pytest.fixture(scope="session")
def cluster() -> Generator["Cluster"]:
    """A PostgreSQL of this run."""
    from tests.helpers import postgres  # the fast tests need none

    with postgres.cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def on_store(request: pytest.FixtureRequest) -> Generator[Callable[[Path | None], str | None]]:
    """Run the test on both databases: gives the URL of one filled like a server's folder.

    None as folder asks for an empty one. On SQLite the URL is None: the file in the folder.
    """
    if request.param == "sqlite":
        yield lambda _home: None
        return
    running: Cluster = request.getfixturevalue("cluster")
    made: list[str] = []

    def filled_like(home: Path | None) -> str:
        made.append(running.like(home) if home else running.empty())
        return running.url(made[-1])

    yield filled_like
    for name in made:
        running.drop(name)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of sample data beside the checkout; a test that asks for it is marked `shared`."""
    folder = Path(os.environ.get("ANSHAO_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip("no sample data: set ANSHAO_SHARED to its folder")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use sample data, so that CI lets them be skipped."""
    for item in items:
        if "shared" in cast("list[str]", getattr(item, "fixturenames", [])):
            item.add_marker("shared")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, Any]:
    """Turn a skip into a failure in CI: a test that does not run proves nothing."""
    report = yield
    may_skip = any(item.get_closest_marker(name) for name in MAY_SKIP)
    if IN_CI and report.skipped and not hasattr(report, "wasxfail") and not may_skip:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself while it is collected."""
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
