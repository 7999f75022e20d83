"""Baseline of `sync`: durable rows with sqlite3 alone, one JSON decode, the bytes over bare HTTP.

The two rows of a record are its entry and what it makes of the record, in the leanest tables.
"""

import http.client
import json
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

AT_ONCE = 500
_TABLES = """PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000;
CREATE TABLE entry (row INTEGER PRIMARY KEY, number INT, record TEXT, body BLOB, feed INT);
CREATE UNIQUE INDEX entry_number ON entry (number);
CREATE TABLE record (row INTEGER PRIMARY KEY, id TEXT UNIQUE, type TEXT, feed INT, cells BLOB);
CREATE INDEX record_feed ON record (feed);"""


def parts(bodies: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return the bodies as they go together."""
    return [bodies[start : start + AT_ONCE] for start in range(0, len(bodies), AT_ONCE)]


def insert(file: Path, bodies: Sequence[bytes]) -> float:
    """Decode each body once, keep its rows; one durable commit a part. Returns the seconds."""
    base = sqlite3.connect(file, isolation_level=None)
    base.executescript(_TABLES)
    began, number = time.perf_counter(), 0
    for part in parts(bodies):
        read = [json.loads(body) for body in part]
        rows = [(number + index, one["rec"], part[index], 1) for index, one in enumerate(read)]
        number += len(rows)
        base.execute("BEGIN IMMEDIATE")
        base.executemany("INSERT INTO entry (number, record, body, feed) VALUES (?,?,?,?)", rows)
        made = [(row[1], one["type"], 1, row[2]) for row, one in zip(rows, read, strict=True)]
        base.executemany("INSERT INTO record (id, type, feed, cells) VALUES (?,?,?,?)", made)
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
