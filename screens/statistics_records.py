"""The records behind a number: a list on a phone, a table to sort on a tablet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.translate import Translator
from app.use_cases import exports, figure_words, statistics
from app.use_cases.exports import Format
from app.use_cases.statistics import Asked, HazardLine, StatisticsView
from screens import parts, parts_pages, parts_statistics, parts_work, theme
from screens.context import Desk, use_desk, use_keys, use_value
from screens.hazard_row import GRADES, STATES
from screens.statistics import export_panel
from screens.statistics_model import save

PAGE = 50  # rows drawn at once
# column -> share of the width
COLUMNS = {
    "code": 3, "words": 7, "grade": 2, "state": 3, "place": 5, "unit": 3, "reported": 3
}  # fmt: skip
LATEST_FIRST = "reported"


@dataclass(eq=False)
class RecordsModel(ft.Observable):
    """One figure and the hazards behind it."""

    desk: Desk
    asked: Asked
    key: str
    view: StatisticsView | None = None
    lines: tuple[HazardLine, ...] | None = None
    by: str = LATEST_FIRST
    down: bool = True
    shown: int = PAGE
    exporting: bool = False
    busy: bool = False

    async def load(self) -> None:
        """Read the hazards."""
        desk = self.desk
        self.view = await desk.run(statistics.view, desk.signed_in, self.asked)
        found = await desk.run(statistics.lines, desk.signed_in, self.asked, self.key)
        self.lines = tuple(found[1]) if found else ()

    def sort(self, by: str) -> None:
        """Sort by a column; the same one again turns the order round."""
        self.down = not self.down if by == self.by else by == LATEST_FIRST
        self.by, self.shown = by, PAGE

    def ordered(self, t: Translator) -> list[HazardLine]:
        """Return the hazards in the order chosen."""
        first = sorted(self.lines or (), key=lambda line: line.code)
        return sorted(first, key=lambda line: cell_of(t, line, self.by), reverse=self.down)

    def more(self) -> None:
        """Draw the next rows."""
        self.shown += PAGE

    def offer(self) -> None:
        """Show the ways to export, or hide them."""
        self.exporting = not self.exporting

    async def export(self, picker: ft.FilePicker, kind: Format) -> None:
        """Save the list as a file."""
        if self.busy:  # a second tap lands before the button is greyed out
            return
        self.busy = True
        desk = self.desk
        made = await desk.run(exports.of_list, desk.signed_in, self.asked, self.key, kind)
        await save(desk, picker, made)
        self.busy = self.exporting = False


@ft.component
def StatisticsRecords() -> ft.Control:
    """The list of the route `/statistics/records/:asked`."""
    asked = ft.use_route_params().get("asked", "")
    return cast("Any", RecordsBody)(asked, key=f"records-{asked}")


@ft.component
def RecordsBody(route: str) -> ft.Control:
    """One list, with its number, the ways to sort and to export."""
    desk = use_desk()
    model, _ = use_value(lambda: RecordsModel(desk, *statistics.asked_of(route)))
    picker = ft.use_memo(ft.FilePicker, [])
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    use_keys()
    tokens, t, lines = desk.tokens, desk.t, model.lines
    title = t("statistics.title")
    if model.view is not None:
        title = figure_words.title_of(t, model.view, model.key)
    action = None
    if lines and model.view is not None and model.view.may_export:
        action = parts.icon_button(
            tokens, ft.Icons.IOS_SHARE, t("statistics.export"), key="export", on_click=model.offer
        )
    head = parts_work.page_head(
        tokens,
        title,
        "" if lines is None else t("statistics.records", n=len(lines)),
        on_back=desk.back,
        back_label=t("page.back"),
        action=action,
    )
    whole = parts_work.page(tokens, head, _rows(model, desk))

    def export(kind: Format) -> object:
        return model.export(picker, kind)

    panel = None
    if model.exporting:
        panel = export_panel(desk, export, model.offer, busy=model.busy)
    return parts_pages.with_panel(whole, panel)


def _rows(model: RecordsModel, desk: Desk) -> list[ft.Control]:
    tokens, t, lines = desk.tokens, desk.t, model.lines
    if lines is None:
        return [parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))]
    if not lines:
        return [parts.empty_state(tokens, ft.Icons.QUERY_STATS, t("statistics.records.none"))]
    ordered = model.ordered(t)
    some = ordered[: model.shown]
    rows = _table(model, desk, some) if desk.wide else [_card(desk, line) for line in some]
    if len(ordered) > model.shown:
        more = t("list.more", n=len(ordered) - model.shown)
        rows.append(parts.quiet_button(tokens, more, key="more", on_click=model.more))
    return rows


def _table(model: RecordsModel, desk: Desk, lines: list[HazardLine]) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    rows: list[ft.Control] = [
        parts_statistics.table_row(
            tokens,
            [(cell_text(t, line, name), share) for name, share in COLUMNS.items()],
            key=f"line-{line.record_id}",
            on_click=_opening(desk, line.record_id),
        )
        for line in lines
    ]
    heads: list[ft.Control] = [_column(model, desk, name) for name in COLUMNS]
    top = ft.Container(
        padding=ft.Padding.symmetric(horizontal=theme.GAP),
        border=ft.Border(bottom=ft.BorderSide(2, tokens.line)),
        content=ft.Row(spacing=theme.GAP, controls=heads),
    )
    return [parts.card(tokens, ft.Column(spacing=0, controls=[top, *rows]))]


def _column(model: RecordsModel, desk: Desk, name: str) -> ft.Control:
    """The head of a column: a tap sorts by it, an arrow says which way."""
    tokens, t = desk.tokens, desk.t
    title = t(f"statistics.sort.{name}")
    inside: list[ft.Control] = [
        parts.words(title, tokens, size=tokens.small, strong=True, color=tokens.ink2)
    ]
    if model.by == name:
        arrow = ft.Icons.ARROW_DOWNWARD if model.down else ft.Icons.ARROW_UPWARD
        inside.append(ft.Icon(arrow, size=18, color=tokens.ink))
    box = ft.Container(
        key=f"sort-{name}",
        ink=True,
        height=theme.TARGET,
        alignment=ft.Alignment.CENTER_LEFT,
        on_click=parts.handler(lambda: model.sort(name)),
        content=ft.Row(spacing=2, controls=inside),
    )
    label = t("statistics.sort.by", name=title)
    return parts.tappable(box, label, f"sort-{name}", expand=COLUMNS[name])


def _card(desk: Desk, line: HazardLine) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    chips = [
        parts.chip(tokens, t("hazards.grade", grade=line.grade), GRADES.get(line.grade, "plain")),
        parts.chip(tokens, t.of(line.state), STATES.get(line.fact.state, "primary")),
    ]
    detail = " · ".join((_place(t, line), line.code, t.moment(line.fact.reported_ms)))
    return parts.row_card(
        tokens,
        line.words or t.of(line.category),
        detail,
        key=f"line-{line.record_id}",
        chips=chips,
        on_click=_opening(desk, line.record_id),
        lines=2,
    )


def cell_text(t: Translator, line: HazardLine, name: str) -> str:
    """Return what stands in a column."""
    if name == "reported":
        return t.moment(line.fact.reported_ms)
    return cell_of(t, line, name)


def cell_of(t: Translator, line: HazardLine, name: str) -> str:
    """Return what a column is sorted by."""
    match name:
        case "code":
            return line.code
        case "words":
            return line.words or t.of(line.category)
        case "grade":
            return line.grade
        case "state":
            return t.of(line.state)
        case "place":
            return _place(t, line)
        case "unit":
            return t.of(line.unit)
        case _:
            return f"{line.fact.reported_ms:020d}"


def _place(t: Translator, line: HazardLine) -> str:
    if line.asset_id:
        return f"{line.asset_id} {t.of(line.asset)}"
    return t.of(line.area) if line.fact.area else t("hazards.place_unknown")


def _opening(desk: Desk, record_id: str) -> Callable[[], None]:
    return lambda: desk.go(f"/hazard/{record_id}")
