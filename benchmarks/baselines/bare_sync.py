"""Baseline of `sync`: durable rows with sqlite3 alone, one JSON decode, bytes over bare HTTP."""

import http.client
import sqlite3
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

AT_ONCE = 500
_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8000;"
_T = TypeVar("_T")
_decode = msgspec.json.Decoder().decode


class Rows(NamedTuple):
    """Tables with their indexes, and for each body its row of `entry`, of `record`, and itself."""

    tables: Sequence[str]
    rows: Sequence[tuple[tuple[Any, ...], tuple[Any, ...], bytes]]


def parts(bodies: Sequence[_T]) -> list[Sequence[_T]]:
    """Return what goes together."""
    return [bodies[start : start + AT_ONCE] for start in range(0, len(bodies), AT_ONCE)]


def insert(base: sqlite3.Connection, rows: Rows) -> float:
    """Decode each body once, keep its rows; one durable commit a part. Returns the seconds."""
    base.isolation_level = None
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
