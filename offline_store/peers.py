"""Which other processes work with the same PostgreSQL: only those of one version may.

Each holds a shared advisory lock whose number is its version, on a connection of its own; the
system lets go of it however the process ends. A process looks for locks of other versions before
it touches a table, so that an update never moves the tables under one that still runs.
"""

import contextlib
from collections.abc import Generator

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DatabaseError

from domain.errors import DatabaseUnreachableError, StoreError
from offline_store import migrating
from offline_store.database import is_shared, with_driver

_CLASS = 0x616E7368  # "ansh": our locks among those of others
_GENERATIONS = 1000  # of one step of the tables


class PeersOtherError(StoreError):
    """A server process of another version (`found`, ours is `own`) works with this database."""

    code = "store.peers"


@contextlib.contextmanager
def joined(url: str | None, generation: int) -> Generator[None]:
    """Be one of the processes of a database until the block ends; a file has one process anyway.

    `generation` counts what may not run side by side for other reasons than its tables. Raises
    PeersOtherError, DatabaseUnreachableError.
    """
    if url is None or not is_shared(url):
        yield
        return
    own = int(migrating.names()[-1][:4]) * _GENERATIONS + generation
    engine = create_engine(
        with_driver(url), poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
    )
    try:
        connection = engine.connect()
        connection.execute(
            text("SELECT pg_advisory_lock_shared(:class, :own)"), {"class": _CLASS, "own": own}
        )
        found = connection.execute(
            text(
                "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND"
                " classid = :class AND objid <> :own AND granted AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            {"class": _CLASS, "own": own},
        ).scalar()
    except DatabaseError as error:
        engine.dispose()
        raise DatabaseUnreachableError(state=getattr(error.orig, "sqlstate", "") or "") from error
    try:
        if found is not None:
            raise PeersOtherError(found=_named(int(found)), own=_named(own))
        yield
    finally:
        connection.close()
        engine.dispose()


def _named(version: int) -> str:
    return f"{version // _GENERATIONS}.{version % _GENERATIONS}"
