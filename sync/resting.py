"""How long to leave the network alone after a failure: longer each time, or as the server asks."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

BROKEN_S = 0.4
BACKOFF_MIN_S, BACKOFF_MAX_S = 1.0, 20.0  # somebody may be waiting for the network


def backoff_s(failures: int, chance: random.Random) -> float:
    """Return how long to wait after so many failures in a row; not all devices at once.

    None in a row: the link broke, and something had come through. It may be there again already.
    """
    if not failures:
        return BROKEN_S * chance.uniform(0.5, 1.0)
    longest = min(BACKOFF_MAX_S, BACKOFF_MIN_S * 2 ** min(failures, 10))
    return longest * chance.uniform(0.5, 1.0)


async def until_called(called: asyncio.Event, for_s: float) -> None:
    """Wait so long, or until somebody has something to send."""
    with suppress(TimeoutError):
        await asyncio.wait_for(called.wait(), for_s)


async def leave_alone(
    called: asyncio.Event, for_s: float, now_ms: Callable[[], int], stopped: Callable[[], bool]
) -> None:
    """Wait so long whoever calls, because the server asked for it; only `stopped` ends it."""
    until_ms = now_ms() + round(for_s * 1000)
    while not stopped() and (left_ms := until_ms - now_ms()) > 0:
        called.clear()
        await until_called(called, left_ms / 1000)
