"""Is the server's clock behind? Then it judges nothing: its verdict on a time would be final.

A clock that lost its battery stands in 1970 or at some old day. What devices then send looks as if
it came from far ahead, and a refusal is for good; so they are asked to come again instead.
"""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from domain.changes import Entry
from offline_store import journal
from server.rights import AHEAD_MAX_MS, TIME_MIN_MS
from server.site import SERVER_DEVICE

BEHIND_MS: Final = 3_600_000  # what setting a clock right may take back


def unset(now_ms: int) -> bool:
    """Whether the clock shows a time before there was this product."""
    return now_ms < TIME_MIN_MS


def behind(session: Session, now_ms: int) -> bool:
    """Whether it is earlier than when the newest push of a device came, or than any push can be."""
    # what the server wrote itself by a wrong clock does not make that clock right
    last_ms = journal.last_received_ms(session, without=SERVER_DEVICE)
    return unset(now_ms) or (last_ms is not None and now_ms < last_ms - BEHIND_MS)


def judges(session: Session, now_ms: int, push: Sequence[Entry]) -> bool:
    """Whether the entries of a push may be judged now; what their device's own clock said counts.

    Where both clocks agree it was the journal that ran ahead: the clock was wrong and is right
    again, and nobody waits until the wrong time has come.
    """
    if unset(now_ms):
        return False
    agree = all(
        entry.time.device_ms <= now_ms + BEHIND_MS and entry.wall_ms <= now_ms + AHEAD_MAX_MS
        for entry in push
    )
    return agree or not behind(session, now_ms)
