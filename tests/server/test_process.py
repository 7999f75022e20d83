"""The real process serves, stops on SIGTERM whatever it does then, and keeps everything."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from server import clock, duties, main, photo_index
from server.duty_log import DutyLog
from server.settings import ServerSettings
from sync.protocol import pack_push
from tests.server.phone import enrol, report

ROOT = Path(__file__).resolve().parents[2]
START = """
import sys
from server import main, settings
main.run(settings.ServerSettings.model_validate_json(sys.argv[1]))
"""
# the first request's line is still being written when the signal comes, as it happened by chance
STOPPED_WHILE_WRITING = (
    """
import io, os, signal, sys
class Line(io.RawIOBase):
    told = False
    def writable(self):
        return True
    def write(self, data):
        if b'"request"' in bytes(data) and not Line.told:
            Line.told = True
            signal.raise_signal(signal.SIGTERM)
        return os.write(2, data)
sys.stderr = io.TextIOWrapper(io.BufferedWriter(Line()), line_buffering=True)
"""
    + START
)


@contextmanager
def _running(settings: ServerSettings, program: str = START) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", program, settings.model_dump_json()]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env={"PATH": ""})
    assert process.stderr
    drain = threading.Thread(target=process.stderr.read, daemon=True)
    drain.start()
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://127.0.0.1:{settings.port}/health/ready").raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None
                threading.Event().wait(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(30)
        drain.join(10)
        process.stderr.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
async def test_pushed_stopped_started_still_there(settings: ServerSettings) -> None:
    settings = settings.model_copy(update={"port": _free_port()})
    base = f"http://127.0.0.1:{settings.port}"
    with _running(settings) as process:
        async with httpx.AsyncClient(base_url=base, timeout=40) as client:
            phone = await enrol(client)
            hazard = phone.write("U012", "hazard", report())
            packed = pack_push(*phone.waiting())
            before = await phone.send(packed)
            assert before.status_code == 200
            await phone.pull()
        query = f"{base}/v1/pull?after={phone.cursor}&wait=25"
        waited: list[int] = []
        ask = threading.Thread(
            target=lambda: waited.append(
                httpx.get(query, headers=phone.auth, timeout=40).status_code
            )
        )
        ask.start()
        threading.Event().wait(0.5)
        begun = clock.mono_ms()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert clock.mono_ms() - begun < 10_000
        ask.join(5)
        assert waited == [200]
    with _running(settings):
        async with httpx.AsyncClient(base_url=base, timeout=40) as client:
            phone.client = client
            again = await phone.send(packed)
            assert again.content == before.content
            other = await enrol(client)
            pulled = await other.pull()
            assert hazard in {json.loads(row.body)["rec"] for row in pulled.entries}
    phone.store.close()
    other.store.close()
    lines = (settings.home / "logs" / "server.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert {"started", "request", "push", "stopping", "stopped"} <= set(events)
    text = "\n".join(lines)
    assert phone.token not in text
    assert "三号柜" not in text
    assert "U012" not in text


async def test_a_signal_in_the_middle_of_a_line_of_the_log_stops_it(tmp_path: Path) -> None:
    settings = ServerSettings(home=tmp_path, port=_free_port(), enrol_code="for-once")
    with _running(settings, STOPPED_WHILE_WRITING) as process:
        assert process.wait(15) == 0
    lines = (tmp_path / "logs" / "server.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines].count("stopping") == 1


async def test_a_round_of_duties_under_way_ends_before_the_store_is_closed(
    settings: ServerSettings,
) -> None:
    here = main.prepare(settings.model_copy(update={"duties_s": 0.01}))
    here.duty_log = DutyLog(clock.mono_ms() - 100_000)
    last = duties.name(duties.DUTIES[-1])
    with closing(here.store):
        with photo_index.lock:  # the round waits for it
            going = asyncio.create_task(duties.keep_going(here))
            await asyncio.sleep(1)
            going.cancel()
            await asyncio.sleep(0.2)
            assert not going.done()
        with pytest.raises(asyncio.CancelledError):
            await going
        assert here.duty_log.ages_s([last])[last] < 50
