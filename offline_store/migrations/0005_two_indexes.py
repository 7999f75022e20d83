"""Indexes for what a person has done lately and for the photos of a page of records.

Of years of finished tasks and photos only those asked for are read: SQLite keeps no statistics of
ours, and takes the index with the most columns that are compared.
"""

from sqlalchemy import Connection, text


def upgrade(connection: Connection) -> None:
    """Create both; the second does what the one on the parent alone did."""
    for step in (
        "CREATE INDEX record_of_person ON record (type, person, state, changed_ms)",
        "CREATE INDEX record_of_parent ON record (parent, type, record_id)",
        "DROP INDEX record_by_parent",
    ):
        connection.execute(text(step))
