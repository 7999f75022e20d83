"""Which code is meant: when several are in view, and when one only says an id."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import flet as ft

from app.use_cases.aiming import Candidate, Why
from screens import parts, parts_work
from screens.context import Desk

Take = Callable[[Candidate], Awaitable[None]]
DETAILS: Mapping[Why, str] = {  # of a single one
    "typed": "scan.which.one.detail",
    "aside": "scan.which.aside",
    "unread": "scan.which.unread",
}


def which(
    desk: Desk,
    asked: Sequence[Candidate],
    take: Take,
    again: Callable[[], None],
    on_back: Callable[[], None],
    why: Why | None = None,
) -> ft.Control:
    """The page that asks: one row for each code, and the camera once more."""
    tokens, t = desk.tokens, desk.t
    detail = DETAILS.get(why) if why and len(asked) == 1 else None
    head = parts_work.page_head(
        tokens,
        t("scan.which.one" if detail else "scan.which"),
        t(detail or "scan.which.detail"),
        on_back=on_back,
        back_label=t("page.back"),
    )
    once_more = parts.primary_button(
        tokens,
        t("scan.again"),
        key="scan-again",
        icon=ft.Icons.QR_CODE_SCANNER,
        on_click=again,
        expand=True,
    )
    rows = [_row(desk, candidate, take) for candidate in asked]
    return parts_work.one_column(desk, parts_work.page(tokens, head, rows, [once_more]))


def _row(desk: Desk, one: Candidate, take: Take) -> ft.Control:
    tokens, t = desk.tokens, desk.t

    async def tapped() -> None:
        await take(one)

    chip = parts.chip(
        tokens,
        t("scan.code.signed" if one.signed else "scan.code.typed"),
        "good" if one.signed else "mind",
    )
    return parts.row_card(
        tokens,
        f"{one.spot_id} {t.of(one.name)}",
        t.of(one.area),
        key=f"code-{one.spot_id}",
        icon=ft.Icons.QR_CODE_2,
        chips=[chip],
        on_click=tapped,
        lines=2,
    )
