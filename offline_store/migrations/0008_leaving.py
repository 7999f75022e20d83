"""The records that a device may hold no longer; a device of an earlier version has none."""

from sqlalchemy import Column, Connection, MetaData, String, Table


def upgrade(connection: Connection) -> None:
    """Make the table."""
    metadata = MetaData()
    Table("leaving", metadata, Column("record_id", String, primary_key=True))
    metadata.create_all(connection)
