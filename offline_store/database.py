"""Open the store: pragmas, integrity check, numbered migrations, one transaction per use.

The same code opens a phone's file, the server's file and the server's PostgreSQL. All SQL that only
one database understands is here and in `migrating`.
"""

import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from domain.errors import (
    DatabaseUnreachableError,
    StoreDamagedError,
    StoreFullError,
)
from offline_store import backups, cipher_pages, migrating, sealing, vault
from offline_store.sealing import KeyOtherError, Seal
from offline_store.vault import StoreLockedError

FILE_NAME = "anshao.db"
SUSPECT = "anshao.suspect"  # a file of that name: damage was met, the next start checks everything
_LOG_PAGES_MAX = 8000  # 64 MB
_BUSY_MS = 10_000  # another thread's transaction is over long before that
# advisory locks on PostgreSQL: "ansh" and the numbers after it (`migrating` has one, too)
_FEED_LOCK, _START_LOCK, _TRIES_LOCK = 0x616E7368, 0x616E7369, 0x616E736B
_WRITES = "anshao_writes"
_TABLES = frozenset({"schema_step", "entry", "record", "batch", "device", "blob", "draft", "keep"})
_DISK_FULL = "53100"  # and PostgreSQL's code for it
_AGAIN = frozenset({"40001", "40P01"})  # serialization failure, deadlock: done again, it works
_TRIES = 5
_CONNECT_S = 10
# a database that vanished without a word is noticed in seconds, not hours (no use on unix sockets)
_ALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_POOL = 20  # connections of one process; more callers wait
_DRIVER = "postgresql+psycopg"

T = TypeVar("T")


@dataclass(frozen=True)
class Store:
    """An open store: the database, its folder, and the folder of its blobs."""

    engine: Engine
    folder: Path
    blobs: Path
    _one_at_a_time: "threading.Lock | None" = None  # in memory all threads share one connection
    at_close: ExitStack = field(default_factory=ExitStack)  # what ends with it, after the database
    seal: Seal | None = None  # with what everything in the folder is sealed; None on servers
    _line: threading.Lock = field(default_factory=threading.Lock)  # of those who write to a file

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

    # made once: to set up what each transaction listens to is half of a short one
    @cached_property
    def _writing(self) -> Engine:
        return self.engine.execution_options(**{_WRITES: True})

    @cached_property
    def _looking(self) -> Engine:
        engine = self.engine.execution_options(**{_WRITES: False})
        if engine.dialect.name != "postgresql":
            return engine
        # READ COMMITTED would show each statement another moment
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def _transaction(self, *, writes: bool) -> Generator[Session]:
        with self._turn(writes=writes):
            yield from self._begun(writes=writes)

    @contextmanager
    def _turn(self, *, writes: bool) -> Generator[None]:
        """Have a transaction wait for its turn among the threads of this process.

        A file has one writer. SQLite itself would have the next one sleep and look again, up to
        100 ms late; PostgreSQL lets several write. Whoever waits too long asks SQLite all the same.
        """
        if self._one_at_a_time:
            with self._one_at_a_time:
                yield
        elif not writes or self.shared:
            yield
        else:
            got = self._line.acquire(timeout=_BUSY_MS / 1000)
            try:
                yield
            finally:
                if got:
                    self._line.release()

    def _begun(self, *, writes: bool) -> Generator[Session]:
        try:
            with Session(self._writing if writes else self._looking) as session:
                yield session
                if writes:
                    session.commit()
        except DatabaseError as error:
            if isinstance(error, OperationalError) and _is_full(error):
                raise StoreFullError from error
            if _is_damage(error):
                (self.folder / SUSPECT).touch()
                raise StoreDamagedError(file=FILE_NAME) from error
            raise
        except StoreDamagedError:  # found out while at work: the next start looks at everything
            (self.folder / SUSPECT).touch()
            raise

    def run(self, work: Callable[[Session], T]) -> T:
        """Do `work` in one write transaction; again where PostgreSQL gave way to another one.

        `work` may run several times, so it changes nothing but the store.
        """
        for left in reversed(range(_TRIES)):
            try:
                with self.session() as session:
                    return work(session)
            except DBAPIError as error:
                if not left or _state(error) not in _AGAIN:
                    raise
        raise AssertionError("unreachable")  # noqa: EM101

    @contextmanager
    def starting(self) -> Generator[None]:
        """Let one process at a time make what a first start makes; others wait for it.

        A file in a folder has one server; PostgreSQL may have several that start together.
        """
        if self.engine.dialect.name != "postgresql":
            yield
            return
        with self.engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _START_LOCK})
            yield

    @property
    def shared(self) -> bool:
        """Whether other processes may write to this database while we hold it open."""
        return self.engine.dialect.name == "postgresql"

    def close(self) -> None:
        """Close all connections, and let go of what was held with them."""
        self.engine.dispose()
        self.at_close.close()


def open_store(folder: Path | None, url: str | None = None, seal: Seal | None = None) -> Store:
    """Open or create the store in `folder`; None keeps it in memory (tests).

    `url` names another database than the file in the folder; blobs stay in the folder. `seal` is
    the key of a device (`vault`); servers have none. Raises StoreDamagedError when the file fails
    its check, KeyOtherError when it is sealed with another key, StoreNewerError when a newer
    version of the product has written it.
    """
    at_close = ExitStack()
    if folder is None:
        folder = Path(at_close.enter_context(tempfile.TemporaryDirectory(prefix="anshao-")))
    elif url is None:
        url = f"sqlite:///{folder / FILE_NAME}"
    blobs = folder / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    engine = _engine(with_driver(url) if url else None, seal)
    lock = threading.Lock() if url is None else None
    store = Store(engine, folder, blobs, lock, at_close, seal)
    file = _file(engine)
    try:
        _check(engine, file, seal)
        migrating.migrate(engine, file, seal)
    except BaseException as error:
        store.close()
        if store.shared:
            if isinstance(error, DatabaseError):  # no server there, no such database, no right
                raise DatabaseUnreachableError(state=_state(error)) from error
        elif _is_damage(error):
            raise StoreDamagedError(file=FILE_NAME) from error
        elif isinstance(error, OperationalError) and _is_full(error):
            raise StoreFullError from error
        raise  # an OperationalError is a lock or the disk: the file may be fine
    return store


@dataclass(frozen=True)
class Existing:
    """A store that was opened as it is, and the step of its tables (0: none)."""

    store: Store
    step: int


def open_existing(folder: Path, url: str | None) -> Existing:
    """Open a database that others use, without checking or migrating it."""
    store = Store(_engine(with_driver(url or ""), None), folder, folder / "blobs")
    try:
        return Existing(store, migrating.step(store.engine))
    except DatabaseError as error:
        store.close()
        raise DatabaseUnreachableError(state=_state(error)) from error


def is_shared(url: str | None) -> bool:
    """Whether other processes may write to that database; None is the file in a folder.

    Raises DatabaseUnreachableError for a URL that is none.
    """
    return url is not None and with_driver(url).startswith(_DRIVER)


def folders_of(url: str | None) -> list[Path]:
    """Return the folder that an SQLite URL names, if it names a file."""
    file = make_url(url).database if url is not None else None
    return [Path(file).resolve().parent] if file and file != ":memory:" else []


def lock_feed(session: Session) -> None:
    """Let one transaction at a time judge entries and number the feed, until it commits.

    SQLite has one writer anyway. On PostgreSQL numbers taken without this lock become visible out
    of order, and readers lose rows (SYNC_ANCHORS §3.6). Taking it again in a transaction is free.
    """
    _lock(session, _FEED_LOCK)


def lock_tries(session: Session) -> None:
    """Let one transaction at a time count tries to get in, until it commits."""
    _lock(session, _TRIES_LOCK)


def _lock(session: Session, key: int) -> None:
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def with_driver(url: str) -> str:
    """Return the URL with our driver; raises DatabaseUnreachableError, which never quotes it."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnreachableError(state="url") from error
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername=_DRIVER)
    if parsed.drivername not in {"sqlite", _DRIVER}:
        raise DatabaseUnreachableError(state="url")
    return parsed.render_as_string(hide_password=False)


def _state(error: BaseException) -> str:
    """Return PostgreSQL's five-character code of what went wrong; empty for anything else."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def _engine(url: str | None, seal: Seal | None) -> Engine:
    if url is None:
        engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    elif url.startswith(_DRIVER):
        engine = create_engine(
            url,
            pool_pre_ping=True,  # the database may have been started again since
            pool_size=_POOL,
            max_overflow=0,
            connect_args={"connect_timeout": _CONNECT_S, **_ALIVE},
            hide_parameters=True,
        )
    else:
        engine = create_engine(url, hide_parameters=True, **sealing.engine_arguments(seal))
    if engine.dialect.name == "sqlite":
        if seal and seal.way == "cipher":
            event.listen(engine, "connect", sealing.listener(seal))
        else:
            event.listen(engine, "connect", _size_pages)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _size_pages(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA page_size={sealing.PAGE_BYTES}")  # of a new file; others keep theirs
    cursor.close()


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late, see _begin
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # what the screen confirmed must survive the battery
    cursor.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES_MAX}")  # else at rest: `write_log`
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.close()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:  # touches no file yet, so nothing can be wrong: past the query builder
        connection.connection.cursor().execute("BEGIN")


def _file(engine: Engine) -> Path | None:
    """Return the file of a SQLite database; None in memory and on PostgreSQL."""
    name = engine.url.database if engine.dialect.name == "sqlite" else None
    return Path(name) if name else None


def _check(engine: Engine, file: Path | None, seal: Seal | None) -> None:
    """Raise StoreDamagedError where the file cannot be trusted.

    Each start looks at every page, but does not compare indexes with their tables: that takes
    several times as long and is done before a migration (`backups`).
    """
    if file is None:
        return
    if _parts_missing(file):
        raise StoreDamagedError(file=file.name)
    _require_key(file, seal)
    with engine.connect() as connection:
        answer = connection.exec_driver_sql("PRAGMA quick_check").scalar()
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
        found = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master")}
    if answer != "ok" or (pages > 1 and not found >= _TABLES):
        raise StoreDamagedError(file=file.name)


def _require_key(file: Path, seal: Seal | None) -> None:
    """Refuse what cannot be opened like that, before anybody takes it for damage."""
    if seal is None:
        found = vault.load(file.parent)
        if found and not found.moving:
            raise StoreLockedError
    elif file.exists() and file.stat().st_size and not cipher_pages.fits(seal, file):
        raise KeyOtherError(file=file.name)


def _parts_missing(file: Path) -> bool:
    """Whether a file was there that is gone or empty now: SQLite would begin anew in silence."""
    log = file.with_name(file.name + "-wal")
    empty = not file.exists() or file.stat().st_size == 0
    if empty:
        logged = log.exists() and log.stat().st_size > 0
        return logged or bool(backups.newest(file)) or (file.exists() and _has_files(file.parent))
    # SQLite makes the log before its index and removes the index before the log
    return file.with_name(file.name + "-shm").exists() and not log.exists()


def _has_files(folder: Path) -> bool:
    return next((folder / "blobs").glob("*/*"), None) is not None


def _is_full(error: OperationalError) -> bool:
    return _state(error) == _DISK_FULL or (
        isinstance(error.orig, sealing.errors()) and backups.takes_no_more(error.orig)
    )


def _is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is wrong; a lock or a disk says otherwise."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    return backups.means_damage(error)
