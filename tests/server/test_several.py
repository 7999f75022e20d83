"""Several server processes on one PostgreSQL: nothing is skipped, nothing is written twice."""

import asyncio
import itertools
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from domain.changes import link
from domain.errors import DatabaseUnreachableError
from offline_store import devices, entries, journal, keep, records
from offline_store.database import open_store
from server import intake, main, uploads
from server.keys import public_bytes
from server.own_entries import KNOWN, OwnStep, write_own
from server.settings import ServerSettings
from server.site import Site
from tests.faults import crew
from tests.helpers.postgres import Cluster
from tests.helpers.processes import free_port
from tests.server.phone import CODE, Phone, enrol, report

ROOT = Path(__file__).resolve().parents[2]
START = """
import sys
from server import main, settings
main.run(settings.ServerSettings.model_validate_json(sys.stdin.read()))
"""
WRITERS, PUSHES = 4, 12
Fill = Callable[[Path | None], str | None]


@pytest.fixture
def two(settings: ServerSettings) -> Iterator[tuple[Site, Site]]:
    """Two servers of one plant, on either database."""
    first, second = main.prepare(settings), main.prepare(settings)
    yield first, second
    first.store.close()
    second.store.close()


def _device(site: Site) -> Phone:
    key = public_bytes(Ed25519PrivateKey.generate())
    device = devices.Device(secrets.token_hex(8), key)
    store = open_store(None)
    for one in (store, site.store):
        with one.session() as session:
            devices.add(session, device)
    return Phone(httpx.AsyncClient(), device.device_id, "", store)


def _push(site: Site, phone: Phone) -> None:
    head, bodies = phone.waiting()
    intake.take(site, head, bodies)
    phone.sent = head.last


@pytest.mark.slow
def test_a_reader_misses_no_row_of_several_writers(two: tuple[Site, Site]) -> None:
    """What `pg_order.py` of the guide shows: numbers that appear behind a reader are lost."""
    phones = [_device(two[0]) for _ in range(WRITERS)]
    done = threading.Event()
    seen: list[tuple[str, int]] = []

    def write(phone: Phone, site: Site) -> None:
        for _ in range(PUSHES):
            for _ in range(3):
                phone.write("U012", "hazard", report())
            _push(site, phone)

    def read() -> None:
        cursor, last = 0, False
        while True:
            last = done.is_set()  # one more look after everybody has finished
            with two[1].store.reading() as session:
                found, cursor, more = entries.page(session, cursor, 5)
            seen.extend((one.entry.device_id, one.entry.number) for one in found)
            if last and not more:
                return

    reader = threading.Thread(target=read)
    writers = [
        threading.Thread(target=write, args=(phone, two[number % 2]))
        for number, phone in enumerate(phones)
    ]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    for phone in phones:
        own = [number for device, number in seen if device == phone.device_id]
        assert own == list(range(1, 3 * PUSHES + 1))
        phone.store.close()


@pytest.mark.slow
def test_two_servers_say_a_thing_once_and_keep_one_chain(two: tuple[Site, Site]) -> None:
    ids = [f"0198c0de-0000-7000-8000-{number:012d}" for number in range(20)]
    said: list[str] = []

    def say(site: Site) -> None:
        for record_id in ids:
            step = OwnStep("U012", record_id, "hazard", report(), kind="decide")
            said.extend(one.verdict for one in write_own(site, [step], only_new=True))

    threads = [threading.Thread(target=say, args=(site,)) for site in (*two, *two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("accepted") == len(ids)
    assert said.count(KNOWN) == 3 * len(ids)
    with two[0].store.reading() as session:
        logged = entries.of_device(session, "server", 1, 10_000)
        assert all(records.lookup(session, record_id) for record_id in ids)
    assert [one.entry.number for one in logged] == list(range(1, len(logged) + 1))
    for before, one in itertools.pairwise(logged):
        assert one.hash == link(before.hash, one.body)


def test_a_read_view_stands_still_while_others_write(two: tuple[Site, Site]) -> None:
    phone = _device(two[0])
    with two[0].store.reading() as session:
        before = journal.last_feed(session)
        phone.write("U012", "hazard", report())
        _push(two[1], phone)
        assert journal.last_feed(session) == before
    with two[0].store.reading() as session:
        assert journal.last_feed(session) == before + 1
    phone.store.close()


@pytest.mark.postgres
def test_a_read_view_refuses_to_write(cluster: Cluster, tmp_path: Path) -> None:
    name = cluster.empty()
    store = open_store(tmp_path, cluster.url(name))
    with pytest.raises(Exception, match="read-only"), store.reading() as session:
        keep.put(session, "a", 1)
    store.close()
    cluster.drop(name)


@pytest.mark.postgres
def test_what_gave_way_to_another_transaction_is_done_again(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Two transactions that take two rows in opposite order: one is ended, and done again."""
    name = cluster.empty()
    store = open_store(tmp_path, cluster.url(name))
    meet = threading.Barrier(2)
    runs: list[int] = []

    def take(own: int, other: int) -> None:
        def work(session: object) -> None:
            runs.append(own)
            for key in (own, other):
                session.connection().execute(text(f"SELECT pg_advisory_xact_lock({key})"))  # pyright: ignore[reportAttributeAccessIssue]
                if key == own and len(runs) <= 2:
                    meet.wait(10)

        store.run(work)

    threads = [threading.Thread(target=take, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(runs) in ([1, 1, 2], [1, 2, 2])
    store.close()
    cluster.drop(name)


@contextmanager
def _servers(settings: list[ServerSettings]) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Run real server processes, started at the same moment."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        for one in settings:
            out = (one.home.parent / f"out-{one.port}").open("wb")
            command = [sys.executable, "-c", START]
            process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=out, stderr=out, env=os.environ
            )
            out.close()
            assert process.stdin
            process.stdin.write(one.model_dump_json().encode())
            process.stdin.close()
            running.append(process)
        for one, process in zip(settings, running, strict=True):
            _until_ready(one, process)
        yield running
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(30)


def _until_ready(settings: ServerSettings, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{settings.port}/health/ready").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    said = (settings.home.parent / f"out-{settings.port}").read_text("utf-8", "replace")
    raise AssertionError(said[-3000:])


@pytest.mark.postgres
@pytest.mark.slow
async def test_two_processes_start_at_once_on_an_empty_database_and_serve_one_plant(
    cluster: Cluster, tmp_path: Path
) -> None:
    name = cluster.empty()
    alike = ServerSettings(
        home=tmp_path / "server", enrol_code=CODE, demo=True, disk_free_min_bytes=0,
        database_url=cluster.url(name), enrol_per_minute=4,
    )  # fmt: skip
    both = [alike.model_copy(update={"port": free_port()}) for _ in range(2)]
    with _servers(both):
        addresses = [f"http://127.0.0.1:{one.port}" for one in both]
        async with (
            httpx.AsyncClient(base_url=addresses[0], timeout=40) as at_first,
            httpx.AsyncClient(base_url=addresses[1], timeout=40) as at_second,
        ):
            one, other, third = (
                await enrol(at_first), await enrol(at_second), await enrol(at_second),
            )  # fmt: skip
            for phone in (one, other, third):
                while (await phone.pull()).entries:
                    pass
            waiting = asyncio.create_task(other.pull(wait=20))
            await asyncio.sleep(0.6)
            hazard = one.write("U012", "hazard", report())
            await one.push()
            async with asyncio.timeout(5):  # long before the wait is over
                arrived = await waiting
            assert hazard in {json.loads(row.body)["rec"] for row in arrived.entries}
            sent = await asyncio.gather(*(_work(phone) for phone in (one, other, third)))
            await _all_have_all((one, other, third), set[str]().union(*sent))
            asked = {"code": "wrong-code", "device_name": "x", "public_key": "00" * 32}
            tries = [
                (await client.post("/v1/enrol", json=asked)).status_code
                for client in (at_first, at_second)
            ]
            assert tries == [403, 429]  # three came in, the fourth is the last of this minute
            health = await at_first.get("/health/ready")
            assert cluster.password not in health.text
    store = open_store(tmp_path / "server", cluster.url(name))
    with store.reading() as session:
        tasks = [
            (row.text("asset"), row.whole("start_ms"), row.text("template"))
            for row in records.find(session, "task")
        ]
        written = entries.of_device(session, "server", 1, 10_000)
    store.close()
    assert tasks
    assert len(tasks) == len(set(tasks))  # seeded and planned once
    made = [one.entry.record_id for one in written if one.entry.type == "notice"]
    assert len(made) == len(set(made))  # each duty was done by one of them
    for file in (*(tmp_path / "server" / "logs").iterdir(), *tmp_path.glob("out-*")):
        assert cluster.password not in file.read_text("utf-8", "replace"), file
    for phone in (one, other, third):
        phone.store.close()
    cluster.drop(name)


async def _work(phone: Phone) -> set[str]:
    made: set[str] = set()
    for _ in range(5):
        made |= {phone.write("U012", "hazard", report()) for _ in range(3)}
        await phone.push()
    return made


async def _all_have_all(phones: tuple[Phone, ...], wanted: set[str]) -> None:
    for phone in phones:
        with phone.store.reading() as session:
            own = entries.of_device(session, phone.device_id, 1, 500)
        got = {one.entry.record_id for one in own}
        async with asyncio.timeout(15):
            while not wanted <= got:
                page = await phone.pull(wait=1)
                got |= {json.loads(row.body)["rec"] for row in page.entries}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anshao:top-secret@127.0.0.1:9/plant",  # nobody listens there
        "mysql://anshao:top-secret@127.0.0.1/plant",
        "top-secret",
    ],
)
def test_a_database_that_is_not_there_is_said_without_the_password(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(DatabaseUnreachableError) as caught:
        open_store(tmp_path, url)
    assert "top-secret" not in str(caught.value)
    assert "top-secret" not in repr(ServerSettings(home=tmp_path, database_url=url))


def test_two_processes_that_write_one_file_never_mix_its_parts(two: tuple[Site, Site]) -> None:
    """The one that began first hangs; the other goes on; what the first still has is not added."""
    part = two[0].settings.home / "part"
    assert uploads.append(part, b"first", 0, durable=True)
    assert uploads.append(part, b"second", 5, durable=True)  # in the other process
    assert not uploads.append(part, b"late", 5, durable=True)
    assert part.read_bytes() == b"firstsecond"


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_three_processes_and_clients_that_use_all_of_them_lose_and_double_nothing(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Each request of a client takes the next process: pushes, pulls and parts of one photo."""
    name = cluster.empty()
    alike = ServerSettings(
        home=tmp_path / "server", enrol_code=CODE, enrol_code_devices=10,
        disk_free_min_bytes=0, database_url=cluster.url(name),
    )  # fmt: skip
    several = [alike.model_copy(update={"port": free_port()}) for _ in range(3)]
    with _servers(several):
        ports = [one.port for one in several]
        people = [await crew.member(ports, tmp_path / f"tablet{seed}", seed) for seed in range(3)]
        for one in people:
            one.work()
            await one.sync()
        known = [one.hazards[0] for one in people]
        for _ in range(3):
            for one in people:
                one.work(known)
            await asyncio.gather(*(one.sync() for one in people))
        for one in people:
            await one.sync()
    store = open_store(tmp_path / "server", cluster.url(name))
    crew.check(store, people)
    store.close()
    for one in people:
        await one.close()
    cluster.drop(name)
