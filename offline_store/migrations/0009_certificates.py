"""Certificates of devices, and the number of its last entry that a device told of."""

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, String, Table


def upgrade(connection: Connection) -> None:
    """Make both tables."""
    metadata = MetaData()
    Table(
        "certificate",
        metadata,
        Column("device_id", String, primary_key=True),
        Column("serial", BigInteger, primary_key=True, autoincrement=False),
        Column("from_ms", BigInteger, nullable=False),
        Column("until_ms", BigInteger, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("signature", LargeBinary, nullable=False),
    )
    Table(
        "device_told",
        metadata,
        Column("device_id", String, primary_key=True),
        Column("number", BigInteger, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
    )
    metadata.create_all(connection)
