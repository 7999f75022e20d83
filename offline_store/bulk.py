"""Many rows at once, past the query builder: one `executemany` for each table and batch.

A row that goes through objects costs some hundred microseconds, here a few (SYNC_ANCHORS §2). The
names of tables and columns are the program's own; every value is bound, never written into the SQL.
On SQLite a look goes straight to the driver: the builder's way costs several times the statement.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

from domain.records import Value

BOUND_MAX = 990  # values in one statement: older SQLite takes 999
IN_MAX = 500  # values in one IN (...): older SQLite takes 999

Row = tuple[object, ...]  # values in the order of their columns

pack: Callable[[object], bytes] = msgspec.json.Encoder().encode  # plain values and tuples as JSON
pack_sorted: Callable[[object], bytes] = msgspec.json.Encoder(order="sorted").encode
unpack: Callable[[bytes | str], Any] = msgspec.json.Decoder().decode


def insert(
    session: Session, table: type[SQLModel], names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of these columns.

    On SQLite as many as fit go by one statement: Python's driver lets other threads run after
    each, and waits for its turn again each time.
    """
    if not rows:
        return
    connection = session.connection()
    start, many = 0, BOUND_MAX // len(names)
    if connection.dialect.name == "sqlite":
        sql = _insert(_table(table), names, "sqlite", many)
        for start in range(many, len(rows) + 1, many):
            values = tuple(chain.from_iterable(rows[start - many : start]))
            connection.exec_driver_sql(sql, values)
    if rest := rows[start:]:
        connection.exec_driver_sql(_insert(_table(table), names, connection.dialect.name), [*rest])


def put(
    session: Session, table: type[SQLModel], names: tuple[str, ...], row: tuple[Any, ...]
) -> None:
    """Insert a row, or change the one with the same key, which is its first column."""
    connection = session.connection()
    new = ", ".join(f'"{name}" = excluded."{name}"' for name in names[1:])
    sql = _insert(_table(table), names, connection.dialect.name)
    connection.exec_driver_sql(f'{sql} ON CONFLICT ("{names[0]}") DO UPDATE SET {new}', row)


def insert_new(session: Session, table: type[SQLModel], values: Mapping[str, object]) -> bool:
    """Insert a row unless its key is there already; returns whether it was inserted.

    Unlike look first, insert then, it cannot collide with another process that does the same.
    """
    connection = session.connection()
    sql = _insert(_table(table), tuple(values), connection.dialect.name)
    done = connection.exec_driver_sql(f"{sql} ON CONFLICT DO NOTHING", tuple(values.values()))
    return done.rowcount == 1


def delete(session: Session, table: type[SQLModel], name: str, values: Sequence[Any]) -> None:
    """Delete the rows whose column has one of these values."""
    for _ in _in(session, f'DELETE FROM "{_table(table)}" WHERE "{name}" IN', values):  # noqa: S608
        pass


def update(
    session: Session, table: type[SQLModel], change: tuple[str, Value], name: str,
    values: Sequence[Any],
) -> None:  # fmt: skip
    """Give one column a value in the rows whose column `name` has one of these values."""
    connection = session.connection()
    mark = _mark(connection.dialect.name)
    for start in range(0, len(values), IN_MAX):
        some = values[start : start + IN_MAX]
        sql = (
            f'UPDATE "{_table(table)}" SET "{change[0]}" = {mark}'  # noqa: S608 -- names only
            f' WHERE "{name}" IN ({_marks(mark, len(some))})'
        )
        connection.exec_driver_sql(sql, (change[1], *some))


def select(
    session: Session, table: type[SQLModel], names: tuple[str, ...], name: str,
    values: Sequence[Any], order: str = "",
) -> Iterator[Any]:  # fmt: skip
    """Yield these columns of the rows whose column `name` has one of these values.

    `order` is what stands behind ORDER BY; it holds within each `IN_MAX` values.
    """
    sql = f'{columns(table, names)} WHERE "{name}" IN'
    named = _named(names)
    for rows in _in(session, sql, values, f" ORDER BY {order}" if order else ""):
        yield from map(named, rows)


def run(session: Session, sql: str, values: Sequence[Any] = ()) -> Sequence[tuple[Any, ...]]:
    """Run one fixed statement with a mark (?) for each value; returns its rows, if it has any."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        sql = sql.replace("?", "%s")
    return _do(connection, sql, values)


def first(session: Session, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """Run the same; returns its first row, if there is one."""
    rows = run(session, sql, values)
    return rows[0] if rows else None


def columns(table: type[SQLModel], names: tuple[str, ...]) -> str:
    """Return the beginning of a query for these columns of a table."""
    listed = ", ".join(f'"{name}"' for name in names)
    return f'SELECT {listed} FROM "{_table(table)}"'  # noqa: S608 -- names only


def between(
    session: Session, table: type[SQLModel], names: tuple[str, ...], name: str, after: int,
    upto: int, order: str,
) -> Sequence[Any]:  # fmt: skip
    """Return these columns of the rows whose column `name` is behind `after`, up to `upto`."""
    connection = session.connection()
    mark = _mark(connection.dialect.name)
    within = f'"{name}" > {mark} AND "{name}" <= {mark}'
    sql = f"{columns(table, names)} WHERE {within} ORDER BY {order}"
    return [*map(_named(names), _do(connection, sql, (after, upto)))]


def _in(
    session: Session, sql: str, values: Sequence[Any], behind: str = ""
) -> Iterator[Sequence[tuple[Any, ...]]]:
    connection = session.connection()
    mark = _mark(connection.dialect.name)
    for start in range(0, len(values), IN_MAX):
        some = values[start : start + IN_MAX]
        whole = f"{sql} ({_marks(mark, len(some))}){behind}"
        yield _do(connection, whole, some)


def _do(connection: Connection, sql: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
    """Run a statement; a look into SQLite goes straight to its driver."""
    dialect = connection.dialect
    if dialect.name == "postgresql" or not sql.startswith("SELECT"):
        found = connection.exec_driver_sql(sql, tuple(values))
        return found.all() if found.returns_rows else ()
    driver, cursor = dialect.loaded_dbapi, connection.connection.cursor()
    try:
        return cursor.execute(sql, tuple(values)).fetchall()
    except driver.Error as error:
        raise DBAPIError.instance(
            sql, None, error, driver.Error, hide_parameters=True, dialect=dialect
        ) from error
    finally:
        cursor.close()


@lru_cache(maxsize=64)
def _named(names: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    return namedtuple("Columns", names)._make  # pyright: ignore[reportUntypedNamedTuple]


def _table(table: type[SQLModel]) -> str:
    return str(vars(table)["__tablename__"])


@lru_cache(maxsize=64)
def _insert(table: str, names: tuple[str, ...], dialect: str, rows: int = 1) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join([f"({_marks(_mark(dialect), len(names))})"] * rows)
    return f'INSERT INTO "{table}" ({columns}) VALUES {values}'  # noqa: S608 -- names only


def _mark(dialect: str) -> str:
    return "%s" if dialect == "postgresql" else "?"


def _marks(mark: str, count: int) -> str:
    return ", ".join([mark] * count)
