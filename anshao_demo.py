"""The demo: one server and some field clients as processes of their own, stopped together.

Everything lies in one folder, so that a second start keeps the data and --reset can start over.
Each process writes what it prints into `NAME.out` there.
"""

import os
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import time
import unicodedata
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from domain.definitions import Definitions

READY_S = 90  # the first start makes keys, the store and the demo's records
STOP_S = 10  # then a process that does not end by itself is killed
TAIL_LINES = 20  # of what a failed process printed


class DemoError(Exception):
    """The demo could not start; the text says which process, and what it printed."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the demo: its arguments to `anshao`, where it answers, its environment."""

    name: str
    arguments: tuple[str, ...]
    url: str
    ready: str  # path that answers 200 as soon as people can work
    environment: Mapping[str, str]


def parts(
    folder: Path, server_port: int, client_port: int, clients: int, ca: Path | None
) -> list[Part]:
    """Return the processes in the order in which they start."""
    scheme, tls = ("https", ("--tls",)) if ca else ("http", ())
    server_url = f"{scheme}://127.0.0.1:{server_port}"
    code = secrets.token_hex(8)  # of this start only: known devices do not need it again
    server = Part(
        name="server",
        arguments=("serve", "--port", str(server_port), *tls),
        url=server_url,
        ready="/health/ready",
        environment={
            "ANSHAO_SERVER_HOME": str(folder / "server"),
            "ANSHAO_SERVER_ENROL_CODE": code,
            "ANSHAO_SERVER_DEMO": "true",
        },
    )
    devices = [
        Part(
            name=f"client-{number}",
            arguments=("client", "--web", "--port", str(client_port + number - 1), *tls),
            url=f"{scheme}://127.0.0.1:{client_port + number - 1}",
            ready="/ready",
            environment={
                "ANSHAO_CLIENT_STORE": str(folder / f"client-{number}"),
                # nobody types a passphrase into a demo: the key lies beside the data, on purpose
                "ANSHAO_CLIENT_STORE_KEY_FILE": str(folder / "keys" / f"client-{number}.key"),
                "ANSHAO_CLIENT_SERVER_URL": server_url,
                "ANSHAO_CLIENT_ENROL_CODE": code,
                "ANSHAO_CLIENT_DEVICE_NAME": f"demo-{number}",
                **({"ANSHAO_CLIENT_SERVER_CA": str(ca)} if ca else {}),
            },
        )
        for number in range(1, clients + 1)
    ]
    return [server, *devices]


def run(folder: Path, wanted: Sequence[Part], notes: Sequence[str], ca: Path | None) -> int:
    """Start the processes one after the other, print notes and addresses, wait for Ctrl-C."""
    folder.mkdir(parents=True, exist_ok=True)
    asked: list[int] = []  # no Event: what the signal interrupts may hold its lock

    def end(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    running: list[tuple[Part, subprocess.Popen[bytes]]] = []
    try:
        for part in wanted:
            print(f"starting {part.name} ...", flush=True)
            process = _start(part, folder)
            running.append((part, process))
            _wait(part, process, folder, asked, ca)
        if not asked:
            print("\n".join(("", *notes, "", *addresses(wanted), "")), flush=True)
        while not asked:
            time.sleep(0.5)
            for part, process in [row for row in running if row[1].poll() is not None]:
                running.remove((part, process))
                print(f"{part.name} ended ({process.returncode}); the others go on", flush=True)
            if not running:
                break
    finally:
        _stop([process for _, process in reversed(running)])
        for number, handler in before.items():
            signal.signal(number, handler)
    print("stopped; the data stays, `demo --reset` starts over", flush=True)
    return 0


def reset(folder: Path) -> None:
    """Throw away all data of the demo, and nothing else."""
    if folder.exists():
        shutil.rmtree(folder)


def people(definitions: Definitions) -> list[str]:
    """Return the people of the demo plant and their PINs as lines of a table."""
    rows = [("id", "姓名", "name", "role", "PIN")]
    for person in definitions.plant.people.values():
        if person.pin:
            role = definitions.access.roles[person.roles[0]].in_("en")
            zh, en = person.name.in_("zh"), person.name.in_("en")
            rows.append((person.person_id, zh, en, role, person.pin))
    widths = [max(_columns(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            text + " " * (width - _columns(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def addresses(wanted: Sequence[Part]) -> list[str]:
    """Return where each process answers."""
    server, *devices = wanted
    lines = [
        f"{device.name}  {device.url}  sign in with a name and PIN from above" for device in devices
    ]
    return [*lines, f"server    {server.url}  its API: {server.url}/docs", "Ctrl-C stops all."]


def for_phones(wanted: Sequence[Part], names: Sequence[str]) -> list[str]:
    """Return the addresses for phones in the same network, which must trust the plant CA first."""
    server, device = (part.url.rsplit(":", 1)[1] for part in wanted[:2])
    return [
        "",
        *(
            f"phones: https://{name}:{device}, after https://{name}:{server}/trust"
            for name in names
            if not name.startswith("127.")
        ),
    ]


def _columns(text: str) -> int:
    """Return how many columns a terminal needs: Han characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _start(part: Part, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / f"{part.name}.out").open("wb") as printed:
        return subprocess.Popen(
            [sys.executable, "-m", "anshao", *part.arguments],
            env={**os.environ, **part.environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
        )


def _wait(
    part: Part,
    process: subprocess.Popen[bytes],
    folder: Path,
    asked: Sequence[int],
    ca: Path | None,
) -> None:
    """Return as soon as the process answers. Raises DemoError when it ends or takes too long."""
    trust = ssl.create_default_context(cafile=ca) if ca else None
    for _ in range(READY_S * 4):
        if process.poll() is not None:
            raise DemoError(_failure(part, folder, f"ended ({process.returncode})"))
        if asked or _answers(part.url + part.ready, trust):
            return
        time.sleep(0.25)
    raise DemoError(_failure(part, folder, f"did not answer within {READY_S} s"))


def _answers(url: str, trust: ssl.SSLContext | None) -> bool:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),  # loopback is never asked for through a proxy
        urllib.request.HTTPSHandler(context=trust),
    )
    try:
        with opener.open(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):  # not listening yet, or 503: not ready yet
        return False


def _failure(part: Part, folder: Path, what: str) -> str:
    path = folder / f"{part.name}.out"
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join([f"{part.name} {what}; the end of {path}:", *(f"  {line}" for line in lines)])


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask each process to end; one that does not is killed."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
