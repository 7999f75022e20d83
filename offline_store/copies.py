"""A copy of a whole store in use, and a store made of one: always an SQLite file, from both bases.

A copy shows one moment, however many write meanwhile. SQLite makes it itself, in one go: in steps
it would begin anew at each write. From PostgreSQL the rows are read in one REPEATABLE READ
transaction and kept under our own tables, so no tools of its version are needed, and a plant may
move from one database to the other by its backup.
"""

import contextlib
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select
from sqlmodel import SQLModel

from domain.errors import StoreDamagedError, StoreError, StoreFullError
from offline_store import backups, entries, journal, keep, migrating, search
from offline_store.database import (
    FILE_NAME,
    Store,
    is_shared,
    open_existing,
    open_store,
)

_ROWS = 500  # at once


class StoreMissingError(StoreError):
    """There is no store in this `folder` to copy."""

    code = "store.missing"


class StoreOlderError(StoreError):
    """The database has the tables of another version (`found`) than this program's (`wanted`)."""

    code = "store.older"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a copy holds: step of its tables, end of its feed, number of entries."""

    step: int
    feed: int
    entries: int


def make(folder: Path, url: str | None, place: Path) -> None:
    """Copy the store of a folder, or of the database `url`, which may be in use, to a new file.

    Raises StoreMissingError, StoreOlderError, DatabaseUnreachableError, StoreFullError.
    """
    try:
        if is_shared(url):
            _from_tables(folder, url, place)
        else:
            _from_file(folder / FILE_NAME, place)
    except sqlite3.OperationalError as error:
        if backups.takes_no_more(error):
            raise StoreFullError from error
        raise
    place.chmod(0o600)
    backups.sync(place)
    backups.sync(place.parent)


def look(file: Path) -> Facts:
    """Check a copy from end to end, every chain too; raises StoreDamagedError."""
    backups.check(file)
    step = _step(file)
    with tempfile.TemporaryDirectory(prefix="anshao-look-", dir=file.parent) as folder:
        shutil.copyfile(file, Path(folder) / FILE_NAME)  # opening writes beside a file
        store = open_store(Path(folder))
        try:
            return _facts(store, step)
        finally:
            store.close()


def photos(file: Path) -> list[tuple[str, int]]:
    """Return hash and size of the files that a copy names as here, in order of the hash."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT sha256, size FROM blob WHERE have ORDER BY sha256"
        ).fetchall()
    return [(str(sha), int(size)) for sha, size in rows]


def fill(file: Path, folder: Path, url: str | None) -> Store:
    """Make a store of a copy, in a folder or a database that has none; returns it open.

    Raises StoreDamagedError, StoreNewerError, DatabaseUnreachableError.
    """
    if not is_shared(url):
        place = folder / FILE_NAME
        part = place.with_suffix(".part")
        shutil.copyfile(file, part)
        part.chmod(0o600)
        backups.sync(part)
        part.replace(place)
        backups.sync(folder)
        return open_store(folder)
    with tempfile.TemporaryDirectory(prefix="anshao-fill-") as beside:
        shutil.copyfile(file, Path(beside) / FILE_NAME)
        with (
            contextlib.closing(open_store(Path(beside))) as source,  # brings old tables up to date
            contextlib.closing(open_store(folder, url)) as store,
            source.reading() as old,
            store.session() as new,
        ):
            _copy_rows(old.connection(), new.connection())
            keep.put(new, search.KEPT, None)  # the index is filled when the store is opened
    return open_store(folder, url)


def is_empty(folder: Path, url: str | None) -> bool:
    """Say whether a folder and a database hold nothing of a store yet, and no photo."""
    return next((folder / "blobs").glob("*/*"), None) is None and has_no_rows(folder, url)


def has_no_rows(folder: Path, url: str | None) -> bool:
    """Say whether there is no store yet; photos may be there."""
    if (folder / FILE_NAME).exists():
        return False
    if not is_shared(url):
        return True
    with contextlib.closing(open_store(folder, url)) as store, store.reading() as session:
        return journal.last_feed(session) == 0


def _facts(store: Store, step: int) -> Facts:
    try:
        with store.reading() as session:
            broken = entries.broken(session, waiting=False)
            feed = journal.last_feed(session)
            count = session.connection().exec_driver_sql("SELECT count(*) FROM entry").scalar()
    except (TypeError, ValueError) as error:
        raise StoreDamagedError(file=FILE_NAME) from error
    if broken:
        raise StoreDamagedError(file=FILE_NAME)
    return Facts(step, feed, int(count or 0))


def _from_file(file: Path, place: Path) -> None:
    if not file.exists():
        raise StoreMissingError(folder=str(file.parent))
    _require_step(_step(file))
    with (
        contextlib.closing(sqlite3.connect(file, timeout=60)) as source,
        contextlib.closing(sqlite3.connect(place)) as copy,
    ):
        source.backup(copy, pages=-1)  # in one go: see above
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it


def _from_tables(folder: Path, url: str | None, place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="anshao-copy-", dir=place.parent) as beside:
        new, old = open_store(Path(beside)), open_existing(folder, url)
        try:
            _require_step(old.step)
            with old.store.reading() as source, new.session() as sink:
                _copy_rows(source.connection(), sink.connection())
                keep.put(sink, search.KEPT, None)
        finally:
            old.store.close()
            new.close()
        _from_file(Path(beside) / FILE_NAME, place)


def _copy_rows(source: Connection, sink: Connection) -> None:
    for table in SQLModel.metadata.sorted_tables:
        columns = [column for column in table.columns if column.name != "row"]
        query = select(*columns)
        if "row" in table.columns:
            query = query.order_by(table.columns["row"])
        sink.execute(delete(table))
        rows = source.execution_options(yield_per=_ROWS).execute(query)
        for some in rows.mappings().partitions(_ROWS):
            sink.execute(insert(table), [dict(row) for row in some])


def _step(file: Path) -> int:
    """Return the step of a file's tables, without opening it as ours."""
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=60)) as connection:
            found = connection.execute("SELECT max(number) FROM schema_step").fetchone()
    except sqlite3.DatabaseError as error:
        raise StoreDamagedError(file=file.name) from error
    return int(found[0] or 0)


def _require_step(found: int) -> None:
    wanted = int(migrating.names()[-1][:4])
    if found != wanted:  # beside a server of another version nothing is migrated
        raise StoreOlderError(found=found, wanted=wanted)
