"""Records that came and are not in the search index yet; none of an earlier version is missing."""

from sqlalchemy import Column, Connection, MetaData, String, Table


def upgrade(connection: Connection) -> None:
    """Make the table."""
    metadata = MetaData()
    Table("search_due", metadata, Column("record_id", String, primary_key=True))
    metadata.create_all(connection)
