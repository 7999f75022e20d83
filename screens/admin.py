"""Administration: what this person may look after, and the tables of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import administration, imports
from app.use_cases.administration import RowCard
from domain.errors import FieldError
from screens import admin_words, parts, parts_table, parts_work
from screens.context import Desk, use_desk, use_value
from screens.parts_table import TableColumn, TableRow

PAGE = 50  # rows drawn at once
ICONS = {
    "people": ft.Icons.PEOPLE, "devices": ft.Icons.PHONELINK_SETUP,
    "inspection_plans": ft.Icons.EVENT_REPEAT, "maintenance_plans": ft.Icons.BUILD_CIRCLE_OUTLINED,
    "roster": ft.Icons.CALENDAR_MONTH, "whitelist": ft.Icons.BADGE_OUTLINED,
    "labels": ft.Icons.QR_CODE_2, "definitions": ft.Icons.RULE,
    "quarantine": ft.Icons.FRONT_HAND,
}  # fmt: skip
_OWN_PAGES = ("devices", "definitions", "quarantine")


@ft.component
def AdminHome() -> ft.Control:
    """The parts of administration that this person has a right to."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    mine = administration.sections(desk.field, desk.signed_in)
    rows: list[ft.Control] = [
        parts.row_card(
            tokens,
            t(f"admin.section.{code}"),
            t(f"admin.section.{code}.detail"),
            key=f"section-{code}",
            icon=ICONS[code],
            on_click=_going(desk, f"/admin/{code}" if code in _OWN_PAGES else f"/admin/t/{code}"),
        )
        for code in mine
    ]
    if not rows:
        rows = [
            parts.empty_state(
                tokens, ft.Icons.LOCK_OUTLINE, t("admin.no_right"), detail=t("admin.no_right.how")
            )
        ]
    head = parts_work.page_head(
        tokens, t("admin.title"), t("admin.detail"), on_back=desk.back, back_label=t("page.back")
    )
    return parts_work.one_column(desk, parts_work.page(tokens, head, rows))


def _going(desk: Desk, route: str) -> Callable[[], None]:
    return lambda: desk.go(route)


def route_key(key: str) -> str:
    """Return a row's key as it stands in a route."""
    return key.replace("|", "~")


@dataclass(eq=False)
class TableModel(ft.Observable):
    """One table: its rows, narrowed and in order."""

    desk: Desk
    table: str
    cards: tuple[RowCard, ...] | None = None
    refused: FieldError | None = None
    query: str = ""
    sorted_by: str = "status"
    descending: bool = False
    shown: int = PAGE

    async def load(self) -> None:
        """Read the rows."""
        desk = self.desk
        found = await desk.run(administration.rows, desk.signed_in, self.table)
        if found is None:
            self.refused, desk.notice = desk.notice, None
        self.cards = tuple(found or ())

    def search(self, query: str) -> None:
        """Narrow the table."""
        self.query, self.shown = query, PAGE

    def sort(self, column: str) -> None:
        """Sort by a column; by the same one again, the other way round."""
        self.descending = column == self.sorted_by and not self.descending
        self.sorted_by = column

    def more(self) -> None:
        """Draw the next rows."""
        self.shown += PAGE

    def found(self) -> list[tuple[RowCard, list[str]]]:
        """Return the rows that have the query in a cell, with their cells, in order."""
        names = [name for name, _ in admin_words.COLUMNS[self.table]]
        wanted = self.query.strip().casefold()
        drawn = [
            (card, [admin_words.cell(self.desk, card, name) for name in names])
            for card in self.cards or ()
        ]
        drawn = [pair for pair in drawn if wanted in "\n".join((pair[0].key, *pair[1])).casefold()]
        if self.sorted_by != "status":  # as they come: what waits first
            at = names.index(self.sorted_by)
            drawn.sort(key=lambda pair: pair[1][at].casefold())
        return drawn[::-1] if self.descending else drawn


@ft.component
def AdminTable() -> ft.Control:
    """The table of the route `/admin/t/:table`."""
    table = ft.use_route_params().get("table", "")
    return cast("Any", TableBody)(table, key=f"table-{table}")


@ft.component
def TableBody(table: str) -> ft.Control:
    """A table on a tablet, cards on a phone; adding and taking lists over below."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: TableModel(desk, table))
    ft.use_effect(model.load, [table, desk.version], cleanup=lambda: None)
    known = table in admin_words.COLUMNS
    head = parts_work.page_head(
        tokens,
        t(f"admin.section.{table}") if known else t("nowhere.text"),
        on_back=desk.back,
        back_label=t("page.back"),
    )
    if not known:
        return parts_work.page(tokens, head, [])
    if model.refused is not None:
        return parts_work.page(tokens, head, [parts.refusal(tokens, t, model.refused)])
    return parts_work.page(tokens, head, _body(model, desk), _footer(model, desk))


def _body(model: TableModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    if model.cards is None:
        return [parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))]
    found = model.found()
    shown = found[: model.shown]
    body: list[ft.Control] = [
        ft.Container(height=2),  # room for the label that floats on the field's edge
        parts.search_field(
            tokens, desk, t("admin.search"), model.query, model.search, key="search"
        ),
        parts.words(
            t("admin.count", n=len(found), total=len(model.cards)),
            tokens, size=tokens.small, color=tokens.ink2,
        ),
    ]  # fmt: skip
    if not found:
        empty = t("admin.empty") if not model.cards else t("admin.nothing_found")
        body.append(parts.empty_state(tokens, ft.Icons.SEARCH_OFF, empty))
    elif desk.wide:
        body.append(_wide(model, desk, shown))
    else:
        body += [_card(model, desk, card) for card, _ in shown]
    if len(found) > len(shown):
        more = t("list.more", n=len(found) - len(shown))
        body.append(parts.quiet_button(tokens, more, key="more", on_click=model.more))
    return body


def _wide(model: TableModel, desk: Desk, shown: Sequence[tuple[RowCard, list[str]]]) -> ft.Control:
    columns = [
        TableColumn(name, admin_words.column_name(desk, name), share)
        for name, share in admin_words.COLUMNS[model.table]
    ]
    rows = [
        TableRow(
            f"row-{card.key}",
            cells,
            _opening(desk, card),
            admin_words.STATUS_KINDS.get(card.status),
        )
        for card, cells in shown
    ]
    return parts_table.data_table(
        desk.tokens,
        columns,
        rows,
        sorted_by=model.sorted_by,
        descending=model.descending,
        on_sort=model.sort,
    )


def _card(model: TableModel, desk: Desk, card: RowCard) -> ft.Control:
    names = [name for name, _ in admin_words.COLUMNS[model.table]]
    said = {"name", "status", "areas", *admin_words.TITLES.get(model.table, ())}
    facts = [admin_words.cell(desk, card, name) for name in names if name not in said]
    kind = admin_words.STATUS_KINDS.get(card.status)
    status = desk.t(f"admin.status.{card.status}")
    return parts.row_card(
        desk.tokens,
        admin_words.title(desk, card),
        " · ".join(fact for fact in facts if fact),
        key=f"row-{card.key}",
        chips=[] if card.status == "held" else [parts.chip(desk.tokens, status, kind or "plain")],
        on_click=_opening(desk, card),
    )


def _opening(desk: Desk, card: RowCard) -> Callable[[], None]:
    return _going(desk, f"/admin/row/{card.table}/{route_key(card.key)}")


def _footer(model: TableModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    footer: list[ft.Control] = []
    if model.table in imports.lists_for(desk.field, desk.signed_in):
        footer.append(
            parts.quiet_button(
                tokens, t("admin.import"), key="import", icon=ft.Icons.UPLOAD_FILE, expand=True,
                on_click=_going(desk, f"/admin/import/{model.table}"),
            )
        )  # fmt: skip
    if model.table == "people":
        footer.append(
            parts.primary_button(
                tokens, t("admin.add.people"), key="add", icon=ft.Icons.PERSON_ADD, expand=True,
                on_click=_going(desk, "/admin/new/people"),
            )
        )  # fmt: skip
    return footer


__all__ = ["AdminHome", "AdminTable", "route_key"]
