"""Cards, chips, notes, progress and empty states. Use it through `screens.parts`."""

from collections.abc import Sequence

import flet as ft

from app.translate import Translator
from domain.errors import FieldError
from screens import theme
from screens.parts_buttons import (
    Action,
    Kind,
    Tap,
    colours,
    handler,
    icon_button,
    quiet_button,
    tappable,
    words,
)
from screens.theme import Tokens


def card(
    tokens: Tokens,
    content: ft.Control,
    *,
    key: str | None = None,
    name: str = "",
    on_click: Tap | None = None,
    kind: Kind | None = None,
    edge: bool = False,
) -> ft.Control:
    """A flat card; `kind` tints it, `edge` only colours a thicker outline.

    Its texts are its spoken name; `name` goes before them where they do not say what a tap does.
    """
    look = colours(tokens, kind or "plain")
    box = ft.Container(
        key=key,
        bgcolor=look.fill if kind and not edge else tokens.surface,
        border=ft.Border.all(2 if edge else 1, look.edge),
        border_radius=theme.CARD_RADIUS,
        padding=theme.PAD,
        ink=on_click is not None,
        on_click=handler(on_click),
        content=content,
    )
    if on_click is None or key is None:
        return box
    return tappable(box, name, key)


def row_card(  # noqa: PLR0913 - the parts of a list row
    tokens: Tokens,
    title: str,
    detail: str,
    *,
    key: str,
    icon: ft.IconData | None = None,
    icon_color: str | None = None,
    leading: ft.Control | None = None,
    tail: ft.Control | None = None,
    chips: Sequence[ft.Control] = (),
    on_click: Tap | None = None,
    kind: Kind | None = None,
    lines: int = 1,
    detail_color: str | None = None,
    arrow: ft.IconData | None = ft.Icons.CHEVRON_RIGHT,
) -> ft.Control:
    """A row of a list: icon, title over detail and chips, an arrow where it opens something."""
    look = colours(tokens, kind or "plain")
    ink = look.ink if kind else tokens.ink
    ink2 = look.ink if kind else tokens.ink2
    controls: list[ft.Control] = []
    if leading is not None:
        controls.append(leading)
    elif icon is not None:
        controls.append(ft.Icon(icon, size=28, color=icon_color or ink2))
    most = None if tokens.large else lines
    text: list[ft.Control] = [
        words(title, tokens, size=tokens.strong, color=ink, strong=True, lines=most)
    ]
    if detail:
        text.append(words(detail, tokens, size=tokens.small, color=detail_color or ink2))
    if chips:
        text.append(ft.Row(spacing=8, run_spacing=6, wrap=True, controls=list(chips)))
    controls.append(ft.Column(spacing=4, expand=True, controls=text))
    if tail is not None:  # large text leaves no room at the side
        (text if tokens.large else controls).append(tail)
    if on_click is not None and arrow is not None:
        controls.append(ft.Icon(arrow, size=26, color=ink))
    row = ft.Row(spacing=theme.GAP_WIDE, controls=controls)
    return card(tokens, row, key=key, on_click=on_click, kind=kind)


def chip(
    tokens: Tokens,
    label: str,
    kind: Kind = "plain",
    icon: ft.IconData | None = None,
    *,
    key: str | None = None,
) -> ft.Control:
    """A short fact on a tinted ground."""
    look = colours(tokens, kind)
    inside: list[ft.Control] = [ft.Icon(icon, size=20, color=look.ink)] if icon else []
    inside.append(words(label, tokens, size=tokens.small, color=look.ink))
    return ft.Container(
        key=key,
        bgcolor=look.fill,
        border_radius=8,
        padding=ft.Padding.symmetric(horizontal=10, vertical=6),
        content=ft.Row(tight=True, spacing=4, controls=inside),
    )


_NOTED: dict[Kind, ft.IconData] = {
    "good": ft.Icons.CHECK_CIRCLE,
    "stop": ft.Icons.ERROR,
}


def note(
    tokens: Tokens,
    kind: Kind,
    text: str,
    *,
    detail: str = "",
    icon: ft.IconData | None = None,
    action: Action | None = None,
    on_close: Action | None = None,
    inside: Sequence[ft.Control] = (),
    key: str | None = None,
) -> ft.Control:
    """Something to know: a tinted card with an icon, a sentence, and the way on.

    `inside`: fields to fill in before the way on.
    """
    look = colours(tokens, kind)
    shown = icon or _NOTED.get(kind, ft.Icons.INFO)
    lines: list[ft.Control] = [words(text, tokens, color=look.ink, strong=bool(detail))]
    if detail:
        lines.append(words(detail, tokens, size=tokens.small, color=look.ink))
    lines += inside
    if action:
        lines.append(
            quiet_button(
                tokens,
                action.label,
                key=action.key,
                on_click=action.on_click,
                kind=kind,
                height=theme.TARGET,
            )
        )
    row: list[ft.Control] = [
        ft.Icon(shown, size=28, color=look.ink),
        ft.Column(spacing=6, expand=True, controls=lines),
    ]
    if on_close:
        row.append(
            icon_button(
                tokens,
                ft.Icons.CLOSE,
                on_close.label,
                key=on_close.key,
                on_click=on_close.on_click,
                color=look.ink,
            )
        )
    return ft.Semantics(
        live_region=True,
        content=card(tokens, ft.Row(spacing=theme.GAP_WIDE, controls=row), key=key, kind=kind),
    )


def refusal(
    tokens: Tokens,
    t: Translator,
    error: FieldError,
    *,
    action: Action | None = None,
    on_close: Action | None = None,
    key: str = "refusal",
) -> ft.Control:
    """Why something was refused, then what to do now, with the way there one tap away."""
    why, remedy = t.error(error)
    return note(
        tokens,
        "stop",
        why,
        detail=remedy,
        icon=ft.Icons.BLOCK,
        action=action,
        on_close=on_close,
        key=key,
    )


def progress_line(
    tokens: Tokens, label: str, done: int, total: int, *, tail: ft.Control | None = None
) -> ft.Control:
    """How much is done, as numbers ("5 / 10") and as a bar."""
    bold = ft.TextStyle(weight=ft.FontWeight.W_700)
    lead = f"{label} " if label else ""
    row: list[ft.Control] = [
        ft.Text(
            size=tokens.body,
            color=tokens.ink,
            key="progress",
            spans=[
                ft.TextSpan(lead),
                ft.TextSpan(str(done), bold),
                ft.TextSpan(f" / {total}"),
            ],
        ),
        ft.ProgressBar(
            value=done / total if total else 0,
            height=10,
            border_radius=5,
            bgcolor=tokens.surface2,
            color=tokens.primary,
            expand=True,
            semantics_label=lead or None,
        ),
    ]
    if tail is not None:
        row.append(tail)
    return ft.Row(spacing=theme.GAP_WIDE, controls=row)


def empty_state(
    tokens: Tokens,
    icon: ft.IconData,
    text: str,
    *,
    detail: str = "",
    action: ft.Control | None = None,
) -> ft.Control:
    """An empty or loading list: what it means and what to do."""
    inside: list[ft.Control] = [
        ft.Icon(icon, size=48, color=tokens.ink2),
        ft.Text(
            text,
            size=tokens.body,
            color=tokens.ink,
            weight=ft.FontWeight.W_600,
            text_align=ft.TextAlign.CENTER,
        ),
    ]
    if detail:
        inside.append(
            ft.Text(detail, size=tokens.small, color=tokens.ink2, text_align=ft.TextAlign.CENTER)
        )
    if action is not None:
        inside.append(action)
    return ft.Container(
        padding=ft.Padding.symmetric(horizontal=theme.MARGIN, vertical=32),
        alignment=ft.Alignment.CENTER,
        content=ft.Column(
            spacing=theme.GAP_WIDE,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            controls=inside,
        ),
    )


def section(tokens: Tokens, title: str, controls: Sequence[ft.Control]) -> ft.Control:
    """A small heading over what belongs to it."""
    return ft.Column(
        spacing=theme.GAP,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[words(title, tokens, size=tokens.small, color=tokens.ink2), *controls],
    )


def facts_card(tokens: Tokens, facts: Sequence[tuple[str, str]]) -> ft.Control:
    """Names and values, one under the other: long ones wrap instead of being cut."""
    rows: list[ft.Control] = [
        ft.Column(
            spacing=0,
            controls=[
                words(name, tokens, size=tokens.small, color=tokens.ink2),
                words(value, tokens),
            ],
        )
        for name, value in facts
    ]
    return card(tokens, ft.Column(spacing=theme.GAP_WIDE, controls=rows))
