"""Stores that were damaged in one way or another, and what must hold of what was saved of them."""

import random
import signal
import subprocess
import sys
from pathlib import Path

from offline_store import blobs, entries, journal, records, safety, search
from offline_store.database import Store, open_store
from offline_store.entries import Logged
from tests.offline_store import oldest
from tests.offline_store.oldest import DEVICE

ROOT = Path(__file__).resolve().parents[2]
ENTRIES, CONFIRMED = 120, 50
PAGE = 4096
KILLED_WRITING = """
import os, signal, sys
from pathlib import Path
from offline_store.database import open_store
from tests.offline_store import oldest
store = open_store(Path(sys.argv[1]))
for number in range(1000, 1006):
    oldest.write(store, number)
os.kill(os.getpid(), signal.SIGKILL)
"""


def photo(store: Store, number: int) -> str:
    """Attach a photo as the use case does: its file, its row, its entry."""
    with store.session() as session:
        sha = blobs.put(
            store, session, b"picture %d" % number * 40, "original", record_id="hazard-1"
        )
    oldest.write(store, number, "attach", original=sha, of="hazard-1")
    return sha


def overwrite(file: Path, first: int, size: int) -> None:
    data = bytearray(file.read_bytes())
    data[first : first + size] = random.Random(1).randbytes(size)
    file.write_bytes(data)


def own(store: Store) -> list[Logged]:
    with store.reading() as session:
        return entries.of_device(session, DEVICE, 1, 10_000)


def originals(folder: Path) -> dict[int, bytes]:
    """The bodies of a store that is whole, by number."""
    store = open_store(folder)
    found = {one.entry.number: one.body for one in own(store)}
    store.close()
    return found


def check(store: Store, bodies: dict[int, bytes]) -> safety.SalvageReport:
    """What must hold of every saved store; returns its report."""
    with store.reading() as session:
        report = safety.report(session)
        assert report is not None
        assert (store.folder / report.file).parent.is_dir()
        logged = entries.of_device(session, DEVICE, 1, 10_000)
        assert not entries.broken(session, waiting=False)
        for one in logged:
            number = one.entry.number
            stands_in = journal.is_stand_in(one.body, DEVICE)
            assert stands_in or bodies[number] == one.body
            assert one.feed is None or number <= CONFIRMED
        unsent = [one for one in logged if one.feed is None]
        numbers = [one.entry.number for one in unsent]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
        assert report.unsent[1] == sum(journal.is_stand_in(one.body, DEVICE) for one in unsent)
        real = {one.record_id for one in records.find(session, "hazard")}
        kept = {one.entry.record_id for one in logged if one.entry.type == "hazard"}
        assert real == kept
        assert set(search.find(session, "泄漏", types=("hazard",), limit=1000)) == kept
    return report


def killed_writing(folder: Path) -> None:
    """Let a process write six entries and die, so that they stand in the log alone."""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WRITING, str(folder)], cwd=ROOT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
