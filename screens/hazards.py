"""The list of hazards: what became of mine first, then what waits for me, open and closed ones."""

from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import hazards, reports
from app.use_cases.hazard_views import HazardCard
from app.use_cases.hazards import FILTERS, PAGE
from screens import parts, parts_work, theme
from screens.context import (
    TABS,
    Desk,
    Held,
    use_desk,
    use_drawn,
    use_held,
    use_here,
    use_rows,
    use_value,
)
from screens.hazard_row import hazard_row
from screens.hazard_summary import HazardSummary

PLACE = TABS[1]
MINUTE_MS = 60_000


@dataclass(eq=False)
class HazardList(ft.Observable):
    """What one filter holds, as far as it was read."""

    desk: Desk
    which: str
    cards: tuple[HazardCard, ...] | None = None
    after: tuple[int, str] | None = None  # where the next page begins; None: this is all
    busy: bool = False  # the next page is being read
    now_ms: int = 0  # when it was read: how much time is left

    async def load(self) -> None:
        """Read it anew, as far as it was read before."""
        size = max(PAGE, len(self.cards or ()))
        found = await self.desk.run(hazards.page, self.desk.signed_in, self.which, None, size)
        if found is not None:
            self.now_ms = self.desk.field.clock.now_ms() // MINUTE_MS * MINUTE_MS
            if self.cards != found.cards:
                self.cards = found.cards
            self.after = found.after

    async def more(self) -> None:
        """Read the next page and draw it below."""
        after = self.after
        if self.busy or after is None:
            return
        self.busy = True
        found = await self.desk.run(hazards.page, self.desk.signed_in, self.which, after)
        self.busy = False
        if found is not None and after == self.after:  # else the list was read anew meanwhile
            self.cards, self.after = (*(self.cards or ()), *found.cards), found.after


@dataclass(eq=False)
class HazardsModel(ft.Observable):
    """Which filter is chosen, which hazard is looked at, and the lists that were visited."""

    desk: Desk
    which: str = FILTERS[0]
    visited: tuple[str, ...] = FILTERS[:1]
    chosen: str | None = None  # beside the list, on a tablet
    reads: int = 0  # rises when a list was read: another card may stand beside it

    def __post_init__(self) -> None:
        """Make a list for each filter; it is read when it is first looked at."""
        self._lists = {which: HazardList(self.desk, which) for which in FILTERS}
        self._greeted = False

    def list_of(self, which: str) -> HazardList:
        """Return the list of a filter."""
        return self._lists[which]

    @property
    def beside(self) -> HazardCard | None:
        """The hazard shown beside the list: the chosen one, else the first."""
        cards = self.list_of(self.which).cards or ()
        return next((card for card in cards if card.record_id == self.chosen), None) or next(
            iter(cards), None
        )

    def look_at(self, record_id: str) -> None:
        """Show another hazard beside the list."""
        self.chosen = record_id

    def choose(self, which: str) -> None:
        """Show another filter: what stood there last at once, then what stands there now."""
        self._greeted = True
        if which not in self.visited:
            self.visited = (*self.visited, which)
        self.which = which

    async def load(self, which: str) -> None:
        """Read a list; who never reported anything sees what waits for them."""
        await self.list_of(which).load()
        self.reads += 1
        if not self._greeted and self.list_of(which).cards == ():
            self.choose(FILTERS[1])
        self._greeted = True

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
    shared = use_held(model)
    card = model.beside if desk.wide else None
    beside = card.record_id if card else ""
    panes = [
        (f"list-{which}", cast("Any", KeptPane)(shared, which, which == model.which, beside))
        for which in model.visited
    ]
    head = use_drawn(lambda: _head(desk), [desk.look])
    report = use_drawn(lambda: _report(model, desk), [desk.look])
    whole = parts_work.stacked(head, parts_work.kept(panes, f"list-{model.which}"), [report])
    if card is None:
        return whole
    summary = cast("Any", HazardSummary)(card.record_id, key=f"beside-{card.record_id}")
    return parts_work.two_columns(desk, whole, summary, share=6)


def _head(desk: Desk) -> ft.Control:
    return parts_work.page_head(desk.tokens, desk.t("place.hazards"), action=search_button(desk))


def _report(model: HazardsModel, desk: Desk) -> ft.Control:
    return parts.primary_button(
        desk.tokens,
        desk.t("today.report"),
        key="report",
        icon=ft.Icons.REPORT,
        on_click=model.report,
        expand=True,
    )


@ft.component
def Pane(shared: Held[HazardsModel], which: str, shown: bool, beside: str) -> ft.Control:
    """One filter's list under the row of filters; kept, so that coming back is a small change."""
    desk, model = use_desk(), shared.current
    found, _ = use_value(model.list_of(which))
    here = use_here(PLACE) and shown

    async def load() -> None:
        if here or found.cards is None:
            await model.load(which)

    ft.use_effect(load, [desk.version, here], cleanup=lambda: None)
    rows = use_rows(
        found.cards or (),
        lambda card: card.record_id,
        lambda card: _row(model, desk, card, chosen=card.record_id == beside),
        [desk.look, found.now_ms, beside],
    )
    return use_drawn(
        lambda: parts_work.scrolling([_filters(model, desk, which), *rows, *_end(found, desk)]),
        [found.cards, found.after, found.busy, found.now_ms, desk.look, beside],
    )


KeptPane = ft.memo(Pane)


def _end(found: HazardList, desk: Desk) -> list[ft.Control]:
    """What stands below the rows: the way to the next page, or why there are none."""
    tokens, t = desk.tokens, desk.t
    if found.cards is None:
        return [parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))]
    if not found.cards:
        return [
            parts.empty_state(
                tokens,
                ft.Icons.CHECK_CIRCLE_OUTLINE,
                t(f"hazards.none.{found.which}"),
                detail=t(f"hazards.none.{found.which}.detail"),
            )
        ]
    if found.after is None:
        return []
    more = t("list.next", n=len(found.cards))
    return [parts.quiet_button(tokens, more, key="more", on_click=found.more, disabled=found.busy)]


def _row(model: HazardsModel, desk: Desk, card: HazardCard, *, chosen: bool) -> ft.Control:
    """A row; on a tablet a tap shows the hazard beside the list first."""
    if not desk.wide:
        return hazard_row(desk, card)

    def look() -> None:
        model.look_at(card.record_id)

    return hazard_row(desk, card, on_click=look, chosen=chosen)


def _filters(model: HazardsModel, desk: Desk, here: str) -> ft.Control:
    chips: list[ft.Control] = [
        parts.choice_chip(
            desk.tokens,
            desk.t(f"hazards.filter.{which}"),
            key=f"filter-{which}",
            selected=which == here,
            on_click=_choosing(model, which),
        )
        for which in FILTERS
    ]
    return ft.Row(spacing=theme.GAP, run_spacing=theme.GAP, wrap=True, controls=chips)


def _choosing(model: HazardsModel, which: str) -> parts.Tap:
    def choose() -> None:
        model.choose(which)

    return choose
