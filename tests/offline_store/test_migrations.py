"""An old store promises: it opens as a new one with all that was in it, or it stays as it was."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from domain.changes import DeviceTime, genesis
from domain.errors import StoreDamagedError
from offline_store import (
    backups,
    drafts,
    entries,
    journal,
    migrating,
    migrations,
    outbox,
    records,
    search,
)
from offline_store.database import FILE_NAME, open_store
from tests.helpers.merging import trial_policies
from tests.offline_store import oldest

ROOT = Path(__file__).resolve().parents[2]
OnStore = Callable[[Path | None], str | None]
# SQLite stops where its steps are counted: a kill in the middle of a migration, each time elsewhere
KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import Engine, event
from offline_store.database import open_store
left = int(sys.argv[2])
@event.listens_for(Engine, "before_cursor_execute")
def count(*_: object) -> None:
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
open_store(Path(sys.argv[1])).close()
"""


def _step(file: Path) -> int:
    with sqlite3.connect(file) as connection:
        found: int = connection.execute("SELECT max(number) FROM schema_step").fetchone()[0]
    connection.close()
    return found


def test_the_oldest_store_opens_with_everything_in_it(tmp_path: Path, on_store: OnStore) -> None:
    url = on_store(None)
    oldest.make(tmp_path, url)
    store = open_store(tmp_path, url)
    with store.reading() as session:
        logged = entries.of_device(session, oldest.DEVICE, 1, 100)
        chain = journal.chain(genesis(oldest.DEVICE, oldest.KEY), [one.body for one in logged])
        assert chain == [one.hash for one in logged]
        assert outbox.count(session, oldest.DEVICE).entries == 7
        found = records.find(session, "hazard", author=oldest.PERSON, asset="TK-101")
        assert len(found) == 12
        assert drafts.load(session, "draft-1") is not None
        assert search.find(session, "泄漏", limit=3) == ["hazard-12", "hazard-11", "hazard-10"]
    oldest.write(store, 13)
    with store.reading() as session:
        assert search.find(session, "泄漏", limit=1) == ["hazard-13"]
    store.close()


def test_a_stop_holds_in_a_store_that_began_as_the_oldest(
    tmp_path: Path, on_store: OnStore
) -> None:
    url = on_store(None)
    oldest.make(tmp_path, url)
    store = open_store(tmp_path, url)
    at = DeviceTime(oldest.START_MS, 0, "boot", None)
    moves = [("approved", "permit.approve"), ("suspended", "permit.stop")]
    for number, (state, action) in enumerate(moves):
        with store.session() as session:
            journal.write(
                session, journal.Author(oldest.DEVICE, oldest.PERSON),
                journal.Stamp(oldest.START_MS + number, 0, at, f"decision-{number}"),
                kind="decide", record_id="trial-1", type="trial", definition="trial@1",
                set={"state": state, "action": action}, policies=trial_policies(),
            )  # fmt: skip
    store.close()
    store = open_store(tmp_path, url)
    with store.reading() as session:
        assert records.holds(session, "hazard-1") == []
        [hold] = records.holds(session, "trial-1")
        assert (hold.hold_id, hold.kind, hold.placed_by) == ("decision-1", "stop", oldest.PERSON)
        assert hold.placed_ms == oldest.START_MS + 1
    store.close()


def test_a_copy_is_made_before_and_the_last_three_stay(tmp_path: Path) -> None:
    oldest.make(tmp_path)
    file = tmp_path / FILE_NAME
    (tmp_path / backups.FOLDER).mkdir()
    for year in range(2020, 2024):
        (tmp_path / backups.FOLDER / f"anshao-0001-{year}0101T000000Z.db").write_bytes(b"")
    open_store(tmp_path).close()
    kept = backups.newest(file)
    assert len(kept) == backups.KEPT
    assert _step(kept[0]) == 1
    with sqlite3.connect(kept[0]) as copy:
        assert copy.execute("SELECT count(*) FROM entry").fetchone() == (12,)
    copy.close()
    open_store(tmp_path).close()
    assert backups.newest(file) == kept, "nothing to migrate, nothing to copy"


def test_a_migration_that_fails_leaves_the_old_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest.make(tmp_path)
    broken = tmp_path / "steps"
    broken.mkdir()
    (broken / "9999_broken.py").write_text(
        "def upgrade(connection):\n"
        "    connection.exec_driver_sql('DROP TABLE draft')\n"
        "    connection.exec_driver_sql('SELECT nothing FROM nowhere')\n"
    )
    monkeypatch.setattr(migrations, "__path__", [*migrations.__path__, str(broken)])
    with pytest.raises(OperationalError):
        open_store(tmp_path)
    monkeypatch.undo()
    assert _step(tmp_path / FILE_NAME) == 1
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        assert connection.execute("SELECT count(*) FROM draft").fetchone() == (1,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    open_store(tmp_path).close()
    assert _step(tmp_path / FILE_NAME) == int(migrating.names()[-1][:4])


@pytest.mark.parametrize("statement", [3, 8, 14, 20, 26])
def test_a_kill_during_a_migration_costs_nothing(tmp_path: Path, statement: int) -> None:
    oldest.make(tmp_path)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(statement)], cwd=ROOT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    store = open_store(tmp_path)
    with store.reading() as session:
        assert len(entries.of_device(session, oldest.DEVICE, 1, 100)) == 12
        assert len(search.find(session, "leak")) == 12
    store.close()


def test_a_damaged_old_file_is_not_migrated(tmp_path: Path) -> None:
    oldest.make(tmp_path)
    file = tmp_path / FILE_NAME
    with sqlite3.connect(file) as connection:  # an index that lies: only the full check sees it
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'area)', 'state)') WHERE name ="
            " 'record_by_area'"
        )
    connection.close()
    with pytest.raises(StoreDamagedError):
        open_store(tmp_path)
    assert _step(file) == 1


def test_no_room_for_the_copy_is_said_and_nothing_is_migrated(tmp_path: Path) -> None:
    oldest.make(tmp_path)
    limited = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "import resource, signal, sys\n"
                "from pathlib import Path\n"
                "from domain.errors import StoreFullError\n"
                "from offline_store.database import open_store\n"
                "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
                "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"
                "try:\n    open_store(Path(sys.argv[1]))\n"
                "except StoreFullError:\n    sys.exit(3)\n"
            ),
            str(tmp_path),
        ],
        cwd=ROOT,
        check=False,
    )
    assert limited.returncode == 3
    assert _step(tmp_path / FILE_NAME) == 1
    assert not list((tmp_path / backups.FOLDER).glob("*.db"))
    assert list((tmp_path / backups.FOLDER).iterdir()) == []
