"""Client and server killed in the middle of sync, again and again, and the look at the end.

`python -m tests.faults.both --count 500 --seed S` (recipe `dev.py soak kill`) does it at length.
Three clients in processes of their own work on the same hazards: reports, photos, decisions, edits
that clash. The parent kills one of them, or the server, at a moment drawn by chance or right when a
request of a certain kind is under way (push, pull, upload, their answers), starts it again without
a hand, and goes on. In the end the faults stop, everybody syncs, and everything that a client ever
told to be kept must be on the server and on every device, once, byte for byte.
"""

import argparse
import asyncio
import json
import os
import queue
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.errors import SyncError
from offline_store import blobs, entries, keep, records
from offline_store.database import open_store
from tests.faults import crew
from tests.faults.crew import Member, Wire
from tests.helpers import postgres
from tests.helpers.processes import World
from tests.server.phone import CODE
from tests.sync import field as fields

ROOT = Path(__file__).resolve().parents[2]
CLIENTS, ROUNDS = 3, 3  # rounds of work between two starts
MOMENTS = ("push", "pull", "blobs", "answer", "write", "any")  # where a kill is aimed at
LATEST_S = 0.6
AIM_S = 3.0  # for a moment that does not come
SETTLE_S, BEGIN_S = 300.0, 180.0  # on a machine that is busy with other things, too


# --- a client: its own process ------------------------------------------------------------------


class Telling(Wire):
    """A wire that says what goes over it, so that a kill can be aimed."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        say(request.url.path.split("/")[2])
        reply = await super().handle_async_request(request)
        say("answer")
        return reply


def say(what: str, **facts: object) -> None:
    """Write one line, whole or not at all."""
    os.write(1, json.dumps({"what": what, **facts}).encode() + b"\n")


async def client(folder: Path, port: int, number: int, seed: int, *, settle: bool) -> None:
    """Work and sync until killed; with `settle` only bring everything through, and end."""
    tablet = await _tablet(folder, port, number)
    me = Member(tablet, random.Random(seed))
    known = _hazards(tablet)
    say("began")
    for _ in range(0 if settle else ROUNDS):
        say("write")
        before = len(me.photos)
        me.work(me.luck.sample(known, min(2, len(known))))
        say("kept", photos=list(me.photos)[before:], head=_head(me))
        with suppress(SyncError):
            await tablet.engine.sync_once()
        known = _hazards(tablet)
    while not settle:  # enough was made; what others make still comes
        with suppress(SyncError):
            await tablet.engine.sync_once()
        await asyncio.sleep(0.1)
    await me.sync(200)
    say("settled", head=_head(me))
    await me.close()


async def _tablet(folder: Path, port: int, number: int) -> fields.Tablet:
    kept = folder / "who.json"
    if not kept.exists():  # enrolled once, before anything is killed
        made = await fields.tablet(Telling([port]), folder, number)  # pyright: ignore[reportArgumentType]
        raw = made.key.private_bytes_raw().hex()
        token = made.transport._client.headers["Authorization"].removeprefix("Bearer ")
        who = {"id": made.identity.device_id, "key": raw, "token": token}
        kept.write_text(json.dumps(who), "utf-8")
        return made
    who = json.loads(kept.read_text("utf-8"))
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(who["key"]))
    identity = fields.Identity(who["id"], key.public_key().public_bytes_raw())
    return fields.reopened(Telling([port]), folder, identity, who["token"], key)  # pyright: ignore[reportArgumentType]


def _hazards(tablet: fields.Tablet) -> list[str]:
    with tablet.store.reading() as session:
        return sorted(one.record_id for one in records.find(session, "hazard", limit=20))


def _head(me: Member) -> int:
    with me.tablet.store.reading() as session:
        last = entries.last_of_device(session, me.device_id)
    return last.number if last else 0


# --- the parent ---------------------------------------------------------------------------------


@dataclass
class Child:
    """A client process, what it said, and what it ever told to be kept."""

    folder: Path
    number: int
    process: "subprocess.Popen[bytes] | None" = None
    said: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    head: int = 0
    photos: set[str] = field(default_factory=set[str])

    def start(self, port: int, seed: int, *, settle: bool = False) -> None:
        """Start it on what its folder holds."""
        words = [str(self.folder), str(port), str(self.number), str(seed), str(int(settle))]
        with (self.folder.parent / f"client{self.number}.out").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.both", "client", *words],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=out,
            )  # fmt: skip
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                self.said.put(json.loads(line))
        self.said.put({"what": "ended", "pid": process.pid})

    def until(self, what: str, seconds: float) -> bool:
        """Take in what is said until that is said; whether it was."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                heard = self.said.get(timeout=left)
            except queue.Empty:
                return False
            if heard["what"] == "kept":
                self.head = max(self.head, heard["head"])
                self.photos.update(heard["photos"])
            if what in {"any", heard["what"]}:
                return True
            if heard["what"] == "ended" and self.process and heard["pid"] == self.process.pid:
                text = (self.folder.parent / f"client{self.number}.out").read_text("utf-8")
                message = f"client {self.number} ended by itself:\n{text[-2000:]}"
                raise AssertionError(message)
        return False

    def kill(self) -> None:
        """End it as a flat battery does, and take in what it still said."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        while not self.until("ended", 10):
            pass
        self.process = None


@dataclass
class Campaign:
    """Kills on one store; `tally` counts them by whom and when."""

    folder: Path
    seed: int
    url: str | None = None
    tally: Counter[str] = field(default_factory=Counter[str])

    def run(self, count: int) -> str:
        """Kill `count` times; raises AssertionError at what is lost. Returns the figures."""
        luck = random.Random(self.seed)
        world = World(self.folder, database_url=self.url, code=CODE)
        children = [Child(self.folder / f"client{number}", number) for number in range(CLIENTS)]
        try:
            world.start_server()
            for child in children:
                child.folder.mkdir(exist_ok=True)
                child.start(world.server_port, luck.randrange(2**32))
                assert child.until("began", BEGIN_S), f"client {child.number} does not begin"
            for _ in range(count):
                self._kill_one(world, luck, children)
            self._settle(world, luck, children)
        finally:
            for child in children:
                if child.process:
                    child.process.kill()
                    child.process.wait(10)
            world.stop()
        return self._look(children)

    def _kill_one(self, world: World, luck: random.Random, children: list[Child]) -> None:
        child, moment = luck.choice(children), luck.choice(MOMENTS)
        time.sleep(luck.uniform(0, LATEST_S))
        met = child.until(moment, AIM_S)
        who = "server" if luck.random() < 0.4 else "client"
        self.tally[f"{who} at {moment if met else 'no moment'}"] += 1
        if who == "server":
            world.kill("server")
            world.start_server()
            return
        child.kill()
        child.start(world.server_port, luck.randrange(2**32))
        assert child.until("began", BEGIN_S), f"client {child.number} does not begin again"

    def _settle(self, world: World, luck: random.Random, children: list[Child]) -> None:
        for child in children:
            child.kill()
        for _ in range(2):  # what the last one sent, the first has in the second round
            for child in children:
                child.start(world.server_port, luck.randrange(2**32), settle=True)
                assert child.until("settled", SETTLE_S), f"client {child.number} does not settle"
                assert child.process
                child.process.wait(30)
                child.process = None

    def _look(self, children: list[Child]) -> str:
        server = open_store(self.folder / "server", self.url)
        crowd: list[Member] = []
        try:
            for child in children:
                store = open_store(child.folder)
                who = json.loads((child.folder / "who.json").read_text("utf-8"))
                key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(who["key"]))
                identity = fields.Identity(who["id"], key.public_key().public_bytes_raw())
                tablet = fields.Tablet(identity, store, None, None, None, key)  # pyright: ignore[reportArgumentType]
                with store.reading() as session:
                    last = entries.last_of_device(session, who["id"])
                    assert keep.cursor(session).feed > 0
                written = last.number if last else 0
                assert written >= child.head, f"told {child.head}, kept {written}"
                photos = {sha: blobs.read(store, sha) or b"" for sha in child.photos}
                crowd.append(Member(tablet, random.Random(), [], photos, written))
            crew.check(server, crowd)
        finally:
            for one in crowd:
                one.tablet.store.close()
            server.close()
        total = sum(one.written for one in crowd)
        photos = sum(len(one.photos) for one in crowd)
        kinds = ", ".join(f"{times} {what}" for what, times in sorted(self.tally.items()))
        kills = sum(self.tally.values())
        return (
            f"seed {self.seed}: {kills} kills ({kinds}); {total} entries, {photos} files; "
            "nothing lost"
        )


def stores(which: str) -> Iterator[str]:
    """Yield the stores that are meant."""
    yield from ("sqlite", "postgres") if which == "both" else (which,)


def main() -> int:
    """Run a campaign on each store and print what happened."""
    if sys.argv[1:2] == ["client"]:
        folder, port, number, seed, settle = sys.argv[2:]
        work = client(Path(folder), int(port), int(number), int(seed), settle=settle == "1")
        asyncio.run(work)
        return 0
    parser = argparse.ArgumentParser(prog="dev.py soak kill", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="kills on each store")
    parser.add_argument("--seed", type=int, default=None, help="drawn where it is left out")
    parser.add_argument("--store", choices=("sqlite", "postgres", "both"), default="both")
    options = parser.parse_args()
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    for which in stores(options.store):
        folder = Path(tempfile.mkdtemp(prefix="anshao-soak-"))
        with postgres.cluster() if which == "postgres" else nullcontext() as running:
            url = running.url(running.empty()) if running else None
            try:
                print(f"{which}: {Campaign(folder, seed, url).run(options.count)}", flush=True)
            except AssertionError as error:
                print(f"{which}: seed {seed}: {error}\nkept for a look: {folder}", flush=True)
                return 1
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
