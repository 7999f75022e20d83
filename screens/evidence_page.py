"""One photo large: the watermarked copy, how much it proves and why, and how to take it again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import flet as ft

from app.use_cases import evidence
from app.use_cases.evidence import EvidenceCard
from domain.errors import FieldError
from screens import parts, parts_grounds, parts_pages, theme
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
    proof = [parts_grounds.evidence_card(tokens, t, card)]
    if not complete and not card.sent:
        proof.insert(0, parts.words(t("evidence.partial"), tokens, size=tokens.small))
    retake = parts.Action(t("evidence.retake"), on_retake, "evidence-retake") if on_retake else None
    return parts_pages.close_up(
        desk, title, detail, [_picture(picture, title)], proof, on_back=on_back, retake=retake
    )


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
