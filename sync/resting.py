"""How long to leave a server alone: one policy for sync, joining, and what was left behind.

Waits grow with each failure in a row, and no two devices wait alike: after a power cut a whole
plant comes back at once. What the server asks for (`Retry-After`) goes before our own reckoning.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from domain.errors import EnrolError, FieldError

BROKEN_S = 0.4
BACKOFF_MIN_S, BACKOFF_MAX_S = 1.0, 20.0  # somebody may be waiting for the network
REFUSED_MAX_S = 300.0  # the same answer again helps nobody


@dataclass(frozen=True, slots=True)
class Wait:
    """How long to wait; `ordered`: the server asked for it, and nobody cuts it short."""

    for_s: float
    ordered: bool = False


@dataclass
class Patience:
    """The failures in a row of one caller; `chance` spreads the tries of many devices."""

    chance: random.Random = field(default_factory=random.Random)
    least_s: float = 0.0
    failures: int = 0

    def worked(self) -> None:
        """Begin anew: an answer came."""
        self.failures = 0

    def after(self, error: FieldError | None, *, moved: bool = False) -> Wait:
        """Return how long to wait after a failure; `moved`: something came through before it."""
        self.failures = 0 if moved else self.failures + 1
        asked = error.params.get("retry_s") if error else None
        if isinstance(asked, int) and asked > 0:
            return Wait(asked * self.chance.uniform(1.0, 1.2), ordered=True)
        longest = REFUSED_MAX_S if isinstance(error, EnrolError) else BACKOFF_MAX_S
        return Wait(max(self.least_s, _backoff_s(self.failures, longest, self.chance)))


async def rest(
    wait: Wait, called: asyncio.Event, now_ms: Callable[[], int], stopped: Callable[[], bool]
) -> None:
    """Wait, or until somebody calls; what the server asked for is waited whoever calls.

    `now_ms` runs forward only. Only `stopped` ends an ordered wait.
    """
    if not wait.ordered:
        await until_called(called, wait.for_s)
        return
    until_ms = now_ms() + round(wait.for_s * 1000)
    while not stopped() and (left_ms := until_ms - now_ms()) > 0:
        called.clear()
        await until_called(called, left_ms / 1000)


async def until_called(called: asyncio.Event, for_s: float) -> None:
    """Wait so long, or until somebody has something to send."""
    with suppress(TimeoutError):
        await asyncio.wait_for(called.wait(), for_s)


def _backoff_s(failures: int, longest_s: float, chance: random.Random) -> float:
    """Return how long to wait after so many failures in a row.

    None in a row: the link broke, and something had come through. It may be there again already.
    """
    if not failures:
        return BROKEN_S * chance.uniform(0.5, 1.0)
    longest = min(longest_s, BACKOFF_MIN_S * 2 ** min(failures, 10))
    return longest * chance.uniform(0.5, 1.0)
