"""What one server process remembers between two rounds of its duties; all of it can be lost.

A process that begins with an empty memory reads the open records anew, and what it then finds due
again has an id that is here already.
"""

import threading
from dataclasses import dataclass, field

from domain.story import Story


@dataclass
class Watched:
    """An open record; it need not be looked at before `next_ms`, whose notices are not due yet."""

    story: Story
    next_ms: int = 0
    told: set[str] = field(default_factory=set[str])


@dataclass
class Watch:
    """How far devices have read since the last round, and the open records with what comes next."""

    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    watched: dict[str, Watched] = field(default_factory=dict[str, Watched])
    cursor: int | None = None  # of the feed; None before the first round
    version: str = ""  # of the definitions that the last round went by
    looked_ms: int = 0  # when all were looked at last
    now_ms: int = 0  # of the last round
    _read: dict[str, list[tuple[int, int]]] = field(
        default_factory=dict[str, list[tuple[int, int]]]
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read_to(self, device_id: str, feed: int, now_ms: int) -> None:
        """Note that a device has the feed up to a number: it asks for what comes after."""
        with self._lock:
            rows = self._read.setdefault(device_id, [])
            if feed > (rows[-1][0] if rows else 0):
                rows.append((feed, now_ms))

    def reads(self) -> dict[str, list[tuple[int, int]]]:
        """Return what was noted since `forget`; rising by device."""
        with self._lock:
            return {device: list(rows) for device, rows in self._read.items() if rows}

    def forget(self, read: dict[str, list[tuple[int, int]]]) -> None:
        """Forget what has been stored."""
        with self._lock:
            for device, rows in read.items():
                del self._read[device][: len(rows)]
