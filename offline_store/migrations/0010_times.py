"""True times of entries written before their device knew the time; who vouches for an anchor."""

from sqlalchemy import BigInteger, Column, Connection, Index, MetaData, String, Table, text


def upgrade(connection: Connection) -> None:
    """Make the table, and name the source of the anchors that are there."""
    metadata = MetaData()
    Table(
        "entry_time",
        metadata,
        Column("device_id", String, primary_key=True),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("record_id", String, nullable=False),
        Column("true_ms", BigInteger, nullable=False),
        Column("unc_ms", BigInteger, nullable=False),
        Index("entry_time_of_record", "record_id"),
    )
    metadata.create_all(connection)
    connection.execute(
        text("ALTER TABLE time_anchor ADD COLUMN source VARCHAR NOT NULL DEFAULT 'server'")
    )
