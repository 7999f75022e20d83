"""Work permits: the works under control; a plant without any is told what to do meanwhile."""

from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import work_ends, works
from app.use_cases.work_views import WorkCard
from screens import parts, parts_work
from screens.context import TABS, Desk, use_desk, use_here, use_value
from screens.work import ends_in_ms, state_chip

PLACE = TABS[2]


@dataclass(eq=False)
class WorksModel(ft.Observable):
    """The works that this person may read."""

    desk: Desk
    cards: tuple[WorkCard, ...] = ()
    now_ms: int = 0

    async def load(self) -> None:
        """Read them."""
        found = await self.desk.run(works.cards, self.desk.signed_in)
        if found is not None:
            self.cards, self.now_ms = tuple(found), self.desk.field.clock.now_ms()


@ft.component
def Permits() -> ft.Control:
    """One row per work, last changed first."""
    desk = use_desk()
    here = use_here(PLACE)
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: WorksModel(desk))

    async def load() -> None:
        if here:
            await model.load()

    ft.use_effect(load, [desk.version, here], cleanup=lambda: None)
    rows: list[ft.Control] = [_row(desk, card, model.now_ms) for card in model.cards]
    if not rows:
        rows = [
            parts.empty_state(
                tokens,
                ft.Icons.ASSIGNMENT_LATE_OUTLINED,
                t("permits.none"),
                detail=t("permits.none.detail"),
            )
        ]
    head = parts_work.page_head(tokens, t("place.permits"))
    return parts_work.page(tokens, head, rows)


def _row(desk: Desk, card: WorkCard, now_ms: int) -> ft.Control:
    t = desk.t
    chips = [state_chip(desk, card)]
    left = ends_in_ms(desk, card)
    near = left is not None and left <= work_ends.warn_ms(desk.field)
    if left is not None and near and card.state != "expired":  # that chip says it already
        key, kind = ("work.ends_in", "mind") if left > 0 else ("work.over", "stop")
        said = t(key, span=t.span(max(work_ends.MINUTE_MS, left)))
        chips.append(parts.chip(desk.tokens, said, cast("Any", kind), ft.Icons.ALARM))
    if card.conflicts:
        text = t("conflict.count", n=card.conflicts)
        chips.append(parts.chip(desk.tokens, text, "stop", ft.Icons.CALL_SPLIT))
    facts = [card.code]
    if card.expires_ms is not None:
        facts.append(t("work.expires", time=t.moment(card.expires_ms, now_ms)))
    return parts.row_card(
        desk.tokens,
        card.title or card.code,
        " · ".join(facts),
        key=f"work-{card.record_id}",
        icon=ft.Icons.ASSIGNMENT,
        chips=chips,
        lines=2,
        on_click=lambda: desk.go(f"/works/{card.record_id}"),
    )
