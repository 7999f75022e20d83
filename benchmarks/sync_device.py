"""A device of bench `sync`, in a process of its own: the client without its screens.

Run as `python -m benchmarks.sync_device FOLDER URL CODE`. Each line on the standard input is a JSON
object with `do` and what it needs; each is answered with one line of JSON.
"""

import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from app import link
from app.clock import Clock
from app.field import Devices, FieldApp
from app.settings import ClientSettings
from app.wiring import build_field, device_key
from benchmarks.sync_data import Reporter, fill, hazard, read_to_the_end
from media.adapters.readers import choose_reader
from media.adapters.simulated import SimulatedCamera, SimulatedLocator
from offline_store.database import FILE_NAME
from sync.transport import Transport

Said = Mapping[str, Any]
LONGEST_S = 60.0
_NEW = "SELECT row, record_id FROM entry WHERE row > ? ORDER BY row"
LAST_S = 2.0  # for what was written last to be sent


def peak_rss_mb(process: str = "self") -> float:
    """Return the most memory that a process ever had (VmHWM; its parent's does not count)."""
    lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def open_device(folder: Path, url: str, code: str) -> FieldApp:
    """Build a device without camera and position."""
    nothing = Devices(
        camera=lambda: SimulatedCamera([], refusal="none"),
        locator=lambda: SimulatedLocator(None),
        reader=choose_reader(),
    )
    settings = ClientSettings(store=folder, server_url=url, enrol_code=code)
    return build_field(settings, clock=Clock(), devices=nothing)


async def _enrol(field: FieldApp, _said: Said) -> Said:
    key = device_key(field.settings.store)
    joining = Transport(field.server_url)
    await link.enrol(field, key, joining)
    await joining.close()
    transport = Transport(field.server_url, field.device.token)
    await link.refresh_pack(field, transport)
    await transport.close()
    return {"device": field.device.device_id}


async def _fill(field: FieldApp, said: Said) -> Said:
    """Make reports that wait for the server."""
    fill(field, said["count"], device_key(field.settings.store))
    return {}


async def _at_end(field: FieldApp, said: Said) -> Said:
    read_to_the_end(field, said["epoch"], said["feed"])
    return {}


async def _sync(field: FieldApp, said: Said) -> Said:
    """Send and fetch everything, several times over one connection; each takes so many ms."""
    transport = Transport(field.server_url, field.device.token)
    engine = link.start_engine(field, transport, lambda: None)
    took: list[float] = []
    for _ in range(said.get("times", 1)):
        began = time.perf_counter()
        await engine.sync_once()
        took.append((time.perf_counter() - began) * 1000)
    await transport.close()
    return {"ms": took, "peak_rss_mb": peak_rss_mb(), "waiting": engine.status.waiting}


async def _listen(field: FieldApp, said: Said) -> Said:
    """Wait for entries as a tablet does; returns when each record was in the store."""
    base = sqlite3.connect(field.settings.store / FILE_NAME)
    seen: dict[str, float] = {}
    last = base.execute("SELECT max(row) FROM entry").fetchone()[0] or 0

    def changed() -> None:
        nonlocal last
        now = time.monotonic()
        for row, record in base.execute(_NEW, (last,)).fetchall():
            last = row
            seen.setdefault(record, now)

    await _while(field, changed, lambda: len(seen) >= said["count"])
    base.close()
    return {"at": seen}


async def _report(field: FieldApp, said: Said) -> Said:
    """Report one hazard after the other, each to be sent at once; returns when each was written."""
    written: dict[str, float] = {}
    chance = Random(said.get("seed", 1))

    async def work() -> None:
        await asyncio.sleep(1)
        for number in range(said["count"]):
            record_id = field.clock.stamp().entry_id
            cells = hazard(field, number, field.clock.now_ms(), chance)
            with field.store.session() as session:
                field.write(
                    session,
                    Reporter().person,
                    kind="edit",
                    record_id=record_id,
                    type="hazard",
                    definition="hazard@1",
                    set=cells,
                )
            written[record_id] = time.monotonic()
            field.nudge()
            await asyncio.sleep(said["pause_s"])
        await asyncio.sleep(LAST_S)

    task = asyncio.ensure_future(work())
    await _while(field, lambda: None, task.done)
    return {"at": written}


async def _while(field: FieldApp, changed: Callable[[], None], over: Callable[[], bool]) -> None:
    transport = Transport(field.server_url, field.device.token)
    engine = link.start_engine(field, transport, changed)
    running = asyncio.ensure_future(engine.run())
    end = time.monotonic() + LONGEST_S
    while not over() and time.monotonic() < end:
        await asyncio.sleep(0.05)
    engine.stop()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await transport.close()


_DOES = {
    "enrol": _enrol, "fill": _fill, "at_end": _at_end, "sync": _sync, "listen": _listen,
    "report": _report,
}  # fmt: skip


def main(folder: str, url: str, code: str) -> None:
    """Answer until the standard input ends."""
    field = open_device(Path(folder), url, code)
    print("{}", flush=True)
    for line in sys.stdin:
        said = json.loads(line)
        print(json.dumps(asyncio.run(_DOES[said["do"]](field, said))), flush=True)
    field.store.close()


if __name__ == "__main__":
    main(*sys.argv[1:4])
