"""The page in front of a sealed store: a passphrase, a new one, or a code from the administrator.

There is no store yet, so no desk either: only the page, the door and the device's language.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import flet as ft

from app.door import Door
from app.translate import Translator
from app.unlock import Typed
from domain.errors import FieldError
from screens import parts, theme

PASSPHRASE_MAX, CODE_MAX = 200, 60
_WIDTH = 480
OTHERS_S = 1.0  # how soon a page notices that another one opened the door


class Unlocking:
    """What stands on the page, until the door is open."""

    def __init__(self, page: ft.Page, door: Door, t: Translator) -> None:
        """Ask on this page, in the words of `t`."""
        dark = page.platform_brightness == ft.Brightness.DARK
        self.page, self.door, self.t = page, door, t
        self.tokens = theme.tokens_of(dark=dark, scale=1)
        self.opened = asyncio.Event()
        self.with_code = self.twice = False
        self.passphrase = self._field("unlock.passphrase", "passphrase", PASSPHRASE_MAX, hide=True)
        self.again = self._field("unlock.again", "passphrase-again", PASSPHRASE_MAX, hide=True)
        self.code = self._field("unlock.code", "unlock-code", CODE_MAX, hide=False)
        self.said = ft.Column(spacing=theme.GAP)

    def draw(self) -> None:
        """Show what has to be typed now."""
        asks = self.door.asks()
        self.with_code = self.with_code or asks == "code"
        kind = "code" if self.with_code else asks
        fields: list[ft.Control] = []
        if self.with_code:
            fields += [*self._request(), self.code]
        if kind in ("new", "passphrase") or self.door.needs_passphrase():
            fields.append(self.passphrase)
        self.twice = kind != "passphrase" and self.door.needs_passphrase()
        if self.twice:
            fields.append(self.again)
        size = self.door.settings.passphrase_min
        rows: list[ft.Control] = [
            ft.Text(self.t(f"unlock.{kind}.title"), size=self.tokens.title, selectable=False),
            parts.note(
                self.tokens, "plain", self.t(f"unlock.{kind}.why", length=size), icon=ft.Icons.LOCK
            ),
            *fields,
            self.said,
            parts.primary_button(
                self.tokens, self.t("unlock.open"), key="unlock", icon=ft.Icons.LOCK_OPEN,
                on_click=self.submit, expand=True,
            ),
        ]  # fmt: skip
        if not self.with_code and self.door.request():
            rows.append(
                parts.text_button(
                    self.tokens, self.t("unlock.forgot"), key="unlock-forgot", icon=ft.Icons.HELP,
                    on_click=self.ask_for_code,
                )
            )  # fmt: skip
        self.page.controls.clear()
        column = ft.Column(rows, width=_WIDTH, spacing=theme.GAP, scroll=ft.ScrollMode.AUTO)
        self.page.add(
            ft.SafeArea(
                expand=True, content=ft.Row([column], alignment=ft.MainAxisAlignment.CENTER)
            )
        )
        self.page.update()

    def ask_for_code(self) -> None:
        """Go over to the unlock code."""
        self.with_code = True
        self.draw()

    async def submit(self) -> None:
        """Try what was typed; what is wrong is said, and the fields stay."""
        first = self.passphrase.value or ""
        if self.twice and first != (self.again.value or ""):
            self._say([parts.note(self.tokens, "stop", self.t("unlock.differs"))])
            return
        self._say([parts.note(self.tokens, "plain", self.t("unlock.trying"))])
        try:
            code = (self.code.value or "") if self.with_code else ""
            await self.door.try_open(Typed(first, code))
        except FieldError as error:
            self._say([parts.refusal(self.tokens, self.t, error)])
            return
        self.opened.set()

    def _request(self) -> list[ft.Control]:
        asked = self.door.request()
        if asked is None:
            return [parts.note(self.tokens, "stop", self.t("unlock.no_way_back"))]
        return [ft.Text(asked, size=self.tokens.small, selectable=True, key="unlock-request")]

    def _say(self, rows: list[ft.Control]) -> None:
        self.said.controls = rows
        self.page.update()

    def _field(self, words: str, key: str, limit: int, *, hide: bool) -> ft.TextField:
        return ft.TextField(
            label=self.t(words), key=key, password=hide, can_reveal_password=hide,
            max_length=limit, autofocus=False, on_submit=self.submit,
        )  # fmt: skip


def unlocking(
    door: Door, t: Translator, then: Callable[[ft.Page], Awaitable[object]]
) -> Callable[[ft.Page], Awaitable[None]]:
    """Return what Flet runs for each page: it asks until the door is open, then goes on."""

    async def main(page: ft.Page) -> None:
        if door.field is not None:
            await then(page)
            return
        asking = Unlocking(page, door, t)
        page.title = t("app.name")
        if not page.web:
            page.fonts = {theme.FONT: theme.FONT_FILE}
        page.theme = page.dark_theme = theme.theme(asking.tokens)
        page.bgcolor = asking.tokens.background
        asking.draw()

        async def go_on() -> None:
            while door.field is None:  # another tab may unlock it, too
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asking.opened.wait(), OTHERS_S)
            page.controls.clear()
            page.update()
            await then(page)

        waiting = page.run_task(go_on)  # the page is only up once this function has returned
        page.on_close = lambda: waiting.cancel()  # noqa: PLW0108 -- Flet looks at the signature

    return main
