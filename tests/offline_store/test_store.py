"""The store promises: what it has confirmed is there after a crash, and nothing is half there."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

from domain import merge
from domain.changes import genesis
from domain.errors import StoreDamagedError, StoreFullError, StoreNewerError
from domain.trusted_time import Anchor
from offline_store import (
    blob_parts,
    blobs,
    definitions,
    devices,
    drafts,
    entries,
    journal,
    keep,
    outbox,
    records,
    tables,
)
from offline_store.database import FILE_NAME, Store, open_store

KEY = b"k" * 32
ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import itertools, sys
from pathlib import Path
from domain.changes import DeviceTime
from offline_store import blobs, devices, journal
from offline_store.database import open_store
store = open_store(Path(sys.argv[1]))
with store.session() as session:
    devices.add(session, devices.Device("D", b"k" * 32))
    start, _ = journal.head(session, "D")
for number in itertools.count(start + 1):
    stamp = journal.Stamp(number, 0, DeviceTime(number, 0, "b", None), f"e{number}")
    with store.session() as session:
        sha = blobs.put(store, session, b"photo %d" % number, "thumb", record_id="r")
        journal.write(session, journal.Author("D", "P"), stamp, kind="edit",
            record_id=f"r{number % 7}", type="hazard", definition="hazard@1",
            set={"note": str(number), "thumb": sha})
    print(number, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def test_after_a_kill_everything_confirmed_is_there_and_the_chain_holds(tmp_path: Path) -> None:
    for _ in range(2):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        confirmed = 0
        for line in writer.stdout:
            confirmed = int(line)
            if confirmed % 25 == 0:
                os.kill(writer.pid, signal.SIGKILL)
                break
        writer.stdout.close()
        writer.wait()
        store = open_store(tmp_path)
        with store.reading() as session:
            logged = entries.of_device(session, "D", 1, 10_000)
            assert len(logged) >= confirmed
            hashes = journal.chain(genesis("D", KEY), [one.body for one in logged])
            assert hashes == [one.hash for one in logged]
            assert blobs.missing(store, session) == []
            for one in logged:
                sha = str(one.entry.set["thumb"])
                assert hashlib.sha256(blobs.read(store, sha) or b"").hexdigest() == sha
            for record in records.find(session, "hazard"):
                own = entries.of_record(session, record.record_id)
                folded = merge.fold([merge.FeedEntry(entry.entry) for entry in own])
                assert folded is not None
                assert folded.record == record
        store.close()


def test_a_photo_whose_transaction_failed_leaves_a_file_and_no_row(store: Store) -> None:
    def fails() -> None:
        with store.session() as session:
            blobs.put(store, session, b"photo", "original")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    sha = hashlib.sha256(b"photo").hexdigest()
    assert blobs.read(store, sha) == b"photo"
    with store.session() as session:
        assert blobs.lookup(session, sha) is None
        assert blobs.put(store, session, b"photo", "original") == sha
        assert [blob.sha256 for blob in blobs.pending(session)] == [sha]
    store.close()


def test_what_a_crash_left_half_written_is_swept_and_nothing_else(store: Store) -> None:
    with store.session() as session:
        sha = blobs.put(store, session, b"photo", "original")
    half = blobs.path(store, sha).parent / "new-1.tmp"
    half.write_bytes(b"pho")
    growing = blobs.part(store, sha)
    growing.write_bytes(b"pho")
    assert blobs.sweep(store) == 1
    assert (half.exists(), growing.exists(), blobs.read(store, sha)) == (False, True, b"photo")
    store.close()


def test_a_file_that_is_not_what_its_name_says_is_not_taken(store: Store) -> None:
    sha = hashlib.sha256(b"photo").hexdigest()
    blobs.part(store, sha).parent.mkdir()
    blobs.part(store, sha).write_bytes(b"phot0")
    assert not blob_parts.settle(store, sha)
    assert blobs.read(store, sha) is None
    blobs.part(store, sha).write_bytes(b"photo")
    assert blob_parts.settle(store, sha)
    assert blobs.read(store, sha) == b"photo"
    store.close()


def test_received_items_stay_listed_for_a_week(store: Store) -> None:
    day = 24 * 3600 * 1000
    with store.session() as session:
        sha = blobs.put(store, session, b"photo", "original")
        blobs.confirm(session, sha, "receipt", received_ms=10 * day)
        [item] = outbox.items(session, "D", now_ms=17 * day)
        assert item.receipt_code == outbox.short_code("receipt")
        assert outbox.items(session, "D", now_ms=17 * day + 1) == []
    store.close()


def _said(facts: object) -> str:
    return json.dumps(facts, default=str)  # the condition of an index is an object


def test_the_migrations_make_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    assert tables
    by_hand = create_engine(f"sqlite:///{tmp_path / 'models.db'}")
    SQLModel.metadata.create_all(by_hand)
    migrated = inspect(create_engine(f"sqlite:///{tmp_path / FILE_NAME}"))
    modelled = inspect(by_hand)
    for table in modelled.get_table_names():
        for facts in ("get_columns", "get_indexes", "get_unique_constraints", "get_pk_constraint"):
            one, two = getattr(migrated, facts)(table), getattr(modelled, facts)(table)
            assert _said(one) == _said(two), f"{table}: {facts}"
    by_hand.dispose()
    migrated.bind.dispose()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def test_the_database_survives_the_battery(store: Store) -> None:
    with store.reading() as session:
        run = session.connection().exec_driver_sql
        assert run("PRAGMA journal_mode").scalar() == "wal"
        assert run("PRAGMA synchronous").scalar() == 2  # FULL
        assert run("PRAGMA foreign_keys").scalar() == 1
    store.close()


def test_a_full_disk_is_said_and_what_was_there_stays(store: Store) -> None:
    with store.session() as session:
        keep.put(session, "x", 1)
    with store.reading() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar()

    def fills() -> None:
        with store.session() as session:
            session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages}")
            keep.put(session, "y", "z" * 100_000)

    with pytest.raises(StoreFullError):
        fills()
    with store.reading() as session:
        assert (keep.get(session, "x"), keep.get(session, "y")) == (1, None)
    store.close()


def test_a_damaged_file_is_named_and_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.session() as session:
        keep.put(session, "x", "y" * 100_000)
    store.close()
    file = tmp_path / FILE_NAME
    data = bytearray(file.read_bytes())
    data[5000:60_000] = b"\xff" * 55_000
    file.write_bytes(data)
    with pytest.raises(StoreDamagedError):
        open_store(tmp_path)
    assert file.read_bytes() == data


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("INSERT INTO schema_step VALUES (9999)")
    connection.close()
    with pytest.raises(StoreNewerError):
        open_store(tmp_path)


def test_a_reader_sees_a_steady_picture_while_someone_writes(store: Store) -> None:
    with store.session() as session:
        keep.put(session, "x", 1)
    with store.reading() as reader:
        assert keep.get(reader, "x") == 1
        with store.session() as writer:
            keep.put(writer, "x", 2)
        reader.expire_all()
        assert keep.get(reader, "x") == 1
    store.close()


def test_small_things_are_kept(store: Store) -> None:
    with store.session() as session:
        drafts.save(session, "d1", "inspection", "P", {"a": "11.80"}, 1)
        drafts.save(session, "d1", "inspection", "P", {"a": "11.90"}, 2)
        definitions.save(session, "v1", b"one", 1)
        definitions.save(session, "v2", b"two", 2)
        keep.set_cursor(session, keep.Cursor(7, "e"))
        keep.set_anchor(session, Anchor("b", 1, 2, 3))
        devices.add(session, devices.Device("D", KEY, token_hash="h"))
    with store.session() as session:
        assert [draft.body for draft in drafts.find(session, "inspection", "P")] == [{"a": "11.90"}]
        drafts.delete(session, "d1")
        assert drafts.load(session, "d1") is None
        assert definitions.newest(session) == ("v2", b"two")
        assert definitions.load(session, "v1") == b"one"
        assert keep.cursor(session) == keep.Cursor(7, "e")
        assert keep.anchor(session, "b") == Anchor("b", 1, 2, 3)
        assert keep.anchor(session, "other boot") is None
        known = devices.by_token(session, "h")
        assert known is not None
        assert known.device_id == "D"
    store.close()
