"""What administration reads: rows of registers, devices, and how often a definition was used."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.records import Record
from domain.registers import register_id
from offline_store import records
from offline_store.entries import IN_MAX
from offline_store.tables import EntryRow, RecordRow


class Use(NamedTuple):
    """How many records were made with a definition, and when the first and the last changed."""

    definition: str
    times: int
    first_ms: int | None
    last_ms: int | None


class DeviceTally(NamedTuple):
    """What this store has of a device: its entries, and when the last of them arrived."""

    device_id: str
    entries: int
    received_ms: int | None


def of_table(session: Session, table: str) -> dict[str, Record]:
    """Return all register records of a table by key."""
    found = records.find(session, "register", limit=records.ALL)
    return {one.text("key"): one for one in found if one.text("table") == table}


def of_keys(session: Session, table: str, keys: Iterable[str]) -> dict[str, Record]:
    """Return the register records of these keys."""
    ids = {register_id(table, key): key for key in keys}
    wanted = list(ids)
    found: dict[str, Record] = {}
    for start in range(0, len(wanted), IN_MAX):
        some = wanted[start : start + IN_MAX]
        query = select(col(RecordRow.record_id)).where(col(RecordRow.record_id).in_(some))
        for record_id in session.connection().execute(query).scalars().all():
            found[ids[record_id]] = records.get(session, record_id)
    return found


def uses(session: Session, type: str) -> list[Use]:
    """Return how often each definition of a record type was used."""
    at = col(RecordRow.changed_ms)
    query = (
        select(col(RecordRow.definition), func.count(), func.min(at), func.max(at))
        .where(col(RecordRow.type) == type)
        .group_by(col(RecordRow.definition))
    )
    return [Use(*row) for row in session.connection().execute(query)]


def tallies(session: Session) -> dict[str, DeviceTally]:
    """Return what this store has of every device."""
    query = select(
        col(EntryRow.device_id), func.max(col(EntryRow.number)), func.max(col(EntryRow.received_ms))
    ).group_by(col(EntryRow.device_id))
    rows = session.connection().execute(query)
    return {row[0]: DeviceTally(row[0], row[1], row[2]) for row in rows}
