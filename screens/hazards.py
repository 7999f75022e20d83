"""The list of hazards: what became of mine first, then what waits for me, open and closed ones."""

from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import hazards, reports
from app.use_cases.hazard_views import HazardCard
from app.use_cases.hazards import FILTERS
from screens import parts, parts_work, theme
from screens.context import Desk, use_desk, use_value
from screens.hazard_row import hazard_row
from screens.hazard_summary import HazardSummary

PAGE = 40  # rows drawn at once


@dataclass(eq=False)
class HazardsModel(ft.Observable):
    """One filter of the list and what it holds."""

    desk: Desk
    which: str = FILTERS[0]
    first: bool = True
    cards: tuple[HazardCard, ...] | None = None
    shown: int = PAGE
    chosen: str | None = None  # beside the list, on a tablet

    @property
    def beside(self) -> HazardCard | None:
        """The hazard shown beside the list: the chosen one, else the first."""
        cards = self.cards or ()
        return next((card for card in cards if card.record_id == self.chosen), None) or next(
            iter(cards), None
        )

    def look_at(self, record_id: str) -> None:
        """Show another hazard beside the list."""
        self.chosen = record_id

    async def load(self) -> None:
        """Read the list of the chosen filter."""
        which = self.which
        found = await self.desk.run(hazards.cards, self.desk.signed_in, which)
        if self.first and not found:  # who never reported anything sees what waits for them
            which = self.which = FILTERS[1]
            found = await self.desk.run(hazards.cards, self.desk.signed_in, which)
        self.first = False
        if found is not None and which == self.which:  # another filter was chosen meanwhile
            self.cards = tuple(found)

    async def choose(self, which: str) -> None:
        """Show another filter."""
        self.which, self.cards, self.shown = which, None, PAGE
        await self.load()

    def more(self) -> None:
        """Draw the next rows."""
        self.shown += PAGE

    async def report(self) -> None:
        """Begin a report and open it."""
        await report_hazard(self.desk)


async def report_hazard(desk: Desk) -> None:
    """Begin a report of what the person sees, and open it."""
    draft = await desk.run(reports.open_draft, desk.signed_in)
    if draft is not None:
        desk.go(f"/report/{draft.draft_id}")


@ft.component
def Hazards() -> ft.Control:
    """The list with its filters; a new report is always one tap away."""
    desk = use_desk()
    model, _ = use_value(lambda: HazardsModel(desk))
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    tokens, t = desk.tokens, desk.t
    report = parts.primary_button(
        tokens,
        t("today.report"),
        key="report",
        icon=ft.Icons.REPORT,
        on_click=model.report,
        expand=True,
    )
    head = parts_work.page_head(tokens, t("place.hazards"))
    whole = parts_work.page(tokens, head, [_filters(model, desk), *_rows(model, desk)], [report])
    card = model.beside
    if not desk.wide or card is None:
        return whole
    summary = cast("Any", HazardSummary)(card.record_id, key=f"beside-{card.record_id}")
    return parts_work.two_columns(desk, whole, summary, share=6)


def _rows(model: HazardsModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    if model.cards is None:
        return [parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))]
    if not model.cards:
        return [
            parts.empty_state(
                tokens,
                ft.Icons.CHECK_CIRCLE_OUTLINE,
                t(f"hazards.none.{model.which}"),
                detail=t(f"hazards.none.{model.which}.detail"),
            )
        ]
    rows = [_row(model, desk, card) for card in model.cards[: model.shown]]
    if len(model.cards) > model.shown:
        more = t("list.more", n=len(model.cards) - model.shown)
        rows.append(parts.quiet_button(tokens, more, key="more", on_click=model.more))
    return rows


def _row(model: HazardsModel, desk: Desk, card: HazardCard) -> ft.Control:
    """A row; on a tablet a tap shows the hazard beside the list first."""
    if not desk.wide:
        return hazard_row(desk, card)

    def look() -> None:
        model.look_at(card.record_id)

    return hazard_row(desk, card, on_click=look, chosen=card == model.beside)


def _filters(model: HazardsModel, desk: Desk) -> ft.Control:
    chips: list[ft.Control] = [
        parts.choice_chip(
            desk.tokens,
            desk.t(f"hazards.filter.{which}"),
            key=f"filter-{which}",
            selected=model.which == which,
            on_click=_choosing(model, which),
        )
        for which in FILTERS
    ]
    return ft.Row(spacing=theme.GAP, run_spacing=theme.GAP, wrap=True, controls=chips)


def _choosing(model: HazardsModel, which: str) -> parts.Handler:
    async def choose() -> None:
        await model.choose(which)

    return choose
