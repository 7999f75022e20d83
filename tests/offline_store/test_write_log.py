"""At rest the write-ahead log is brought into the file, and nothing of it is lost meanwhile."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from domain.errors import StoreTakenError
from offline_store import keep, write_log
from offline_store.database import FILE_NAME, open_store


def test_at_rest_the_file_alone_has_everything(tmp_path: Path) -> None:
    """Not only the log beside it: that is what a large push leaves for later."""
    store, copy = open_store(tmp_path / "one"), tmp_path / "copy"
    copy.mkdir()
    with store.session() as session:
        keep.put(session, "word", "kept")
    write_log.settle(store)
    (copy / FILE_NAME).write_bytes((tmp_path / "one" / FILE_NAME).read_bytes())
    store.close()
    other = open_store(copy)
    with other.reading() as session:
        assert keep.get(session, "word") == "kept"
    other.close()


def test_who_reads_from_before_and_who_writes_meanwhile_are_not_disturbed(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.session() as session:
        keep.put(session, "word", "before")
    with store.reading() as early:
        assert keep.get(early, "word") == "before"
        with store.session() as session:
            keep.put(session, "word", "after")
            write_log.settle(store)
        write_log.settle(store)
        assert keep.get(early, "word") == "before"
    with store.reading() as late:
        assert keep.get(late, "word") == "after"
    store.close()


def test_before_a_file_goes_on_alone_nobody_may_hold_its_log(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    with contextlib.closing(sqlite3.connect(tmp_path / FILE_NAME)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM keep").fetchall()
        with store.session() as session:
            keep.put(session, "word", "kept")
        with pytest.raises(StoreTakenError):
            write_log.empty(store)
        other.execute("ROLLBACK")
        write_log.empty(store)
    assert (tmp_path / (FILE_NAME + "-wal")).stat().st_size == 0
    store.close()
