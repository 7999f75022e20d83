"""Fields to type into. Use it through `screens.parts`."""

from collections.abc import Callable

import flet as ft

from screens import theme
from screens.context import Desk
from screens.parts_buttons import PAD_BUTTON, Tap, handler, words
from screens.theme import Tokens


def _field_edge(color: str, width: float) -> ft.OutlineInputBorder:
    return ft.OutlineInputBorder(side=ft.BorderSide(width, color), border_radius=theme.CARD_RADIUS)


def _typing(desk: Desk, state: bool) -> Callable[[], None]:
    """Return a handler that notes whether a field has the focus."""

    def note() -> None:
        desk.backstage.typing = state

    return note


def text_field(  # noqa: PLR0913 - the parts of a field
    tokens: Tokens,
    desk: Desk,
    label: str,
    value: str,
    on_change: Callable[[str], None],
    *,
    key: str,
    icon: ft.IconData | None = None,
    lines: int = 1,
    number: bool = False,
    unit: str = "",
    size: float | None = None,
    limit: int = 2000,
    on_submit: Tap | None = None,
    edge: str | None = None,
    autofocus: bool = False,
    expand: bool | int = False,
) -> ft.Control:
    """A controlled text field with its label on it; `number` opens the digit keyboard.

    While it has the focus it keeps Enter and digits from the screen's keys (`use_keys`).
    """
    return ft.TextField(
        key=key,
        label=label,
        value=value,
        on_change=lambda event: on_change(str(event.control.value or "")),
        on_submit=handler(on_submit),
        on_focus=_typing(desk, True),
        on_blur=_typing(desk, False),
        prefix_icon=icon,
        suffix=words(unit, tokens, size=tokens.body, color=tokens.ink2) if unit else None,
        keyboard_type=ft.KeyboardType.NUMBER if number else ft.KeyboardType.TEXT,
        multiline=lines > 1,
        min_lines=lines,
        max_lines=max(lines, 6) if lines > 1 else 1,
        max_length=limit,
        counter="",
        autofocus=autofocus,
        expand=expand,
        text_size=size or tokens.body,
        text_style=ft.TextStyle(
            size=size or tokens.body,
            color=tokens.ink,
            weight=ft.FontWeight.W_600 if number else None,  # a reading is the key number
        ),
        label_style=ft.TextStyle(size=tokens.body, color=tokens.ink2),
        bgcolor=tokens.surface,
        filled=True,
        fill_color=tokens.surface,
        border={
            ft.ControlState.DEFAULT: _field_edge(edge or tokens.line, 2),
            ft.ControlState.FOCUSED: _field_edge(edge or tokens.primary, 3),
        },
        content_padding=ft.Padding.symmetric(horizontal=PAD_BUTTON, vertical=16),
    )


def dress(tokens: Tokens, field: ft.TextField) -> None:
    """Give a field that keeps its own text the look of `text_field`."""
    field.counter = ""
    field.text_size = tokens.body
    field.text_style = ft.TextStyle(size=tokens.body, color=tokens.ink)
    field.label_style = ft.TextStyle(size=tokens.body, color=tokens.ink2)
    field.filled, field.bgcolor, field.fill_color = True, tokens.surface, tokens.surface
    field.border = {
        ft.ControlState.DEFAULT: _field_edge(tokens.line, 2),
        ft.ControlState.FOCUSED: _field_edge(tokens.primary, 3),
    }
    field.content_padding = ft.Padding.symmetric(horizontal=PAD_BUTTON, vertical=16)


def search_field(
    tokens: Tokens,
    desk: Desk,
    label: str,
    value: str,
    on_change: Callable[[str], None],
    *,
    key: str,
) -> ft.Control:
    """A field that narrows a list while one types."""
    return text_field(
        tokens, desk, label, value, on_change, key=key, icon=ft.Icons.SEARCH, limit=80
    )
