"""Open the store: pragmas, integrity check, numbered migrations, one transaction per use.

The same code opens a phone's file and the server's. All SQL that only one database understands is
in this module.
"""

import importlib
import pkgutil
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from domain.errors import StoreDamagedError, StoreFullError, StoreNewerError
from offline_store import migrations

FILE_NAME = "anshao.db"
_BUSY_MS = 10_000  # another thread's transaction is over long before that
_FEED_LOCK = 0x616E7368  # "ansh": the advisory lock that numbers the feed on PostgreSQL
_WRITES = "anshao_writes"
_FULL = "database or disk is full"  # SQLite's own words for SQLITE_FULL


@dataclass(frozen=True)
class Store:
    """An open store: the database, its folder, and the folder of its blobs."""

    engine: Engine
    folder: Path
    blobs: Path
    _one_at_a_time: "threading.Lock | None" = None  # in memory all threads share one connection
    _temporary: list["tempfile.TemporaryDirectory[str]"] = field(
        default_factory=list["tempfile.TemporaryDirectory[str]"]
    )

    @contextmanager
    def session(self) -> Generator[Session]:
        """Give one write transaction: all of it is kept, or none. Keep it short.

        It takes the write lock at once: a transaction that first reads and then asks for the lock
        can be refused halfway.
        """
        with self._transaction(writes=True) as session:
            yield session

    @contextmanager
    def reading(self) -> Generator[Session]:
        """Give one read transaction: a steady view that holds nobody up."""
        with self._transaction(writes=False) as session:
            yield session

    @contextmanager
    def _transaction(self, *, writes: bool) -> Generator[Session]:
        lock = self._one_at_a_time
        if lock:
            lock.acquire()
        try:
            engine = self.engine.execution_options(**{_WRITES: writes})
            with Session(engine) as session:
                yield session
                if writes:
                    session.commit()
        except OperationalError as error:
            if _FULL in str(error.orig):
                raise StoreFullError from error
            raise
        finally:
            if lock:
                lock.release()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        for folder in self._temporary:
            folder.cleanup()


def open_store(folder: Path | None, url: str | None = None) -> Store:
    """Open or create the store in `folder`; None keeps it in memory (tests).

    `url` names another database than the file in the folder; blobs stay in the folder. Raises
    StoreDamagedError when the file fails its check, StoreNewerError when a newer version of the
    product has written it.
    """
    temporary: list[tempfile.TemporaryDirectory[str]] = []
    if folder is None:
        temporary.append(tempfile.TemporaryDirectory(prefix="anshao-"))
        folder = Path(temporary[0].name)
    elif url is None:
        url = f"sqlite:///{folder / FILE_NAME}"
    blobs = folder / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    engine = _engine(url)
    lock = threading.Lock() if url is None else None
    store = Store(engine, folder, blobs, lock, temporary)
    try:
        _check(engine)
        _migrate(engine)
    except BaseException as error:
        store.close()
        if isinstance(error, DatabaseError) and not isinstance(error, OperationalError):
            raise StoreDamagedError(file=FILE_NAME) from error
        raise  # an OperationalError is a lock or the disk: the file may be fine
    return store


def lock_feed(session: Session) -> None:
    """Let one transaction at a time number the feed, until it commits.

    SQLite has one writer anyway. On PostgreSQL numbers taken without this lock become visible out
    of order, and readers lose rows (SYNC_ANCHORS §3.6).
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _FEED_LOCK})


def _engine(url: str | None) -> Engine:
    if url is None:
        engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late, see _begin
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # what the screen confirmed must survive the battery
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _check(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        answer = connection.exec_driver_sql("PRAGMA quick_check").scalar()
    if answer != "ok":
        raise StoreDamagedError(file=FILE_NAME)


def migration_names() -> list[str]:
    """Return the names of all migrations, in order; the first four digits are the number."""
    return sorted(module.name for module in pkgutil.iter_modules(migrations.__path__))


def _migrate(engine: Engine) -> None:
    names = migration_names()
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE IF NOT EXISTS schema_step (number INTEGER PRIMARY KEY)")
        )
        done = connection.execute(text("SELECT max(number) FROM schema_step")).scalar() or 0
        if done > int(names[-1][:4]):
            raise StoreNewerError(found=done)
        for name in names:
            number = int(name[:4])
            if number <= done:
                continue
            step = importlib.import_module(f"{migrations.__name__}.{name}")
            step.upgrade(connection)
            connection.execute(
                text("INSERT INTO schema_step (number) VALUES (:number)"), {"number": number}
            )
