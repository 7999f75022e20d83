"""Asking for the pages of the feed, one ahead: while a page is being kept, the next is on its way.

What comes ahead is read and made ready, and kept only where the page before has brought the cursor
to its beginning; else it is let go and asked for anew. The server is told up to where this device
has kept the feed, because a question alone proves that no longer.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from domain.errors import FieldError
from domain.merge import TypePolicies
from offline_store import keep
from offline_store.database import Store
from sync import knowing, taking
from sync.protocol import ENTRIES_MAX, PullReply
from sync.subscribing import Subscriptions
from sync.transport import Transport


class Page(NamedTuple):
    """A page with its parts made ready; `sent_ms` of one asked for just now, else None."""

    reply: PullReply
    ready: Sequence[taking.Part]
    sent_ms: int | None = None


class Reader:
    """The pages of one feed. All methods belong to one event loop."""

    def __init__(
        self,
        store: Store,
        transport: Transport,
        scopes: Subscriptions,
        policies: Callable[[], TypePolicies],
        now_ms: Callable[[], int],
    ) -> None:
        """`now_ms` runs forward only."""
        self._store, self._transport, self._scopes = store, transport, scopes
        self._policies, self._now_ms = policies, now_ms
        self._ahead: tuple[keep.Cursor, asyncio.Task[Page]] | None = None
        self.sparing = False  # bytes are paid for

    async def page(
        self, at: keep.Cursor, *, own: bool, wait_s: int, called: asyncio.Event
    ) -> Page | None:
        """Return the page at a cursor; None if the wait for news ends because somebody called."""
        asked, self._ahead = self._ahead, None
        if asked is not None:
            if asked[0] == at:
                return await asked[1]
            await _give_up(asked[1])
        epoch = None if own else at.epoch
        known = await asyncio.to_thread(self._told, at, epoch)
        sent_ms = self._now_ms()
        asking = asyncio.ensure_future(self._ask(at.feed, known, own=own, wait_s=wait_s))
        nudged = asyncio.ensure_future(called.wait())
        waiting = {asking, nudged} if wait_s else {asking}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return (await asking)._replace(sent_ms=sent_ms) if asking.done() else None
        finally:
            nudged.cancel()
            await _give_up(asking)

    async def go_on(self, reply: PullReply, at: keep.Cursor) -> None:
        """Ask for what follows a page that is about to be kept; `at` is what is kept so far."""
        if not reply.more or reply.next <= at.feed:
            return
        behind = keep.Cursor(reply.next, reply.epoch)
        known = await asyncio.to_thread(self._told, behind, reply.epoch, reply.mark)
        asking = self._ask(behind.feed, known, own=False, wait_s=0, kept=at.feed)
        self._ahead = behind, asyncio.ensure_future(asking)

    async def let_go(self) -> None:
        """Wait no longer for a page that nobody wants any more."""
        asked, self._ahead = self._ahead, None
        if asked is not None:
            await _give_up(asked[1])

    async def _ask(
        self, after: int, known: dict[str, str], *, own: bool, wait_s: int, kept: int | None = None
    ) -> Page:
        reply = await self._transport.pull(
            after, ENTRIES_MAX, wait_s=wait_s, own=own, known=known, kept=kept,
            sparing=self.sparing,
        )  # fmt: skip
        if not reply.entries:
            return Page(reply, ())
        return Page(reply, await asyncio.to_thread(taking.prepare, reply, self._policies()))

    def _told(self, at: keep.Cursor, epoch: str | None, seen: str | None = None) -> dict[str, str]:
        return knowing.told(self._store, self._scopes, at, epoch, seen)


async def _give_up(task: "asyncio.Task[Page]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, FieldError):
        await task
