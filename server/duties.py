"""What the server does by itself, over and over: each duty is a function, and may run at any time.

A duty gets the site and the time, writes what is due with `server.own_entries`, and returns how
many entries that took. It must say nothing twice and lose nothing whenever it runs, in however many
processes: ids that follow from what is said, not memory, see to that.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from fastapi.concurrency import run_in_threadpool

from domain.errors import FieldError
from offline_store import write_log
from server import (
    capture_doubts,
    clock_check,
    drop,
    gaps,
    lacking,
    nagging,
    own_entries,
    privacy,
    rechecks,
    relay,
    repair_checks,
    rounds,
    second_shots,
    used_photos,
    works,
)  # fmt: skip
from server.site import Site

_log = logging.getLogger(__name__)
Duty = Callable[[Site, int], int]


def _gaps(here: Site, now_ms: int) -> int:
    return len(own_entries.write_own(here, gaps.due(here, now_ms), only_new=True))


def _log_settled(here: Site, _now_ms: int) -> int:
    write_log.settle(here.store)
    return 0


DUTIES: Final[tuple[Duty, ...]] = (
    works.expire,  # first: what endangers somebody waits for nothing else
    nagging.escalate,
    relay.settle,
    drop.run,
    rounds.run,
    rechecks.run,
    _gaps,
    nagging.answer,
    lacking.run,
    privacy.run,
    _log_settled,
    second_shots.run,
    capture_doubts.run,
    used_photos.run,  # last: they look at pictures and take seconds
    repair_checks.run,
)


def name(duty: Duty) -> str:
    """Return the name of a duty in logs and in the answer about health."""
    return f"{duty.__module__.rpartition('.')[2]}.{duty.__qualname__.strip('_')}"


def run_duties(here: Site, now_ms: int) -> int:
    """Run every duty once; returns how many entries that took. Call it in a thread.

    A duty that fails keeps no other from running: an escalation does not wait for a plan's bug.
    """
    if clock_check.unset(now_ms):
        _log.error("the clock was never set: no duties")
        return 0
    wrote = 0
    for duty in DUTIES:
        try:
            wrote += duty(here, now_ms)
            here.duty_log.went_well(name(duty))
        except FieldError:  # the disk is full, the database away: the next round tries again
            _log.exception("duty %s", name(duty))
        except Exception:  # noqa: BLE001 - last resort: one bug must not silence everything
            _log.exception("duty %s failed", name(duty))
    return wrote


async def keep_going(here: Site) -> None:
    """Run the duties again and again, until cancelled; the first time after one interval.

    A round under way when it is cancelled ends first: the store must not close under it.
    """
    while True:
        await asyncio.sleep(here.settings.duties_s)
        one_round = asyncio.create_task(run_in_threadpool(run_duties, here, here.now_ms()))
        try:
            await asyncio.shield(one_round)
        except asyncio.CancelledError:
            await one_round
            raise
