"""The processes of bench `sync`: a server, devices, the plain server; each ended by its own id."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.sync_device import peak_rss_mb, secret_of

ROOT = Path(__file__).resolve().parent.parent
READY_S = 120.0
# what the server does by itself (notices about each hazard) is no part of sync
_SERVER = {"ANSHAO_SERVER_DUTIES_S": "3600", "ANSHAO_SERVER_ENROL_PER_MINUTE": "1000"}


def free_port() -> int:
    """Return a port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Device:
    """A device in a process of its own."""

    process: "subprocess.Popen[str]"

    def do(self, what: str, **said: object) -> dict[str, Any]:
        """Have it do something, and wait for that."""
        self.begin(what, **said)
        return self.answer()

    def begin(self, what: str, **said: object) -> None:
        """Have it begin something; `answer` waits for the end."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": what, **said}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Return what it answers next."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the device's process has ended; its traceback is above"
        return json.loads(line)


@dataclass
class World:
    """A folder with what the bench makes, and the processes that run in it."""

    folder: Path
    code: str = field(default_factory=lambda: secrets.token_hex(8))

    @contextmanager
    def server(self, home: Path) -> Iterator[tuple[int, int]]:
        """Run a server on a folder; gives its port and its process id."""
        port = free_port()
        with (self.folder / "server.out").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "anshao", "serve", "--port", str(port)],
                cwd=ROOT,
                env={
                    **os.environ,
                    **_SERVER,
                    "ANSHAO_HOME": str(self.folder),
                    "ANSHAO_SERVER_HOME": str(home),
                    "ANSHAO_SERVER_ENROL_CODE": self.code,
                    "ANSHAO_SERVER_ENROL_CODE_DEVICES": "1000",
                },
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        with _ending(process):
            _wait(process, f"http://127.0.0.1:{port}/health/ready")
            yield port, process.pid

    @contextmanager
    def device(self, folder: Path, url: str) -> Iterator[Device]:
        """Run a device on a folder."""
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.sync_device", str(folder), url, self.code],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": _path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with _ending(process):
            made = Device(process)
            made.answer()
            yield made

    @contextmanager
    def plain(self, folder: Path) -> Iterator[int]:
        """Run the plain server; gives its port."""
        port = free_port()
        file = ROOT / "benchmarks" / "baselines" / "plain_server.py"
        process = subprocess.Popen(
            [sys.executable, str(file), str(port), str(folder / "plain.db")], cwd=ROOT
        )
        with _ending(process):
            _wait(process, f"http://127.0.0.1:{port}/openapi.json")
            yield port

    def copy(self, source: str, name: str) -> Path:
        """Copy a folder of a process that has ended."""
        target, key = self.folder / name, secret_of(self.folder / source)
        shutil.copytree(self.folder / source, target)
        if key.exists():  # of a device: its key lies beside its folder
            shutil.copyfile(key, secret_of(target))
        return target

    def rename(self, source: str, name: str) -> None:
        """Let the folder of a process that has ended take the place of another."""
        target, key = self.folder / name, secret_of(self.folder / source)
        shutil.rmtree(target, ignore_errors=True)
        (self.folder / source).rename(target)
        if key.exists():
            key.replace(secret_of(target))


def settle() -> None:
    """Let the disk have all that was copied: else the next commit that is timed waits for it."""
    os.sync()


def rss_mb(pid: int) -> float:
    """Return the most memory that a process ever had."""
    return peak_rss_mb(str(pid))


def cpu_s(pid: int) -> float:
    """Return the seconds of a processor that a process has used."""
    parts = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def _path() -> str:
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))


@contextmanager
def _ending(process: "subprocess.Popen[Any]") -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _wait(process: "subprocess.Popen[Any]", url: str) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    msg = f"{process.args} did not get ready"
    raise AssertionError(msg)
