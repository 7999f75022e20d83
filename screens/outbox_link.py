"""The outbox and the link: how long it takes here, what waits for a better one, the limit."""

from collections.abc import Awaitable, Callable

import flet as ft

from app.media_choice import Choice
from app.translate import Translator
from app.use_cases.outbox import Forecast, OutboxView
from screens import parts, theme
from screens.context import Desk
from screens.parts_clip import size_text

Switch = Callable[[bool], Awaitable[None]]


def forecast(
    desk: Desk, view: OutboxView, choice: Choice | None, switch: Switch
) -> list[ft.Control]:
    """How long it takes on this link, and what becomes of originals that it cannot carry."""
    tokens, t, found = desk.tokens, desk.t, view.forecast
    rows: list[ft.Control] = []
    if found.seconds is not None and found.left_bytes and view.status.phase != "offline":
        rows.append(
            parts.note(
                tokens,
                "plain",
                t("outbox.forecast", kbit=found.kbit_s, time=length(t, found.seconds)),
                detail=t("outbox.forecast.detail", size=size_text(t, found.left_bytes)),
                icon=ft.Icons.SPEED,
                key="forecast",
            )
        )
    if choice and choice.now and view.waiting:
        rows.append(
            parts.note(
                tokens,
                "plain",
                t("outbox.now"),
                detail=t("outbox.now.detail"),
                icon=ft.Icons.CLOUD_UPLOAD,
                key="originals-now",
                action=parts.Action(t("outbox.now.wait"), lambda: switch(False), "wait"),
            )
        )
    elif found.held_bytes:
        rows.append(
            parts.note(
                tokens,
                "plain",
                held_text(t, found),
                detail=t("outbox.held.detail", size=size_text(t, found.held_bytes)),
                icon=ft.Icons.WIFI,
                key="held",
                action=parts.Action(t("outbox.held.now"), lambda: switch(True), "now"),
            )
        )
    return rows


def held_text(t: Translator, found: Forecast) -> str:
    """Say what originals wait for, and how long they would take here."""
    if found.held_seconds is None:
        return t("outbox.held.unknown")
    return t("outbox.held", time=length(t, found.held_seconds))


def length(t: Translator, seconds: int) -> str:
    """Word a length of time, rounded up: tens of seconds, minutes, hours from two on, days."""
    tens = max(10, -(-seconds // 10) * 10)
    if tens < 60:
        return t("time.seconds", n=tens)
    minutes = -(-seconds // 60)
    if minutes < 120:
        return t("time.minutes", n=minutes)
    hours = -(-minutes // 60)
    return t("time.hours", n=hours) if hours < 7 * 24 else t("time.days", n=-(-hours // 24))


def limits(
    desk: Desk, chosen: Choice | None, choose: Callable[[int], Awaitable[None]]
) -> list[ft.Control]:
    """Choose how much of the link photos and clips may take; records are never held back."""
    tokens, t = desk.tokens, desk.t
    if chosen is None or len(chosen.caps) < 2:
        return []

    def choosing(kbit: int) -> Callable[[], Awaitable[None]]:
        return lambda: choose(kbit)

    chips: list[ft.Control] = [
        parts.choice_chip(
            tokens,
            t("outbox.cap.value", kbit=kbit) if kbit else t("outbox.cap.none"),
            key=f"cap-{kbit}",
            selected=kbit == chosen.cap_kbit_s,
            on_click=choosing(kbit),
        )
        for kbit in chosen.caps
    ]
    row = ft.Row(spacing=theme.GAP, run_spacing=theme.GAP, wrap=True, controls=chips)
    return [parts.section(tokens, t("outbox.cap"), [row])]
