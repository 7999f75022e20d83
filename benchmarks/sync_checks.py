"""The other promises of bench `sync`: no news costs nothing, a stop is heard, a crowd is kept."""

import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from app.proofs import verify
from app.settings import ClientSettings
from app.translate import read_catalogs
from app.unlock import open_seal
from app.wiring import ASSETS
from benchmarks.sync_data import LongFeed
from benchmarks.sync_device import secret_of
from benchmarks.sync_links import Wire
from benchmarks.sync_world import ROOT, World
from offline_store import journal, keep, seal_store
from offline_store.database import FILE_NAME, open_store
from server import keys, proofs
from server.settings import ServerSettings

TURNS, IDLE = 5, 20  # of syncs without news, in turn on the small and the large feed
PAUSE_S = 0.05  # between two stops
EPOCH = "server.epoch"


def heard_ms(world: World, server: Path, sender: Path, listener: Path, count: int) -> list[float]:
    """Return the ms from writing each entry on one device to the moment another one has it."""
    with (
        world.server(server) as (port, _),
        world.device(listener, f"http://127.0.0.1:{port}") as hears,
        world.device(sender, f"http://127.0.0.1:{port}") as says,
    ):
        hears.begin("listen", count=count)
        written = says.do("report", count=count, pause_s=PAUSE_S)["at"]
        heard = hears.answer()["at"]
    lost = written.keys() - heard.keys()
    assert not lost, f"{len(lost)} of {count} never arrived"
    return [(heard[record] - at) * 1000 for record, at in written.items()]


def crowd(world: World, server: Path, count: int, each: int) -> dict[str, float]:
    """Sync so many devices at once; returns what `sync_crowd` says."""
    with world.server(server) as (port, _):
        command = [sys.executable, "-m", "benchmarks.sync_crowd", str(world.folder / "crowd")]
        command += [f"http://127.0.0.1:{port}", world.code, str(count), str(each)]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])


def long_feed(server: Path, device: Path, count: int) -> dict[str, float]:
    """Lay a long feed into a server's store and a device's; returns how long parts of it took.

    Asserts that `anshao verify` accepts records of it: each of their chains from end to end.
    """
    began = time.monotonic()
    store = open_store(server)
    key = keys.server_key(server / "keys")
    with store.reading() as session:
        epoch = keep.get(session, EPOCH)
    samples = LongFeed(store, key, int(time.time() * 1000)).fill(count)
    filled = time.monotonic()
    with store.reading() as session:
        last = journal.last_feed(session)
    store.close()
    for sample in samples:
        _check_proof(server, sample)
    _hand_over(server, device, str(epoch), last)
    return {"fill_s": filled - began, "check_s": time.monotonic() - filled}


def nochange(world: World, small: tuple[Path, Path], large: tuple[Path, Path]) -> dict[str, float]:
    """Sync without news on a small and a large feed in turn; returns ms and bytes of one."""
    took: dict[str, list[float]] = {"small": [], "large": []}
    with (
        world.server(small[0]) as (near, _),
        world.server(large[0]) as (far, _),
        world.device(small[1], f"http://127.0.0.1:{near}") as few,
        world.device(large[1], f"http://127.0.0.1:{far}") as many,
    ):
        for device in (few, many):
            device.do("sync", times=3)
        for _ in range(TURNS):
            took["small"] += few.do("sync", times=IDLE)["ms"][1:]
            took["large"] += many.do("sync", times=IDLE)["ms"][1:]
    figures = {f"nochange_{name}_ms": statistics.median(ms) for name, ms in took.items()}
    with world.server(small[0]) as (port, _):
        wire = Wire(port)
        with world.device(small[1], wire.url) as few:
            few.do("sync", times=1)
            once = (wire.up.passed, wire.down.passed)
            few.do("sync", times=1 + 10)
            up, down = wire.up.passed - 2 * once[0], wire.down.passed - 2 * once[1]
        wire.close()
    return figures | {"nochange_bytes": (up + down) / 10, "nochange_up_bytes": up / 10}


def _check_proof(server: Path, record_id: str) -> None:
    settings = ServerSettings(home=server)
    file, key = server / "sample.proof", server / "plant.pub"
    file.write_bytes(proofs.export(settings, record_id))
    key.write_bytes(proofs.public_pem(settings))
    said = verify(file, key, read_catalogs(ASSETS / "locale"), "en")
    assert said.good, "\n".join(said.lines)


def _hand_over(server: Path, device: Path, epoch: str, last: int) -> None:
    """Give a device the whole feed: the server's rows under what the device itself keeps."""
    seal = open_seal(ClientSettings(store=device, store_key_file=secret_of(device)), None)
    store = open_store(device, seal=seal)
    with store.engine.connect() as connection:
        own = {
            table: [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]
            for table in ("keep", "pack")
        }
        known = [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM device")]
    store.close()
    for file in device.glob(f"{FILE_NAME}*"):
        file.unlink()
    shutil.copyfile(server / FILE_NAME, device / FILE_NAME)
    seal_store.seal_database(device / FILE_NAME, seal)
    store = open_store(device, seal=seal)
    with store.engine.begin() as connection:
        for table, rows in own.items():
            connection.exec_driver_sql(f"DELETE FROM {table}")
            for row in rows:
                marks = ",".join("?" * len(row))
                connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", row)
        for row in known:
            marks = ",".join("?" * len(row))
            connection.exec_driver_sql(f"INSERT OR IGNORE INTO device VALUES ({marks})", row)
    with store.session() as session:
        keep.set_cursor(session, keep.Cursor(last, epoch))
    store.close()
