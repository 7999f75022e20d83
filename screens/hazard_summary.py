"""What is known of a hazard, beside the list on a tablet; a tap opens it with what can be done."""

from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.translate import Translator
from app.use_cases import hazards
from app.use_cases.evidence import EvidenceCard
from app.use_cases.hazard_views import HazardView
from screens import parts, parts_clip, parts_evidence, parts_work, theme
from screens.context import Desk, use_desk, use_value
from screens.hazard_row import hazard_chips
from screens.interim import InterimCard
from screens.parts import words

PHOTOS_SHOWN = 2  # side by side; the hazard itself shows them all


@dataclass(eq=False)
class SummaryModel(ft.Observable):
    """One hazard, to look at."""

    desk: Desk
    record_id: str
    view: HazardView | None = None

    async def load(self) -> None:
        """Read it."""
        found = await self.desk.run(hazards.view, self.desk.signed_in, self.record_id)
        if found is not None:
            self.view = found

    def open(self) -> None:
        """Open the hazard itself."""
        self.desk.go(f"/hazard/{self.record_id}")


@ft.component
def HazardSummary(record_id: str) -> ft.Control:
    """Own words, photos, and the way so far."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: SummaryModel(desk, record_id))
    ft.use_effect(model.load, [record_id, desk.version], cleanup=lambda: None)
    view = model.view
    if view is None:
        loading = parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))
        return parts_work.page(tokens, None, [loading], key="beside")
    card = view.card
    place = t.of(card.place) or t("hazard.place.unknown")
    head = parts_work.page_head(
        tokens, card.code, f"{card.asset_id} {place}" if card.asset_id else place
    )
    said = t("hazard.quote", words=card.words) if card.words else t("hazard.no_words")
    story: list[ft.Control] = [words(said, tokens, size=tokens.strong)]
    if view.photos:
        story.append(_photos(model, view.photos[-PHOTOS_SHOWN:]))
    told = ft.Column(
        spacing=theme.GAP_WIDE,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=story,
    )
    body = [
        parts_evidence.wrapped(hazard_chips(desk, card)),
        parts.card(tokens, told, key="report"),
        cast("Any", InterimCard)(card.record_id, look=True, key=f"interim-{card.record_id}"),
        parts_work.timeline(tokens, t, view.steps, desk.field.clock.now_ms()),
    ]
    open_it = parts.quiet_button(
        tokens,
        t("hazards.open"),
        key="open-hazard",
        icon=ft.Icons.OPEN_IN_FULL,
        on_click=model.open,
        kind="primary",
        expand=True,
    )
    return parts_work.page(tokens, head, body, [open_it], key="beside")


def _photos(model: SummaryModel, photos: tuple[EvidenceCard, ...]) -> ft.Control:
    desk = model.desk
    tokens, t, now_ms = desk.tokens, desk.t, desk.field.clock.now_ms()
    tiles: list[ft.Control] = [
        parts_evidence.wide_photo(
            tokens,
            photo,
            _caption(t, photo, now_ms),
            t("evidence.absent"),
            key=f"photo-{photo.evidence_id}",
            on_tap=model.open,
        )
        for photo in photos
    ]
    if len(tiles) < PHOTOS_SHOWN:
        tiles.append(parts_evidence.empty_photo(tokens, ""))
    return ft.Row(
        spacing=theme.GAP_WIDE, vertical_alignment=ft.CrossAxisAlignment.START, controls=tiles
    )


def _caption(t: Translator, photo: EvidenceCard, now_ms: int) -> str:
    shot = parts_clip.title_of(t, photo, t(f"shot.{photo.shows}"))
    when = t.moment(photo.taken_ms, now_ms)
    said = t("hazard.photo", shot=shot, time=when)
    return f"{said} · {parts_clip.clip_text(t, photo)}" if photo.is_clip else said
