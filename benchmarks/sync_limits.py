"""What bench `sync` holds our speed against: baselines that import nothing of ours.

The limit of a push is what nobody can go below: each record decoded once and its two rows durable,
and its bytes over HTTP. The limit of a pull is the same at the other end. Plain is a push without
chain, signature and rules, as most would write it.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from benchmarks.baselines import bare_sync, plain_push
from benchmarks.sync_world import World
from offline_store.database import FILE_NAME


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of one round."""

    push: float
    pull: float
    plain: float


def bodies_of(store: Path) -> list[bytes]:
    """Return the bodies of the entries that wait in a device's folder."""
    base = sqlite3.connect(store / FILE_NAME)
    found = [row[0] for row in base.execute("SELECT body FROM entry ORDER BY row")]
    base.close()
    return found


def limits(world: World, folder: Path, bodies: list[bytes]) -> Limits:
    """Measure the limits and the plain push once, on fresh files."""
    folder.mkdir()
    with world.plain(folder) as port:
        up = bare_sync.insert(folder / "up.db", bodies) + bare_sync.carry(port, bodies, up=True)
        down = bare_sync.carry(port, bodies, up=False) + bare_sync.insert(
            folder / "down.db", bodies
        )
        plain = plain_push.push(folder / "own.db", f"http://127.0.0.1:{port}", bodies)
    return Limits(up, down, plain)
