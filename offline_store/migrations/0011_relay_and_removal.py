"""Entries that came by relay and are not in the feed yet; no store of before has any."""

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

_Row = BigInteger().with_variant(Integer, "sqlite")


def upgrade(connection: Connection) -> None:
    """Make the table."""
    metadata = MetaData()
    Table(
        "relayed",
        metadata,
        Column("row", _Row, primary_key=True),
        Column("device_id", String, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("previous", LargeBinary, nullable=False),
        Column("record_id", String, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("signature", LargeBinary, nullable=True),
        Column("state", String, nullable=False),
        Column("code", String, nullable=True),
        Column("came_from", String, nullable=False),
        Column("came_ms", BigInteger, nullable=False),
        Column("passed", String, nullable=True),
        Column("answer", String, nullable=True),
        UniqueConstraint("device_id", "number", "hash"),
        Index("relayed_of_record", "record_id"),
    )
    metadata.create_all(connection)
