"""What this device is to hold: its scopes as the server says them, filled and given up.

A new scope is filled alone, page by page, with its cursor taken first. After scopes were lost, or
the rules changed, the server lists what the device may hold, and the rest leaves. All of it is
noted as it is done, so a cut takes it up where it stopped.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from sqlmodel import Session

from domain.merge import TypePolicies
from domain.scopes import EVERYTHING
from offline_store import keep, leaving
from offline_store.database import Store
from sync import taking
from sync.protocol import PullReply, Subscription
from sync.transport import Transport

_HELD, _FILLING, _HOLES = keep.SUBSCRIPTION, keep.FILLING, "pull.holes"
_AT_ONCE = 150  # scopes in one request: they stand in its address
_WHOLE = "w"  # behind the mark: some scope was filled later than the cursor


class Subscriptions:
    """The scopes of one store. Its methods but `adapt` are called in a thread."""

    def __init__(
        self,
        store: Store,
        transport: Transport,
        device_id: str,
        policies: Callable[[], TypePolicies],
        on_register: Callable[[], None],
    ) -> None:
        """Begin with what the store says."""
        self._store, self.transport, self._device_id = store, transport, device_id
        self._policies, self._on_register = policies, on_register
        with store.reading() as session:
            self._holes = keep.get(session, _HOLES) is True

    @property
    def device_id(self) -> str:
        """This device's id."""
        return self._device_id

    @property
    def own(self) -> str | None:
        """This device's id where chains of others may have holes here, else None."""
        return self._device_id if self._holes else None

    def mark(self, session: Session, at: keep.Cursor) -> str:
        """Return how a pull names what this device subscribes to; "" before it knows."""
        held = _held(session)
        if held is None:
            return ""
        behind = any(keep.cursor(session, scope).feed > at.feed for scope in held.scopes)
        return held.mark + (_WHOLE if behind and EVERYTHING not in held.scopes else "")

    def forget(self, session: Session) -> None:
        """Ask anew: the store or the server was copied back, who knows what is here."""
        if _held(session) is not None:
            keep.put(session, _HELD, None)
            keep.put(session, _FILLING, None)

    async def adapt(self, told: Subscription, epoch: str, *, own: bool) -> bool:
        """Hold what the server says; returns whether the page that said so may be taken as it is.

        That is so where the device may have everything, and never had less.
        """
        before = await asyncio.to_thread(self._before)
        if told.scopes == [EVERYTHING]:
            less = before is not None and before.scopes != told.scopes
            again = less or (before is None and self._holes)
            await asyncio.to_thread(self._keep, told, None, again=again)
            return not again
        new = [
            one
            for one in told.scopes
            if before is None or before.rules != told.rules or one not in before.scopes
        ]
        await asyncio.to_thread(self._note_holes)
        begun = await self._fill(new, told, epoch, own=own)
        lost = before is None or not set(before.scopes) <= set(told.scopes)
        if lost or len(new) == len(told.scopes):
            held, feed = await self._list(told)
            await asyncio.to_thread(self._drop_others, held, told, keep.Cursor(feed, epoch))
        # own entries of records out of sight are in no snapshot: those come by the feed
        await asyncio.to_thread(self._keep, told, None if own else begun, again=False)
        return False

    def settle(self) -> int:
        """Let go of what leaves and has been sent; returns how many records went."""
        if not self._holes:
            return 0
        return leaving.settle(self._store, self._device_id)

    async def _fill(
        self, new: Sequence[str], told: Subscription, epoch: str, *, own: bool
    ) -> keep.Cursor | None:
        """Take the records of new scopes along; returns the earliest cursor of them."""
        begun: int | None = None
        for some in _portions(new):
            name = f"{told.mark}:{epoch}:{some[0]}"
            after, feed = await asyncio.to_thread(self._filled, name)
            while after is not None:
                page = await self.transport.snapshot(some, after, own=own)
                feed = page.next if feed is None else feed
                await asyncio.to_thread(self._take, page)
                after = page.after
                await asyncio.to_thread(self._note, name, after, feed)
            at = keep.Cursor(feed or 0, epoch)
            await asyncio.to_thread(self._set_cursors, some, at)
            begun = at.feed if begun is None else min(begun, at.feed)
        return None if begun is None else keep.Cursor(begun, epoch)

    async def _list(self, told: Subscription) -> tuple[set[str], int]:
        """Return the ids of all records that this device may hold, and the cursor of the list."""
        found, feed = set[str](), 0
        for some in _portions(told.scopes):
            after: str | None = ""
            while after is not None:
                page = await self.transport.snapshot(some, after, only_ids=True)
                found.update(page.ids)
                feed, after = max(feed, page.next), page.after
        return found, feed

    def _take(self, page: PullReply) -> None:
        if taking.take_whole(self._store, page, self._policies(), self._device_id):
            self._on_register()

    def _before(self) -> Subscription | None:
        with self._store.reading() as session:
            return _held(session)

    def _note_holes(self) -> None:
        with self._store.session() as session:
            keep.put(session, _HOLES, value=True)
        self._holes = True

    def _filled(self, name: str) -> tuple[str | None, int | None]:
        """Return where filling goes on ("" from the start, None at the end), and its cursor."""
        with self._store.reading() as session:
            kept = keep.get(session, _FILLING)
        noted = kept.get(name) if isinstance(kept, dict) else None
        if not isinstance(noted, list):
            return "", None
        after, feed = noted
        return after if isinstance(after, str) else None, feed if isinstance(feed, int) else None

    def _note(self, name: str, after: str | None, feed: int) -> None:
        with self._store.session() as session:
            kept = keep.get(session, _FILLING)
            noted = kept if isinstance(kept, dict) else {}
            keep.put(session, _FILLING, {**noted, name: [after, feed]})

    def _set_cursors(self, some: Sequence[str], at: keep.Cursor) -> None:
        with self._store.session() as session:
            for scope in some:
                keep.set_cursor(session, at, scope)

    def _drop_others(self, held: set[str], told: Subscription, at: keep.Cursor) -> None:
        """Let go of all that is not on the list, made at a cursor.

        What was given up by the list and comes back before the feed has got there comes whole.
        """
        with self._store.session() as session:
            leaving.mark_others(session, held)
            for scope in told.scopes:
                if keep.cursor(session, scope).feed < at.feed:
                    keep.set_cursor(session, at, scope)
        self.settle()

    def _keep(self, told: Subscription, begun: keep.Cursor | None, *, again: bool) -> None:
        """Note that all is here; `begun` is the cursor for a device that had none yet.

        `again`: what was left out until now comes by reading the feed from its beginning.
        """
        with self._store.session() as session:
            keep.put(session, _HELD, told.model_dump(mode="json"))
            keep.put(session, _FILLING, None)
            at = keep.cursor(session)
            if begun is not None and not at.epoch:
                keep.set_cursor(session, begun)
            elif again:  # own entries, too: what is made of them alone has left, and comes again
                keep.put(session, keep.OWN_FIRST, value=True)
                keep.set_cursor(session, keep.Cursor(0, at.epoch))
                leaving.forget(session)


def _held(session: Session) -> Subscription | None:
    kept = keep.get(session, _HELD)
    return Subscription.model_validate(kept) if isinstance(kept, dict) else None


def _portions(scopes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(scopes), _AT_ONCE):
        yield scopes[start : start + _AT_ONCE]
