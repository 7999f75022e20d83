"""Copies of the database's file, made by SQLite itself before anything changes its tables.

A copy is named after the step of its tables and the time its file was last written to; the last
three are kept. PostgreSQL is backed up by its own tools.
"""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

from domain.errors import StoreDamagedError, StoreFullError
from offline_store import sealing
from offline_store.sealing import Seal

FOLDER = "backups"
KEPT = 3
# SQLite's words for a file that cannot be right
_DAMAGE = ("malformed", "not a database", "unsupported file format", "Could not decode")


def make(file: Path, step: int, seal: Seal | None = None) -> Path:
    """Copy a database that is whole, sealed as it is; raises StoreDamagedError, StoreFullError."""
    folder = file.parent / FOLDER
    folder.mkdir(exist_ok=True)
    for left in folder.glob("*.tmp"):  # of a start that was cut
        left.unlink()
    place = folder / f"{file.stem}-{step:04d}-{written_at(file)}.db"
    growing = place.with_suffix(".tmp")
    try:
        _copy(file, growing, seal)
    except sealing.errors() as error:
        growing.unlink(missing_ok=True)
        if takes_no_more(error):
            raise StoreFullError from error
        raise
    check(growing, seal)
    sync(growing)
    growing.replace(place)
    sync(folder)
    for old in newest(file)[KEPT:]:
        old.unlink()
    return place


def check(file: Path, seal: Seal | None = None) -> None:
    """Compare every index with its table, the full check; raises StoreDamagedError."""
    try:
        with contextlib.closing(sealing.connect(file, seal)) as connection:
            answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except (*sealing.errors(), UnicodeDecodeError) as error:
        if means_damage(error):
            raise StoreDamagedError(file=file.name) from error
        raise
    if answer != "ok":
        raise StoreDamagedError(file=file.name)


def newest(file: Path) -> list[Path]:
    """Return the copies of a file, newest first."""
    found = (file.parent / FOLDER).glob(f"{file.stem}-*.db")
    return sorted(found, key=lambda path: path.name, reverse=True)


def written_at(file: Path) -> str:
    """Return when a database was last written to (UTC), as it stands in file names."""
    beside = (file, file.with_name(file.name + "-wal"))
    there = [path for path in beside if path.exists()] or [file.parent]
    at_s = max(path.stat().st_mtime for path in there)
    return datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y%m%dT%H%M%SZ")


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable; Windows cannot open folders."""
    with contextlib.suppress(PermissionError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def takes_no_more(error: BaseException) -> bool:
    """Whether the disk refused to be written to: full, or the file as large as it may be."""
    return getattr(error, "sqlite_errorname", None) in {"SQLITE_FULL", "SQLITE_IOERR_WRITE"}


def means_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is wrong; a lock or a disk says otherwise."""
    if isinstance(error, UnicodeDecodeError):  # it quotes the damaged bytes, and Python cannot read
        return True
    return isinstance(error, sealing.errors()) and any(words in str(error) for words in _DAMAGE)


def _copy(file: Path, place: Path, seal: Seal | None) -> None:
    with (
        contextlib.closing(sealing.connect(file, seal)) as source,
        contextlib.closing(sealing.connect(place, seal)) as copy,
    ):
        # all pages in one go: in steps it begins anew whenever somebody writes
        source.backup(copy, pages=-1)
