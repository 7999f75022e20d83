"""The manager's page: what was reported, how fast it was closed, where it breaks."""

from collections.abc import Callable
from typing import Any

import flet as ft

from app.translate import Translator
from app.use_cases import figure_words
from app.use_cases.exports import FORMATS, Format
from app.use_cases.statistics import PERIODS, Choice, StatisticsView
from domain.figures import Spread
from screens import parts, parts_evidence, parts_pages, parts_statistics, parts_work, theme
from screens.context import Desk, use_desk, use_keys, use_link, use_value
from screens.statistics_charts import charts
from screens.statistics_model import StatisticsModel
from screens.theme import Tokens

GRID = 2  # key numbers side by side


@ft.component
def StatisticsScreen() -> ft.Control:
    """Key numbers and break points at the left, charts at the right of a tablet."""
    desk, link = use_desk(), use_link()
    model, _ = use_value(lambda: StatisticsModel(desk))
    picker = ft.use_memo(ft.FilePicker, [])
    ft.use_effect(model.load, [desk.version], cleanup=lambda: None)
    use_keys()
    tokens, t = desk.tokens, desk.t
    head = _head(model, desk)
    left = [
        parts.note(tokens, "plain", *_as_of(desk, link.waiting), icon=ft.Icons.SCHEDULE),
        *_filters(model, desk),
    ]
    right: list[ft.Control] = []
    view = model.view
    if view is None:
        left.append(parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("statistics.counting")))
    else:
        if not view.numbers.counted.ids:
            left.append(
                parts.empty_state(
                    tokens,
                    ft.Icons.QUERY_STATS,
                    t("statistics.none"),
                    detail=t("statistics.none.detail"),
                )
            )
        left += [*_keys(model, view, desk), *_breaks(model, view, desk), _gaps(model, desk)]
        right = charts(model, view, desk)
    panel = _panel(model, desk, picker)
    if not desk.wide:
        whole = parts_work.page(tokens, head, [*left, *right])
    else:
        whole = parts_work.two_columns(
            desk,
            parts_work.page(tokens, head, left),
            parts_work.page(tokens, None, [ft.Container(height=4), *right], key="charts"),
        )
    return parts_pages.with_panel(whole, panel)


def _head(model: StatisticsModel, desk: Desk) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    action = None
    if model.view is not None and model.view.may_export:
        action = parts.icon_button(
            tokens,
            ft.Icons.IOS_SHARE,
            t("statistics.export"),
            key="export",
            on_click=model.offer,
        )
    return parts_work.page_head(
        tokens,
        t("statistics.title"),
        on_back=desk.back,
        back_label=t("page.back"),
        action=action,
    )


def _as_of(desk: Desk, waiting: int) -> tuple[str]:
    """How fresh the numbers are, and what cannot be in them."""
    t, status = desk.t, desk.status
    fresh = t("statistics.as_of.never")
    if status and status.as_of_ms:
        fresh = t("statistics.as_of", time=t.moment(status.as_of_ms, desk.field.clock.now_ms()))
    rest = t("statistics.unsent", n=waiting) if waiting else t("statistics.others")
    return (f"{fresh} · {rest}",)


def _filters(model: StatisticsModel, desk: Desk) -> list[ft.Control]:
    tokens, t, view = desk.tokens, desk.t, model.view
    periods: list[ft.Control] = [
        parts.choice_chip(
            tokens,
            t("statistics.days", n=days),
            key=f"days-{days}",
            selected=model.asked.days == days,
            on_click=_asking(model, days=days),
        )
        for days in PERIODS
    ]
    rows: list[ft.Control] = [parts_evidence.wrapped(periods)]
    if view is None:
        return rows
    grades: list[ft.Control] = [
        parts.choice_chip(
            tokens,
            t("hazards.grade", grade=grade) if grade else t("statistics.all"),
            key=f"grade-{grade or 'all'}",
            selected=model.asked.grade == grade,
            on_click=_asking(model, grade=grade),
        )
        for grade in ("", *view.grades)
    ]
    boxes: list[ft.Control] = [
        _choices(model, desk, "area", model.asked.area, view.areas),
        _choices(model, desk, "unit", model.asked.unit, view.units),
    ]
    return [
        *rows,
        parts_evidence.wrapped(grades),
        ft.Row(spacing=theme.GAP, controls=boxes),
    ]


def _choices(
    model: StatisticsModel, desk: Desk, name: str, chosen: str, choices: tuple[Choice, ...]
) -> ft.Control:
    """A list to choose one value from; the first stands for all."""
    tokens, t = desk.tokens, desk.t
    label = t(f"statistics.filter.{name}")

    async def choose(event: ft.Event[ft.Dropdown]) -> None:
        await model.ask(**{name: str(event.control.value or "")})

    options = [ft.DropdownOption(key="", text=t("statistics.all"))]
    options += [ft.DropdownOption(key=one.code, text=t.of(one.words)) for one in choices]
    return ft.Semantics(
        label=label,
        container=True,
        expand=True,
        content=ft.Dropdown(
            key=f"filter-{name}",
            label=label,
            value=chosen,
            options=options,
            on_select=choose,
            text_size=tokens.body,
            border=ft.OutlineInputBorder(
                side=ft.BorderSide(2, tokens.line), border_radius=theme.CARD_RADIUS
            ),
            bgcolor=tokens.surface,
            content_padding=ft.Padding.symmetric(horizontal=12, vertical=18),
            menu_height=400,
            expand=True,
        ),
    )


def _asking(model: StatisticsModel, **changes: str | int) -> parts.Handler:
    async def ask() -> None:
        await model.ask(**changes)

    return ask


def _info(model: StatisticsModel, desk: Desk, key: str, name: str) -> ft.Control:
    return parts_statistics.info_sign(
        desk.tokens,
        desk.t("statistics.info", name=name),
        key=f"info-{key}",
        on_click=lambda: model.explain(key),
    )


def _opening(model: StatisticsModel, key: str) -> Callable[[], None]:
    return lambda: model.open(key)


def _keys(model: StatisticsModel, view: StatisticsView, desk: Desk) -> list[ft.Control]:
    tokens, t, numbers = desk.tokens, desk.t, view.numbers
    cards: list[ft.Control] = []
    for figure in (numbers.counted, numbers.open, numbers.overdue):
        late = figure.key == "overdue" and figure.ids
        cards.append(
            _key(
                model, desk, figure.key, figure.key, str(figure.count), t("statistics.unit.n"), "",
                "stop" if late else None,
            )
        )  # fmt: skip
    for key, share in figure_words.shares(view):
        detail = t("statistics.of", part=share.part.count, whole=share.whole.count)
        value = "—" if share.percent is None else str(share.percent)
        cards.append(
            _key(model, desk, key, share.part.key, value, t("statistics.unit.percent"), detail)
        )
    times = [
        _key(model, desk, f"time.{key}", row.figure.key, *_span(t, row))
        for key, row in numbers.times.items()
    ]
    apart: list[ft.Control] = [
        parts.quiet_button(
            tokens,
            f"{t(f'statistics.{figure.key}')} {figure.count}",
            key=f"figure-{figure.key}",
            on_click=_opening(model, figure.key),
            height=theme.TARGET,
            expand=True,
        )
        for figure in (numbers.void, numbers.merged)
    ]
    columns = 1 if tokens.large else GRID
    return [
        parts_statistics.grid(cards, columns),
        parts_statistics.grid(times, 1),
        parts.section(
            tokens, t("statistics.part.apart"), [ft.Row(spacing=theme.GAP, controls=apart)]
        ),
    ]


def _key(  # noqa: PLR0917 - the parts of a key number
    model: StatisticsModel,
    desk: Desk,
    words_key: str,
    figure_key: str,
    value: str,
    unit: str,
    detail: str,
    kind: parts.Kind | None = None,
) -> ft.Control:
    name = desk.t(f"statistics.{words_key}")
    return parts_statistics.key_number(
        desk.tokens,
        name,
        value,
        unit,
        detail,
        key=f"figure-{figure_key}",
        on_click=_opening(model, figure_key),
        info=_info(model, desk, words_key, name),
        kind=kind,
    )


def _span(t: Translator, row: Spread) -> tuple[str, str, str]:
    """Return the median, its unit, and mean and P90 below it."""
    if row.median_ms is None or row.mean_ms is None or row.p90_ms is None:
        return "—", "", t("statistics.none_yet")
    mean, most = t.span(row.mean_ms), t.span(row.p90_ms)
    return t.span(row.median_ms), "", t("statistics.spread", mean=mean, p90=most)


def _breaks(model: StatisticsModel, view: StatisticsView, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    cards: list[ft.Control] = []
    for point in view.numbers.breaks:
        name = t(f"statistics.break.{point.whole.key}")
        rows: list[ft.Control] = [
            ft.Row(
                controls=[
                    words_of(tokens, name, point.whole.count),
                    _info(model, desk, f"break.{point.whole.key}", name),
                ]
            )
        ]
        for rule in point.rules:
            key = figure_words.rule_key(rule)
            text = t(f"statistics.{key}")
            line = parts_statistics.bar(
                tokens,
                t,
                text,
                rule.count,
                max(view.numbers.counted.count, 1),
                key=f"figure-{rule.key}",
                on_click=_opening(model, rule.key),
                kind="mind",
            )
            rows.append(
                ft.Row(
                    spacing=0,
                    controls=[ft.Container(line, expand=True), _info(model, desk, key, text)],
                )
            )
        cards.append(parts.card(tokens, ft.Column(spacing=0, controls=rows)))
    return [parts.section(tokens, t("statistics.part.breaks"), cards)]


def words_of(tokens: Tokens, name: str, count: int) -> ft.Control:
    """A heading with its number."""
    return ft.Text(
        expand=True,
        size=tokens.strong,
        color=tokens.ink,
        weight=ft.FontWeight.W_600,
        spans=[ft.TextSpan(name), ft.TextSpan(f"  {count}")],
    )


def _gaps(model: StatisticsModel, desk: Desk) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    rows: list[ft.Control] = []
    for gap in model.gaps:
        state = t("gaps.open" if gap.is_open else "gaps.settled")
        rows.append(
            parts.row_card(
                tokens,
                f"{gap.asset_id} {t.of(gap.asset)}",
                f"{t.of(gap.item)} · {t('gaps.what', n=len(gap.sheets))}",
                key=f"gap-{gap.gap_id}",
                icon=ft.Icons.NO_PHOTOGRAPHY,
                chips=[parts.chip(tokens, state, "mind" if gap.is_open else "good")],
                on_click=_gap(desk, gap.gap_id),
                lines=2,
            )
        )
    if not rows:
        rows = [
            parts.note(
                tokens,
                "plain",
                t("gaps.none"),
                detail=t("gaps.none.detail"),
                icon=ft.Icons.CHECK_CIRCLE_OUTLINE,
            )
        ]
    return parts.section(tokens, t("gaps.title"), rows)


def _gap(desk: Desk, gap_id: str) -> Callable[[], None]:
    return lambda: desk.go(f"/gap/{gap_id}")


def _panel(model: StatisticsModel, desk: Desk, picker: ft.FilePicker) -> ft.Control | None:
    """How something is counted, or the ways to export: over the bottom, away with one tap."""
    tokens, t = desk.tokens, desk.t
    if model.exporting:
        return export_panel(
            desk, lambda kind: model.export(picker, kind), model.offer, busy=model.busy
        )
    if not model.explained or model.view is None:
        return None
    said = figure_words.about(t, model.view.limits, model.explained)

    def close() -> None:
        model.explain("")

    return parts_evidence.bottom_panel(
        tokens,
        t("statistics.about"),
        [
            parts.words(said, tokens, key="about"),
            parts.quiet_button(
                tokens, t("statistics.show_close"), key="about-close", on_click=close
            ),
        ],
    )


def export_panel(
    desk: Desk, export: Callable[[Format], Any], close: parts.Tap, *, busy: bool
) -> ft.Control:
    """Choose the format of a file, over the bottom of a page."""
    tokens, t = desk.tokens, desk.t

    def choosing(kind: Format) -> parts.Tap:
        return lambda: export(kind)

    buttons: list[ft.Control] = [
        parts.primary_button(
            tokens,
            kind,
            key=f"export-{kind}",
            icon=ft.Icons.TABLE_VIEW,
            on_click=choosing(kind),
            disabled=busy,
            expand=True,
        )
        for kind in FORMATS
    ]
    cancel = parts.quiet_button(tokens, t("page.cancel"), key="export-cancel", on_click=close)
    return parts_evidence.bottom_panel(
        tokens,
        t("statistics.exporting" if busy else "statistics.export"),
        [ft.Row(spacing=theme.GAP_WIDE, controls=[cancel, *buttons])],
    )
