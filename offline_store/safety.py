"""A damaged store is set aside whole, and what can be read of it goes on in a fresh one.

The fresh file is finished before the old one is touched, and changing them over is taken up again
after a crash: at every moment one of the two is there. PostgreSQL looks after itself.
"""

import contextlib
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session

from domain.errors import StoreDamagedError
from offline_store import backups, blobs, entries, keep, locks, salvage, write_log
from offline_store.database import FILE_NAME, SUSPECT, Store, folders_of, is_shared, open_store
from offline_store.sealing import Seal

FOLDER = "damaged"
_WORK, READY = "salvage", "anshao.ready.db"
_BESIDE = ("", "-wal", "-shm")
_REPORT = "store.salvage"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SalvageReport:
    """What became of a damaged store: counts are (saved, lost).

    `changes` are all entries, `unsent` those of this device that the server had not confirmed;
    `file` is where the old file is kept, within the store's folder.
    """

    file: str
    changes: tuple[int, int]
    unsent: tuple[int, int]
    files_found: int
    tables: Mapping[str, tuple[int, int]]


def open_or_save(
    folder: Path, url: str | None = None, *, serves: bool = False, seal: Seal | None = None
) -> Store:
    """Open the store of a folder; a damaged one is set aside and saved as far as it can be read.

    `serves` is for the server's store, `seal` the key of a device. No other process may open the
    folder's file before this store is closed: raises StoreTakenError. Raises what `open_store`
    raises otherwise, and StoreFullError where there is no room for the fresh file.
    """
    with contextlib.ExitStack() as held:
        if not is_shared(url):
            for one in sorted({folder.resolve(), *folders_of(url)}):
                held.enter_context(locks.held(one))
        store = _opened_or_saved(folder, url, serves=serves, seal=seal)
        store.at_close.push(held.pop_all())
        return store


def _opened_or_saved(folder: Path, url: str | None, *, serves: bool, seal: Seal | None) -> Store:
    change_over(folder)
    try:
        return _opened_whole(folder, url, seal)
    except StoreDamagedError:
        if url is not None:
            raise
    _log.error("store damaged")
    report = _save(folder, serves=serves, seal=seal)
    _log.warning(
        "store saved",
        extra={"entries": report.changes[0], "lost": report.changes[1], "last": report.unsent[1]},
    )
    change_over(folder)
    (folder / SUSPECT).unlink(missing_ok=True)
    return open_store(folder, url, seal)


def _opened_whole(folder: Path, url: str | None, seal: Seal | None) -> Store:
    """Open a store and read what the server has not confirmed; all entries after a suspicion."""
    suspect = folder / SUSPECT
    with contextlib.ExitStack() as unless_whole:
        store = open_store(folder, url, seal)
        unless_whole.callback(store.close)
        if not store.shared:
            _read_entries(store, thorough=suspect.exists())
        suspect.unlink(missing_ok=True)
        unless_whole.pop_all()
        return store


def _read_entries(store: Store, *, thorough: bool) -> None:
    if thorough:
        backups.check(store.folder / FILE_NAME, store.seal)
    try:
        with store.reading() as session:
            broken = entries.broken(session, waiting=not thorough)
    except (TypeError, ValueError) as error:  # a cell of another kind: SQLite lets it stand
        raise StoreDamagedError(file=FILE_NAME) from error
    if broken:
        raise StoreDamagedError(file=FILE_NAME)


def report(session: Session) -> SalvageReport | None:
    """Return what became of a damaged store, until somebody has read it; None without damage."""
    kept = keep.get(session, _REPORT)
    if not isinstance(kept, dict):
        return None
    tables = kept.get("tables")
    return SalvageReport(
        str(kept.get("file")),
        _pair(kept.get("changes")),
        _pair(kept.get("unsent")),
        _pair([kept.get("files_found"), 0])[0],
        {name: _pair(counts) for name, counts in tables.items()}
        if isinstance(tables, dict)
        else {},
    )


def dismiss(session: Session) -> None:
    """Note that the report was read; the old file stays where it is."""
    keep.put(session, _REPORT, None)


def _pair(value: object) -> tuple[int, int]:
    match value:
        case [int(saved), int(lost)]:
            return saved, lost
        case _:
            return 0, 0


def _save(folder: Path, *, serves: bool, seal: Seal | None) -> SalvageReport:
    """Keep the damaged file under a name of its own and make a fresh one beside it."""
    file, work = folder / FILE_NAME, folder / _WORK
    shutil.rmtree(work, ignore_errors=True)  # of a try that was cut
    place = _set_aside(file)
    store = open_store(work, seal=seal)
    try:
        saved = salvage.fill(store, file, folder / "blobs", serves=serves)
        found = SalvageReport(
            str(place.relative_to(folder)),
            (saved.changes.saved, saved.changes.lost),
            (saved.unsent.saved, saved.unsent.lost),
            saved.files_found,
            {name: (counts.saved, counts.lost) for name, counts in saved.tables.items()},
        )
        files = replace(store, blobs=folder / "blobs")
        with store.session() as session:
            for sha in blobs.missing(files, session):
                blobs.lose(session, sha)
            keep.put(
                session,
                _REPORT,
                {
                    "file": found.file,
                    "changes": list(found.changes),
                    "unsent": list(found.unsent),
                    "files_found": found.files_found,
                    "tables": {name: list(counts) for name, counts in found.tables.items()},
                },
            )
        write_log.empty(store)  # the file goes on alone
    finally:
        store.close()
    fresh = work / FILE_NAME
    backups.sync(fresh)
    fresh.replace(folder / READY)
    backups.sync(folder)
    shutil.rmtree(work)
    return found


def _set_aside(file: Path) -> Path:
    """Give the damaged file and what stands beside it a second name that nothing overwrites."""
    name = f"{file.stem}-{backups.written_at(file)}"
    parent = file.parent / FOLDER
    parent.mkdir(exist_ok=True)
    folder, count = parent / name, 1
    while folder.exists():
        count += 1
        folder = parent / f"{name}-{count}"
    folder.mkdir()
    for end in _BESIDE:
        part = file.with_name(file.name + end)
        if part.exists():
            _second_name(part, folder / part.name)
    backups.sync(folder)
    backups.sync(parent)
    return folder / file.name


def _second_name(file: Path, place: Path) -> None:
    try:
        os.link(file, place)  # takes no room, and the disk may be full
    except OSError:  # a file system without links, as on memory cards
        shutil.copy2(file, place)
        backups.sync(place)


def change_over(folder: Path) -> None:
    """Put a finished fresh file in the old one's place; its log must go first, it is not ours."""
    ready = folder / READY
    if not ready.exists():
        return
    for end in _BESIDE[1:]:
        with contextlib.suppress(FileNotFoundError):
            (folder / (FILE_NAME + end)).unlink()
    backups.sync(folder)
    ready.replace(folder / FILE_NAME)
    backups.sync(folder)
