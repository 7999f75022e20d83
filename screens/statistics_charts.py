"""The charts of the statistics: weeks as columns, groups as bars, hotspots and rankings."""

from collections.abc import Callable

import flet as ft

from app.use_cases import figure_words
from app.use_cases.statistics import StatisticsView
from domain.statistics import Team
from screens import parts, parts_statistics
from screens.context import Desk
from screens.parts_statistics import Column
from screens.statistics_model import StatisticsModel

GROUPS = ("category", "grade", "state", "element", "area", "unit")
BARS_MAX = 8  # of one group; a tap shows the rest
GRADES: dict[str, parts.Kind] = {"A": "stop", "B": "mind"}


def charts(model: StatisticsModel, view: StatisticsView, desk: Desk) -> list[ft.Control]:
    """Return what stands at the right of a tablet, below on a phone."""
    if not view.numbers.counted.ids:
        return []
    return [
        _weeks(model, view, desk),
        _group(model, view, desk, "category"),
        _hotspots(model, view, desk),
        *(_group(model, view, desk, name) for name in GROUPS[1:]),
        _ranking(model, view, desk, "departments", view.numbers.departments),
        _ranking(model, view, desk, "teams", view.numbers.teams),
    ]


def _titled(
    model: StatisticsModel, desk: Desk, name: str, controls: list[ft.Control]
) -> ft.Control:
    """A card with its heading, the sign that says how it is counted, and a way to all rows."""
    tokens, t = desk.tokens, desk.t
    title = t(f"statistics.part.{name}")
    head = ft.Row(
        controls=[
            ft.Semantics(
                header=True,
                expand=True,
                content=parts.words(title, tokens, size=tokens.strong, strong=True),
            ),
            parts_statistics.info_sign(
                tokens,
                t("statistics.info", name=title),
                key=f"info-{name}",
                on_click=lambda: model.explain(name),
            ),
        ]
    )
    hidden = 0 if name in model.whole else len(controls) - BARS_MAX
    shown = controls[: len(controls) - max(hidden, 0)]
    if hidden > 0:
        shown.append(
            parts.text_button(
                tokens,
                t("list.more", n=hidden),
                key=f"all-{name}",
                on_click=lambda: model.unfold(name),
            )
        )
    return parts.card(tokens, ft.Column(spacing=0, controls=[head, *shown]))


def _opening(model: StatisticsModel, key: str) -> Callable[[], None]:
    return lambda: model.open(key)


def _weeks(model: StatisticsModel, view: StatisticsView, desk: Desk) -> ft.Control:
    t, tokens = desk.t, desk.tokens
    rows: list[Column] = []
    for week in view.numbers.weeks:
        day, counted, closed = t.day(week.begin_ms), week.reported.count, week.closed.count
        name = t("statistics.week" if week.whole else "statistics.week.part", day=day)
        said = t("statistics.week.said", week=name, count=counted, closed=closed)
        label = day if week.whole else t("statistics.week.mark", day=day)
        opening = _opening(model, week.reported.key)
        rows.append(Column(label, said, counted, closed, opening, pale=not week.whole))
    legend = ["statistics.weeks.legend"]
    if not all(week.whole for week in view.numbers.weeks):
        legend.append("statistics.weeks.part")
    chart = parts_statistics.columns(tokens, rows, key="week")
    below = [parts.words(t(key), tokens, size=tokens.small, color=tokens.ink2) for key in legend]
    return _titled(model, desk, "weeks", [chart, *below])


def _group(model: StatisticsModel, view: StatisticsView, desk: Desk, name: str) -> ft.Control:
    t, bars = desk.t, view.numbers.groups[name]
    most = max((one.figure.count for one in bars), default=0)
    rows: list[ft.Control] = [
        parts_statistics.bar(
            desk.tokens,
            t,
            figure_words.name_of(t, view, name, one.value),
            one.figure.count,
            most,
            key=f"figure-{one.figure.key}",
            on_click=_opening(model, one.figure.key),
            tail=t("statistics.so_far", n=one.so_far) if name == "category" else "",
            kind=GRADES.get(one.value, "primary") if name == "grade" else "primary",
        )
        for one in bars
    ]
    return _titled(model, desk, name, rows)


def _hotspots(model: StatisticsModel, view: StatisticsView, desk: Desk) -> ft.Control:
    t, tokens, spots = desk.t, desk.tokens, view.numbers.hotspots
    rows: list[ft.Control] = [
        parts_statistics.bar(
            tokens,
            t,
            figure_words.title_of(t, view, spot.figure.key),
            spot.figure.count,
            spots[0].figure.count,
            key=f"figure-{spot.figure.key}",
            on_click=_opening(model, spot.figure.key),
            kind="mind",
        )
        for spot in spots
    ]
    if not rows:
        rows = [parts.words(t("statistics.hotspots.none"), tokens, color=tokens.ink2)]
    return _titled(model, desk, "hotspots", rows)


def _ranking(
    model: StatisticsModel, view: StatisticsView, desk: Desk, name: str, teams: tuple[Team, ...]
) -> ft.Control:
    t, tokens = desk.t, desk.tokens
    rows: list[ft.Control] = []
    for place, team in enumerate(teams, start=1):
        unit = figure_words.name_of(t, view, "unit", team.unit)
        rank = t("statistics.rank", n=place)
        if not team.ranked:
            rank = t("statistics.unranked", n=view.limits.rank_min)
        said = t("statistics.team", closed=team.closed.percent, overdue=team.overdue.count)
        rows.append(
            parts_statistics.bar(
                tokens,
                t,
                f"{unit} · {rank}",
                team.closed.part.count,
                team.counted.count,
                key=f"figure-{team.counted.key}",
                on_click=_opening(model, team.counted.key),
                tail=said,
                kind="good",
            )
        )
    return _titled(model, desk, name, rows)
