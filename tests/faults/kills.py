"""Kill a client again and again, and look each time whether something that was confirmed is gone.

`dev.py soak work --count 200 --seed S` (`tests.faults.soak`) does it at length.
Half of the kills fall at a moment drawn beforehand; for the other half the parent waits until a
write is under way and then kills within it. Where a kill really fell is read from the shared flag
afterwards (`tests.faults.driver`).
"""

import hashlib
import json
import mmap
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session

from app.wiring import FONT
from domain.changes import genesis
from domain.words import Words
from media.label_sheet import PrintLabel, picture
from media.labels import Label, sign
from offline_store import blobs, devices, drafts, entries, journal, keep, records
from offline_store.database import Store, open_store
from server import clock, keys
from tests.faults.driver import ASSETS
from tests.helpers.processes import World
from tests.helpers.sealed import open_client

ROOT = Path(__file__).resolve().parents[2]
LATEST_S = 1.2  # after the client has begun
INSIDE_S = 0.002  # a write takes longer, mostly
ANSWER_S = 60.0
SETTLE_S, SETTLE_EVERY = (
    900.0,
    25,
)  # kills hold the sending of photos up: now and then it is let run
RECENT = 200  # confirmations that are looked at again after the next kill
PLAINEST = ("accepted", "merged")


class LostError(AssertionError):
    """Something that was confirmed is not there."""


def _require(there: bool, what: str) -> None:
    if not there:
        raise LostError(what)


@dataclass
class Tally:
    """What a campaign has seen."""

    seed: int
    kills: int = 0
    inside: int = 0
    aimed: int = 0  # kills that waited for a write
    aimed_inside: int = 0
    confirmed: dict[str, int] = field(default_factory=dict[str, int])

    def line(self) -> str:
        """Return the figures in one line."""
        said = ", ".join(f"{count} {what}" for what, count in sorted(self.confirmed.items()))
        free, free_inside = self.kills - self.aimed, self.inside - self.aimed_inside
        share = 100 * self.inside // max(1, self.kills)
        return (
            f"seed {self.seed}: {self.kills} kills, {self.inside} inside a write ({share} %: "
            f"{self.aimed_inside} of {self.aimed} aimed, {free_inside} of {free} free); {said}; "
            "nothing lost"
        )


@dataclass
class Forks:
    """The prepared client process; it forks one client per run."""

    process: "subprocess.Popen[bytes]"
    said: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    child: int = 0  # the client that runs now

    def __post_init__(self) -> None:
        """Read its output in a thread: a full pipe must not hold the client up."""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.put(json.loads(line))

    def order(self, **order: object) -> int:
        """Fork a client; returns its process id."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()
        self.child = int(self.until("forked")[-1]["pid"])
        return self.child

    def settle(self, order: dict[str, str]) -> None:
        """Let a client bring everything to the server and end by itself."""
        self.order(**order, seed=0, settle=True)
        ended = self.until("ended", SETTLE_S)
        assert ended[-1]["status"] == 0, ended

    def until(self, what: str, seconds: float = ANSWER_S) -> list[dict[str, Any]]:
        """Return what is said until, and with, that."""
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["what"] != what:
            heard.append(self.said.get(timeout=seconds))
            if heard[-1]["what"] == "ended":
                self.child = 0
            if heard[-1]["what"] == "ended" and what != "ended":
                message = f"the client ended by itself: {heard}"
                raise LostError(message)
        return heard


@contextmanager
def forks() -> Generator[Forks]:
    """Start the process that forks clients; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.driver"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    running = Forks(process)
    try:
        yield running
    finally:
        if running.child and process.poll() is None:
            with suppress(ProcessLookupError):  # mostly it has ended before
                os.kill(running.child, signal.SIGKILL)
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        process.stdout.close()


def campaign(folder: Path, count: int, seed: int, database_url: str | None = None) -> Tally:
    """Kill a client `count` times; raises LostError at the first thing that is gone."""
    tally, luck = Tally(seed), random.Random(seed)
    world = World(folder, database_url=database_url)
    flag_file = folder / "flag"
    flag_file.write_bytes(b"\0")
    order = {
        "folder": str(folder), "url": world.server_url, "code": world.code, "flag": str(flag_file),
    }  # fmt: skip
    try:
        world.start_server()
        _material(folder)
        with forks() as client, flag_file.open("r+b") as file:
            flag = mmap.mmap(file.fileno(), 1)
            client.settle(order)  # enrolled and taken along
            expected = Expected()
            for number in range(count):
                flag[0] = 0
                heard = _kill_one(client, flag, luck, tally, order)
                expected.take(heard)
                try:
                    expected.check(folder / "client")
                except LostError as error:
                    message = f"seed {seed}, kill {number + 1} of {count}: {error}"
                    raise LostError(message) from error
                if number % SETTLE_EVERY == SETTLE_EVERY - 1:
                    client.settle(order)
            client.settle(order)
            flag.close()
        tally.confirmed = expected.counts
        expected.check(folder / "client", all_of_it=True)
    finally:
        world.stop()
    try:
        check_server(folder, database_url)
    except LostError as error:
        message = f"seed {seed}: {error}"
        raise LostError(message) from error
    return tally


def _kill_one(
    client: Forks, flag: mmap.mmap, luck: random.Random, tally: Tally,
    order: dict[str, str],
) -> list[dict[str, Any]]:  # fmt: skip
    pid = client.order(**order, seed=luck.randrange(2**32), settle=False)
    heard = client.until("began")
    time.sleep(luck.uniform(0.0, LATEST_S))
    aimed, within_s = tally.kills % 2 == 0, luck.uniform(0.0, INSIDE_S)
    if aimed:
        end = time.monotonic() + 2.0
        while not flag[0] and time.monotonic() < end:
            pass  # a sleep would oversleep the write
        time.sleep(within_s)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError as error:
        message = f"the client ended by itself: {client.until('ended')}"
        raise LostError(message) from error
    heard += client.until("ended")
    assert os.WIFSIGNALED(heard[-1]["status"]), heard[-1]
    inside = flag[0] == 1
    tally.kills += 1
    tally.inside += inside
    tally.aimed += aimed
    tally.aimed_inside += aimed and inside
    return heard


def _material(folder: Path) -> None:
    """Make what the client sees: printed labels of the plant."""
    signer = keys.label_signers(folder / "server" / "keys")["DEMO"]
    (folder / "labels").mkdir(exist_ok=True)
    for asset in ASSETS:
        day = clock.moment(clock.now_ms()).date()
        label = Label("asset", "DEMO", asset, LABEL_VERSION, day, signer.key_id)
        name = Words({"zh": asset, "en": asset})
        printed = PrintLabel(sign(label, signer.private), asset, LABEL_VERSION, name, name)
        (folder / "labels" / f"{asset}.png").write_bytes(picture(printed, "zh", FONT))


LABEL_VERSION = 9  # never retired: newer than any that was printed


@dataclass
class Expected:
    """All that was confirmed so far, and the look whether it is there."""

    heard: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    seen: int = 0

    def take(self, heard: list[dict[str, Any]]) -> None:
        """Add what a client has confirmed."""
        for one in heard:
            if one["what"] not in {"forked", "began", "ended", "round"}:
                self.heard.append(one)
                self.counts[one["what"]] = self.counts.get(one["what"], 0) + 1

    def check(self, folder: Path, *, all_of_it: bool = False) -> None:
        """Open the store as the next start does; raises LostError.

        After each kill the newest are looked at, and all of it at the end of a campaign.
        """
        store = open_client(folder)  # fails itself where the file is damaged
        try:
            with store.reading() as session:
                gone = blobs.missing(store, session)
                _require(not gone, f"files without bytes: {gone}")
            check_chain(store)
            with store.reading() as session:
                for one in self.heard if all_of_it else self.heard[self.seen :]:
                    _require(_is_there(store, session, one), f"lost: {one}")
            self.seen = max(0, len(self.heard) - RECENT)
        finally:
            store.close()


def _is_there(store: Store, session: Session, one: dict[str, Any]) -> bool:
    match one["what"]:
        case "opened":
            return _sheet(session, one["draft"]) is not None
        case "answer":
            answers = _sheet(session, one["draft"])
            return answers is not None and answers.get(one["item"]) == one["value"]
        case "words":
            draft = drafts.load(session, one["draft"])
            record = records.lookup(session, one["draft"])
            words = draft.body["words"] if draft else record.text("words") if record else None
            return words == one["words"]
        case "photo":
            record = records.lookup(session, one["record"])
            kinds = ("original", "stamped", "thumb")
            if record is None or record.text("of") != one["of"]:
                return False
            return all(_whole(store, record.text(kind)) for kind in kinds)
        case "handed in" | "reported":
            record = records.lookup(session, one["record"])
            return record is not None and record.text("state") != ""
        case "moved":
            logged = entries.of_record(session, one["record"])
            return any(entry.entry.set.get("action") == one["action"] for entry in logged)
        case other:
            raise AssertionError(other)


def _sheet(session: Session, draft_id: str) -> dict[str, Any] | None:
    """Return the answers of a sheet, as a draft or handed in."""
    draft, record = drafts.load(session, draft_id), records.lookup(session, draft_id)
    found = draft.body.get("answers") if draft else record.get("answers") if record else None
    return found if isinstance(found, dict) else None


def _whole(store: Store, sha256: str) -> bool:
    data = blobs.read(store, sha256)
    return data is not None and hashlib.sha256(data).hexdigest() == sha256


def check_chain(store: Store) -> None:
    """Every device's entries are without gap, and their hashes hold; raises LostError."""
    with store.reading() as session:
        for device in devices.find(session):
            logged = entries.of_device(session, device.device_id, 1, 1_000_000)
            numbers = [one.entry.number for one in logged]
            without_gap = numbers == list(range(1, len(logged) + 1))
            _require(without_gap, f"numbers of {device.device_id}: {numbers[-5:]}")
            start = genesis(device.device_id, device.public_key)
            hashes = journal.chain(start, [one.body for one in logged])
            _require(hashes == [one.hash for one in logged], f"chain of {device.device_id}")


def check_server(folder: Path, database_url: str | None) -> None:
    """All entries and files of the client are on the server, accepted; raises LostError."""
    client = open_client(folder / "client")
    server = open_store(folder / "server", database_url)
    try:
        check_chain(server)
        own_id = _identity(client)
        with client.reading() as session:
            own = entries.of_device(session, own_id, 1, 1_000_000)
        with server.reading() as session:
            there = entries.of_device(session, own_id, 1, 1_000_000)
        same = [one.body for one in own] == [one.body for one in there]
        _require(same, f"the server has {len(there)} entries of {len(own)}")
        refused = [(one.entry.number, one.code) for one in there if one.verdict not in PLAINEST]
        _require(not refused, f"refused: {refused}")
        for one in own:
            for kind in ("original", "stamped", "thumb"):
                sha = one.entry.set.get(kind)
                here = not isinstance(sha, str) or _whole(server, sha)
                _require(here, f"file {sha} is not on the server")
    finally:
        client.close()
        server.close()


def _identity(store: Store) -> str:
    with store.reading() as session:
        kept = keep.get(session, "identity")
    assert isinstance(kept, dict)
    return str(kept["device_id"])
