"""Columns that lists ask for: what a record is about, whom it waits for, and until when.

A list must not grow slower with the years of records behind it, so each question a screen asks has
an index. The values stand in `cells` as well; `offline_store.records` writes both.
"""

import json

from sqlalchemy import BigInteger, Column, Connection, Index, MetaData, String, Table, text

_PAGE = 1000  # rows filled in at once: a phone has little memory


def upgrade(connection: Connection) -> None:
    """Add the columns and their indexes, and fill them from the cells."""
    for name in ("asset", "unit", "person", "author"):
        connection.execute(text(f"ALTER TABLE record ADD COLUMN {name} VARCHAR"))
    connection.execute(text("ALTER TABLE record ADD COLUMN due_ms BIGINT"))
    _fill(connection)
    row = Table(
        "record",
        MetaData(),
        *(
            Column(name, String)
            for name in ("type", "state", "asset", "unit", "person", "author", "area", "record_id")
        ),
        Column("due_ms", BigInteger),
        Column("changed_ms", BigInteger),
    )
    for index in (
        Index("record_for_person", row.c.type, row.c.person, row.c.state, row.c.due_ms),
        Index("record_by_author", row.c.type, row.c.author, row.c.changed_ms),
        Index("record_of_asset", row.c.type, row.c.asset, row.c.state, row.c.changed_ms),
        Index("record_changed", row.c.type, row.c.state, row.c.changed_ms),
    ):
        index.create(connection)


def _fill(connection: Connection) -> None:
    after = 0
    page = text("SELECT row, type, cells FROM record WHERE row > :after ORDER BY row LIMIT :limit")
    fill = text(
        "UPDATE record SET asset = :asset, unit = :unit, person = :person, author = :author,"
        " due_ms = :due_ms WHERE row = :row"
    )
    while rows := connection.execute(page, {"after": after, "limit": _PAGE}).all():
        connection.execute(fill, [_found_by(row.row, row.type, bytes(row.cells)) for row in rows])
        after = rows[-1].row


def _found_by(row: int, type: str, data: bytes) -> dict[str, object]:
    cells = {name: parts[0] for name, parts in json.loads(data).items()}

    def words(name: str | None) -> str | None:
        value = cells.get(name) if name else None
        return value if isinstance(value, str) and value else None

    person, author = {
        "hazard": ("assignee", "reporter"),
        "task": ("owner", None),
        "inspection": (None, "inspector"),
        "evidence": (None, "by"),
        "event": (None, "by"),
    }.get(type, (None, None))
    due = cells.get("due_ms")
    return {
        "row": row,
        "asset": words("asset"),
        "unit": words("unit"),
        "person": words(person),
        "author": words(author),
        "due_ms": due if isinstance(due, int) else None,
    }
