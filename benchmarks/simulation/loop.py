"""An event loop without wall clock, threads and sockets: the same seed gives the same run.

Time stands still while something can be done and jumps to the next timer when nothing can.
`asyncio.to_thread` does its work at once, on this thread; its result comes with the next turn of
the loop, so that others have their turn in between as they would beside a real thread.
"""

import asyncio
import contextlib
import functools
import logging
import os
import random
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar
from unittest import mock

from anyio import to_thread

from domain import definitions
from domain.changes import Entry
from domain.errors import NotAllowedError
from domain.plant import Person
from server import clock, rights
from server.scene import Scene
from sync import engine

START_MS = 1_790_000_000_000  # September 2026; only differences matter
# every plant that a seed's registers make, read once: reading them is pure, and takes a second
_read = functools.lru_cache(64)(vars(definitions)["_read"].__wrapped__)
MAY_NOT = "U016"  # an auditor: reads everything, decides nothing
T = TypeVar("T")


class PowerLost(BaseException):
    """The machine stops here; what was not committed is gone. Only who restarts it catches this."""


class _NoSockets:
    """Stands where the selector would be: nothing ever arrives from outside."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[object]:
        """Let the time until the next timer pass."""
        assert timeout is not None, "everybody waits, and for nothing"
        self._loop.now += timeout
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop of one simulated plant; `now` is its time in seconds."""

    def __init__(self) -> None:
        """Begin at 0."""
        super().__init__()
        self.now = 0.0
        self._selector = _NoSockets(self)
        self._clock_resolution = 1e-6
        self.slow_callback_duration = 1e9

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self.now

    def wall_ms(self) -> int:
        """Return the true time of the simulated world."""
        return START_MS + round(self.now * 1000)

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401
        """Do the work at once; the result comes with the next turn."""
        future = self.create_future()
        try:
            value = func(*args)
        except Exception as error:  # noqa: BLE001 -- belongs to whoever waits for the result
            self.call_soon(_settle, future, None, error)
        else:
            self.call_soon(_settle, future, value, None)
        return future

    def _process_events(self, event_list: list[object]) -> None:
        assert not event_list

    def _write_to_self(self) -> None:
        """Wake nobody: there is one thread."""


def _settle(future: "asyncio.Future[Any]", value: object, error: Exception | None) -> None:
    if future.done():  # given up meanwhile
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)


def permit(entry: Entry, scene: Scene, person: Person) -> None:
    """Stand in for the rights of permits, which are to come: an auditor decides nothing."""
    del scene
    if entry.kind != "edit" and person.person_id == MAY_NOT:
        raise NotAllowedError(action="permit", person=person.person_id)


@contextlib.contextmanager
def stillness(loop: VirtualLoop, seed: int, incident: Callable[..., None]) -> Generator[None]:
    """Take wall clock, threads and true randomness away from product code while the plant runs.

    `incident` is told where the engine met what it does not know.
    """
    chance = random.Random(f"{seed}:ids")

    def since_boot_ms() -> int:
        return round(loop.now * 1000)

    async def at_once(work: Callable[..., T], *args: object, **_limits: object) -> T:
        await asyncio.sleep(0)
        return work(*args)

    with contextlib.ExitStack() as stack:
        logging.disable(logging.CRITICAL)  # thousands of cut lines; a replay may take this away
        stack.callback(logging.disable, logging.NOTSET)
        for place, name, value in (
            (os, "urandom", chance.randbytes),
            (random, "_urandom", chance.randbytes),
            (clock, "mono_ms", since_boot_ms),
            (clock, "boot_id", lambda: "simulated"),
            (to_thread, "run_sync", at_once),
            (vars(engine)["_log"], "exception", incident),
            (definitions, "_read", _read),
            (rights, "type_names", (*rights.type_names, "permit")),
        ):
            stack.enter_context(mock.patch.object(place, name, value))
        stack.enter_context(mock.patch.dict(vars(rights)["_RULES"], permit=permit))
        yield


def run(loop: VirtualLoop, work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, and end whatever is still under way."""
    loop.set_exception_handler(lambda _loop, _context: None)  # what was given up may have failed
    try:
        return loop.run_until_complete(work)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:  # of none, `gather` would not know the loop, and hide what went wrong
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
