"""A store as the first version left it: its tables alone, with a day's entries and records."""

import importlib
from pathlib import Path

from sqlalchemy import Engine, create_engine, insert, select, text
from sqlmodel import Session

from domain.changes import DeviceTime
from offline_store import batches, blobs, devices, drafts, journal, keep, outbox
from offline_store.database import FILE_NAME, Store, open_store
from offline_store.tables import (
    BatchRow,
    BlobRow,
    DeviceRow,
    DraftRow,
    EntryRow,
    KeepRow,
    RecordRow,
)

DEVICE, KEY, PERSON = "00000000-0000-4000-8000-000000003f2a", b"k" * 32, "U003"
LEFT_OUT = frozenset({"row", "asset", "unit", "person", "author", "due_ms"})
START_MS = 1_764_000_000_000


def write(store: Store, number: int, kind: str = "edit", **cells: object) -> str:
    """Write one hazard of the device; returns the record's id."""
    record_id = f"hazard-{number}"
    at_ms = START_MS + number
    stamp = journal.Stamp(at_ms, 0, DeviceTime(at_ms, number, "boot", None), f"entry-{number}")
    set: dict[str, object] = {
        "code": f"HZ-3F2A-{number:04d}",
        "words": f"法兰泄漏 flange leak {number}",
        "asset": "TK-101",
        "reporter": PERSON,
        "reported_ms": at_ms,
        "state": "reported",
    }
    with store.session() as session:
        journal.write(
            session, journal.Author(DEVICE, PERSON), stamp, kind=kind, record_id=record_id,
            type="hazard", definition="hazard@1", set=set | cells,  # type: ignore[arg-type]
        )  # fmt: skip
    return record_id


def day(store: Store, entries: int = 12, confirmed: int = 5) -> None:
    """Fill a store with a device's day: entries, the first of them confirmed, a photo, a draft."""
    with store.session() as session:
        devices.add(session, devices.Device(DEVICE, KEY, "phone"))
        keep.put(session, "identity", {"device_id": DEVICE, "plant": "DEMO"})
        drafts.save(session, "draft-1", "sheet", PERSON, {"asset": "TK-101", "answers": {}}, 1)
        blobs.put(store, session, b"photo", "original", record_id="hazard-1")
    for number in range(1, entries + 1):
        write(store, number)
    with store.session() as session:
        sent = journal.of_device(session, DEVICE, 1, confirmed)
        push = batches.Batch(DEVICE, 1, confirmed, sent[-1].hash, 1, START_MS, "ab", b"{}")
        batches.add(session, push)
        outbox.confirm(session, push, [])


def make(folder: Path, url: str | None = None) -> None:
    """Make the oldest store in a folder, or at an address."""
    folder.mkdir(parents=True, exist_ok=True)
    today = open_store(None)
    day(today)
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://")
        if url
        else f"sqlite:///{folder / FILE_NAME}"
    )
    with engine.begin() as connection:
        importlib.import_module("offline_store.migrations.0001_first").upgrade(connection)
        connection.execute(text("CREATE TABLE schema_step (number INTEGER PRIMARY KEY)"))
        connection.execute(text("INSERT INTO schema_step (number) VALUES (1)"))
    with today.reading() as session:
        for table in (EntryRow, RecordRow, DeviceRow, DraftRow, BlobRow, KeepRow, BatchRow):
            _copy(session, engine, table)
    today.close()
    engine.dispose()


def _copy(session: Session, engine: Engine, table: type) -> None:
    columns = [column for column in table.__table__.columns if column.name not in LEFT_OUT]
    found = [dict(row._mapping) for row in session.connection().execute(select(*columns))]
    if table is KeepRow:
        found = [row for row in found if row["name"] != "search.version"]
    if found:
        with engine.begin() as connection:
            connection.execute(insert(table), found)
