"""The one page of a client that cannot start: why, and what to do, instead of a window that closes.

There is no store yet, so no desk either: only the page, the error and the device's language.
"""

from collections.abc import Awaitable, Callable

import flet as ft

from app.translate import Translator
from domain.errors import FieldError
from screens import parts, theme


def refused(error: FieldError, t: Translator) -> Callable[[ft.Page], Awaitable[None]]:
    """Return what Flet runs for each page: it shows why the client does not start."""

    async def main(page: ft.Page) -> None:
        dark = page.platform_brightness == ft.Brightness.DARK
        tokens = theme.tokens_of(dark=dark, scale=1)
        page.title = t("app.name")
        if not page.web:
            page.fonts = {theme.FONT: theme.FONT_FILE}
        page.theme = page.dark_theme = theme.theme(tokens)
        page.bgcolor = tokens.background
        why, remedy = t.error(error)
        page.add(
            ft.SafeArea(
                expand=True,
                content=parts.empty_state(tokens, ft.Icons.BLOCK, why, detail=remedy),
            )
        )
        page.update()

    return main
