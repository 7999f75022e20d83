"""Telling waiting devices that the feed grew.

The feed itself is in the store: a hint that is lost costs one wait, never an entry. Within a
process a push announces itself. Other processes on the same PostgreSQL are noticed by asking for
the last feed number a few times a second while somebody waits (`follow`). LISTEN/NOTIFY would be
faster by that fraction of a second, for a connection of its own per process that has to be watched
and taken up again, and that a pooler in front of the database does not carry.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

WAITS_MAX = 4  # of one device at once: one, and those of lines that broke and do not know it yet
FOLLOW_S = 0.25  # an urgent entry shall reach an online device within a second
_log = logging.getLogger(__name__)


class FeedHints:
    """Wakes every pull that waits; belongs to one event loop, may be told from any thread."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._grown = asyncio.Event()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.waiting = 0
        self._of = Counter[str]()

    def announce(self) -> None:
        """Wake all who wait: the feed has grown. Call after the commit."""
        loop = self._loop
        if loop is not None and not loop.is_closed():  # none: nobody has waited yet
            loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Wake all who wait and let nobody wait again: the server stops."""
        self._closed = True
        self._grown.set()

    def ticket(self) -> asyncio.Event:
        """Return what to wait on; take it before reading the feed, so that no growth is missed."""
        self._loop = asyncio.get_running_loop()
        return self._grown

    async def wait(self, ticket: asyncio.Event, seconds: float, who: str = "") -> bool:
        """Wait for growth after `ticket` was taken; False if time is over or the server stops.

        At once, too, where `who` waits several times already: each growth makes a page for each.
        """
        if self._of[who] >= WAITS_MAX and who:
            return False
        self.waiting += 1
        self._of[who] += 1
        try:
            await asyncio.wait_for(ticket.wait(), seconds)
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
            self._of[who] -= 1
            if not self._of[who]:
                del self._of[who]
        return not self._closed

    def _wake(self) -> None:
        self._grown.set()
        if not self._closed:
            self._grown = asyncio.Event()


async def follow(
    hints: FeedHints, last_feed: Callable[[], Awaitable[int]], every_s: float = FOLLOW_S
) -> None:
    """Announce what other processes added to the feed, until this task is cancelled."""
    seen = 0
    while True:
        await asyncio.sleep(every_s)
        if not hints.waiting:
            continue
        try:
            last = await last_feed()
        except SQLAlchemyError:  # the database is away: requests say so, we ask again
            _log.exception("follow")
            await asyncio.sleep(1)
            continue
        if last > seen:
            seen = last
            hints.announce()
