"""What sealing costs: the same rows written and read plain, under SQLCipher, and value by value."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sqlmodel import Session

from offline_store import blobs, drafts, vault
from offline_store.database import Store, open_store
from offline_store.sealing import KEY_BYTES, Seal, Way

ROWS, ROUNDS = 2000, 5
PHOTO = os.urandom(2 * 1024 * 1024)
_BODY = "x" * 1000
Times = dict[str, list[float]]


def measure(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Return speeds of sealed stores over a plain one's, and figures in ms.

    `*_insert` and `*_read` are of rows of 1 KB, `*_photo` of 2 MiB; 1.0 is as fast as plain.
    """
    ways: list[Way | None] = [None, "cipher", "bodies"]
    took: dict[Way | None, Times] = {way: {} for way in ways}
    for number in range(ROUNDS):
        for way in ways:  # in turn, so that whatever else the machine does meets them alike
            _round(folder / f"sealed-{way}-{number}", way, took[way])
    ratios: dict[str, float] = {}
    figures: dict[str, float] = {"guess_ms": _guess_ms()}
    for way in ways:
        for what, times in took[way].items():
            figures[f"{way or 'plain'}_{what}_ms"] = median(times)
            if way:
                ratios[f"{way}_{what}"] = median(took[None][what]) / median(times)
    return ratios, figures


def _round(folder: Path, way: Way | None, took: Times) -> None:
    seal = Seal(os.urandom(KEY_BYTES), way) if way else None
    open_store(folder, seal=seal).close()

    def timed(what: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        took.setdefault(what, []).append((time.perf_counter() - began) * 1000)

    opened: list[Store] = []
    timed("open", lambda: opened.append(open_store(folder, seal=seal)))
    store = opened[0]
    timed("insert", lambda: _insert(store))
    store.close()
    store = open_store(folder, seal=seal)
    timed("read", lambda: _read(store))
    timed("photo", lambda: blobs.read(store, blobs.keep_file(store, PHOTO)))
    store.close()


def _insert(store: Store) -> None:
    with store.session() as session:
        for number in range(ROWS):
            drafts.save(session, f"draft-{number}", "sheet", "U003", {"text": _BODY}, number)


def _read(store: Store) -> None:
    with store.reading() as session:
        for number in range(ROWS):
            _load(session, number)


def _load(session: Session, number: int) -> None:
    assert drafts.load(session, f"draft-{number}") is not None


def _guess_ms() -> float:
    """Return how long one guess at a passphrase takes on this machine."""
    made, seal = vault.new(moving=False)
    began = time.perf_counter()
    vault.with_slot(made, seal, {"passphrase": b"guess"})
    return (time.perf_counter() - began) * 1000
