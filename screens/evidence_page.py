"""One photo large: the watermarked copy, how much it proves and why, and how to take it again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import flet as ft

from app.use_cases import evidence
from app.use_cases.evidence import EvidenceCard
from domain.errors import FieldError
from screens import parts, parts_evidence, parts_work, theme
from screens.clip_page import ClipPage
from screens.context import use_desk, use_keys


def page_of(card: EvidenceCard) -> Any:  # noqa: ANN401 - Flet components have no type of their own
    """Return the component that shows a piece of evidence large: as a photo or as a clip."""
    return ClipPage if card.is_clip else EvidencePage


@ft.component
def EvidencePage(
    card: EvidenceCard,
    title: str,
    detail: str,
    on_back: Callable[[], None],
    on_retake: Callable[[], Awaitable[None]] | None,
) -> ft.Control:
    """Show a photo; a page within the page that opened it, so that the way back is short."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    picture, set_picture = ft.use_state(card.thumb)
    complete, set_complete = ft.use_state(False)

    async def load() -> None:
        try:
            large = await asyncio.to_thread(evidence.preview, desk.field, card.evidence_id)
        except FieldError as error:
            desk.refuse(error)
            return
        if large is not None:
            set_picture(large)
        set_complete(large is not None)

    ft.use_effect(load, [card.evidence_id])
    use_keys(enter=on_back, escape=on_back)
    body: list[ft.Control] = [_picture(picture, title)]
    if not complete and not card.sent:
        body.append(parts.words(t("evidence.partial"), tokens, size=tokens.small))
    body.append(parts_evidence.evidence_card(tokens, t, card))
    footer: list[ft.Control] = []
    if on_retake is not None:
        footer.append(
            parts.quiet_button(
                tokens,
                t("evidence.retake"),
                key="evidence-retake",
                icon=ft.Icons.REPLAY,
                on_click=on_retake,
            )
        )
    footer.append(
        parts.primary_button(
            tokens, t("evidence.back"), key="evidence-back", on_click=on_back, expand=True
        )
    )
    head = parts_work.page_head(tokens, title, detail, on_back=on_back, back_label=t("page.back"))
    if not desk.wide:
        return parts_work.page(tokens, head, body, footer)
    left = parts_work.page(tokens, head, body[:1], key="picture")
    right = parts_work.page(tokens, None, body[1:], footer)
    return parts_work.two_columns(desk, left, right, share=4)


def _picture(picture: bytes | None, title: str) -> ft.Control:
    if picture is None:
        return ft.Container(height=theme.PRIMARY)
    return ft.Container(
        border_radius=theme.CARD_RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        content=ft.Image(
            src=picture, fit=ft.BoxFit.CONTAIN, gapless_playback=True, semantics_label=title
        ),
    )
