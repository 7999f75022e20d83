"""The list of hazards: what became of mine first, then what waits for me, open and closed ones."""

from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import hazards, reports
from app.use_cases.hazard_views import HazardCard
from app.use_cases.hazards import FILTERS, PAGE, Page
from screens import parts, parts_work, theme
from screens.context import Desk, use_desk, use_value
from screens.hazard_row import hazard_row
from screens.hazard_summary import HazardSummary


@dataclass(eq=False)
class HazardsModel(ft.Observable):
    """One filter of the list and what it holds."""

    desk: Desk
    which: str = FILTERS[0]
    first: bool = True
    cards: tuple[HazardCard, ...] | None = None
    after: tuple[int, str] | None = None  # where the next page begins; None: this is all
    busy: bool = False  # the next page is being read
    chosen: str | None = None  # beside the list, on a tablet

    def __post_init__(self) -> None:
        """Begin with what stood here last."""
        self._recall()

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
        """Read the list of the chosen filter, as far as it was read before."""
        which, size = self.which, max(PAGE, len(self.cards or ()))
        found = await self.desk.run(hazards.page, self.desk.signed_in, which, None, size)
        if self.first and found and not found.cards and which == self.which:
            # who never reported anything sees what waits for them
            which = self.which = FILTERS[1]
            found = await self.desk.run(hazards.page, self.desk.signed_in, which)
        self.first = False
        if found is not None and which == self.which:  # another filter was chosen meanwhile
            if self.cards != found.cards:
                self.cards = found.cards
            self.after = found.after
            self.desk.backstage.shown[self._place(which)] = found

    async def choose(self, which: str) -> None:
        """Show another filter: what stood there last at once, then what stands there now."""
        self.first = False
        self.which, self.cards, self.after = which, None, None
        self._recall()
        await self.load()

    def _place(self, which: str) -> tuple[str, str]:
        return (f"hazards.{which}", self.desk.signed_in.person_id)

    def _recall(self) -> None:
        known = cast("Page | None", self.desk.backstage.shown.get(self._place(self.which)))
        if known is not None:
            self.cards, self.after = known.cards, known.after

    async def more(self) -> None:
        """Read the next page and draw it below."""
        which, after = self.which, self.after
        if self.busy or after is None:
            return
        self.busy = True
        found = await self.desk.run(hazards.page, self.desk.signed_in, which, after)
        self.busy = False
        # another filter was chosen, or the list was read anew meanwhile
        if found is not None and (which, after) == (self.which, self.after):
            self.cards, self.after = (*(self.cards or ()), *found.cards), found.after

    async def report(self) -> None:
        """Begin a report and open it."""
        await report_hazard(self.desk)


def search_button(desk: Desk) -> ft.Control:
    """The way to the search, in the head of a list."""

    def search() -> None:
        desk.backstage.question = None
        desk.go("/search")

    return parts.icon_button(
        desk.tokens, ft.Icons.SEARCH, desk.t("search.title"), key="search-open", on_click=search
    )


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
    head = parts_work.page_head(tokens, t("place.hazards"), action=search_button(desk))
    whole = parts_work.page(
        tokens, head, [_filters(model, desk), *_rows(model, desk)], [report], lazy=True
    )
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
    rows = [_row(model, desk, card) for card in model.cards]
    if model.after is not None:
        more = t("list.next", n=len(model.cards))
        rows.append(
            parts.quiet_button(tokens, more, key="more", on_click=model.more, disabled=model.busy)
        )
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
