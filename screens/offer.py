"""After a scan: maintenance is due here, so ask what the person came for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft

from app.use_cases import rechecks, upkeep
from app.use_cases.scan import Scanned
from app.use_cases.upkeep import DueCard
from screens import parts, parts_work
from screens.context import Desk, use_desk, use_keys
from screens.documents import documents_card


@dataclass(frozen=True, slots=True)
class Offer:
    """What was scanned, and what can be done there; `inspects`: its checklist, too."""

    scanned: Scanned
    due: tuple[DueCard, ...]
    inspects: bool
    recheck: str | None = None  # the task of a recheck that is due here


@ft.component
def OfferPage(
    offer: Offer, rest: Callable[[Scanned], Awaitable[None]], on_back: Callable[[], None]
) -> ft.Control:
    """Maintenance first, then the checklist (or, without the right to it, a report)."""
    desk = use_desk()
    scanned, inspects = offer.scanned, offer.inspects
    tokens, t, asset = desk.tokens, desk.t, scanned.asset
    assert asset is not None, "a checkpoint has no maintenance"
    use_keys(escape=on_back)
    head = parts_work.page_head(
        tokens,
        f"{asset.asset_id} {t.of(asset.name)}",
        " · ".join((t.of(scanned.area), t(f"label_state.{scanned.label_state}"))),
        on_back=on_back,
        back_label=t("page.back"),
    )

    async def go_on() -> None:
        await rest(scanned)

    rows = [*_recheck(desk, offer), *(_due(desk, scanned, card) for card in offer.due)]
    other = parts.row_card(
        tokens,
        t("offer.checklist" if inspects else "offer.report"),
        t("offer.checklist.detail" if inspects else "offer.report.detail"),
        key="offer-rest",
        icon=ft.Icons.CHECKLIST if inspects else ft.Icons.REPORT,
        on_click=go_on,
    )
    body: list[ft.Control] = [
        *documents_card(desk, asset.asset_id),
        parts.section(tokens, t("offer.due"), rows),
        parts.section(tokens, t("offer.else"), [other]),
    ]
    return parts_work.one_column(desk, parts_work.page(tokens, head, body))


def _recheck(desk: Desk, offer: Offer) -> list[ft.Control]:
    """A hazard here was closed, and this person is to see whether it lasted."""
    task_id = offer.recheck
    if task_id is None:
        return []

    async def begin() -> None:
        who, here = desk.signed_in, offer.scanned
        if await desk.run(rechecks.arrive, who, task_id, here, desk.fix) is not None:
            desk.go(f"/recheck/{task_id}", instead=True)

    row = parts.row_card(
        desk.tokens,
        desk.t("recheck.title"),
        desk.t("recheck.offer"),
        key="offer-recheck",
        icon=ft.Icons.FACT_CHECK,
        kind="primary",
        on_click=begin,
        lines=2,
    )
    return [row]


def _due(desk: Desk, scanned: Scanned, card: DueCard) -> ft.Control:
    tokens, t, now_ms = desk.tokens, desk.t, desk.field.clock.now_ms()

    async def begin() -> None:
        draft = await desk.run(upkeep.open_upkeep, desk.signed_in, card.task_id, scanned, desk.fix)
        if draft is not None:
            desk.go(f"/upkeep/{draft.draft_id}", instead=True)

    due = (
        t("today.overdue", span=t.span(now_ms - card.due_ms))
        if card.overdue
        else t("today.due", time=t.moment(card.due_ms, now_ms))
    )
    return parts.row_card(
        tokens,
        t.of(card.title),
        f"{t.of(card.work)} · {due}",
        key=f"offer-{card.task_id}",
        icon=ft.Icons.BUILD,
        kind="stop" if card.overdue else "primary",
        on_click=begin,
        lines=2,
    )
