"""Baseline of `sync`: durable rows with sqlite3 alone, one JSON decode, bytes over bare HTTP.

Beside it the same by bare SQLCipher: what nobody can go below whose devices are sealed.
"""

import http.client
import importlib
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

AT_ONCE = 500
_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000;"
_T = TypeVar("_T")
_decode = msgspec.json.Decoder().decode


class Rows(NamedTuple):
    """Tables with their indexes, and for each body its row of `entry`, of `record`, and itself."""

    tables: Sequence[str]
    rows: Sequence[tuple[tuple[Any, ...], tuple[Any, ...], bytes]]


def parts(bodies: Sequence[_T]) -> list[Sequence[_T]]:
    """Return what goes together."""
    return [bodies[start : start + AT_ONCE] for start in range(0, len(bodies), AT_ONCE)]


def insert(file: Path, rows: Rows) -> float:
    """Decode each body once, keep its rows; one durable commit a part. Returns the seconds."""
    return _insert(sqlite3.connect(file, isolation_level=None), rows)


def insert_sealed(file: Path, rows: Rows, page_bytes: int) -> float:
    """Do the same in a file that SQLCipher seals with a raw key. Returns the seconds."""
    driver: Any = importlib.import_module("sqlcipher3")  # has no types
    base = driver.connect(file, isolation_level=None)
    base.execute(f"PRAGMA key=\"x'{os.urandom(48).hex()}'\"")
    base.execute(f"PRAGMA cipher_page_size={page_bytes:d}")
    return _insert(base, rows)


def _insert(base: sqlite3.Connection, rows: Rows) -> float:
    base.executescript(_PRAGMAS + ";".join(rows.tables))
    began = time.perf_counter()
    for part in parts(rows.rows):
        entries, records, bodies = zip(*part, strict=True)
        assert all(map(_decode, bodies))
        base.execute("BEGIN IMMEDIATE")
        for table, some in (("entry", entries), ("record", records)):
            marks = ",".join("?" * len(some[0]))
            base.executemany(f"INSERT INTO {table} VALUES ({marks})", some)
        base.execute("COMMIT")
    took = time.perf_counter() - began
    base.close()
    return took


def carry(port: int, bodies: Sequence[bytes], *, up: bool) -> float:
    """Send the bytes to a server that keeps them in memory, or fetch them. Returns the seconds."""
    line = http.client.HTTPConnection("127.0.0.1", port)
    began = time.perf_counter()
    for number, part in enumerate(parts(bodies)):
        body = b"\n".join(part) if up else None
        line.request("POST" if up else "GET", f"/bytes/{number}", body)
        got = line.getresponse().read()
        assert up or got.count(b"\n") == len(part) - 1
    took = time.perf_counter() - began
    line.close()
    return took
