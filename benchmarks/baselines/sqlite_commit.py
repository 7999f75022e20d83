"""Baseline of `store`: one row replaced and committed with sqlite3 alone, settings as given."""

import sqlite3
import time
from pathlib import Path


class SqliteCommit:
    """A file with one table of a key and bytes; write-ahead log, every commit made durable."""

    def __init__(self, file: Path) -> None:
        """Open the file."""
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, body BLOB)"
        )

    def write(self, key: str, body: bytes) -> float:
        """Write a row; returns how long that took, in ms."""
        began = time.perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (key, body))
        self._connection.execute("COMMIT")
        return (time.perf_counter() - began) * 1000

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
