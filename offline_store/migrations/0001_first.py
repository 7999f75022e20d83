"""The tables of the first version. A later change is a new step; this one is never edited."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

_ROW = BigInteger().with_variant(Integer, "sqlite")


def upgrade(connection: Connection) -> None:
    """Create the tables."""
    tables = MetaData()
    _journal(tables)
    _records(tables)
    _sync(tables)
    _small(tables)
    tables.create_all(connection)


def _key(name: str) -> "Column[str]":
    return Column(name, String, primary_key=True)


def _text(
    name: str, *, null: bool = False, unique: bool | None = None, index: bool | None = None
) -> "Column[str]":
    return Column(name, String, nullable=null, unique=unique, index=index)


def _whole(name: str, *, null: bool = False, unique: bool | None = None) -> "Column[int]":
    return Column(name, BigInteger, nullable=null, unique=unique)


def _bytes(name: str, *, null: bool = False) -> "Column[bytes]":
    return Column(name, LargeBinary, nullable=null)


def _journal(tables: MetaData) -> None:
    Table(
        "entry",
        tables,
        Column("row", _ROW, primary_key=True),
        _text("device_id"),
        _whole("number"),
        _text("entry_id", unique=True),
        _text("record_id"),
        _text("kind"),
        _text("person_id"),
        _bytes("body"),
        _bytes("hash"),
        _bytes("signature", null=True),
        _whole("feed", null=True),
        _whole("received_ms", null=True),
        _text("verdict", null=True),
        _text("code", null=True),
        Column("params", Text, nullable=True),
        UniqueConstraint("device_id", "number"),
        Index("entry_of_record", "record_id", "feed", "number"),
        Index("entry_in_feed", "feed", "device_id", "number"),
    )


def _records(tables: MetaData) -> None:
    Table(
        "record",
        tables,
        Column("row", _ROW, primary_key=True),
        _text("record_id", unique=True),
        _text("type"),
        _text("definition"),
        _text("parent", null=True),
        _text("area", null=True),
        _text("state", null=True),
        Column("open_holds", Integer, nullable=False),
        Column("deleted", Boolean, nullable=False),
        _whole("feed", null=True),
        _whole("changed_ms"),
        _bytes("cells"),
        Index("record_by_type", "type", "state"),
        Index("record_by_area", "area"),
        Index("record_by_parent", "parent"),
    )
    Table(
        "conflict",
        tables,
        _key("conflict_id"),
        _text("record_id", index=True),
        _text("field"),
        _text("base", null=True),
        _bytes("kept"),
        _bytes("other"),
    )


def _sync(tables: MetaData) -> None:
    Table(
        "batch",
        tables,
        _key("device_id"),
        Column("first", BigInteger, primary_key=True, autoincrement=False),
        _whole("last"),
        _bytes("head"),
        _bytes("signature", null=True),
        _text("certificate", null=True),
        _whole("feed", null=True, unique=True),
        _whole("received_ms", null=True),
        _text("receipt", null=True),
        _bytes("reply", null=True),
    )
    Table(
        "device",
        tables,
        _key("device_id"),
        _bytes("public_key"),
        _text("name"),
        _text("state"),
        _text("token_hash", null=True, index=True),
        _whole("enrolled_ms", null=True),
    )
    Table("cursor", tables, _key("scope"), _whole("feed"), _text("epoch"))
    Table(
        "blob",
        tables,
        _key("sha256"),
        _whole("size"),
        _text("kind"),
        _text("record_id"),
        Column("have", Boolean, nullable=False),
        _whole("offset"),
        _text("state"),
        _text("receipt", null=True),
        _whole("received_ms", null=True),
        Column("priority", Integer, nullable=False),
        _text("error", null=True),
        Index("blob_by_state", "state", "priority"),
    )


def _small(tables: MetaData) -> None:
    Table(
        "time_anchor",
        tables,
        _key("boot_id"),
        _whole("mono_ms"),
        _whole("server_ms"),
        _whole("rtt_ms"),
    )
    Table(
        "draft",
        tables,
        _key("draft_id"),
        _text("kind"),
        _text("person_id", index=True),
        _whole("changed_ms"),
        _bytes("body"),
    )
    Table("pack", tables, _key("version"), _whole("received_ms"), _bytes("body"))
    Table("keep", tables, _key("name"), _bytes("body"))
