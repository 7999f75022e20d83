"""Stores that were damaged in one way or another, and what must hold of what was saved of them."""

import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from offline_store import blobs, cipher_pages, entries, journal, records, safety, sealing, search
from offline_store.database import Store, open_store
from offline_store.entries import Logged
from offline_store.sealing import Seal
from tests.offline_store import oldest
from tests.offline_store.oldest import DEVICE

ROOT = Path(__file__).resolve().parents[2]
ENTRIES, CONFIRMED = 120, 50
PAGE = sealing.PAGE_BYTES
_BLOCK = 16  # bytes that AES seals together
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


def strike(file: Path, spots: Sequence[bytes], seal: Seal | None = None) -> None:
    """Overwrite each of these wherever it stands in a file, be its pages sealed or not.

    Of a sealed page whole blocks of the cipher are hit: what they hold is rubbish then, and so is
    the block behind them. The spot must go on for as long.
    """
    if seal and seal.way == "bodies":
        spots, seal = _as_they_stand(file, spots, seal), None
    data = bytearray(file.read_bytes())
    decode = cipher_pages.decoder(seal) if seal else None
    block = _BLOCK if seal else 1
    found = dict.fromkeys(spots, 0)
    for first in range(0, len(data), PAGE):
        page = bytes(data[first : first + PAGE])
        page = decode(page, first // PAGE + 1) if decode else page
        for spot in spots:
            at = page.find(spot)
            while at >= 0:
                found[spot] += 1
                begin, end = -(-at // block) * block, (at + len(spot)) // block * block
                data[first + begin : first + end] = b"\xff" * (end - begin)
                at = page.find(spot, at + 1)
    assert all(found.values()), "what shall be damaged is in the file"
    file.write_bytes(data)


def _as_they_stand(file: Path, spots: Sequence[bytes], seal: Seal) -> list[bytes]:
    """Return the sealed bodies that begin so, where each value is sealed for itself."""
    with closing(sqlite3.connect(file)) as connection:
        bodies = [row[0] for row in connection.execute("SELECT body FROM entry")]
    return [one[:80] for one in bodies if seal.open(one).startswith(tuple(spots))]


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
