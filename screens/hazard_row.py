"""A hazard as a row of a list, with its grade, state and time left as chips."""

from collections.abc import Callable

import flet as ft

from app.translate import Translator
from app.use_cases.hazard_views import HazardCard
from screens import parts, theme
from screens.context import Desk
from screens.parts import Kind, Tap

THUMB = 72.0
GRADES: dict[str, Kind] = {"A": "stop", "B": "mind"}
STATES: dict[str, Kind] = {
    "closed": "good",
    "void": "plain",
    "merged": "plain",
    "returned": "mind",
}


def hazard_row(
    desk: Desk, card: HazardCard, *, on_click: Tap | None = None, chosen: bool = False
) -> ft.Control:
    """One hazard: the reporter's words, where, its grade and state, and what it waits for.

    A tap opens it, unless `on_click` says otherwise.
    """
    tokens, t = desk.tokens, desk.t
    where = t.of(card.place) or t.of(card.area) or t("hazards.place_unknown")
    title = card.words or t("hazard.no_words")
    facts = [f"{card.asset_id} {where}" if card.asset_id else where, card.code]
    detail = " · ".join(facts)
    inside: list[ft.Control] = [
        parts.words(title, tokens, size=tokens.strong, strong=True, lines=2),
        parts.words(detail, tokens, size=tokens.small, color=tokens.ink2),
        ft.Row(
            spacing=theme.GAP,
            run_spacing=6,
            wrap=True,
            controls=hazard_chips(desk, card),
        ),
    ]
    row: list[ft.Control] = [ft.Column(spacing=6, expand=True, controls=inside)]
    if card.thumb is not None:
        row.insert(0, _thumb(card, t))
    row.append(ft.Icon(ft.Icons.CHEVRON_RIGHT, size=26, color=tokens.ink))
    return parts.card(
        tokens,
        ft.Row(spacing=theme.GAP_WIDE, controls=row),
        key=f"hazard-{card.record_id}",
        on_click=on_click or _opening(desk, card.record_id),
        kind="primary" if chosen else None,
        edge=chosen,
    )


def _thumb(card: HazardCard, t: Translator) -> ft.Control:
    return ft.Image(
        src=card.thumb or b"",
        width=THUMB,
        height=THUMB,
        fit=ft.BoxFit.COVER,
        border_radius=10,
        gapless_playback=True,
        semantics_label=t("hazards.photo"),
    )


def _opening(desk: Desk, record_id: str) -> Callable[[], None]:
    return lambda: desk.go(f"/hazard/{record_id}")


def hazard_chips(desk: Desk, card: HazardCard) -> list[ft.Control]:
    """Return grade and state, how long is left, and whether the server has it."""
    tokens, t, now_ms = desk.tokens, desk.t, desk.field.clock.now_ms()
    chips = [
        parts.chip(tokens, t("hazards.grade", grade=card.grade), GRADES.get(card.grade, "plain")),
        parts.chip(tokens, t.of(card.state_words), STATES.get(card.state, "primary")),
    ]
    if card.due_ms is not None and card.state not in STATES:
        left = card.due_ms - now_ms
        if left < 0:
            text, kind, icon = t("hazards.late", span=t.span(-left)), "stop", ft.Icons.ALARM
        else:
            text, kind, icon = t("hazards.left", span=t.span(left)), "mind", ft.Icons.TIMER
        chips.append(parts.chip(tokens, text, "stop" if kind == "stop" else "mind", icon))
    if not card.sent:
        chips.append(parts.chip(tokens, t("hazards.unsent"), icon=ft.Icons.CLOUD_OFF))
    return chips
