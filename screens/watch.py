"""What goes on beside the screens while a session lives: sync state, position, the idle lock.

Each is a loop on the event loop of the session that touches observables only. They end when the
session is closed.
"""

import asyncio
from typing import cast

from app.use_cases import notices, outbox
from domain.errors import FieldError
from domain.plant import Person
from screens.alarm import watch_ends
from screens.context import Desk

LOOK_S = 0.5  # between two looks at what sync does
IDLE_STEP_S = 5.0
REMIND_S = 20.0
SIGN_IN_S = 30.0  # the person may be asked for permission

TOUCHES = frozenset(
    {"click", "change", "submit", "focus", "tap_down", "pan_start", "pan_update", "keyboard_event",
     "select", "view_pop", "scroll", "dismiss"}
)  # fmt: skip


def start(desk: Desk) -> list[asyncio.Task[None]]:
    """Start all loops of a session; the caller cancels them when it is closed."""
    loop = asyncio.get_running_loop()
    jobs = (
        follow_sync(desk), place_at_sign_in(desk), lock_when_idle(desk), remind(desk),
        watch_ends(desk),
    )  # fmt: skip
    return [loop.create_task(job) for job in jobs]


async def follow_sync(desk: Desk) -> None:
    """Show what sync does and how much waits; lists load again when data came in."""
    seen: tuple[object, ...] = ()
    while True:
        now = _state(desk)
        if now != seen:
            came = not seen or now[:-1] != seen[:-1]
            rested = came and _at_rest(desk)
            await show_sync(desk, came=rested)
            # what changed meanwhile is news at the next look; only the rise of `show_sync` is not
            seen = (*now[:-1], cast("int", now[-1]) + 1) if rested else now
        await asyncio.sleep(LOOK_S)


def _state(desk: Desk) -> tuple[object, ...]:
    """What makes a new look worth while; the count of local changes comes last."""
    engine, field = desk.field.engine, desk.field
    return (engine.status if engine else None, field.pack, field.trouble, desk.version)


def _at_rest(desk: Desk) -> bool:
    """Whether sync has just finished something: lists do not load again in the middle of it."""
    engine = desk.field.engine
    return engine is None or engine.status.phase in ("idle", "offline")


async def show_sync(desk: Desk, *, came: bool) -> None:
    """Take over what sync says; `came` where lists should load again."""
    engine = desk.field.engine
    desk.link.status = engine.status if engine else None
    keep_person(desk)
    if engine is not None:
        try:
            desk.link.waiting = await asyncio.to_thread(outbox.waiting, desk.field)
        except FieldError as error:
            desk.refuse(error)
    if came:
        desk.changed()


def keep_person(desk: Desk) -> None:
    """Take over what was administered about the person signed in; who has left is signed out."""
    person, pack = desk.person, desk.field.pack
    if person is None or pack is None:
        return
    if desk.field.revoked is not None:
        desk.lock()
        return
    now = pack.definitions.plant.people.get(person.person_id)
    if now is None or now.retired_ms is not None:
        desk.lock()
    elif now != person:
        desk.person = now


async def place_at_sign_in(desk: Desk) -> None:
    """Measure the position once after each sign-in: the home screen puts near tasks first."""
    placed: Person | None = None
    while True:
        if desk.person is not placed:
            placed = desk.person
            if placed is not None:
                await desk.locate(SIGN_IN_S)
        await asyncio.sleep(LOOK_S)


async def remind(desk: Desk) -> None:
    """Remind whoever is signed in of what falls due while the server is out of reach."""
    while True:
        await asyncio.sleep(REMIND_S)
        if desk.person is not None and desk.field.pack is not None:
            new = await desk.run(notices.remind, desk.person)
            if new:
                desk.changed()


async def lock_when_idle(desk: Desk) -> None:
    """Ask for the PIN again after the idle time of the settings."""
    last, idle = desk.backstage.touched, 0.0
    while True:
        await asyncio.sleep(IDLE_STEP_S)
        idle = idle + IDLE_STEP_S if desk.backstage.touched == last else 0.0
        last = desk.backstage.touched
        if idle >= desk.field.settings.lock_after_s and desk.person is not None:
            desk.lock()
