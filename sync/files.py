"""Which file goes next: small pictures, what somebody waits for, what is shown, originals.

Between two parts the engine looks for records first; a file in trouble is left for later and holds
up no other. Large files wait where the link cannot carry all of their kind (`sync.pacing`).
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

SMALL_BYTES = 64 * 1024  # a signature waits for no better link
ASK_MS = 60_000  # how often to ask what somebody waits for


@dataclass(frozen=True, slots=True)
class Turn:
    """What goes now, if anything; `wait_ms` until something may; how much is held back.

    What is held back are the files from the priority `held_from` on.
    """

    blob: Blob | None
    wait_ms: int | None = None
    held_bytes: int = 0
    held_from: int = ORIGINAL


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
        return None if self._wait_ms() else await self._due(THUMBNAIL)

    async def turn(self) -> Turn:
        """Return the next file to send one part of."""
        wait_ms = self._wait_ms()
        due = await self._due(ORIGINAL)
        if due is None:
            return Turn(None)
        if due.priority > THUMBNAIL:
            await self._ask()
            asked = await asyncio.to_thread(self._asked_for)
            due = next((one for one in asked if self._is_due(one)), due)
        if due.size > SMALL_BYTES and due.sha256 not in self.wanted:
            left = await asyncio.to_thread(self._left)
            if self.pace.holds(left.get(due.priority, 0)):
                held = sum(size for of, size in left.items() if of >= due.priority)
                return Turn(None, held_bytes=held, held_from=due.priority)
        return Turn(None, wait_ms) if wait_ms else Turn(due)

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

    def said(self, turn: Turn) -> dict[str, object]:
        """Return what a person should know of a turn, as fields of the status."""
        return {
            "held_bytes": turn.held_bytes,
            "held_from": turn.held_from,
            "wanted": self.wanted,
            "rate": self.pace.rate,
        }

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
        return blob.sha256 not in self._not_before_ms

    async def _due(self, up_to: int) -> Blob | None:
        """Return the first file in the order of sending that is not to be left for later."""
        now_ms = self.pace.mono_ms()
        later = {sha: at for sha, at in self._not_before_ms.items() if at > now_ms}
        self._not_before_ms = later

        def pending() -> list[Blob]:
            with self.store.reading() as session:
                return blobs.pending(session, up_to=up_to, limit=len(later) + 1)

        found = await asyncio.to_thread(pending)
        return next((blob for blob in found if blob.sha256 not in later), None)

    def _asked_for(self) -> list[Blob]:
        """Return the own files that somebody waits for."""
        with self.store.reading() as session:
            found = [blobs.lookup(session, sha) for sha in sorted(self.wanted)]
        return [blob for blob in found if blob and blob.state in {"waiting", "sending"}]

    def _left(self) -> dict[int, int]:
        with self.store.reading() as session:
            return outbox.media_left(session)

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
