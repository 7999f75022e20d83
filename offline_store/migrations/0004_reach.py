"""How far each device has read the feed and when, and who uses it: escalation counts from there."""

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table


def upgrade(connection: Connection) -> None:
    """Make both tables; they begin empty, and what was read before is learnt at the next pull."""
    metadata = MetaData()
    Table(
        "reach",
        metadata,
        Column("device_id", String, primary_key=True),
        Column("feed", BigInteger, primary_key=True, autoincrement=False),
        Column("at_ms", BigInteger, nullable=False),
    )
    Table(
        "device_user",
        metadata,
        Column("person_id", String, primary_key=True),
        Column("device_id", String, primary_key=True),
    )
    metadata.create_all(connection)
