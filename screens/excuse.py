"""Why a demanded photo cannot be taken: one of the plant's reasons, and a few own words."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft

from app.translate import Translator
from domain.forms import EXCUSE_MAX
from domain.words import Words
from screens import parts, parts_evidence, theme
from screens.context import Desk
from screens.parts import words
from screens.theme import Tokens

Keep = Callable[[str, str, str], Awaitable[None]]


@dataclass(eq=False)
class ExcuseModel(ft.Observable):
    """The reason being given for one question; `item_id` None: nobody asks for one."""

    desk: Desk
    keep: Keep  # question, reason, own words
    item_id: str | None = None
    reason: str = ""
    said: str = ""

    def begin(self, item_id: str) -> None:
        """Ask for the reason."""
        self.item_id, self.reason, self.said = item_id, "", ""

    def choose(self, reason: str) -> None:
        """Choose one of the reasons."""
        self.reason = reason

    def say(self, said: str) -> None:
        """Keep the own words as typed."""
        self.said = said

    def close(self) -> None:
        """Close the question without change."""
        self.item_id = None

    async def done(self) -> None:
        """Keep the reason beside the question."""
        if self.item_id is None or not self.reason:
            return
        item_id, self.item_id = self.item_id, None
        await self.keep(item_id, self.reason, self.said)


def excuse_panel(
    model: ExcuseModel, title: str, reasons: dict[str, Words], tokens: Tokens, t: Translator
) -> ft.Control:
    """Ask for the reason at the bottom, below the question it is about."""
    chips: list[ft.Control] = [
        parts.choice_chip(
            tokens,
            t.of(name),
            key=f"excuse-{code}",
            selected=model.reason == code,
            on_click=_choosing(model, code),
        )
        for code, name in reasons.items()
    ]
    return parts_evidence.bottom_panel(
        tokens,
        t("excuse.title"),
        [
            words(title, tokens, strong=True, lines=2),
            words(t("excuse.detail"), tokens, size=tokens.small, color=tokens.ink2),
            parts_evidence.wrapped(chips),
            parts.text_field(
                tokens,
                model.desk,
                t("excuse.words"),
                model.said,
                model.say,
                key="excuse-words",
                limit=EXCUSE_MAX,
            ),
            ft.Row(
                spacing=theme.GAP_WIDE,
                controls=[
                    parts.quiet_button(
                        tokens, t("page.cancel"), key="excuse-cancel", on_click=model.close
                    ),
                    parts.primary_button(
                        tokens,
                        t("excuse.do"),
                        key="excuse-do",
                        on_click=model.done,
                        disabled=not model.reason,
                        expand=True,
                    ),
                ],
            ),
        ],
    )


def _choosing(model: ExcuseModel, code: str) -> parts.Tap:
    return lambda: model.choose(code)
