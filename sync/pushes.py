"""What a device sends of its chain, and what it makes of the answer.

Nothing is signed here: the signatures are those that were written with the entries. A server that
doubts a push gets the signature of each entry, and takes what stands before the first wrong one.

A server of the version before cannot read a signed push. It says so in one certain way; the same
entries then go without their signatures, and the head says that they have some. A server that can
read them asks for them by that, so a device never has to know which one it talks to.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from domain import merge
from domain.changes import DECISIONS
from domain.errors import ChainBrokenError, ServerRefusedError, StrangeReplyError
from domain.records import Value
from domain.signatures import ChainForgedError
from offline_store import batches, journal, keep, outbox
from offline_store.database import Store
from offline_store.entries import Waiting
from sync import knowing
from sync.coats import Coats
from sync.packing import is_packed
from sync.protocol import ENTRIES_MAX, PushHead, PushReply, pack_push
from sync.relaying import Relayer
from sync.transport import Transport

_log = logging.getLogger(__name__)
_DOUBTS = frozenset({"sync.signature", "sync.chain"})
_BARE = ("entry.invalid", "count")  # what a server of the version before says of a signed push
_CONFLICT = 409
SIZE_MIN = 25  # entries in one push on the slowest link
SLOW_MS, QUICK_MS = 8_000, 1_500  # of an answer: half as much next time, three times as much
_REGISTER = b'"type":"register"'
AIM_MS = 5_000  # between them: as much as takes so long
_WORTH = 1.25  # times as much, and a push that is ready is made anew
_SIGNED = "sync.unsigned"  # and what a newer one says of a push that hides its signatures


class Pusher:
    """Sends the entries of one device, push by push."""

    def __init__(
        self,
        store: Store,
        transport: Transport,
        device_id: str,
        policies: Callable[[], merge.TypePolicies],
        on_register: Callable[[], None],
        sparing: Callable[[], bool] = lambda: True,
    ) -> None:
        """`on_register` is told when a change of a register was sent; `sparing`: bytes cost."""
        self._store, self.transport, self._device_id = store, transport, device_id
        self._policies, self._on_register = policies, on_register
        self.sparing = sparing
        self._bare = False  # whether the server was last seen to be of the version before
        self._size = outbox.BATCH_MAX  # entries in one push
        self._size_max = ENTRIES_MAX
        self._unsent: outbox.Outgoing | None = None  # written down last, surely never sent, and cut
        self._behind = 0  # the next push begins behind this number
        self._wider = False  # the link was found to take more than was thought
        self._packed: dict[int, tuple[outbox.Outgoing, bytes]] = {}  # by first entry
        self._coats = Coats()
        self._went: dict[int, tuple[int, bool]] = {}  # by first entry: bytes, and with their coat
        self.relayer = Relayer(store, transport, device_id, policies)

    @property
    def swift(self) -> bool:
        """Whether the link was so quick that a push need not wait for the answer to another."""
        return not (self._bare or self.sparing() or self._coats.needed)

    def next(self) -> outbox.Outgoing | None:
        """Return the push to send now, written down before it goes, and packed."""
        found = self._begin(self._behind)
        if found is not None:
            self._make_ready(found)
        return found

    def go_on_from(self, expected: int) -> None:
        """Leave out what is before a number: the server has it, and says nothing more of it.

        Raises ChainBrokenError where that is more than was ever written here.
        """
        with self._store.reading() as session:
            number, _ = journal.head(session, self._device_id)
        if expected > number + 1:
            raise ChainBrokenError(device=self._device_id, number=expected)
        self._behind = expected - 1

    def ahead(self, outgoing: outbox.Outgoing) -> outbox.Outgoing | None:
        """Return the push behind one that is under way, written down and packed; None for none.

        It may go as soon as that one is answered. What was written down is sent as it was, by this
        run of the program or the next.
        """
        found = self._begin(outgoing.batch.last)
        if found is not None and found.batch.first == outgoing.batch.last + 1:
            self._make_ready(found)
            return found
        return None

    def longer(self, following: outbox.Outgoing) -> outbox.Outgoing:
        """Return a push that never went with more in it, where the link takes that by now.

        A turn of a slow line is saved; on a quick one it would cost more than it saves.
        """
        if not self._wider or following is not self._unsent:
            return following
        self._wider, before = False, following.batch.first - 1
        with self._store.session() as session:
            batches.drop_unanswered(session, self._device_id, following.batch.first)
            found = outbox.next_push(session, self._device_id, self._size, after=before)
        assert found is not None, "what was to go still waits"
        self._make_ready(found)
        return found

    def _make_ready(self, outgoing: outbox.Outgoing) -> None:
        self._packed[outgoing.batch.first] = (outgoing, self._pack(outgoing, bare=self._bare))

    def _begin(self, after: int) -> outbox.Outgoing | None:
        with self._store.session() as session:
            begun = batches.unanswered(session, self._device_id, after) is not None
            found = outbox.next_push(session, self._device_id, self._size, after=after)
        more = found is not None and len(found.entries) >= self._size
        self._unsent = found if more and not begun else None  # a begun one may have gone before
        return found

    def took(self, outgoing: outbox.Outgoing, ms: int) -> None:
        """Learn from how long an answer took how much goes at once: a cut costs all of a push."""
        size, coat = self._went.pop(outgoing.batch.first, (0, True))
        self._coats.took(size, ms, coat=coat)
        if ms > SLOW_MS:
            self._size = max(SIZE_MIN, min(self._size, len(outgoing.entries)) // 2)
        elif len(outgoing.entries) >= self._size:
            more = 3 if ms < QUICK_MS else max(1.0, AIM_MS / ms)
            self._wider = ms >= QUICK_MS and more > _WORTH
            self._size = min(self._size_max, int(self._size * more))

    def cut(self, outgoing: outbox.Outgoing, limit: object) -> bool:
        """Cut smaller what the server takes only in smaller pushes; False where that is no way."""
        if not isinstance(limit, int) or not 0 < limit < len(outgoing.entries):
            return False
        self._size = self._size_max = limit
        with self._store.session() as session:
            batches.drop_unanswered(session, self._device_id, outgoing.batch.first)
        return True

    async def send(self, outgoing: outbox.Outgoing) -> tuple[PushReply, bytes]:
        """Send a push; raises ServerRefusedError with the reason, ChainForgedError."""
        try:
            return await self._sent(outgoing)
        except ServerRefusedError as error:
            signed = outgoing.entries[-1].signature is not None
            if error.params["reason"] not in _DOUBTS or not signed or self._bare:
                raise
        try:
            return await self.transport.push(self._pack(outgoing, each=True))
        except ServerRefusedError as error:
            if error.params["reason"] == "sync.signature":
                raise ChainForgedError(number=outgoing.batch.first) from error
            raise

    async def send_all(self) -> None:
        """Send all that waits here of a device that is told nothing any more; raises as `send`.

        What the server has already, as another device carried it, is left out: the feed says what
        became of it.
        """
        gap: object = None
        while outgoing := await asyncio.to_thread(self.next):
            try:
                reply, raw = await self.send(outgoing)
            except ServerRefusedError as error:
                expected = error.params.get("expected")
                if not isinstance(expected, int) or expected in (0, gap):
                    raise
                gap = expected
                await asyncio.to_thread(self.reopen, expected)
                await asyncio.to_thread(self.go_on_from, expected)
            else:
                await asyncio.to_thread(self.confirm, outgoing, reply, raw)

    async def _sent(self, outgoing: outbox.Outgoing) -> tuple[PushReply, bytes]:
        """Send a push in the form that this server reads; it says itself which one that is."""
        try:
            data = await self._bytes(outgoing)
            self._went[outgoing.batch.first] = (len(data), is_packed(data))
            return await self.transport.push(data)
        except ServerRefusedError as error:
            said = (error.params["reason"], error.params.get("detail"))
            other_form = said[0] == _SIGNED if self._bare else said == _BARE
            if not other_form or outgoing.entries[-1].signature is None:
                raise
        self._bare = not self._bare
        self._packed.clear()
        _log.info("form of pushes changed", extra={"signed": not self._bare})
        return await self.transport.push(self._pack(outgoing, bare=self._bare))

    def _pack(self, outgoing: outbox.Outgoing, *, each: bool = False, bare: bool = False) -> bytes:
        with self._store.reading() as session:
            newest, _ = journal.head(session, self._device_id)
            serial = keep.get(session, keep.CERTIFICATE)
        more = newest if newest > outgoing.batch.last else None
        coat = each or self.sparing() or self._coats.needed
        return packed(
            outgoing, each=each, bare=bare, certificate=_whole(serial), newest=more, coat=coat
        )

    async def _bytes(self, outgoing: outbox.Outgoing) -> bytes:
        ready = self._packed.pop(outgoing.batch.first, None)
        if ready and ready[0] is outgoing:
            return ready[1]
        return await asyncio.to_thread(self._pack, outgoing, bare=self._bare)

    def confirm(self, outgoing: outbox.Outgoing, reply: PushReply, raw: bytes) -> None:
        """Keep the answer; raises ChainForgedError where the server took the beginning only.

        Raises StrangeReplyError for an answer about other entries than these.
        """
        first, last = outgoing.batch.first, min(reply.accepted_to, outgoing.batch.last)
        if last < first - 1:  # these entries are the server's already, or this is not its answer
            raise StrangeReplyError(reason="accepted_to")
        taken = outgoing.entries[: last - first + 1]
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
                outbox.confirm(session, answered, exceptions, self._policies(), sent=taken)
                knowing.met(session, self.transport.life)
                if last < outgoing.batch.last:  # what was to follow has nothing to follow now
                    batches.drop_unanswered(session, self._device_id, last + 1)
        if any(_REGISTER in one.body for one in taken):  # or only says so: it costs a look
            self._on_register()
        if last < outgoing.batch.last:
            raise ChainForgedError(number=last + 1)

    def reopen(self, expected: int) -> None:
        """Queue the entries from `expected` on once more; the server lacks them."""
        with self._store.session() as session:
            outbox.reopen(session, self._device_id, expected, self._policies())

    async def probe(self) -> None:
        """Send the last entry again: the answer says from which number on the server lacks ours.

        A server that lacked just this one has taken it now, under a feed number of its new life.
        """

        def last() -> outbox.Outgoing | None:
            with self._store.reading() as session:
                return outbox.last_sent(session, self._device_id)

        outgoing = await asyncio.to_thread(last)
        if outgoing is None:
            return
        try:
            reply, raw = await self._sent(outgoing)
        except ServerRefusedError as error:  # "gap" is an answer, too
            if error.params.get("status") != _CONFLICT:
                raise  # no answer: it is asked again
            expected = error.params.get("expected")
            if isinstance(expected, int) and 1 <= expected <= outgoing.batch.last:
                await asyncio.to_thread(self.reopen, expected)
        else:
            if (
                reply.feed != outgoing.entries[-1].feed
            ):  # what was noted of it is of the life before
                await asyncio.to_thread(self.reopen, outgoing.batch.last)
                await asyncio.to_thread(self.confirm, outgoing, reply, raw)


def packed(
    outgoing: outbox.Outgoing,
    *,
    each: bool = False,
    bare: bool = False,
    certificate: int | None = None,
    newest: int | None = None,
    coat: bool = True,
) -> bytes:
    """Return the bytes of a push with the signatures that stand in its rows; `bare`: without.

    With its `coat` it is packed.
    """
    batch, last = outgoing.batch, outgoing.entries[-1].signature
    bare = bare and last is not None
    head = PushHead(
        dev=batch.device_id,
        first=batch.first,
        last=batch.last,
        prev=outgoing.previous.hex(),
        head=batch.head.hex(),
        sig=last.hex() if last and not bare else None,
        each=each,
        signed=bare,
        certificate=certificate,
        newest=newest,
    )
    sigs = _sigs(outgoing.entries, each)
    return pack_push(head, [one.body for one in outgoing.entries], sigs, coat=coat)


def _sigs(waiting: Sequence[Waiting], each: bool) -> dict[int, bytes]:
    return {
        one.number: one.signature
        for one in waiting
        if one.signature and (each or one.kind in DECISIONS)
    }


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
