"""Pushes in a row: while the server works on one, the next is written down, packed and sent.

On a slow link the next goes as soon as the one before is answered, because a cut costs all that is
under way. On a quick one it goes before that, so that the server never waits for this device; it
answers them in order, and one that overtook the one before is sent again. Each is written down
before it goes: a cut or a crash leaves at most three that are sent again as they were.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from domain.errors import FieldError, ServerRefusedError
from offline_store.outbox import Outgoing
from sync.protocol import PushReply
from sync.pushes import Pusher

_Reply = tuple[PushReply, bytes]


class _Sent(NamedTuple):
    """A push under way; `early`: it went before the one before was answered."""

    outgoing: Outgoing
    reply: "asyncio.Task[_Reply]"
    sent_ms: int
    early: bool


class Flow:
    """The pushes of one round; leaving it ends what is still under way."""

    def __init__(self, pusher: Pusher, now_ms: Callable[[], int]) -> None:
        """`now_ms` runs forward only."""
        self._pusher, self._now_ms = pusher, now_ms
        self._under_way: deque[_Sent] = deque()
        self._answered_ms = 0

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop waiting for answers that nobody wants any more: those pushes are sent again."""
        while self._under_way:
            reply = self._under_way.popleft().reply
            reply.cancel()
            with suppress(asyncio.CancelledError, FieldError):
                await reply

    async def one(
        self, outgoing: Outgoing, answered: Callable[[PushReply, int], None]
    ) -> Outgoing | None:
        """Bring one push to its end; returns the next, which is under way already, if there is one.

        `answered` is told of the answer and when its push went out. Raises as `Pusher.send` and
        `Pusher.confirm`.
        """
        if not self._under_way:
            self._send(outgoing)
        sent = self._under_way[0]
        following = await self._following(outgoing)
        preparing = asyncio.ensure_future(self._prepared())
        try:
            reply, raw = await self._answer(sent)
        finally:
            await asyncio.wait([preparing])  # its own trouble hides no answer
        after = preparing.result()
        self._under_way.remove(sent)
        began_ms, self._answered_ms = max(sent.sent_ms, self._answered_ms), self._now_ms()
        self._pusher.took(outgoing, self._answered_ms - began_ms)
        answered(reply, sent.sent_ms)
        whole = reply.accepted_to == outgoing.batch.last
        if after is not None and whole and self._pusher.swift:
            self._send(after, early=True)
        if following is not None and not self._under_way and whole:
            self._send(await asyncio.to_thread(self._pusher.longer, following))
        await asyncio.to_thread(self._pusher.confirm, outgoing, reply, raw)
        return self._under_way[0].outgoing if self._under_way else None

    async def _following(self, outgoing: Outgoing) -> Outgoing | None:
        """Return the push behind one that is under way; on a quick link it goes now."""
        if len(self._under_way) > 1:
            return self._under_way[1].outgoing
        following = await asyncio.to_thread(self._pusher.ahead, outgoing)
        if following is not None and self._pusher.swift:
            self._send(following, early=True)
        return following

    async def _prepared(self) -> Outgoing | None:
        """Write down the push behind two that are under way, while the server works on both."""
        if len(self._under_way) < 2:
            return None
        return await asyncio.to_thread(self._pusher.ahead, self._under_way[1].outgoing)

    async def _answer(self, sent: _Sent) -> _Reply:
        try:
            return await sent.reply
        except ServerRefusedError as error:
            if not sent.early or error.params["reason"] != "sync.gap":
                raise
        return await self._pusher.send(sent.outgoing)  # the one before is answered by now

    def _send(self, outgoing: Outgoing, *, early: bool = False) -> None:
        reply = asyncio.ensure_future(self._pusher.send(outgoing))
        self._under_way.append(_Sent(outgoing, reply, self._now_ms(), early))
