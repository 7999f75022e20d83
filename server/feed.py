"""Telling waiting devices that the feed grew, within one process.

The feed itself is in the store: a hint that is lost costs one wait, never an entry.
"""

import asyncio


class FeedHints:
    """Wakes every pull that waits; belongs to one event loop."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._grown = asyncio.Event()
        self._closed = False

    def announce(self) -> None:
        """Wake all who wait: the feed has grown. Call on the event loop, after the commit."""
        self._grown.set()
        if not self._closed:
            self._grown = asyncio.Event()

    def close(self) -> None:
        """Wake all who wait and let nobody wait again: the server stops."""
        self._closed = True
        self._grown.set()

    def ticket(self) -> asyncio.Event:
        """Return what to wait on; take it before reading the feed, so that no growth is missed."""
        return self._grown

    async def wait(self, ticket: asyncio.Event, seconds: float) -> bool:
        """Wait for growth after `ticket` was taken; False if time is over or the server stops."""
        try:
            await asyncio.wait_for(ticket.wait(), seconds)
        except TimeoutError:
            return False
        return not self._closed
