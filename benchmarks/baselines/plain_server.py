"""Baseline of `sync`: the server of an unsigned push as most would write it, FastAPI and SQLite.

Run as `python plain_server.py PORT FILE`; imports nothing of ours. `/bytes` is bare HTTP.
"""

import json
import sqlite3
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

_TABLE = "CREATE TABLE doc (id TEXT PRIMARY KEY, body TEXT, state INT) WITHOUT ROWID"


def open_file(file: str | Path) -> sqlite3.Connection:
    """Open a new store of documents, durable at each commit."""
    base = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    base.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_TABLE}")
    return base


def put(base: sqlite3.Connection, docs: Sequence[dict[str, Any]]) -> None:
    """Keep documents in one commit."""
    base.execute("BEGIN IMMEDIATE")
    rows = [(doc["rec"], json.dumps(doc, ensure_ascii=False)) for doc in docs]
    base.executemany("INSERT OR REPLACE INTO doc VALUES (?, ?, 0)", rows)
    base.execute("COMMIT")


def _app(store: sqlite3.Connection) -> FastAPI:
    app, lock, held = FastAPI(), threading.Lock(), dict[int, bytes]()

    @app.post("/push")
    def take(docs: list[dict[str, Any]]) -> dict[str, int]:  # pyright: ignore[reportUnusedFunction]
        with lock:
            put(store, docs)
        return {"taken": len(docs)}

    @app.post("/bytes/{number}")
    async def hold(number: int, request: Request) -> None:  # pyright: ignore[reportUnusedFunction]
        held[number] = await request.body()

    @app.get("/bytes/{number}")
    async def give(number: int) -> Response:  # pyright: ignore[reportUnusedFunction]
        return Response(held[number])

    return app


if __name__ == "__main__":
    made = _app(open_file(sys.argv[2]))
    uvicorn.run(made, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
