"""Client and server killed in the middle of sync, again and again, and the look at the end.

`dev.py soak kill --count 500 --seed S` (`tests.faults.soak`) does it at length.
Three clients in processes of their own work on the same hazards: reports, photos, decisions, edits
that clash. The parent kills one of them, or the server, at a moment drawn by chance or right when a
request of a certain kind is under way (push, pull, upload, their answers), starts it again without
a hand, and goes on. In the end the faults stop, everybody syncs, and everything that a client ever
told to be kept must be on the server and on every device, once, byte for byte.

Clients are processes forked from one that has read the code already (and runs nothing): reading it
is most of a start, and no part of what is tried.
"""

import asyncio
import json
import multiprocessing as mp
import os
import queue
import random
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.errors import SyncError
from offline_store import blobs, entries, journal, keep, records
from offline_store.database import Store, open_store
from tests.faults import crew
from tests.faults.crew import Member, Wire
from tests.helpers.processes import World
from tests.server.phone import CODE
from tests.sync import field as fields

CLIENTS, ROUNDS = 3, 3  # rounds of work between two starts
MOMENTS = ("push", "pull", "blobs", "answer", "write", "any")  # where a kill is aimed at
LATEST_S = 0.6
AIM_S = 3.0  # for a moment that does not come
SETTLE_S, BEGIN_S = 600.0, 600.0  # on a machine that is busy with other things, too
START_WORK_S = 15.0  # of a processor: what a start costs, however busy the machine is
TURNS_MAX = 6  # of settling: the server's duties may write behind a device's back, each only once
_FORK = mp.get_context("forkserver")
_FORK.set_forkserver_preload([__name__])


# --- a client: its own process ------------------------------------------------------------------


class Telling(Wire):
    """A wire that says what goes over it, so that a kill can be aimed."""

    def __init__(self, port: int, say: "Say") -> None:
        super().__init__([port])
        self._say = say

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._say(request.url.path.split("/")[2])
        reply = await super().handle_async_request(request)
        self._say("answer")
        return reply


@dataclass(frozen=True)
class Say:
    """Tells the parent what happens here."""

    parent: "Connection[dict[str, Any], None]"

    def __call__(self, what: str, **facts: object) -> None:
        self.parent.send({"what": what, **facts})


@dataclass(frozen=True)
class Orders:
    """What a client is to do: work until it is killed; `settle`: only bring everything through."""

    folder: Path
    port: int
    number: int
    seed: int
    settle: bool
    at: float  # when it was started, by the clock of this machine


def begin(orders: Orders, parent: "Connection[dict[str, Any], None]") -> None:
    """Be a client."""
    with (orders.folder.parent / f"client{orders.number}.out").open("ab") as out:
        for number in (1, 2):
            os.dup2(out.fileno(), number)
    asyncio.run(client(orders, Say(parent)))


async def client(orders: Orders, say: Say) -> None:
    """Work and sync until killed; with `settle` only bring everything through, and end."""
    tablet = await _tablet(orders, say)
    me = Member(tablet, random.Random(orders.seed))
    known = _hazards(tablet)
    wall, work = time.monotonic() - orders.at, time.process_time()
    say("began", wall=wall, work=work)
    for _ in range(0 if orders.settle else ROUNDS):
        say("write")
        before = len(me.photos)
        me.work(me.luck.sample(known, min(2, len(known))))
        say("kept", photos=list(me.photos)[before:], head=_head(me))
        with suppress(SyncError):
            await tablet.engine.sync_once()
        known = _hazards(tablet)
    while not orders.settle:  # enough was made; what others make still comes
        with suppress(SyncError):
            await tablet.engine.sync_once()
        await asyncio.sleep(0.1)
    await me.sync(200)
    say("settled", head=_head(me))
    await me.close()


async def _tablet(orders: Orders, say: Say) -> fields.Tablet:
    folder, wire = orders.folder, Telling(orders.port, say)
    kept = folder / "who.json"
    if not kept.exists():  # enrolled once, before anything is killed
        made = await fields.tablet(wire, folder, orders.number)  # pyright: ignore[reportArgumentType]
        raw = made.key.private_bytes_raw().hex()
        token = made.transport._client.headers["Authorization"].removeprefix("Bearer ")
        who = {"id": made.identity.device_id, "key": raw, "token": token}
        kept.write_text(json.dumps(who), "utf-8")
        return made
    who = json.loads(kept.read_text("utf-8"))
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(who["key"]))
    identity = fields.Identity(who["id"], key.public_key().public_bytes_raw())
    return fields.reopened(wire, folder, identity, who["token"], key)  # pyright: ignore[reportArgumentType]


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
    process: "ForkServerProcess | None" = None
    said: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    head: int = 0
    photos: set[str] = field(default_factory=set[str])
    starts: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def start(self, port: int, seed: int, *, settle: bool = False) -> None:
        """Start it on what its folder holds."""
        orders = Orders(self.folder, port, self.number, seed, settle, time.monotonic())
        ours, its = _FORK.Pipe(duplex=False)
        self.process = _FORK.Process(target=begin, args=(orders, its), daemon=True)
        self.process.start()
        its.close()  # the process has its own
        threading.Thread(target=self._read, args=(ours, self.process.pid), daemon=True).start()

    def _read(self, ours: "Connection[None, dict[str, Any]]", pid: int) -> None:
        with ours, suppress(EOFError, OSError):  # killed between two words, or in one
            while True:
                self.said.put(ours.recv())
        self.said.put({"what": "ended", "pid": pid})

    def begin(self, port: int, seed: int, *, settle: bool = False) -> None:
        """Start it and wait until it has opened its store; AssertionError where it does not."""
        self.start(port, seed, settle=settle)
        assert self.until("began", BEGIN_S), f"client {self.number} does not begin"

    def until(self, what: str, seconds: float) -> bool:
        """Take in what is said until that is said; whether it was."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                heard = self.said.get(timeout=left)
            except queue.Empty:
                return False
            if heard["what"] == "began":
                self.starts.append((heard["wall"], heard["work"]))
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
        self.process.kill()
        self.process.join(10)
        while not self.until("ended", 10):
            pass
        self._let_go()

    def end(self) -> None:
        """Wait until it has ended by itself, or end it."""
        if self.process:
            self.process.join(30)
            self.process.kill()
            self.process.join(10)
            self._let_go()

    def _let_go(self) -> None:
        assert self.process
        self.process.close()
        self.process = None


@dataclass
class Campaign:
    """Kills on one store; `tally` counts them by whom and when."""

    folder: Path
    seed: int
    url: str | None = None
    tally: Counter[str] = field(default_factory=Counter[str])
    served: list[float] = field(default_factory=list[float])  # work of each start of the server

    def run(self, count: int, minutes: float = 1e6) -> str:
        """Kill `count` times, or for so long; raises AssertionError at what is lost.

        Returns the figures.
        """
        luck = random.Random(self.seed)
        world = World(self.folder, database_url=self.url, code=CODE, ready_s=BEGIN_S)
        children = [Child(self.folder / f"client{number}", number) for number in range(CLIENTS)]
        try:
            self._serve(world)
            for child in children:
                child.folder.mkdir(exist_ok=True)
                child.begin(world.server_port, luck.randrange(2**32))
            end = time.monotonic() + minutes * 60
            while sum(self.tally.values()) < count and time.monotonic() < end:
                self._kill_one(world, luck, children)
                if (done := sum(self.tally.values())) % 25 == 0:
                    print(f"{done} kills, {self._starts(children)}", flush=True)
            for child in children:
                child.kill()
            self._settle(world, luck, children)
        finally:
            for child in children:
                if child.process:
                    child.kill()
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
            self._serve(world)
            return
        child.kill()
        child.begin(world.server_port, luck.randrange(2**32))

    def _settle(self, world: World, luck: random.Random, children: list[Child]) -> None:
        """Bring everything through, until the server has nothing that a device has not."""
        for _ in range(TURNS_MAX):
            for child in children:
                child.start(world.server_port, luck.randrange(2**32), settle=True)
            for child in children:
                assert child.until("settled", SETTLE_S), f"client {child.number} does not settle"
                child.end()
            world.stop()
            if self._is_even(children):
                return
            world.running.clear()
            self._serve(world)
        message = f"not even after {TURNS_MAX} turns"
        raise AssertionError(message)

    def _is_even(self, children: list[Child]) -> bool:
        def feed(store: Store) -> int:
            with closing(store), store.reading() as session:
                return journal.last_feed(session)

        server = feed(open_store(self.folder / "server", self.url))
        return all(feed(open_store(child.folder)) == server for child in children)

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
            f"nothing lost; {self._starts(children)}"
        )

    def _starts(self, children: list[Child]) -> str:
        """Say how long starts took, and how much work they were: the machine may be busy."""
        starts = [one for child in children for one in child.starts]
        wall, work = (max(numbers) for numbers in zip(*starts, strict=True))
        served = max(self.served)
        assert max(work, served) < START_WORK_S, f"a start took {max(work, served):.1f} s of work"
        return (
            f"{len(starts)} starts of clients, the slowest {wall:.1f} s (work {work:.2f} s)"
            f"; {len(self.served)} of the server (work {served:.2f} s)"
        )

    def _serve(self, world: World) -> None:
        world.start_server()
        self.served.append(_work_s(world.running["server"].pid))


def _work_s(pid: int) -> float:
    """Return how many seconds of a processor a process has had."""
    told = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
