"""Bring a database to the newest step of its tables (`migrations`)."""

import importlib
import pkgutil
from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlmodel import Session

from domain.errors import StoreNewerError
from offline_store import backups, migrations, records
from offline_store.sealing import Seal

_LOCK = 0x616E736A  # on PostgreSQL, beside those of `database`


def names() -> list[str]:
    """Return the names of all migrations, in order; the first four digits are the number."""
    return sorted(module.name for module in pkgutil.iter_modules(migrations.__path__))


def migrate(engine: Engine, file: Path | None, seal: Seal | None) -> None:
    """Bring the tables to the newest step, all in one transaction: a failed start changes nothing.

    A file with tables of an earlier step is copied first.
    """
    steps = names()
    newest = int(steps[-1][:4])
    found = step(engine)
    if found > newest:
        raise StoreNewerError(found=found)
    if file is not None and 0 < found < newest:
        backups.make(file, found, seal)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # of two that start together one makes the tables
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(
            text("CREATE TABLE IF NOT EXISTS schema_step (number INTEGER PRIMARY KEY)")
        )
        done = connection.execute(text("SELECT max(number) FROM schema_step")).scalar() or 0
        for name in steps:
            number = int(name[:4])
            if number <= done:
                continue
            module = importlib.import_module(f"{migrations.__name__}.{name}")
            module.upgrade(connection)
            connection.execute(
                text("INSERT INTO schema_step (number) VALUES (:number)"), {"number": number}
            )
        with Session(bind=connection) as session:
            records.reindex(session)


def step(engine: Engine) -> int:
    """Return the last migration that a database has seen; 0 for a new one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("schema_step"):
            return 0
        return connection.execute(text("SELECT max(number) FROM schema_step")).scalar() or 0
