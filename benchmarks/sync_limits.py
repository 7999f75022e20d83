"""What bench `sync` holds our speed against: baselines that import nothing of ours.

The limit of a push is what nobody can go below: each record decoded once from JSON, the same rows
in the same tables and indexes durable by bare sqlite3, and the same bytes over bare HTTP. The limit
of a pull is the same at the other end; sealed, it has SQLCipher there, as our devices do. The lean
limit has the leanest tables that could do instead. Plain is a push without chain, signature and
rules, as most would write it.
"""

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.settings import ClientSettings
from app.unlock import open_seal
from benchmarks.baselines import bare_sync, plain_push
from benchmarks.sync_device import secret_of
from benchmarks.sync_world import World, settle
from offline_store import sealing
from offline_store.database import FILE_NAME

_LEAN = (
    "CREATE TABLE entry (row INTEGER PRIMARY KEY, number INT, record TEXT, body BLOB, feed INT)",
    "CREATE UNIQUE INDEX entry_number ON entry (number)",
    (
        "CREATE TABLE record (row INTEGER PRIMARY KEY, id TEXT UNIQUE, type TEXT, feed INT,"
        " cells BLOB)"
    ),
    "CREATE INDEX record_feed ON record (feed)",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of one round."""

    push: float
    pull: float
    sealed: float
    lean: float
    plain: float


def bodies_of(store: Path) -> list[bytes]:
    """Return the bodies of the entries in a device's folder."""
    settings = ClientSettings(store=store, store_key_file=secret_of(store))
    base = sealing.connect(store / FILE_NAME, open_seal(settings, None))
    found = [row[0] for row in base.execute("SELECT body FROM entry ORDER BY row")]
    base.close()
    return found


def lean_rows(bodies: list[bytes]) -> bare_sync.Rows:
    """Return the leanest rows that could do: an entry and what it makes of its record."""
    found: list[tuple[tuple[Any, ...], tuple[Any, ...], bytes]] = []
    for number, body in enumerate(bodies, 1):
        one = json.loads(body)
        entry = (number, number, one["rec"], body, 1)
        found.append((entry, (number, one["rec"], one["type"], 1, body), body))
    return bare_sync.Rows(_LEAN, found)


def rows_of(store: Path, bodies: list[bytes]) -> bare_sync.Rows:
    """Return the tables of a store with their indexes, and the rows that these bodies made."""
    base = sqlite3.connect(store / FILE_NAME)
    tables = [
        row[0]
        for row in base.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name IN ('entry', 'record') AND sql IS NOT"
            " NULL ORDER BY type DESC"
        )
    ]
    records = {row["record_id"]: tuple(row) for row in _all(base, "record")}
    entries = {row["body"]: row for row in _all(base, "entry")}
    found = [(tuple(entries[body]), records[entries[body]["record_id"]], body) for body in bodies]
    base.close()
    return bare_sync.Rows(tables, found)


def _all(base: sqlite3.Connection, table: str) -> list[sqlite3.Row]:
    base.row_factory = sqlite3.Row
    return base.execute(f"SELECT * FROM {table}").fetchall()


def limits(world: World, folder: Path, bodies: list[bytes], server: Path) -> Limits:
    """Measure the limits and the plain push once, on fresh files."""
    folder.mkdir()
    rows = rows_of(server, bodies)
    seal = sealing.Seal(os.urandom(sealing.KEY_BYTES), "cipher")
    with world.plain(folder) as port:
        settle()
        wire = bare_sync.carry(port, bodies, up=True)
        up = bare_sync.insert(sqlite3.connect(folder / "up.db"), rows)
        lean = bare_sync.insert(sqlite3.connect(folder / "lean.db"), lean_rows(bodies))
        settle()
        fetched = bare_sync.carry(port, bodies, up=False)
        down = bare_sync.insert(sqlite3.connect(folder / "down.db"), rows)
        settle()
        sealed = bare_sync.insert(sealing.connect(folder / "sealed.db", seal), rows)
        settle()
        plain = plain_push.push(folder / "own.db", f"http://127.0.0.1:{port}", bodies)
    return Limits(wire + up, fetched + down, fetched + sealed, wire + lean, plain)
