"""Certificates of devices, and the number of its last entry that a device told of."""

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, String, Table, text


def upgrade(connection: Connection) -> None:
    """Make the table and the two columns."""
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
    metadata.create_all(connection)
    connection.execute(text("ALTER TABLE device ADD COLUMN told_number BIGINT"))
    connection.execute(text("ALTER TABLE device ADD COLUMN told_ms BIGINT"))
