"""What the engine knows about its device, and what it shows of its work."""

from dataclasses import dataclass
from typing import Literal, Protocol

from domain.errors import FieldError
from offline_store import rounds
from offline_store.database import Store
from offline_store.outbox import Count
from offline_store.rounds import Due

Phase = Literal["offline", "idle", "sending", "receiving"]


class Identity(Protocol):
    """Who this device is, as enrolment said."""

    @property
    def device_id(self) -> str:
        """Name in the chain."""
        ...

    @property
    def public_key(self) -> bytes:
        """Ed25519 public key, 32 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """What the top bar shows: offline, waiting n, sending k of n, or all sent.

    `waiting` counts entries and files not confirmed; `done` of `total` those of the present run.
    `as_of_ms` is the server's time at the last contact; None before the first. `rate` is how many
    bytes a second the link moved lately, 0 where nobody knows; `held_bytes` those of files
    from the priority `held_from` on that wait for a better link, and `wanted` the files that
    somebody waits for.
    """

    phase: Phase = "offline"
    waiting: int = 0
    done: int = 0
    total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    as_of_ms: int | None = None
    error: FieldError | None = None
    rate: int = 0
    held_bytes: int = 0
    held_from: int = 2
    wanted: frozenset[str] = frozenset()

    def counting(self, left: Count) -> dict[str, int]:
        """Return what changes with what is left now: how much of the present run is done."""
        now = left.entries + left.blobs
        if now == 0:
            return dict.fromkeys(("waiting", "done", "total", "bytes_done", "bytes_total"), 0)
        total, bytes_total = max(self.total, now + self.done), max(self.bytes_total, left.bytes)
        return {
            "waiting": now,
            "done": max(0, total - now),
            "total": total,
            "bytes_done": max(0, bytes_total - left.bytes),
            "bytes_total": bytes_total,
        }


def look(store: Store, device_id: str) -> Due:
    """Return what there is to do for a device."""
    with store.reading() as session:
        return rounds.due(session, device_id)
