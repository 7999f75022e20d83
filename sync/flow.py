"""Pushes in a row: while the server works on one, the next is written down and packed.

The next one goes as soon as the one before is answered, and that answer is kept meanwhile. Each is
written down before it goes: a cut or a crash leaves at most two that are sent again as they were.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from domain.errors import FieldError
from offline_store.outbox import Outgoing
from sync.protocol import PushReply
from sync.pushes import Pusher

_Sending = asyncio.Task[tuple[PushReply, bytes]]


class Flow:
    """The pushes of one round; leaving it ends what is still under way."""

    def __init__(self, pusher: Pusher, now_ms: Callable[[], int]) -> None:
        """`now_ms` runs forward only."""
        self._pusher, self._now_ms = pusher, now_ms
        self._sending: _Sending | None = None
        self._sent_ms = 0

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop waiting for an answer that nobody wants any more: the push is sent again."""
        if self._sending is not None:
            self._sending.cancel()
            with suppress(asyncio.CancelledError, FieldError):
                await self._sending

    async def one(
        self, outgoing: Outgoing, answered: Callable[[PushReply, int], None]
    ) -> Outgoing | None:
        """Bring one push to its end; returns the next, which is under way already, if there is one.

        `answered` is told of the answer and when its push went out. Raises as `Pusher.send` and
        `Pusher.confirm`.
        """
        sending = self._sending or self._send(outgoing)
        following = await asyncio.to_thread(self._pusher.ahead, outgoing)
        reply, raw = await sending
        self._sending = None
        self._pusher.took(outgoing, self._now_ms() - self._sent_ms)
        answered(reply, self._sent_ms)
        if following is not None and reply.accepted_to == outgoing.batch.last:
            following = await asyncio.to_thread(self._pusher.longer, following)
            self._send(following)
        await asyncio.to_thread(self._pusher.confirm, outgoing, reply, raw)
        return following if self._sending else None

    def _send(self, outgoing: Outgoing) -> _Sending:
        self._sent_ms = self._now_ms()
        self._sending = asyncio.ensure_future(self._pusher.send(outgoing))
        return self._sending
