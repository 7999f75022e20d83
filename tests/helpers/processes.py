"""Real processes for end-to-end tests: a server, field clients, and a wire between them to cut."""

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY_S = 60.0


def free_port() -> int:
    """Return a port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Cut:
    """A TCP wire from a port of its own to another port of this machine, which can be cut.

    A cut ends every connection at once and refuses new ones, as a radio link that is gone.
    """

    target: int
    port: int = field(default_factory=free_port)
    up: bool = True
    _open: list[socket.socket] = field(default_factory=list[socket.socket])

    def __post_init__(self) -> None:
        """Listen in a thread of its own."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Return the address at the near end."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Take the network away."""
        self.up = False
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def join(self) -> None:
        """Give the network back."""
        self.up = True

    def close(self) -> None:
        """End it."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.up:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)  # a long poll is silent for longer than a connect may take
            self._open += [near, far]
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        """Pump both ways until one end is gone; then both are closed."""
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()
        near.close()
        far.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):  # cut
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@dataclass
class World:
    """A server process and the client processes of a test, each ended by its own id."""

    folder: Path
    definitions: Path | None = None  # None: those that ship
    database_url: str | None = None  # None: a file in the server's folder
    server_port: int = field(default_factory=free_port)
    code: str = field(default_factory=lambda: secrets.token_hex(8))
    ready_s: float = READY_S
    running: dict[str, subprocess.Popen[bytes]] = field(
        default_factory=dict[str, "subprocess.Popen[bytes]"]
    )

    @property
    def server_url(self) -> str:
        """Return the server's address."""
        return f"http://127.0.0.1:{self.server_port}"

    def start_server(self) -> None:
        """Start the server on its folder, with the demo plant, and wait until it is ready."""
        self._start(
            "server",
            ["serve", "--port", str(self.server_port)],
            {
                "ANSHAO_SERVER_HOME": str(self.folder / "server"),
                "ANSHAO_SERVER_ENROL_CODE": self.code,
                "ANSHAO_SERVER_DEMO": "true",
                **(
                    {"ANSHAO_SERVER_DEFINITIONS": str(self.definitions)} if self.definitions else {}
                ),
                **({"ANSHAO_SERVER_DATABASE_URL": self.database_url} if self.database_url else {}),
            },
        )
        self._wait("server", f"{self.server_url}/health/ready")

    def start_client(self, name: str, server_url: str, *, key_file: bool = True) -> str:
        """Start a field client on its own folder; returns its address once people can sign in.

        Without `key_file` it is there once somebody can type the passphrase of its store.
        """
        port = free_port()
        self._start(
            name,
            ["client", "--web", "--port", str(port)],
            {
                "ANSHAO_CLIENT_STORE": str(self.folder / name),
                **(
                    {"ANSHAO_CLIENT_STORE_KEY_FILE": str(self.folder / f"{name}.key")}
                    if key_file
                    else {"ANSHAO_CLIENT_ASK_PASSPHRASE": "true"}
                ),
                "ANSHAO_CLIENT_SERVER_URL": server_url,
                "ANSHAO_CLIENT_ENROL_CODE": self.code,
                "ANSHAO_CLIENT_DEVICE_NAME": name,
            },
        )
        url = f"http://127.0.0.1:{port}"
        self._wait(name, f"{url}/ready" if key_file else url)
        return url + "/"

    def kill(self, name: str) -> None:
        """End a process at once, as a flat battery does."""
        process = self.running.pop(name)
        process.kill()
        process.wait(10)

    def stop(self) -> None:
        """End everything that this test started."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

    def _start(self, name: str, arguments: list[str], environment: dict[str, str]) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "anshao", *arguments],
                cwd=ROOT,
                env={**os.environ, "ANSHAO_HOME": str(self.folder), **environment},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def _wait(self, name: str, url: str) -> None:
        end = time.monotonic() + self.ready_s
        while time.monotonic() < end:
            if self.running[name].poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=2) as reply:
                    if reply.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        said = (self.folder / f"{name}.out").read_text("utf-8", "replace")[-3000:]
        msg = f"{name} did not get ready:\n{said}"
        raise AssertionError(msg)


@contextmanager
def world(folder: Path, definitions: Path | None = None) -> Iterator[World]:
    """Run a server, and clients as the test asks for them."""
    here = World(folder, definitions)
    try:
        here.start_server()
        yield here
    finally:
        here.stop()
