"""Fine weather at the end of a seed: all that can arrive does; and how long a certificate lasts."""

import asyncio
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest import mock

from benchmarks.simulation.link import CALM
from benchmarks.simulation.media import carry_out
from benchmarks.simulation.nodes import streams
from domain.invitations import BLOCKED
from offline_store import records
from server import certificates

if TYPE_CHECKING:
    from benchmarks.simulation.world import World

CALM_S, LOOK_S = 600.0, 3.0  # how long everything has to arrive; how often we look
QUIET = 3  # looks in a row that find nothing in motion
SHORT = 0.4  # of the seeds: certificates run out while a device is away
DAY_MS = 10_000  # as long as a day of their validity lasts there


def short_days(seed: int) -> AbstractContextManager[object]:
    """Let certificates be valid for minutes in some seeds: away for so long, and one is over."""
    if streams(seed)("certificates").random() < SHORT:
        return mock.patch.dict(vars(certificates), _DAY_MS=DAY_MS)
    return nullcontext()


async def calm_down(world: "World") -> None:
    """Take all faults away. A clock that was ahead stays so: its time has been given out."""
    world.server.disk.fail_after(None)
    world.server.disk.full = False
    world.server.set_clock(max(0, world.server.furthest_ahead_ms))
    for tablet in world.tablets:
        tablet.link.weather, tablet.link.down = replace(CALM), False
        tablet.disk.fail_after(None)
        tablet.disk.full = False
    world.revive()
    let_in = world.story != "lost"  # else whoever was blocked is to send again
    for tablet in world.tablets:  # a body that writes nothing would never be told from its twin
        if world.has_twin(tablet) and not tablet.stopped:
            world.write(tablet, "write", world.work.report())
    until, quiet = world.loop.now + CALM_S, 0
    while world.loop.now < until and quiet < QUIET:
        let_in = let_in or _let_in(world)
        await asyncio.sleep(LOOK_S)
        world.revive()
        if carry_out(world.server):
            world.step("removed for good")
            quiet = 0
        else:
            quiet = quiet + 1 if let_in and _is_quiet(world) else 0
    if quiet < QUIET:
        world.found.diverged += 1
        states = [tablet.state for tablet in world.tablets if not tablet.stopped]
        world.found.note(f"not quiet: feed {world.server.last_feed()}, devices {states}")


def _let_in(world: "World") -> bool:
    """Let in again whoever was blocked; returns whether the server says so.

    It refuses that where the certificate had run out before the device could know: then once more.
    """
    first, other = world.tablets[:2]
    with world.server.disk.store.reading() as session:
        there = records.lookup(session, other.device_id)
    unsent, _, _ = first.state
    if unsent:
        return False
    if there is None or there.text("state") != BLOCKED:
        return True
    world.write(first, "let in", world.office.let_in(first, other))
    return False


def _is_quiet(world: "World") -> bool:
    last = world.server.last_feed()
    store = world.server.disk.store
    there = [one for one in world.tablets if not one.stopped and not one.locked]
    if any(one.owes(store) for one in world.tablets if one.locked and not one.stopped):
        return False
    states = [tablet.state for tablet in there]
    return not any(tablet.wants_from(store) for tablet in there) and all(
        not unsent and at.epoch == last.epoch and at.feed >= last.feed and not error
        for unsent, at, error in states
    )
