"""Indexes of the rows that have something to find, and one of decisions that wait.

Most records have no parent and no person they wait for, and each page of an index that a save
touches is sealed and written anew. `record_by_type` was the beginning of `record_changed`. What
waits is looked through for decisions before each push: of ten thousand entries that took 36 ms.
"""

from sqlalchemy import Connection, text

_OLD = (
    "record_by_type",
    "record_by_area",
    "record_of_parent",
    "record_for_person",
    "record_of_person",
    "record_of_asset",
)
_FILLED = {
    "record_by_area": "area",
    "record_of_parent": "parent, type, record_id",
    "record_for_person": "person, type, state, due_ms",
    "record_of_person": "person, type, state, changed_ms",
    "record_of_asset": "asset, type, state, changed_ms",
}
_DECIDED = "feed IS NULL AND kind IN ('decide', 'delete', 'lift', 'resolve')"


def upgrade(connection: Connection) -> None:
    """Make them anew."""
    for name in _OLD:
        connection.execute(text(f"DROP INDEX {name}"))
    for name, columns in _FILLED.items():
        first = columns.partition(",")[0]
        step = f"CREATE INDEX {name} ON record ({columns}) WHERE {first} IS NOT NULL"
        connection.execute(text(step))
    decided = f"CREATE INDEX entry_decided ON entry (device_id, number) WHERE {_DECIDED}"
    connection.execute(text(decided))
