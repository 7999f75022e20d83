"""Which file goes next: small pictures, what somebody waits for, what is shown, originals.

Between two parts the engine looks for records first; a file in trouble is left for later and holds
up no other. Originals wait where the link cannot carry them (`sync.pacing`).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from domain.errors import ServerRefusedError
from offline_store import blobs, outbox
from offline_store.blobs import ORIGINAL, THUMBNAIL, Blob
from offline_store.database import Store
from sync.pacing import Pace
from sync.transport import Transport
from sync.uploads import REST_MS, Outcome, Uploader

ASK_MS = 60_000  # how often to ask what somebody waits for


@dataclass(frozen=True, slots=True)
class Turn:
    """What goes now, if anything; `wait_ms` until something may; how much is held back."""

    blob: Blob | None
    wait_ms: int | None = None
    held_bytes: int = 0


@dataclass
class Files:
    """The files of one device on their way to the server."""

    store: Store
    transport: Transport
    pace: Pace
    uploader: Uploader
    wanted: frozenset[str] = frozenset()
    _not_before_ms: dict[str, int] = field(default_factory=dict[str, int])
    _rests_until_ms: int = 0  # the server takes no files
    _asked_ms: int | None = None

    async def small(self) -> Blob | None:
        """Return the next small picture to send."""
        due = await self._due(THUMBNAIL)
        return due[0] if due and not self._wait_ms() else None

    async def turn(self) -> Turn:
        """Return the next file to send one part of."""
        wait_ms = self._wait_ms()
        due = await self._due(ORIGINAL)
        if not due:
            return Turn(None)
        await self._ask()
        left = await asyncio.to_thread(self._left)
        asked = await asyncio.to_thread(self._asked_for)
        first = next((one for one in asked if self._is_due(one)), None)
        first = first or next((one for one in due if one.priority < ORIGINAL), None)
        if first is None and self.pace.holds(left):
            return Turn(None, held_bytes=left)
        return Turn(None, wait_ms) if wait_ms else Turn(first or due[0])

    async def send(
        self, blob: Blob, paused: Callable[[], bool], progressed: Callable[[int], None]
    ) -> Outcome:
        """Send a file, or a part of it; where the server takes none now, all of them wait."""
        now_ms = self.pace.mono_ms()
        try:
            outcome = await self.uploader.send(blob, paused, progressed)
        except ServerRefusedError as error:
            seconds = error.params.get("retry_s")
            wait_ms = seconds * 1000 if isinstance(seconds, int) else REST_MS
            self._rests_until_ms = now_ms + wait_ms
            return "failed"
        if outcome == "failed":
            self._not_before_ms[blob.sha256] = self.pace.mono_ms() + REST_MS
        return outcome

    def moved(self) -> bool:
        """Say whether the server has stored a byte since this was asked last."""
        moved, self.uploader.moved = self.uploader.moved, False
        return moved

    def hurry(self) -> None:
        """Try again at once what waits for a better time: a person asked."""
        self._not_before_ms.clear()
        self._asked_ms = None

    def _wait_ms(self) -> int:
        return max(self.pace.wait_ms(), self._rests_until_ms - self.pace.mono_ms(), 0)

    def _is_due(self, blob: Blob) -> bool:
        return self._not_before_ms.get(blob.sha256, 0) <= self.pace.mono_ms()

    async def _due(self, up_to: int) -> list[Blob]:
        def pending() -> list[Blob]:
            with self.store.reading() as session:
                return blobs.pending(session, up_to=up_to)

        return [blob for blob in await asyncio.to_thread(pending) if self._is_due(blob)]

    def _asked_for(self) -> list[Blob]:
        """Return the own files that somebody waits for."""
        with self.store.reading() as session:
            found = [blobs.lookup(session, sha) for sha in sorted(self.wanted)]
        return [blob for blob in found if blob and blob.state in {"waiting", "sending"}]

    def _left(self) -> int:
        with self.store.reading() as session:
            return outbox.originals_left(session)

    async def _ask(self) -> None:
        """Learn what somebody waits for; a server of the version before cannot say."""
        now_ms = self.pace.mono_ms()
        if self._asked_ms is not None and now_ms - self._asked_ms < ASK_MS:
            return
        self._asked_ms = now_ms
        try:
            self.wanted = await self.transport.wanted_blobs()
        except ServerRefusedError:
            self.wanted = frozenset()
