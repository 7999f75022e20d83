"""The way into one device: closed until its store is open, and again after its key was forgotten.

`main` and `main_web` show the unlock page while `field` is None, and the client otherwise.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from app import link, unlock
from app.field import FieldApp
from app.settings import ClientSettings
from app.unlock import NOTHING, Asks, Typed
from app.wiring import build_field, key_store
from domain.errors import FieldError
from offline_store.vault import StoreLockedError

# seconds after the 1st, 2nd, … wrong try; whoever has a copy of the folder does not wait here
WAITS_S = (0, 0, 0, 0, 5, 15, 60)
_log = logging.getLogger(__name__)
Build = Callable[..., FieldApp]


class TryLaterError(FieldError):
    """Too many wrong tries: the next one is taken in `wait_s` seconds."""

    code = "unlock.wait"


class Door:
    """One device of one process, and the task that keeps it in step with its server."""

    def __init__(self, settings: ClientSettings, build: Build = build_field) -> None:
        """Stand before the store of these settings; `build` opens it."""
        self.settings, self._build = settings, build
        self.field: FieldApp | None = None
        self._syncing: asyncio.Task[None] | None = None
        self._failed, self._until_s = 0, 0.0
        self._busy = asyncio.Lock()

    def open_now(self) -> None:
        """Open the store if nobody has to type anything; raises whatever else is in the way."""
        try:
            self.field = self._build(self.settings)
        except StoreLockedError:
            _log.info("the store waits for a person")

    def asks(self) -> Asks:
        """Return what a person has to type; raises VaultDamagedError."""
        return unlock.asks(self.settings, key_store())

    def needs_passphrase(self) -> bool:
        """Say whether a new passphrase has to be chosen with an unlock code."""
        if self.settings.store_key_file:
            return False
        return key_store() is None or self.settings.ask_passphrase

    def request(self) -> str | None:
        """Return what is sent to get an unlock code; None where there is no way back."""
        return unlock.request(self.settings)

    async def try_open(self, typed: Typed = NOTHING) -> FieldApp:
        """Open with what a person typed; raises TryLaterError, what `build_field` raises."""
        async with self._busy:
            if self.field:
                return self.field
            left_s = self._until_s - asyncio.get_running_loop().time()
            if left_s > 0:
                raise TryLaterError(wait_s=int(left_s) + 1)
            try:
                field = await asyncio.to_thread(self._build, self.settings, typed=typed)
            except FieldError:
                wait_s = WAITS_S[min(self._failed, len(WAITS_S) - 1)]
                self._failed += 1
                self._until_s = asyncio.get_running_loop().time() + wait_s
                raise
            self._failed, self.field = 0, field
            self.start()
            return field

    @property
    def started(self) -> bool:
        """Whether it keeps in step with its server."""
        return self._syncing is not None

    def start(self) -> None:
        """Begin to keep in step, on the running loop; nothing while the store is closed."""
        field = self.field
        if field is None:
            return
        loop = asyncio.get_running_loop()

        def shut() -> None:
            loop.call_soon_threadsafe(lambda: loop.create_task(self.shut()))

        field.shut = shut
        self._syncing = link.start(field, field.key)

    async def shut(self) -> None:
        """Stop what works with the store, and close it; who comes next has to unlock it."""
        field, syncing = self.field, self._syncing
        self.field = self._syncing = None
        if field and field.engine:
            field.engine.stop()
        if syncing:
            syncing.cancel()
            with suppress(asyncio.CancelledError):
                await syncing
        if field:
            field.store.close()
