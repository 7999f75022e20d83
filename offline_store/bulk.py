"""Many rows at once, past the query builder: one `executemany` for each table and batch.

A row that goes through objects costs some hundred microseconds, here a few (SYNC_ANCHORS §2). The
names of tables and columns are the program's own; every value is bound, never written into the SQL.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Row
from sqlmodel import Session, SQLModel

from domain.records import Value

IN_MAX = 500  # values in one IN (...): older SQLite takes 999

pack: Callable[[object], bytes] = msgspec.json.Encoder().encode  # plain values and tuples as JSON
pack_sorted: Callable[[object], bytes] = msgspec.json.Encoder(order="sorted").encode
unpack: Callable[[bytes | str], Any] = msgspec.json.Decoder().decode


def insert(
    session: Session, table: type[SQLModel], names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of these columns."""
    if rows:
        connection = session.connection()
        connection.exec_driver_sql(_insert(_table(table), names, connection.dialect.name), [*rows])


def put(
    session: Session, table: type[SQLModel], names: tuple[str, ...], row: tuple[Any, ...]
) -> None:
    """Insert a row, or change the one with the same key, which is its first column."""
    connection = session.connection()
    new = ", ".join(f'"{name}" = excluded."{name}"' for name in names[1:])
    sql = _insert(_table(table), names, connection.dialect.name)
    connection.exec_driver_sql(f'{sql} ON CONFLICT ("{names[0]}") DO UPDATE SET {new}', row)


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
) -> Iterator[Row[*tuple[Any, ...]]]:  # fmt: skip
    """Yield these columns of the rows whose column `name` has one of these values.

    `order` is what stands behind ORDER BY; it holds within each `IN_MAX` values.
    """
    columns = ", ".join(f'"{one}"' for one in names)
    sql = f'SELECT {columns} FROM "{_table(table)}" WHERE "{name}" IN'  # noqa: S608 -- names only
    for rows in _in(session, sql, values, f" ORDER BY {order}" if order else ""):
        yield from rows


def run(session: Session, sql: str, values: Sequence[Any]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Run one fixed statement with a mark (?) for each value; returns its rows, if it has any."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        sql = sql.replace("?", "%s")
    found = connection.exec_driver_sql(sql, tuple(values))
    return found.all() if found.returns_rows else ()


def between(
    session: Session, table: type[SQLModel], names: tuple[str, ...], name: str, after: int,
    upto: int, order: str,
) -> Sequence[Row[Any]]:  # fmt: skip
    """Return these columns of the rows whose column `name` is behind `after`, up to `upto`."""
    connection = session.connection()
    mark, columns = _mark(connection.dialect.name), ", ".join(f'"{one}"' for one in names)
    sql = (
        f'SELECT {columns} FROM "{_table(table)}"'  # noqa: S608 -- names only
        f' WHERE "{name}" > {mark} AND "{name}" <= {mark} ORDER BY {order}'
    )
    return connection.exec_driver_sql(sql, (after, upto)).all()


def _in(
    session: Session, sql: str, values: Sequence[Any], behind: str = ""
) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    connection = session.connection()
    mark = _mark(connection.dialect.name)
    for start in range(0, len(values), IN_MAX):
        some = values[start : start + IN_MAX]
        whole = f"{sql} ({_marks(mark, len(some))}){behind}"
        found = connection.exec_driver_sql(whole, tuple(some))
        yield found.all() if found.returns_rows else ()


def _table(table: type[SQLModel]) -> str:
    return str(vars(table)["__tablename__"])


@lru_cache(maxsize=64)
def _insert(table: str, names: tuple[str, ...], dialect: str) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table}" ({columns}) VALUES ({_marks(_mark(dialect), len(names))})'  # noqa: S608 -- names only


def _mark(dialect: str) -> str:
    return "%s" if dialect == "postgresql" else "?"


def _marks(mark: str, count: int) -> str:
    return ", ".join([mark] * count)
