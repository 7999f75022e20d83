"""The list of hazards: what became of mine first, then what waits for me, open and closed ones."""

from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from app.translate import Translator
from app.use_cases import hazards, reports
from app.use_cases.hazards import FILTERS, HazardCard
from screens import parts, parts_work, theme
from screens.context import Desk, use_desk, use_value
from screens.parts import Kind
from screens.theme import Tokens

PAGE = 40  # rows drawn at once
THUMB = 72.0
GRADES: dict[str, Kind] = {"A": "stop", "B": "mind"}
STATES: dict[str, Kind] = {
    "closed": "good",
    "void": "plain",
    "merged": "plain",
    "returned": "mind",
}


@dataclass(eq=False)
class HazardsModel(ft.Observable):
    """One filter of the list and what it holds."""

    desk: Desk
    which: str = FILTERS[0]
    cards: tuple[HazardCard, ...] | None = None
    shown: int = PAGE

    async def load(self) -> None:
        """Read the list of the chosen filter."""
        which = self.which
        found = await self.desk.run(hazards.cards, self.desk.signed_in, which)
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
    rows: list[ft.Control] = [_filters(model, desk)]
    if model.cards is None:
        rows.append(parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading")))
    elif not model.cards:
        rows.append(
            parts.empty_state(
                tokens,
                ft.Icons.CHECK_CIRCLE_OUTLINE,
                t(f"hazards.none.{model.which}"),
                detail=t(f"hazards.none.{model.which}.detail"),
            )
        )
    else:
        cards = model.cards[: model.shown]
        rows.extend(hazard_row(desk, card) for card in cards)
        if len(model.cards) > model.shown:
            more = t("list.more", n=len(model.cards) - model.shown)
            rows.append(parts.quiet_button(tokens, more, key="more", on_click=model.more))
    report = parts.primary_button(
        tokens,
        t("today.report"),
        key="report",
        icon=ft.Icons.REPORT,
        on_click=model.report,
        expand=True,
    )
    return parts_work.page(tokens, parts_work.page_head(tokens, t("place.hazards")), rows, [report])


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


def hazard_row(desk: Desk, card: HazardCard) -> ft.Control:
    """One hazard: the reporter's words, where, its grade and state, and what it waits for."""
    tokens, t = desk.tokens, desk.t
    where = t.of(card.place) or t.of(card.area) or t("hazards.place_unknown")
    title = card.words or t.of(card.category)
    facts = [f"{card.asset_id} {where}" if card.asset_id else where, card.code]
    detail = " · ".join(facts)
    inside: list[ft.Control] = [
        parts.words(title, tokens, size=tokens.strong, strong=True, lines=2),
        parts.words(detail, tokens, size=tokens.small, color=tokens.ink2),
        ft.Row(
            spacing=theme.GAP,
            run_spacing=6,
            wrap=True,
            controls=_chips(tokens, t, card, desk.field.clock.now_ms()),
        ),
    ]
    row: list[ft.Control] = [ft.Column(spacing=6, expand=True, controls=inside)]
    if card.thumb is not None:
        row.insert(0, _thumb(card, t))
    row.append(ft.Icon(ft.Icons.CHEVRON_RIGHT, size=26, color=tokens.ink))
    return parts.card(
        tokens,
        ft.Row(spacing=theme.GAP_WIDE, controls=row),
        key=f"hazard-{card.record_id}",
        on_click=_opening(desk, card.record_id),
    )


def _thumb(card: HazardCard, t: Translator) -> ft.Control:
    return ft.Image(
        src=card.thumb or b"",
        width=THUMB,
        height=THUMB,
        fit=ft.BoxFit.COVER,
        border_radius=10,
        gapless_playback=True,
        semantics_label=t("hazards.photo"),
    )


def _opening(desk: Desk, record_id: str) -> Callable[[], None]:
    return lambda: desk.go(f"/hazard/{record_id}")


def _chips(tokens: Tokens, t: Translator, card: HazardCard, now_ms: int) -> list[ft.Control]:
    chips = [
        parts.chip(tokens, t("hazards.grade", grade=card.grade), GRADES.get(card.grade, "plain")),
        parts.chip(tokens, t.of(card.state_words), STATES.get(card.state, "primary")),
    ]
    if card.due_ms is not None and card.state not in STATES:
        left = card.due_ms - now_ms
        if left < 0:
            text, kind, icon = t("hazards.late", span=t.span(-left)), "stop", ft.Icons.ALARM
        else:
            text, kind, icon = t("hazards.left", span=t.span(left)), "mind", ft.Icons.TIMER
        chips.append(parts.chip(tokens, text, "stop" if kind == "stop" else "mind", icon))
    if not card.sent:
        chips.append(parts.chip(tokens, t("hazards.unsent"), icon=ft.Icons.CLOUD_OFF))
    return chips
