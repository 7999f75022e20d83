"""The engine: brings what was made here to the server and what others made to this device.

Order: records, small pictures, the feed of others, then large files part by part, with records
again before each part. One file in trouble never holds up anything else, and neither does a chain
that the server does not take: it is said, and all the rest goes on. Whatever is cut is taken up
where the store says it stopped: a push is noted before it is sent, entries of the feed and the
cursor behind them are kept in one transaction, a file goes on from the bytes the server has.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from domain import merge
from domain.errors import ChainBrokenError, FieldError, OfflineError, ServerRefusedError, SyncError
from domain.invitations import DeviceRevokedError
from domain.links import LinkKind
from domain.signatures import ChainForgedError
from offline_store import keep, lives, outbox, rounds
from offline_store.blobs import Blob
from offline_store.database import Store
from sync import indexing, knowing, resting, taking
from sync.downloads import Downloader
from sync.files import Files, Turn
from sync.flow import Flow
from sync.pacing import Pace
from sync.protocol import PushReply
from sync.pushes import Pusher
from sync.reading import Page, Reader
from sync.status import Identity, SyncStatus, look
from sync.subscribing import Subscriptions
from sync.transport import Transport
from sync.uploads import REST_MS, Uploader

_log = logging.getLogger(__name__)
PULL_WAIT_S = 25
TURN_MS = 2_000  # of a large file, before others' news are asked for; at least one part
_STUCK = frozenset({409, 413, 422})  # of a push: sent again as it is, it gets the same answer
PAGES_MAX = 10_000  # pages of one pull: a server that always says "more" is stopped here


class SyncEngine:
    """Syncs one store with one server. All methods but `nudge` belong to one event loop."""

    def __init__(  # noqa: PLR0913 -- all that a device has
        self,
        store: Store,
        transport: Transport,
        identity: Identity,
        policies: Callable[[], merge.TypePolicies],
        now_ms: Callable[[], int],
        on_change: Callable[[], None],
        *,
        on_server_time: Callable[[int, int], None] = lambda server_ms, sent_ms: None,
        on_register: Callable[[], None] = lambda: None,
        chance: random.Random | None = None,
        on_round: Callable[[], bool] = lambda: False,
    ) -> None:
        """`on_change` is called on the loop's thread when the status or a record has changed.

        `policies` are those of the definitions in use; `now_ms` runs forward only (monotonic);
        `on_server_time` gets the server's time and the `now_ms` at which its request went out;
        `on_register`: somebody administered. `on_round`, in a thread: returns whether it wrote.
        """
        with store.reading() as session:
            self.status = SyncStatus(as_of_ms=keep.as_of(session))
        self._own = knowing.own_first(store)  # after damage: ask what it had sent before
        self._store, self._transport, self._identity = store, transport, identity
        self._policies, self._now_ms, self._on_change = policies, now_ms, on_change
        self._on_register, self._on_round = on_register, on_round
        self._on_server_time = on_server_time
        self._patience = resting.Patience(chance or random.Random())  # noqa: S311 -- keeps no secret
        self.pace = Pace(now_ms)
        self._files = Files(store, transport, self.pace, Uploader(store, transport, self.pace))
        sparing = lambda: self.pace.kind == "mobile"  # noqa: E731
        self._pusher = Pusher(store, transport, identity.device_id, policies, on_register, sparing)
        self._downloader = Downloader(store, transport, now_ms)
        self._scopes = Subscriptions(store, transport, identity.device_id, policies, on_register)
        self._reader = Reader(store, transport, self._scopes, policies, now_ms)
        self._due = rounds.NOTHING  # as seen last; who writes meanwhile calls for another round
        self._moved = False  # something arrived since the last try that failed
        self._nudged = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped, self._held_until_ms = False, 0
        self._gap: int | None = None
        self._looked_back = False  # read own entries anew because the server has more of them
        self._held: FieldError | None = None  # why own entries stay here

    async def run(self) -> None:
        """Sync until `stop`; a failure is shown in the status and tried again later."""
        self._loop = asyncio.get_running_loop()
        await self._count()
        meet = True
        while not self._stopped:
            try:
                # the first answer comes at once, for the clock, the status and what is new
                await self._round(wait_s=0 if meet else PULL_WAIT_S, meets=meet)
                meet = False
            except FieldError as error:
                meet = True
                self._failed(error)
                await self._rest(self._patience.after(error, moved=self._has_moved()))
            except Exception:  # noqa: BLE001 - last resort: a bug must not end sync for good
                _log.exception("a round of sync failed")
                meet = True
                self._failed(SyncError())
                await self._rest(self._patience.after(None))
            else:
                self._patience.worked()
        self._loop = None

    async def sync_once(self) -> None:
        """Send and fetch everything there is now; raises the first FieldError that stops it."""
        self._held_until_ms = 0
        try:
            more = await self._round(wait_s=0, meets=True)
            while more:
                more = await self._round(wait_s=0)
            if self._held:
                raise self._held
        except FieldError as error:
            self._failed(error)
            raise

    def nudge(self) -> None:
        """Say that something was written here; may be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._nudged.set)

    def hurry(self) -> None:
        """Try everything now, because a person asked; may be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._files.hurry)
        self.nudge()

    def link_changed(self, kind: LinkKind) -> None:
        """Say over what kind of link the device is online; may be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.pace.link_changed, kind)
        else:
            self.pace.link_changed(kind)
        self.nudge()

    def stop(self) -> None:
        """End `run` after the step it is in."""
        self._stopped = True
        self._nudged.set()

    async def fetch_blob(self, sha256: str) -> bytes:
        """Return a file, from here or from the server; raises OfflineError, ServerRefusedError."""
        return await self._downloader.get(sha256)

    async def fetch_file(self, sha256: str, size: int, progressed: Callable[[int], None]) -> None:
        """Bring a large file of others here in parts; raises as `fetch_blob`."""
        await self._downloader.get_file(sha256, size, progressed)

    async def _round(self, *, wait_s: int, meets: bool = False) -> bool:
        """Do one step of everything in order of urgency; returns whether files are left to do.

        `meets`: the server may have been copied back since it was seen last.
        """
        if self._nudged.is_set():
            self._held_until_ms = 0
        self._nudged.clear()
        await asyncio.to_thread(self._on_round)
        await self._count()
        if self._own:
            try:
                await self._pull(wait_s=0)
            except DeviceRevokedError:  # what it is to leave out is looked for with the next push
                self._own, self._gap = False, None
        with suppress(DeviceRevokedError):  # of a lost device nothing of others is taken
            # first: own entries may build on it
            await self._pusher.relayer.pass_on(self._due, self._now_ms())
        await self._push_or_hold()
        if meets and self._due.left.blobs:
            with suppress(DeviceRevokedError):  # it vouches for the last file before another one is
                await self._pull(wait_s=0)
        await self._send_small()
        await self._fetch_wanted()
        turn = await self._files.turn() if self._due.left.blobs else Turn(None)
        self._show(**self._files.said(turn))
        if turn.blob:
            with suppress(DeviceRevokedError):  # it gets nothing any more, but may finish sending
                await self._pull(wait_s=0)
            await self._send_file(turn.blob)
        else:
            self._show(phase="idle", error=self._held)
            if wait_s:
                await indexing.index(self._store, self._called)
            soon_s = wait_s if turn.wait_ms is None else min(wait_s, 1 + turn.wait_ms // 1000)
            await self._pull(wait_s=soon_s)
        return await asyncio.to_thread(self._on_round) or turn.blob is not None

    async def _push_or_hold(self) -> None:
        """Send what was written here. What the server does not take as it is waits, and is said."""
        if self._held and self._now_ms() < self._held_until_ms:
            return
        try:
            await self._push()
        except (ChainForgedError, ChainBrokenError) as error:
            await self._hold_history(error)
        except ServerRefusedError as error:
            if error.params.get("status") not in _STUCK:
                raise
            self._hold(error)
        else:
            self._held = None

    async def _hold_history(self, error: FieldError) -> None:
        """Keep to the own history; the server has another one. Entries of others come as ever."""
        self._own = False
        await asyncio.to_thread(knowing.own_known, self._store)
        self._hold(error)

    def _hold(self, error: FieldError) -> None:
        _log.warning("own entries held", extra={"code": error.code, "why": str(error.params)})
        self._held, self._held_until_ms = error, self._now_ms() + REST_MS
        self._show(phase="idle", error=error)

    async def _push(self) -> None:
        while self._due.pushes and (outgoing := await asyncio.to_thread(self._pusher.next)):
            try:
                async with Flow(self._pusher, self._now_ms) as flow:
                    while outgoing:
                        self._show(phase="sending", error=self._held)
                        outgoing = await flow.one(outgoing, self._answered)
                        await self._count()
                await asyncio.to_thread(self._scopes.settle)
            except ServerRefusedError as error:
                assert outgoing is not None
                await self._realign(error, outgoing)

    def _answered(self, reply: PushReply, sent_ms: int) -> None:
        self._gap, self._moved = None, True
        self._heard(reply.server_ms, sent_ms)

    async def _realign(self, error: ServerRefusedError, outgoing: outbox.Outgoing) -> None:
        """Go on from the entry that the server expects; a history that differs is for people."""
        reason, limit = error.params["reason"], error.params.get("limit")
        if reason == "batch.size" and await asyncio.to_thread(self._pusher.cut, outgoing, limit):
            return
        if reason != "sync.gap":
            if reason in {"sync.fork", "sync.chain"}:
                raise ChainBrokenError(device=outgoing.batch.device_id) from error
            raise error
        expected = error.params.get("expected")
        if not isinstance(expected, int) or expected < 1 or expected == self._gap:
            raise ChainBrokenError(device=outgoing.batch.device_id) from error
        self._gap = expected
        _log.info("push realigned", extra={"first": outgoing.batch.first, "expected": expected})
        await asyncio.to_thread(self._pusher.reopen, expected)
        if expected > outgoing.batch.first:  # the server has some of these: learn which
            await self._rewind()
            try:
                await self._pull(wait_s=0)
            except DeviceRevokedError:  # a lost device is told nothing, but may finish sending
                self._own = False
                await asyncio.to_thread(self._pusher.go_on_from, expected)

    async def _rewind(self, epoch: str | None = None) -> None:
        """Read the feed anew from its beginning, own entries too."""
        self._own = True
        await asyncio.to_thread(knowing.begin_anew, self._store, self._scopes, epoch)

    async def _pull(self, *, wait_s: int) -> None:
        self._reader.sparing = self.pace.kind == "mobile"
        try:
            for _ in range(PAGES_MAX):
                if not await self._next_page(wait_s):
                    return
        except ChainBrokenError as error:
            if error.params["device"] != self._identity.device_id:
                raise
            await self._hold_history(error)
        finally:
            await self._reader.let_go()

    async def _next_page(self, wait_s: int) -> bool:
        """Take the next page; returns whether there is more to ask for."""
        at = await asyncio.to_thread(knowing.cursor, self._store)
        page = await self._reader.page(at, own=self._own, wait_s=wait_s, called=self._nudged)
        if page is None:  # something was written here meanwhile: that goes first
            return False
        reply = page.reply
        if wait_s or page.sent_ms is None:  # what was waited for says little about the clock
            self._show(as_of_ms=reply.server_ms)
        else:
            self._heard(reply.server_ms, page.sent_ms)
        if await asyncio.to_thread(knowing.is_another_life, self._store, at, reply):
            await self._new_epoch(reply.epoch)
            return True
        lacks = partial(knowing.lacks_own, self._store, self._scopes.device_id, reply)
        if not (self._looked_back or self._held) and await asyncio.to_thread(lacks):
            self._looked_back = True
            await self._rewind()
            return True
        if reply.subscription:
            self._show(phase="receiving", error=self._held)
            told, scopes = reply.subscription, self._scopes
            if not await scopes.adapt(told, reply.epoch, own=self._own):
                self._own |= await asyncio.to_thread(knowing.own_first, self._store)
                return True
        if reply.entries or reply.enter:
            self._show(phase="receiving", error=self._held)
        if not self._own:
            await self._reader.go_on(reply, at)
        await asyncio.to_thread(self._take, page)
        if reply.entries or reply.enter:
            await self._count()
            await self._fetch_wanted()
        self._show(phase="idle", error=self._held)
        if not reply.more:
            if self._own:
                await asyncio.to_thread(knowing.own_known, self._store)
            self._own = False
        return reply.more

    def _take(self, page: Page) -> None:
        own, ready = self._scopes.own, page.ready
        if taking.take(self._store, page.reply, self._policies(), own=own, ready=ready):
            self._on_register()

    async def _new_epoch(self, epoch: str) -> None:
        """The server was restored: send again what it has lost, files too, and read its feed anew.

        The epoch is kept last: if the link is cut before the server has said what it lacks, the
        next pull meets the new epoch once more.
        """
        _log.warning("new epoch of the server")
        await self._pusher.probe()
        await asyncio.to_thread(lives.offer_files_again, self._store)
        await self._rewind(epoch)

    async def _send_small(self) -> None:
        """Send small pictures whole, until something was written here."""
        while self._due.left.blobs and not self._called():
            blob = await self._files.small()
            if blob is None:
                return
            await self._send_file(blob, whole=True)

    async def _send_file(self, blob: Blob, *, whole: bool = False) -> None:
        """Send a file; of a large one as much as goes before something else is due."""
        self._show(phase="sending", error=self._held)
        began_bytes, until_ms, parts = self.status.bytes_done, self._now_ms() + TURN_MS, 0

        def paused() -> bool:
            nonlocal parts
            parts += 1
            ends = not whole and parts > 1 and self._now_ms() >= until_ms
            return ends or self._called()

        def progressed(offset: int) -> None:
            self._show(bytes_done=began_bytes + offset - blob.offset, rate=self.pace.rate)

        await self._files.send(blob, paused, progressed)
        await asyncio.to_thread(self._scopes.settle)  # a record may have waited for its file only
        await self._count()

    def _called(self) -> bool:
        return self._nudged.is_set() or self._stopped

    def _has_moved(self) -> bool:
        moved, self._moved = self._moved, False
        return self._files.moved() or moved

    async def _fetch_wanted(self) -> None:
        if self._due.wanted:
            await self._downloader.fetch_wanted(self._called, self._on_change)

    async def _count(self) -> None:
        """Look what there is to do, and bring the numbers of the status up to date."""
        self._due = await asyncio.to_thread(look, self._store, self._identity.device_id)
        self._show(**self.status.counting(self._due.left))

    def _heard(self, server_ms: int, sent_ms: int) -> None:
        self._on_server_time(server_ms, sent_ms)
        self._show(as_of_ms=server_ms)

    def _failed(self, error: FieldError) -> None:
        _log.info("sync failed", extra={"code": error.code})
        self._show(phase="offline" if isinstance(error, OfflineError) else "idle", error=error)

    def _show(self, **changes: object) -> None:
        status = replace(self.status, **changes)  # pyright: ignore[reportArgumentType]
        if status != self.status:
            self.status = status
            self._on_change()

    async def _rest(self, wait: resting.Wait) -> None:
        """Wait before the next try."""
        await resting.rest(wait, self._nudged, self._now_ms, lambda: self._stopped)
        if self._nudged.is_set() and not self._stopped:
            self._nudged.clear()
            await self._count()
