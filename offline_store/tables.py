"""The tables, the same on device and server; only modules of this package import them.

Bodies live in rowid tables with keys in separate indexes: that is four times as fast as a table
ordered by a random key (SYNC_ANCHORS §2). Times are ms since 1970 UTC.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

# What stands in an index of its own, because almost nothing does: a query must say it word for word
DECIDED = "feed IS NULL AND kind IN ('decide', 'delete', 'lift', 'resolve')"

_Row = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only as plain INTEGER


def _whole(*, nullable: bool = False, default: int | None = None) -> "Column[int]":
    return Column(BigInteger, nullable=nullable, default=default)


def _some(name: str, *columns: str, where: str = "") -> Index:
    """An index of the rows where a condition holds; else of those whose first column is filled.

    SQLite uses it only for a query that compares the first column, or says the condition word for
    word.
    """
    held = text(where or f"{columns[0]} IS NOT NULL")
    return Index(name, *columns, sqlite_where=held, postgresql_where=held)


class EntryRow(SQLModel, table=True):
    """One entry, its exact bytes and its place in chain and feed (`feed` None: not confirmed)."""

    __tablename__: ClassVar[str] = "entry"  # pyright: ignore[reportIncompatibleVariableOverride]
    __table_args__ = (
        UniqueConstraint("device_id", "number"),
        Index("entry_of_record", "record_id", "feed", "number"),
        Index("entry_in_feed", "feed", "device_id", "number"),
        _some("entry_decided", "device_id", "number", where=DECIDED),
    )
    row: int | None = Field(default=None, sa_column=Column(_Row, primary_key=True))
    device_id: str
    number: int = Field(sa_column=_whole())
    entry_id: str = Field(unique=True)
    record_id: str
    kind: str
    person_id: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    signature: bytes | None = None
    feed: int | None = Field(default=None, sa_column=_whole(nullable=True))
    received_ms: int | None = Field(default=None, sa_column=_whole(nullable=True))
    verdict: str | None = None
    code: str | None = None
    params: str | None = Field(default=None, sa_column=Column(Text))  # JSON


class RecordRow(SQLModel, table=True):
    """The fold of a record's entries; `cells` is JSON {field: [value, writer, wall, counter]}."""

    __tablename__: ClassVar[str] = "record"  # pyright: ignore[reportIncompatibleVariableOverride]
    __table_args__ = (
        _some("record_by_area", "area"),
        _some("record_of_parent", "parent", "type", "record_id"),
        _some("record_for_person", "person", "type", "state", "due_ms"),
        _some("record_of_person", "person", "type", "state", "changed_ms"),
        Index("record_by_author", "type", "author", "changed_ms"),
        _some("record_of_asset", "asset", "type", "state", "changed_ms"),
        Index("record_changed", "type", "state", "changed_ms"),
    )
    row: int | None = Field(default=None, sa_column=Column(_Row, primary_key=True))
    record_id: str = Field(unique=True)
    type: str
    definition: str
    parent: str | None = None  # cell "of": the record that evidence belongs to
    area: str | None = None
    state: str | None = None
    open_holds: int = 0
    deleted: bool = False
    feed: int | None = Field(default=None, sa_column=_whole(nullable=True))  # kept by servers alone
    changed_ms: int = Field(default=0, sa_column=_whole(default=0))
    cells: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    asset: str | None = None
    unit: str | None = None
    person: str | None = None  # whom it waits for (offline_store.records.PEOPLE)
    author: str | None = None  # whose record it is
    due_ms: int | None = Field(default=None, sa_column=_whole(nullable=True))


class ConflictRow(SQLModel, table=True):
    """A field on which two people disagree, until someone settles it."""

    __tablename__: ClassVar[str] = "conflict"  # pyright: ignore[reportIncompatibleVariableOverride]
    conflict_id: str = Field(primary_key=True)
    record_id: str = Field(index=True)
    field: str
    base: str | None = None
    kept: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # JSON of a cell
    other: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class HoldRow(SQLModel, table=True):
    """What keeps a record suspended, lifted ones too; its id is that of its entry."""

    __tablename__: ClassVar[str] = "hold"  # pyright: ignore[reportIncompatibleVariableOverride]
    __table_args__ = (Index("hold_of_record", "record_id"),)
    hold_id: str = Field(primary_key=True)
    record_id: str
    kind: str
    rank: int
    placed_by: str
    placed_ms: int = Field(sa_column=_whole())
    writer: str
    lifted_by: str | None = None
    lifted_ms: int | None = Field(default=None, sa_column=_whole(nullable=True))


class SearchDueRow(SQLModel, table=True):
    """A record that came and is not in the search index yet."""

    __tablename__: ClassVar[str] = "search_due"  # pyright: ignore[reportIncompatibleVariableOverride]
    record_id: str = Field(primary_key=True)


class BatchRow(SQLModel, table=True):
    """One push. On a device `reply` None means: sent or about to be, answer not seen yet."""

    __tablename__: ClassVar[str] = "batch"  # pyright: ignore[reportIncompatibleVariableOverride]
    device_id: str = Field(primary_key=True)
    first: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    last: int = Field(sa_column=_whole())
    head: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    signature: bytes | None = None
    certificate: str | None = None
    feed: int | None = Field(default=None, sa_column=Column(BigInteger, unique=True))
    received_ms: int | None = Field(default=None, sa_column=_whole(nullable=True))
    receipt: str | None = None
    reply: bytes | None = None


class DeviceRow(SQLModel, table=True):
    """A device of the plant. `token_hash` is known to the server alone."""

    __tablename__: ClassVar[str] = "device"  # pyright: ignore[reportIncompatibleVariableOverride]
    device_id: str = Field(primary_key=True)
    public_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    name: str = ""
    state: str = "active"  # of the version before; a device's record says it now
    token_hash: str | None = Field(default=None, index=True)
    enrolled_ms: int | None = Field(default=None, sa_column=_whole(nullable=True))


class ToldRow(SQLModel, table=True):
    """The number of its last entry that a device told of, and when it did."""

    __tablename__: ClassVar[str] = "device_told"  # pyright: ignore[reportIncompatibleVariableOverride]
    device_id: str = Field(primary_key=True)
    number: int = Field(sa_column=_whole())
    at_ms: int = Field(sa_column=_whole())


class CertificateRow(SQLModel, table=True):
    """A certificate that the server made for a device; `from_ms` to `until_ms` is its validity."""

    __tablename__: ClassVar[str] = "certificate"  # pyright: ignore[reportIncompatibleVariableOverride]
    device_id: str = Field(primary_key=True)
    serial: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    from_ms: int = Field(sa_column=_whole())
    until_ms: int = Field(sa_column=_whole())
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    signature: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ReachRow(SQLModel, table=True):
    """When the server first knew that a device has the feed up to a number."""

    __tablename__: ClassVar[str] = "reach"  # pyright: ignore[reportIncompatibleVariableOverride]
    device_id: str = Field(primary_key=True)
    feed: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at_ms: int = Field(sa_column=_whole())


class UserRow(SQLModel, table=True):
    """Somebody who has written on a device."""

    __tablename__: ClassVar[str] = "device_user"  # pyright: ignore[reportIncompatibleVariableOverride]
    person_id: str = Field(primary_key=True)
    device_id: str = Field(primary_key=True)


class CursorRow(SQLModel, table=True):
    """How far the feed of a scope was read, and of which life of the server."""

    __tablename__: ClassVar[str] = "cursor"  # pyright: ignore[reportIncompatibleVariableOverride]
    scope: str = Field(primary_key=True)
    feed: int = Field(sa_column=_whole())
    epoch: str = ""


class LeavingRow(SQLModel, table=True):
    """A record that this device may hold no longer; own entries of it stay in the own chain."""

    __tablename__: ClassVar[str] = "leaving"  # pyright: ignore[reportIncompatibleVariableOverride]
    record_id: str = Field(primary_key=True)


class BlobRow(SQLModel, table=True):
    """One content-addressed file; `have` says whether its bytes are whole on this side."""

    __tablename__: ClassVar[str] = "blob"  # pyright: ignore[reportIncompatibleVariableOverride]
    __table_args__ = (Index("blob_by_state", "state", "priority"),)
    sha256: str = Field(primary_key=True)
    size: int = Field(sa_column=_whole())
    kind: str
    record_id: str = ""
    have: bool = False
    offset: int = Field(default=0, sa_column=_whole(default=0))
    state: str = "waiting"
    receipt: str | None = None
    received_ms: int | None = Field(default=None, sa_column=_whole(nullable=True))
    priority: int = 0
    error: str | None = None


class RelayedRow(SQLModel, table=True):
    """An entry that came by relay (`offline_store.relayed`) and is not in the feed yet.

    `passed` is the life of the server that answered when it was passed on, `answer` what it said.
    """

    __tablename__: ClassVar[str] = "relayed"  # pyright: ignore[reportIncompatibleVariableOverride]
    __table_args__ = (
        UniqueConstraint("device_id", "number", "hash"),
        Index("relayed_of_record", "record_id"),
    )
    row: int | None = Field(default=None, sa_column=Column(_Row, primary_key=True))
    device_id: str
    number: int = Field(sa_column=_whole())
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    previous: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    record_id: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    signature: bytes | None = None
    state: str
    code: str | None = None
    came_from: str
    came_ms: int = Field(sa_column=_whole())
    passed: str | None = None
    answer: str | None = None


class AnchorRow(SQLModel, table=True):
    """The last server time seen within one boot of this device."""

    __tablename__: ClassVar[str] = "time_anchor"  # pyright: ignore[reportIncompatibleVariableOverride]
    boot_id: str = Field(primary_key=True)
    mono_ms: int = Field(sa_column=_whole())
    server_ms: int = Field(sa_column=_whole())
    rtt_ms: int = Field(sa_column=_whole())
    source: str = Field(default="server", sa_column_kwargs={"server_default": "server"})


class EntryTimeRow(SQLModel, table=True):
    """When an entry was really written, where its device did not know the time then."""

    __tablename__: ClassVar[str] = "entry_time"  # pyright: ignore[reportIncompatibleVariableOverride]
    __table_args__ = (Index("entry_time_of_record", "record_id"),)
    device_id: str = Field(primary_key=True)
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    record_id: str
    true_ms: int = Field(sa_column=_whole())
    unc_ms: int = Field(sa_column=_whole())


class DraftRow(SQLModel, table=True):
    """Work not finished: a checklist half answered, a hazard half described."""

    __tablename__: ClassVar[str] = "draft"  # pyright: ignore[reportIncompatibleVariableOverride]
    draft_id: str = Field(primary_key=True)
    kind: str
    person_id: str = Field(index=True)
    changed_ms: int = Field(sa_column=_whole())
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PackRow(SQLModel, table=True):
    """A version of the plant's definitions, people and keys as received."""

    __tablename__: ClassVar[str] = "pack"  # pyright: ignore[reportIncompatibleVariableOverride]
    version: str = Field(primary_key=True)
    received_ms: int = Field(sa_column=_whole())
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class KeepRow(SQLModel, table=True):
    """A small value this installation keeps: identity, settings, failed PIN tries."""

    __tablename__: ClassVar[str] = "keep"  # pyright: ignore[reportIncompatibleVariableOverride]
    name: str = Field(primary_key=True)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
