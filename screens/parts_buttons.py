"""Texts, buttons and what makes a drawn control a button. Use it through `screens.parts`."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple

import flet as ft

from screens import theme
from screens.theme import Tokens

Screen = Callable[[], Any]  # a component without arguments
Tap = Callable[[], Awaitable[None] | None]
Handler = Callable[[], Awaitable[None]]
Kind = Literal["plain", "primary", "good", "mind", "stop"]
PAD_BUTTON = 12
PAD_CHIP = 13  # four short choices fit side by side on a phone


class Colours(NamedTuple):
    """Outline, fill and ink of a meaning."""

    edge: str
    fill: str
    ink: str


class Action(NamedTuple):
    """Something to do, offered inside another part."""

    label: str
    on_click: Tap
    key: str


def colours(tokens: Tokens, kind: Kind) -> Colours:
    """Return the colours of a meaning."""
    return {
        "plain": Colours(tokens.line, tokens.surface2, tokens.ink),
        "primary": Colours(tokens.primary, tokens.primary_container, tokens.on_primary_container),
        "good": Colours(tokens.good, tokens.good_container, tokens.on_good),
        "mind": Colours(tokens.mind, tokens.mind_container, tokens.on_mind),
        "stop": Colours(tokens.stop, tokens.stop_container, tokens.on_stop),
    }[kind]


def words(
    text: str,
    tokens: Tokens,
    *,
    size: float | None = None,
    color: str | None = None,
    strong: bool = False,
    lines: int | None = None,
    expand: bool = False,
    key: str | None = None,
) -> ft.Text:
    """A text of body size in ink; `lines` cuts it with an ellipsis."""
    return ft.Text(
        text,
        key=key,
        size=size or tokens.body,
        color=color or tokens.ink,
        weight=ft.FontWeight.W_600 if strong else None,
        max_lines=lines,
        overflow=ft.TextOverflow.ELLIPSIS if lines else ft.TextOverflow.CLIP,
        expand=expand,
    )


def handler(on_click: Tap | None) -> Any:  # noqa: ANN401 - Flet's handler types differ per control
    """Return an event handler that calls `on_click` without the event."""
    if on_click is None:
        return None

    async def call() -> None:
        result = on_click()
        if result is not None:
            await result

    return call


def tappable(
    content: ft.Control, label: str, key: str, *, expand: bool | int = False
) -> ft.Control:
    """Make a drawn control one spoken button; its inner texts are its name, `label` goes before."""
    return ft.Semantics(
        identifier=key,
        label=label or None,
        button=True,
        container=True,
        expand=expand,
        content=content,
    )


def _button_style(tokens: Tokens, fill: str, ink: str, edge: str | None) -> ft.ButtonStyle:
    off = tokens.surface2
    return ft.ButtonStyle(
        bgcolor={ft.ControlState.DISABLED: off, ft.ControlState.DEFAULT: fill},
        color={ft.ControlState.DISABLED: tokens.ink2, ft.ControlState.DEFAULT: ink},
        icon_color={ft.ControlState.DISABLED: tokens.ink2, ft.ControlState.DEFAULT: ink},
        icon_size=26,
        elevation=0,
        padding=ft.Padding.symmetric(horizontal=PAD_BUTTON, vertical=4),
        shape=ft.RoundedRectangleBorder(radius=theme.BUTTON_RADIUS),
        side={
            ft.ControlState.FOCUSED: ft.BorderSide(3, tokens.ink),
            ft.ControlState.DEFAULT: ft.BorderSide(2, edge or fill),
            ft.ControlState.DISABLED: ft.BorderSide(2, off),
        },
        text_style=ft.TextStyle(
            size=tokens.strong, weight=ft.FontWeight.W_600, font_family=theme.FONT
        ),
    )


def primary_button(
    tokens: Tokens,
    label: str,
    *,
    key: str,
    icon: ft.IconData | None = None,
    on_click: Tap | None = None,
    disabled: bool = False,
    expand: bool | int = False,
) -> ft.Control:
    """The next step, at the bottom of the screen."""
    return ft.FilledButton(
        content=label,
        key=key,
        icon=icon,
        on_click=handler(on_click),
        disabled=disabled,
        expand=expand,
        height=tokens.tall(theme.PRIMARY),
        style=_button_style(tokens, tokens.primary, tokens.on_primary, None),
    )


def quiet_button(
    tokens: Tokens,
    label: str,
    *,
    key: str,
    icon: ft.IconData | None = None,
    on_click: Tap | None = None,
    disabled: bool = False,
    expand: bool | int = False,
    kind: Kind = "plain",
    height: float = theme.PRIMARY,
) -> ft.Control:
    """A second choice: outlined; `kind="stop"` for refusing, "primary" for a tinted one."""
    look = colours(tokens, kind)
    fill = look.fill if kind in ("primary", "good", "mind") else tokens.background
    ink = tokens.stop if kind == "stop" else look.ink
    edge = look.fill if kind == "primary" else look.edge
    return ft.OutlinedButton(
        content=label,
        key=key,
        icon=icon,
        on_click=handler(on_click),
        disabled=disabled,
        expand=expand,
        height=tokens.tall(height),
        style=_button_style(tokens, fill, ink, edge),
    )


def icon_button(
    tokens: Tokens,
    icon: ft.IconData,
    label: str,
    *,
    key: str,
    on_click: Tap | None,
    color: str | None = None,
) -> ft.Control:
    """An icon alone; its label is spoken and shown as a tooltip."""
    return ft.Semantics(
        identifier=key,
        container=True,
        content=ft.IconButton(
            icon,
            key=key,
            icon_size=30,
            icon_color=color or tokens.ink,
            width=theme.TARGET,
            height=theme.TARGET,
            tooltip=label,
            on_click=handler(on_click),
        ),
    )


def text_button(
    tokens: Tokens,
    label: str,
    *,
    key: str,
    on_click: Tap,
    icon: ft.IconData | None = None,
) -> ft.Control:
    """A small way out: text with an icon, no outline."""
    return ft.TextButton(
        content=label,
        key=key,
        icon=icon,
        height=tokens.tall(theme.TARGET),
        on_click=handler(on_click),
        style=ft.ButtonStyle(
            color=tokens.ink2,
            icon_color=tokens.ink2,
            icon_size=26,
            side={ft.ControlState.FOCUSED: ft.BorderSide(3, tokens.ink)},
            shape=ft.RoundedRectangleBorder(radius=theme.CARD_RADIUS),
            text_style=ft.TextStyle(size=tokens.body, font_family=theme.FONT),
        ),
    )


def big_action(
    tokens: Tokens, label: str, *, key: str, icon: ft.IconData, on_click: Tap, strong: bool = False
) -> ft.Control:
    """One of the two large actions of the home screen (96 px)."""
    ink = tokens.on_primary if strong else tokens.on_primary_container
    return tappable(
        ft.Container(
            key=key,
            height=tokens.tall(96),
            bgcolor=tokens.primary if strong else tokens.primary_container,
            border_radius=theme.BUTTON_RADIUS,
            ink=True,
            on_click=handler(on_click),
            padding=theme.GAP,
            content=ft.Column(
                spacing=4,
                alignment=ft.MainAxisAlignment.CENTER,
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
                controls=[
                    ft.Icon(icon, size=34, color=ink),
                    ft.Text(
                        label,
                        size=20 * tokens.scale,
                        weight=ft.FontWeight.W_600,
                        color=ink,
                        text_align=ft.TextAlign.CENTER,
                    ),
                ],
            ),
        ),
        "",
        key,
        expand=True,
    )


def choice_chip(
    tokens: Tokens, label: str, *, key: str, selected: bool, on_click: Tap
) -> ft.Control:
    """One of several filters or values; the chosen one is tinted and has a tick."""
    look = colours(tokens, "primary" if selected else "plain")
    return ft.OutlinedButton(
        content=label,
        key=key,
        icon=ft.Icons.CHECK if selected else None,
        on_click=handler(on_click),
        height=tokens.tall(theme.TARGET),
        style=ft.ButtonStyle(
            bgcolor=look.fill if selected else tokens.surface,
            color=look.ink,
            icon_color=look.ink,
            icon_size=22,
            padding=ft.Padding.symmetric(horizontal=PAD_CHIP, vertical=4),
            shape=ft.RoundedRectangleBorder(radius=theme.CARD_RADIUS),
            side={
                ft.ControlState.FOCUSED: ft.BorderSide(3, tokens.ink),
                ft.ControlState.DEFAULT: ft.BorderSide(2 if selected else 1, look.edge),
            },
            text_style=ft.TextStyle(
                size=tokens.body, weight=ft.FontWeight.W_600, font_family=theme.FONT
            ),
        ),
    )
