"""Baseline of `sync`: the device of an unsigned push as most would write it."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from benchmarks.baselines.plain_server import open_file, put


def push(file: Path, url: str, bodies: Sequence[bytes], at_once: int = 500) -> float:
    """Push what waits in a file, page by page, and mark it as sent. Returns the seconds."""
    base = open_file(file)
    put(base, [json.loads(body) for body in bodies])
    pick = "SELECT id, body FROM doc WHERE state = 0 LIMIT ?"
    began = time.perf_counter()
    with httpx.Client(base_url=url) as line:
        while rows := base.execute(pick, (at_once,)).fetchall():
            line.post("/push", json=[json.loads(row[1]) for row in rows]).raise_for_status()
            base.execute("BEGIN IMMEDIATE")
            base.executemany("UPDATE doc SET state = 1 WHERE id = ?", [row[:1] for row in rows])
            base.execute("COMMIT")
    took = time.perf_counter() - began
    base.close()
    return took
