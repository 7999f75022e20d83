"""A saved store promises: what was done does not come back, and a second blow costs nothing."""

import contextlib
import itertools
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes import genesis
from offline_store import blobs, drafts, entries, journal, keep, safety, sealing, vault
from offline_store.database import FILE_NAME, open_store
from offline_store.pages import Pages, opened
from offline_store.sealing import Seal, Way
from tests.offline_store import oldest
from tests.offline_store.damage import (
    ENTRIES,
    PAGE,
    ROOT,
    overwrite,
    own,
)
from tests.offline_store.oldest import DEVICE, KEY


def test_a_file_of_a_photo_whose_row_is_lost_is_queued_again(folder: Path) -> None:
    store = open_store(folder)
    with store.session() as session:
        shas = [blob.sha256 for blob in blobs.pending(session)]
        session.connection().exec_driver_sql("DELETE FROM blob")
    store.close()
    overwrite(folder / FILE_NAME, 0, 100)
    store = safety.open_or_save(folder)
    with store.reading() as session:
        report = safety.report(session)
        assert report is not None
        assert report.files_found == 1, "the other one is named by no entry"
        [found] = blobs.pending(session)
        assert found.sha256 in shas
        assert (found.kind, found.record_id) == ("original", "hazard-1")
    store.close()


def test_a_draft_that_was_handed_in_does_not_come_back(folder: Path) -> None:
    store = open_store(folder)
    with store.session() as session:
        drafts.save(session, "hazard-7", "sheet", "U003", {"asset": "TK-101"}, 1)
    store.close()
    overwrite(folder / FILE_NAME, 0, 100)
    store = safety.open_or_save(folder)
    with store.reading() as session:
        assert drafts.load(session, "hazard-7") is None
        assert drafts.load(session, "draft-1") is not None
    store.close()


def test_short_codes_go_on_behind_the_highest(folder: Path) -> None:
    overwrite(folder / FILE_NAME, 0, 100)
    store = safety.open_or_save(folder)
    with store.reading() as session:
        assert keep.get(session, "code.HZ") == 200
    store.close()


def test_the_note_stays_until_somebody_has_read_it(folder: Path) -> None:
    overwrite(folder / FILE_NAME, 0, 100)
    safety.open_or_save(folder).close()
    store = safety.open_or_save(folder)
    with store.session() as session:
        report = safety.report(session)
        assert report is not None
        safety.dismiss(session)
        assert safety.report(session) is None
    store.close()
    assert (folder / report.file).exists()


def test_a_second_damage_keeps_both_files(folder: Path) -> None:
    for _ in range(2):
        overwrite(folder / FILE_NAME, 0, 100)
        safety.open_or_save(folder).close()
    assert len(list((folder / safety.FOLDER).iterdir())) == 2


def test_a_server_cuts_chains_at_the_first_gap_and_begins_a_new_life(folder: Path) -> None:
    store = open_store(folder)
    with store.session() as session:
        keep.put(session, "server.epoch", "first life")
        session.connection().exec_driver_sql("DELETE FROM entry WHERE number = 30")
    store.close()
    overwrite(folder / FILE_NAME, 0, 100)
    store = safety.open_or_save(folder, serves=True)
    assert [one.entry.number for one in own(store)] == list(range(1, 30))
    with store.reading() as session:
        assert keep.get(session, "server.epoch") not in {None, "first life"}
        report = safety.report(session)
        assert report is not None
        assert report.changes == (29, ENTRIES + 1 - 29)
    store.close()


SAVING = """
import os, signal, sys
from pathlib import Path
from offline_store import safety
left = int(sys.argv[2])
def count(event: str, _args: object) -> None:
    global left
    if event in {"os.rename", "os.link", "os.remove", "os.mkdir", "shutil.rmtree", "open"}:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
safety.open_or_save(Path(sys.argv[1])).close()
"""


@pytest.mark.parametrize("steps", [1, 4, 8, 11, 14, 17, 20, 23, 26, 30, 34])
def test_a_kill_while_saving_loses_nothing(folder: Path, steps: int) -> None:
    overwrite(folder / FILE_NAME, 0, PAGE)
    for number in itertools.count(steps):
        ended = subprocess.run(
            [sys.executable, "-c", SAVING, str(folder), str(number)], cwd=ROOT, check=False
        )
        assert ended.returncode in {0, -signal.SIGKILL}
        if ended.returncode == 0 or number > steps + 1:
            break
    store = safety.open_or_save(folder)
    with store.reading() as session:
        assert safety.report(session) is not None
        logged = entries.of_device(session, DEVICE, 1, 1000)
        assert len(logged) == ENTRIES + 1
        chain = journal.chain(genesis(DEVICE, KEY), [one.body for one in logged])
        assert [one.hash for one in logged] == chain
    store.close()


def test_a_store_without_room_stays_as_it_is(folder: Path) -> None:
    overwrite(folder / FILE_NAME, 0, 100)
    damaged = (folder / FILE_NAME).read_bytes()
    limited = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "import resource, signal, sys\n"
                "from pathlib import Path\n"
                "from domain.errors import StoreFullError\n"
                "from offline_store import safety\n"
                "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
                "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
                "try:\n    safety.open_or_save(Path(sys.argv[1]))\n"
                "except StoreFullError:\n    sys.exit(3)\n"
            ),
            str(folder),
        ],
        cwd=ROOT,
        check=False,
    )
    assert limited.returncode == 3
    assert (folder / FILE_NAME).read_bytes() == damaged
    store = safety.open_or_save(folder)
    assert len(own(store)) == ENTRIES + 1
    store.close()


FULL_AT_THE_END = """
import resource, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import Pool
from domain.errors import StoreFullError
from offline_store import safety, sealing
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def fill_up(connection, _record):
    cursor = connection.cursor()
    try:
        saved = cursor.execute("SELECT 1 FROM keep WHERE name = 'store.salvage'").fetchall()
    except sealing.errors():
        saved = []  # no tables yet
    cursor.close()
    if saved:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
event.listen(Pool, "checkin", fill_up)
seal = sealing.Seal(bytes.fromhex(sys.argv[2]), sys.argv[3]) if sys.argv[3] else None
try:
    safety.open_or_save(Path(sys.argv[1]), seal=seal)
except (StoreFullError, OperationalError):  # SQLCipher does not tell a limit from other trouble
    sys.exit(3)
"""


@pytest.mark.parametrize("way", ["", "bodies", pytest.param("cipher", marks=pytest.mark.desktop)])
def test_what_was_saved_stays_where_only_its_log_found_room(tmp_path: Path, way: str) -> None:
    """The disk is full when all is saved and the log shall be brought into the fresh file."""
    if way == "cipher" and sealing.way_here() != "cipher":
        pytest.skip("no SQLCipher on phones")
    seal = Seal(KEY, cast("Way", way)) if way else None
    if seal:
        vault.save(tmp_path, vault.Vault("v", seal.way))
    store = open_store(tmp_path, seal=seal)
    oldest.day(store, ENTRIES, 50)
    store.close()
    overwrite(tmp_path / FILE_NAME, 0, 100)
    damaged = (tmp_path / FILE_NAME).read_bytes()
    limited = subprocess.run(
        [sys.executable, "-c", FULL_AT_THE_END, str(tmp_path), KEY.hex(), way],
        cwd=ROOT,
        check=False,
    )
    assert limited.returncode == 3
    assert (tmp_path / FILE_NAME).read_bytes() == damaged
    store = safety.open_or_save(tmp_path, seal=seal)
    assert len(own(store)) == ENTRIES
    store.close()


@pytest.mark.parametrize("page_bytes", [4096, PAGE])
def test_a_store_without_its_head_is_saved_whatever_the_size_of_its_pages(
    folder: Path, page_bytes: int
) -> None:
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute(f"PRAGMA page_size={page_bytes}")
        connection.execute("VACUUM")
    assert int.from_bytes((folder / FILE_NAME).read_bytes()[16:18], "big") == page_bytes
    overwrite(folder / FILE_NAME, 0, 100)
    store = safety.open_or_save(folder)
    assert len(own(store)) == ENTRIES + 1
    store.close()


@given(seed=st.integers(0, 10_000), size=st.integers(0, 60_000))
def test_no_bytes_stop_the_reader(seed: int, size: int) -> None:
    chance = random.Random(seed)
    data = bytearray(chance.randbytes(size))
    for at in range(0, len(data), PAGE):
        data[at] = chance.choice([13, 10, 2, 5, 0])
    if chance.random() < 0.5:
        data[:16] = b"SQLite format 3\0"
    found = Pages(bytes(data), bytes(data[: chance.randrange(len(data) + 1)]))
    for row in found.rows():
        assert row is None or len(row.values) <= 100
    for key in found.index_keys():
        assert len(key) <= 100


def test_deleted_rows_stay_deleted(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute("CREATE TABLE kept (name TEXT PRIMARY KEY, body BLOB)")
        connection.executemany(
            "INSERT INTO kept VALUES (?, ?)", [(f"n{one}", b"x" * 900) for one in range(200)]
        )
        connection.execute("DELETE FROM kept WHERE name <> 'n7'")
    connection.close()
    with opened(file) as found:
        rows = [row for row in found.rows() if row and isinstance(row.values[1], bytes)]
    assert [row.values[0] for row in rows] == ["n7"]
