"""The page in front of a sealed store: a passphrase, a new one, or a code from the administrator.

There is no store yet, so no desk either: only the page, the door and the device's language.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Literal

import flet as ft

from app.door import Door
from app.translate import Translator, read_catalogs
from app.unlock import Asks, Typed
from app.wiring import ASSETS
from domain.errors import FieldError
from screens import parts, parts_fields, parts_work, preferences, theme

PASSPHRASE_MAX, CODE_MAX = 200, 60
WIDTH = 560.0  # px, widest form
OTHERS_S = 1.0  # how soon a page notices that another one opened the door
Kind = Asks | Literal["code"]


class Unlocking:
    """What stands on the page, until the door is open."""

    def __init__(self, page: ft.Page, door: Door, t: Translator) -> None:
        """Ask on this page, in the words of `t` until somebody chooses another language."""
        self.page, self.door, self.t = page, door, t
        self.catalogs = read_catalogs(ASSETS / "locale")
        self.brightness = "system"
        self.opened = asyncio.Event()
        self.with_code = self.twice = False
        self.bare = False  # what is typed can be read
        self.passphrase = ft.TextField(key="passphrase")
        self.again = ft.TextField(key="passphrase-again")
        self.code = ft.TextField(key="unlock-code")
        self.said = ft.Column(spacing=theme.GAP, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
        self.clipboard = ft.Clipboard()
        self.frame = ft.Container()
        self.saying: Callable[[], list[ft.Control]] = list  # drawn anew in another look

    @property
    def tokens(self) -> theme.Tokens:
        """Colours and sizes in use."""
        system = self.page.platform_brightness == ft.Brightness.DARK
        dark = system if self.brightness == "system" else self.brightness == "dark"
        return theme.tokens_of(dark=dark, scale=1)

    def draw(self) -> None:
        """Show what has to be typed now."""
        asks, tokens, page = self.door.asks(), self.tokens, self.page
        self.with_code = self.with_code or asks == "code"
        kind: Kind = "code" if self.with_code else asks
        page.title, page.bgcolor, page.padding = self.t("app.name"), tokens.background, 0
        page.theme_mode = ft.ThemeMode.DARK if tokens.dark else ft.ThemeMode.LIGHT
        page.theme = page.dark_theme = theme.theme(tokens)
        whole = parts_work.page(tokens, self._head(kind), self._body(kind), self._footer())
        self.said.controls = self.saying()
        self.frame.content = whole
        self._fit()
        page.controls.clear()
        page.add(
            ft.SafeArea(
                expand=True,
                content=ft.Row(
                    alignment=ft.MainAxisAlignment.CENTER,
                    vertical_alignment=ft.CrossAxisAlignment.STRETCH,
                    controls=[self.frame],
                ),
            )
        )
        page.update()

    def resized(self) -> None:
        """Fit the new size; nothing is drawn anew: a keyboard that opens resizes the page, too."""
        self._fit()
        self.page.update()

    def _fit(self) -> None:
        self.frame.width = min(WIDTH, self.page.width or WIDTH)

    def ask_for_code(self) -> None:
        """Go over to the unlock code."""
        self.with_code = True
        self._forget()
        self.draw()

    def ask_for_passphrase(self) -> None:
        """Go back to the passphrase: it came to mind."""
        self.with_code = False
        self._forget()
        self.draw()

    def other_language(self) -> None:
        """Go on in the next language."""
        self.speak(self._next_language())
        self.draw()

    def _next_language(self) -> str:
        known = sorted(self.catalogs, reverse=True)  # zh before en
        at = known.index(self.t.language) if self.t.language in known else -1
        return known[(at + 1) % len(known)]

    def speak(self, language: str) -> None:
        """Use a language that has a catalog."""
        if language in self.catalogs:
            self.t = Translator(language, self.catalogs[language], self.t.zone)

    async def submit(self) -> None:
        """Try what was typed; what is wrong is said, and the fields stay."""
        first = self.passphrase.value or ""
        if self.twice and first != (self.again.value or ""):
            self._say(lambda: [parts.note(self.tokens, "stop", self.t("unlock.differs"))])
            return
        self._say(lambda: [parts.note(self.tokens, "plain", self.t("unlock.trying"))])
        try:
            code = (self.code.value or "") if self.with_code else ""
            await self.door.try_open(Typed(first, code))
        except FieldError as error:
            refused = error
            self._say(lambda: [parts.refusal(self.tokens, self.t, refused)])
            return
        self.opened.set()

    async def copy(self) -> None:
        """Put the request where it can be pasted into a message."""
        await self.clipboard.set(self.door.request() or "")
        self._say(lambda: [parts.note(self.tokens, "good", self.t("unlock.copied"))])

    def _head(self, kind: Kind) -> ft.Control:
        after = self._next_language()
        language = parts.text_button(
            self.tokens, self.catalogs[after].get("language.name", after), key="language",
            icon=ft.Icons.LANGUAGE, on_click=self.other_language,
        )  # fmt: skip
        title = self.t(f"unlock.{kind}.title")
        return parts_work.page_head(self.tokens, self.t("app.name"), title, action=language)

    def _body(self, kind: Kind) -> list[ft.Control]:
        tokens, t = self.tokens, self.t
        size = self.door.settings.passphrase_min
        why = t(f"unlock.{kind}.why", length=size)
        rows: list[ft.Control] = [parts.note(tokens, "plain", why, icon=ft.Icons.LOCK, key="why")]
        if self.with_code:
            rows += self._request()
            rows.append(self._dress(self.code, "unlock.code", CODE_MAX, hide=False))
        if kind in ("new", "passphrase") or self.door.needs_passphrase():
            words = "unlock.passphrase.new" if kind == "code" else "unlock.passphrase"
            rows.append(self._dress(self.passphrase, words, PASSPHRASE_MAX, hide=True))
        self.twice = kind != "passphrase" and self.door.needs_passphrase()
        if self.twice:
            rows.append(self._dress(self.again, "unlock.again", PASSPHRASE_MAX, hide=True))
        rows.append(self.said)
        if not self.with_code and self.door.request():
            rows.append(self._way("unlock.forgot", "unlock-forgot", self.ask_for_code))
        elif self.with_code and self.door.asks() == "passphrase":
            rows.append(self._way("unlock.back", "unlock-back", self.ask_for_passphrase))
        return rows

    def _way(self, words: str, key: str, on_click: Callable[[], None]) -> ft.Control:
        button = parts.text_button(
            self.tokens, self.t(words), key=key, icon=ft.Icons.HELP_OUTLINE, on_click=on_click
        )
        return ft.Row(controls=[button])

    def _footer(self) -> list[ft.Control]:
        return [
            parts.primary_button(
                self.tokens, self.t("unlock.open"), key="unlock", icon=ft.Icons.LOCK_OPEN,
                on_click=self.submit, expand=True,
            )
        ]  # fmt: skip

    def _request(self) -> list[ft.Control]:
        tokens, asked = self.tokens, self.door.request()
        if asked is None:
            return [parts.note(tokens, "stop", self.t("unlock.no_way_back"))]
        text = ft.Text(
            asked, size=tokens.small, color=tokens.ink, selectable=True, key="unlock-request"
        )
        copy = parts.quiet_button(
            tokens, self.t("unlock.copy"), key="unlock-copy", icon=ft.Icons.CONTENT_COPY,
            on_click=self.copy, height=theme.TARGET,
        )  # fmt: skip
        column = ft.Column(
            spacing=theme.GAP,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            controls=[text, copy],
        )
        return [parts.card(tokens, column)]

    def _forget(self) -> None:
        """Clear what was typed and said for the other way in."""
        for field in (self.passphrase, self.again, self.code):
            field.value = ""
        self.saying = list

    def _say(self, saying: Callable[[], list[ft.Control]]) -> None:
        self.saying = saying
        self.said.controls = saying()
        self.page.update()

    def _dress(self, field: ft.TextField, words: str, limit: int, *, hide: bool) -> ft.TextField:
        """Give a field the look and the words of now; what was typed stays."""
        field.label, field.max_length, field.on_submit = self.t(words), limit, self.submit
        parts_fields.dress(self.tokens, field)
        self._cover(field, hide=hide)
        return field

    def _cover(self, field: ft.TextField, *, hide: bool) -> None:
        """Hide what is typed, with an eye for a gloved finger: Flet's own is 40 px."""
        field.password = hide and not self.bare
        field.suffix_icon = None
        if hide:
            icon = ft.Icons.VISIBILITY_OFF if self.bare else ft.Icons.VISIBILITY
            field.suffix_icon = parts.icon_button(
                self.tokens, icon, self.t("unlock.hide" if self.bare else "unlock.show"),
                key=f"{field.key}-show", on_click=self.uncover,
            )  # fmt: skip

    def uncover(self) -> None:
        """Show what is typed, or hide it again; the fields stay where they are."""
        self.bare = not self.bare
        for field in (self.passphrase, self.again):
            self._cover(field, hide=True)
        self.page.update()


def unlocking(
    door: Door, t: Translator, then: Callable[[ft.Page], Awaitable[object]]
) -> Callable[[ft.Page], Awaitable[None]]:
    """Return what Flet runs for each page: it asks until the door is open, then goes on."""

    async def main(page: ft.Page) -> None:
        if door.field is not None:
            await then(page)
            return
        asking = Unlocking(page, door, t)
        if not page.web:
            page.fonts = {theme.FONT: theme.FONT_FILE}
        chosen = await preferences.read(ft.SharedPreferences())
        asking.speak(str(chosen.get("language")))
        asking.brightness = str(chosen.get("brightness") or "system")

        def resized() -> None:
            asking.resized()

        def turned_dark() -> None:
            asking.draw()

        page.on_resize, page.on_platform_brightness_change = resized, turned_dark
        asking.draw()

        async def go_on() -> None:
            while door.field is None:  # another tab may unlock it, too
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asking.opened.wait(), OTHERS_S)
            page.controls.clear()
            page.on_resize = page.on_platform_brightness_change = None
            page.update()
            await then(page)

        waiting = page.run_task(go_on)  # the page is only up once this function has returned
        page.on_close = lambda: waiting.cancel()  # noqa: PLW0108 -- Flet looks at the signature

    return main
