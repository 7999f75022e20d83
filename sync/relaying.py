"""Passes on to the server what came by relay: whoever meets it first does so.

Each entry is offered once in a life of the server's feed, and now and then again while it waits
there. It goes away here when the feed brings it, or the server has it and the feed does not; what
the server did not take is kept with its reason. An own stop that stands far back among
what waits goes ahead by the same way: it is in force before the rest has come.
"""

import asyncio
import gzip
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Iterable

from sqlmodel import Session

from domain.control import stops
from domain.errors import OfflineError, ServerRefusedError, ServerTroubleError
from domain.policies import TypePolicies
from domain.relay import (
    ENTRIES_MAX,
    Message,
    Piece,
    RelayUnsignedError,
    Run,
    encode,
    runs_of,
)
from offline_store import devices, entries, keep, records, relayed
from offline_store.database import Store
from offline_store.relayed import Relayed
from offline_store.rounds import Due
from sync.relay_messages import RelayReply
from sync.transport import Transport

_log = logging.getLogger(__name__)
AT_ONCE = 200  # entries in one message
FAR_BACK = 20  # entries before an own stop from which it goes ahead of them
BYTES_AT_ONCE = 512 * 1024
_UNKNOWN_TO_IT = frozenset({404, 405})  # a server of the version before
_FORK = "sync.fork"
AGAIN_MS = 5 * 60_000  # before what waits on the server is offered to it once more
_LATER = frozenset({408, 429, 503, 507})


class Relayer:
    """Offers entries of others to the server, through the device that carries them."""

    def __init__(
        self,
        store: Store,
        transport: Transport,
        device_id: str,
        policies: Callable[[], TypePolicies],
    ) -> None:
        """`device_id` is the carrier; `policies` are those of the definitions in use."""
        self._store, self._transport, self._device_id = store, transport, device_id
        self._policies = policies
        self._refused_by: str | None = None  # the epoch of a server that knows no relay
        self._ahead: set[str] = set()  # own stops that went ahead, by id
        self._asked_ms: int | None = None  # when what waits there was offered again
        self._asked_at = keep.Cursor()  # and how far the feed was read then

    async def pass_on(self, due: Due, now_ms: int) -> None:
        """Offer own stops, then all that came and was not offered yet; raises OfflineError.

        `due` is what there is to do: mostly nothing of this. `now_ms` runs forward only.
        """
        if due.left.entries > FAR_BACK:
            await self.stops_first()
        if due.relayed and (self._asked_ms is None or now_ms - self._asked_ms >= AGAIN_MS):
            await asyncio.to_thread(self._ask_again, now_ms)
        while due.relayed:
            epoch, rows = await asyncio.to_thread(self._next)
            if not rows or self._refused_by == epoch:
                return
            try:
                went = await self._send(rows)
            except ServerTroubleError:
                raise
            except ServerRefusedError as error:
                status = error.params.get("status")
                if status in _UNKNOWN_TO_IT:
                    self._refused_by = epoch
                    return
                if status in _LATER:
                    raise OfflineError(reason=str(error.params["reason"])) from error
                await asyncio.to_thread(self._note, rows, epoch, str(error.params["reason"]))
                continue
            if went is None:
                await asyncio.to_thread(self._note, rows, epoch, RelayUnsignedError.code)
                continue
            runs, reply = went
            await asyncio.to_thread(self._answered, rows, epoch or reply.epoch, runs, reply)
            if not epoch:  # before the first page: the server has named its life
                return

    def _ask_again(self, now_ms: int) -> None:
        """Offer once more what waits on the server, if its feed has moved: who was to come came."""
        with self._store.session() as session:
            at = keep.cursor(session)
            if at != self._asked_at:
                relayed.ask_again(session)
        self._asked_ms, self._asked_at = now_ms, at

    async def stops_first(self) -> None:
        """Send own stops ahead of what else waits, each once; raises OfflineError."""
        message = await asyncio.to_thread(self._stops)
        if message is None:
            return
        try:
            await self._transport.relay(await asyncio.to_thread(gzip.compress, message, 6, mtime=0))
        except ServerTroubleError:
            raise
        except ServerRefusedError as error:  # it comes with the rest, in its turn
            _log.info("stop not ahead", extra={"why": str(error.params.get("reason"))})

    def _stops(self) -> bytes | None:
        with self._store.reading() as session:
            own, policies = self._device_id, self._policies()
            found = [
                one
                for one in entries.decisions_far_back(session, own, FAR_BACK)
                if one.entry.entry_id not in self._ahead
                and stops(policies, one.entry.type, one.entry.set)
            ]
            if not found:
                return None
            pieces: list[Piece] = []
            for one in found:
                previous = entries.hash_of(session, own, one.entry.number - 1)
                if previous is not None:
                    pieces.append(Piece(one.entry, one.body, previous, one.hash, one.signature))
            keys = {one.device_id: one.public_key for one in devices.find(session, [own])}
            plant = _plant(session)
        self._ahead |= {one.entry.entry_id for one in found}
        runs = runs_of(pieces, keys) if own in keys else ()
        made = max(one.entry.wall_ms for one in found)
        return encode(Message(plant, own, made, runs)) if runs else None

    def _next(self) -> tuple[str, list[Relayed]]:
        with self._store.reading() as session:
            epoch = keep.cursor(session).epoch
            rows = relayed.find(session, not_passed=epoch, limit=ENTRIES_MAX)
        size, fitting = 0, list[Relayed]()
        for one in rows:
            full = size > BYTES_AT_ONCE or len(fitting) >= AT_ONCE
            if full and fitting[-1].piece.signature:  # behind what proves the ones before
                break
            size += len(one.piece.body)
            fitting.append(one)
        return epoch, fitting

    async def _send(self, rows: list[Relayed]) -> tuple[tuple[Run, ...], RelayReply] | None:
        """Offer entries; returns the runs that went, None where nothing here proves any of them."""

        def packed() -> tuple[tuple[Run, ...], bytes] | None:
            with self._store.reading() as session:
                known = devices.find(session, sorted({one.piece.entry.device_id for one in rows}))
                plant = _plant(session)
            keys = {one.device_id: one.public_key for one in known}
            first, later = list[Piece](), list[Piece]()  # what contradicts what came before it
            for one in rows:
                if one.piece.entry.device_id in keys:
                    (later if one.came.state == "fork" else first).append(one.piece)
            runs = runs_of(first, keys) + runs_of(later, keys)
            made = max(one.came.came_ms for one in rows)
            return (runs, encode(Message(plant, self._device_id, made, runs))) if runs else None

        found = await asyncio.to_thread(packed)
        if found is None:
            return None
        runs, data = found
        data = await asyncio.to_thread(gzip.compress, data, 6, mtime=0)
        return runs, await self._transport.relay(data)

    def _answered(
        self, rows: list[Relayed], epoch: str, runs: Iterable[Run], reply: RelayReply
    ) -> None:
        """Note what each entry was answered; two with one number have an answer each, in order."""
        said = defaultdict[tuple[str, int], deque[str]](deque)
        for one in reply.runs:
            for number in range(one.first, one.last + 1):
                said[one.dev, number].append(one.code or one.outcome)
        told: dict[tuple[str, int, bytes], str] = {}
        for run in runs:
            for number, body in enumerate(run.bodies, run.first):
                if answers := said[run.device_id, number]:
                    told[run.device_id, number, body] = answers.popleft()
        answered = defaultdict[str, list[Relayed]](list)
        for row in rows:
            entry = row.piece.entry
            answer = told.get((entry.device_id, entry.number, row.piece.body))
            # nothing behind the others proves them yet
            answered[answer or RelayUnsignedError.code].append(row)
        for answer, of in answered.items():
            self._note(of, epoch, answer)
        _log.info("relayed", extra={"entries": len(rows), "runs": len(reply.runs)})

    def _note(self, rows: list[Relayed], epoch: str, answer: str) -> None:
        with self._store.session() as session:
            relayed.passed(session, rows, epoch, answer)
            if answer != _FORK:
                return
            touched = relayed.turn_down(session, [one.piece for one in rows])
            records.refold_all(session, touched, self._policies())


def _plant(session: Session) -> str:
    identity = keep.get(session, "identity")
    return str(identity["plant"]) if isinstance(identity, dict) else ""
