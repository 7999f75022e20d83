"""The holds that keep records suspended; no record of an earlier version has one."""

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, MetaData, String, Table


def upgrade(connection: Connection) -> None:
    """Make the table."""
    metadata = MetaData()
    Table(
        "hold",
        metadata,
        Column("hold_id", String, primary_key=True),
        Column("record_id", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("rank", Integer, nullable=False),
        Column("placed_by", String, nullable=False),
        Column("placed_ms", BigInteger, nullable=False),
        Column("writer", String, nullable=False),
        Column("lifted_by", String, nullable=True),
        Column("lifted_ms", BigInteger, nullable=True),
        Index("hold_of_record", "record_id"),
    )
    metadata.create_all(connection)
