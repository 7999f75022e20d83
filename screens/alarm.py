"""The end of a work's validity: it shows on every screen, and the device shakes.

Flet has no sound without a further package; it says so in docs/STATE.md.
"""

import asyncio
import logging

import flet as ft

from app.use_cases import work_ends
from app.use_cases.work_ends import Ending
from screens import parts
from screens.context import Desk

LOOK_S = 10.0  # between two looks at what ends
SHAKES = 5  # at an end; a warning shakes once
PAUSE_S = 0.5  # between two shakes
ANSWER_S = 3.0
log = logging.getLogger("anshao.alarm")


async def watch_ends(desk: Desk) -> None:
    """Raise the alarm for who is signed in, or was last: a tablet locks, the work goes on."""
    told: set[tuple[str, bool]] = set()
    while True:
        person = desk.person or desk.backstage.last
        if person is not None and desk.field.pack is not None:
            found = await desk.run(work_ends.endings, person) or []
            fresh = [one for one in found if (one.record_id, one.over) not in told]
            told |= {(one.record_id, one.over) for one in found}
            if fresh:
                desk.alarm = next((one for one in fresh if one.over), fresh[0])
                desk.changed()  # its page and the lists show the end, too
                await shake(desk, SHAKES if desk.alarm.over else 1)
        await asyncio.sleep(LOOK_S)


async def shake(desk: Desk, times: int) -> None:
    """Let the device shake; one that cannot only shows it."""
    haptic = desk.backstage.haptic
    if haptic is None:
        return
    for _ in range(times):
        try:
            await asyncio.wait_for(haptic.vibrate(), ANSWER_S)
        except (TimeoutError, RuntimeError):
            log.info("this platform does not shake")
            return
        await asyncio.sleep(PAUSE_S)


def end_note(
    desk: Desk, one: Ending, *, action: parts.Action | None = None,
    on_close: parts.Action | None = None, key: str,
) -> ft.Control:  # fmt: skip
    """Say which work is over and what to do now, or how long it still goes on."""
    t, now = desk.t, desk.field.clock.now_ms()
    end = t.moment(one.expires_ms, now)
    what = " ".join(part for part in (one.code, one.title) if part)
    over = one.over or now > one.expires_ms
    span = t.span(max(work_ends.MINUTE_MS, one.expires_ms - now))
    said = "work.end.over" if over else "work.end.soon"
    return parts.note(
        desk.tokens,
        "stop" if over else "mind",
        t(said, what=what, time=end, span=span),
        detail=t(f"{said}.detail"),
        icon=ft.Icons.ALARM,
        action=action,
        on_close=on_close,
        key=key,
    )


def alarm_note(desk: Desk, one: Ending) -> ft.Control:
    """The alarm above a screen: the way to the work, and a cross."""

    def close() -> None:
        desk.alarm = None

    def look() -> None:
        desk.alarm = None
        desk.go(f"/works/{one.record_id}")

    way = parts.Action(desk.t("work.end.look"), look, "alarm-look") if desk.person else None
    shut = parts.Action(desk.t("do.close"), close, "alarm-close")
    return end_note(desk, one, action=way, on_close=shut, key="alarm")
