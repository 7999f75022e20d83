"""The write-ahead log of a file: what was committed stands in it until it is brought into the file.

SQLite does that in the middle of whatever commit makes the log too long, and a large push or page
then waits for the disk. It is as well done at rest; what is committed is safe either way, but only
with its log: whoever moves the file alone empties the log first.
"""

from pathlib import Path

from domain.errors import StoreTakenError
from offline_store import bulk
from offline_store.database import Store


def settle(store: Store, *, beyond_bytes: int = 0) -> None:
    """Bring the log into the file, as far as nobody still reads from before; not on PostgreSQL.

    A log that is no longer than `beyond_bytes` is left alone. Its file keeps its length when it is
    settled and is written over from the beginning; to settle it again costs next to nothing.
    """
    if store.engine.dialect.name == "sqlite" and _length(store) > beyond_bytes:
        with store.reading() as session:  # SQLite refuses it once something was looked at
            bulk.run(session, "PRAGMA wal_checkpoint(PASSIVE)")


def empty(store: Store) -> None:
    """Bring the whole log into the file, before the file is moved without it.

    Closing the store would do the same, and say nothing where it cannot. Raises StoreFullError,
    and StoreTakenError where somebody else still has the file open and reads from the log.
    """
    with store.reading() as session:
        [(busy, *_)] = bulk.run(session, "PRAGMA wal_checkpoint(TRUNCATE)")
    if busy:
        raise StoreTakenError(folder=str(store.folder))


def _length(store: Store) -> int:
    log = Path(f"{store.engine.url.database}-wal")
    return log.stat().st_size if log.exists() else 0
