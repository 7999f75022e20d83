"""What a device sends of its chain, and what it makes of the answer.

Nothing is signed here: the signatures are those that were written with the entries. A server that
doubts a push gets the signature of each entry, and takes what stands before the first wrong one.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from domain import merge
from domain.changes import DECISIONS
from domain.errors import ChainBrokenError, ServerRefusedError
from domain.records import Value
from domain.signatures import ChainForgedError
from offline_store import journal, outbox
from offline_store.database import Store
from offline_store.entries import Logged
from sync.protocol import PushHead, PushReply, pack_push
from sync.transport import Transport

_DOUBTS = frozenset({"sync.signature", "sync.chain"})


class Pusher:
    """Sends the entries of one device, push by push."""

    def __init__(
        self,
        store: Store,
        transport: Transport,
        device_id: str,
        policies: Callable[[], merge.TypePolicies],
        on_register: Callable[[], None],
    ) -> None:
        """`on_register` is told when a change of a register was sent."""
        self._store, self.transport, self._device_id = store, transport, device_id
        self._policies, self._on_register = policies, on_register

    def next(self) -> outbox.Outgoing | None:
        """Return the push to send now, written down before it goes."""
        with self._store.session() as session:
            return outbox.next_push(session, self._device_id)

    async def send(self, outgoing: outbox.Outgoing) -> tuple[PushReply, bytes]:
        """Send a push; raises ServerRefusedError with the reason, ChainForgedError."""
        try:
            return await self.transport.push(packed(outgoing))
        except ServerRefusedError as error:
            signed = outgoing.entries[-1].signature is not None
            if error.params["reason"] not in _DOUBTS or not signed:
                raise
        try:
            return await self.transport.push(packed(outgoing, each=True))
        except ServerRefusedError as error:
            if error.params["reason"] == "sync.signature":
                raise ChainForgedError(number=outgoing.batch.first) from error
            raise

    def confirm(self, outgoing: outbox.Outgoing, reply: PushReply, raw: bytes) -> None:
        """Keep the answer; raises ChainForgedError where the server took the beginning only."""
        last = min(reply.accepted_to, outgoing.batch.last)
        taken = outgoing.entries[: last - outgoing.batch.first + 1]
        answered = replace(
            outgoing.batch,
            feed=reply.feed,
            received_ms=reply.server_ms,
            receipt=reply.receipt,
            reply=raw,
        )
        exceptions = [
            outbox.Answer(one.n, one.verdict, one.code, cast("dict[str, Value]", one.params))
            for one in reply.exceptions
        ]
        if taken:
            answered = replace(answered, last=last, head=taken[-1].hash)
            with self._store.session() as session:
                outbox.confirm(session, answered, exceptions, self._policies())
        if any(one.entry.type == "register" for one in taken):
            self._on_register()
        if last < outgoing.batch.last:
            raise ChainForgedError(number=last + 1)

    def reopen(self, expected: int) -> None:
        """Queue the entries from `expected` on once more; the server lacks them."""
        with self._store.session() as session:
            number, _ = journal.head(session, self._device_id)
            if expected > number + 1:  # the server has entries that this device has lost
                raise ChainBrokenError(device=self._device_id, number=expected)
            outbox.reopen(session, self._device_id, expected)

    async def probe(self) -> None:
        """Send the last entry again: the answer says from which number on the server lacks ours."""

        def last() -> outbox.Outgoing | None:
            with self._store.reading() as session:
                return outbox.last_sent(session, self._device_id)

        outgoing = await asyncio.to_thread(last)
        if outgoing is None:
            return
        try:
            await self.transport.push(packed(outgoing))
        except ServerRefusedError as error:  # "gap" is an answer, too
            expected = error.params.get("expected")
            if isinstance(expected, int) and 1 <= expected <= outgoing.batch.last:
                await asyncio.to_thread(self.reopen, expected)


def packed(outgoing: outbox.Outgoing, *, each: bool = False) -> bytes:
    """Return the bytes of a push with the signatures that stand in its rows."""
    batch, last = outgoing.batch, outgoing.entries[-1].signature
    head = PushHead(
        dev=batch.device_id,
        first=batch.first,
        last=batch.last,
        prev=outgoing.previous.hex(),
        head=batch.head.hex(),
        sig=last.hex() if last else None,
        each=each,
    )
    return pack_push(head, [one.body for one in outgoing.entries], _sigs(outgoing.entries, each))


def _sigs(logged: Sequence[Logged], each: bool) -> dict[int, bytes]:
    return {
        one.entry.number: one.signature
        for one in logged
        if one.signature and (each or one.entry.kind in DECISIONS)
    }
