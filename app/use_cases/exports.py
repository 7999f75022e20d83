"""Numbers and lists as files, xlsx or csv; each export is an entry that says who took what.

A cell never begins with what a spreadsheet runs as a formula: such a text gets an apostrophe in
front, in both formats, so that both hold the same. Times are those of the plant.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from openpyxl import Workbook

from app.field import FieldApp
from app.translate import Translator
from app.use_cases import events, statistics
from app.use_cases.figure_words import about, name_of, rule_key, shares
from app.use_cases.statistics import Asked, HazardLine, StatisticsView
from domain.errors import NotAllowedError
from domain.figures import Figure, Spread
from domain.plant import Person
from domain.records import Value

Format = Literal["xlsx", "csv"]
FORMATS: Final[tuple[Format, ...]] = ("xlsx", "csv")
Cell = str | int | None
Table = Sequence[Sequence[Cell]]
EVENT = "export"
TEXT_MAX = 32_767  # characters in one cell of Excel
MINUTE_MS = 60_000
_RUNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no spreadsheet file may hold them
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"  # Excel takes a csv for UTF-8 only with it


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file to save, and how many rows it has below its head."""

    name: str
    data: bytes
    rows: int


def of_figures(field: FieldApp, person: Person, asked: Asked, kind: Format) -> ExportFile:
    """Return the figures of a question as a file; raises NotAllowedError without the right."""
    _allow(field, person)
    t = field.translator()
    shown = statistics.view(field, person, asked, action=statistics.EXPORT)
    rows = figure_rows(t, shown)
    head = [t(f"export.figure.{name}") for name in ("part", "name", "value", "unit", "about")]
    return _finish(field, person, asked, "figures", kind, [head, *rows])


def of_list(field: FieldApp, person: Person, asked: Asked, key: str, kind: Format) -> ExportFile:
    """Return the hazards behind a figure as a file; raises NotAllowedError without the right."""
    _allow(field, person)
    t = field.translator()
    _, lines = statistics.lines(field, person, asked, key, action=statistics.EXPORT)
    head = [t(f"export.hazard.{name}") for name in LIST_COLUMNS]
    return _finish(field, person, asked, key, kind, [head, *(_row(t, line) for line in lines)])


LIST_COLUMNS: Final = (
    "code", "state", "grade", "category", "element", "area", "asset_id", "asset", "unit", "words",
    "reporter", "assignee", "reported", "accepted", "rectified", "closed", "due", "to_accept",
    "to_close", "returned", "reopened", "after_photo", "record",
)  # fmt: skip


def figure_rows(t: Translator, shown: StatisticsView) -> list[list[Cell]]:
    """Return each figure as a row: part, name, value, unit, how it is counted."""
    numbers, rows = shown.numbers, list[list[Cell]]()

    def put(part: str, name: str, value: Cell, unit: str, about: str) -> None:
        rows.append([t(f"statistics.part.{part}"), name, value, t(unit), about])

    def number(part: str, key: str, figure: Figure, name: str = "") -> None:
        put(
            part,
            name or t(f"statistics.{key}"),
            figure.count,
            "statistics.unit.n",
            about(t, shown.limits, key),
        )

    for figure in (
        numbers.counted, numbers.open, numbers.overdue, numbers.closed.part, numbers.void,
        numbers.merged,
    ):  # fmt: skip
        number("keys", figure.key, figure)
    for key, share in shares(shown):
        put(
            "keys",
            t(f"statistics.{key}"),
            share.percent,
            "statistics.unit.percent",
            about(t, shown.limits, key),
        )
    for key, row in numbers.times.items():
        for what, value in zip(("median", "mean", "p90"), _minutes(row), strict=True):
            name = f"{t(f'statistics.time.{key}')} · {t(f'statistics.{what}')}"
            put("times", name, value, "statistics.unit.min", about(t, shown.limits, f"time.{key}"))
    for group, bars in numbers.groups.items():
        for bar in bars:
            number(group, group, bar.figure, name_of(t, shown, group, bar.value))
    for spot in numbers.hotspots:
        place = f"{spot.asset} {name_of(t, shown, 'asset', spot.asset)}"
        name = f"{place} · {name_of(t, shown, 'category', spot.category)}"
        number("hotspots", "hotspots", spot.figure, name)
    for part, teams in (("departments", numbers.departments), ("teams", numbers.teams)):
        for team in teams:
            name = name_of(t, shown, "unit", team.unit)
            put(
                part,
                name,
                team.closed.percent,
                "statistics.unit.percent",
                about(t, shown.limits, part),
            )
    for week in numbers.weeks:
        number("weeks", "weeks", week.reported, t.day(week.begin_ms))
    for point in numbers.breaks:
        number("breaks", f"break.{point.whole.key}", point.whole)
        for rule in point.rules:
            number("breaks", rule_key(rule), rule)
    return rows


def defused(text: str) -> str:
    """Return a text that no spreadsheet runs or refuses, cut to what fits one cell."""
    plain = _CONTROL.sub(" ", text)
    return ("'" + plain if plain.lstrip(" ").startswith(_RUNS) else plain)[:TEXT_MAX]


def as_csv(table: Table) -> bytes:
    """Return a table as csv in UTF-8 with the mark by which Excel knows it."""
    made = io.StringIO(newline="")
    made.write(_BOM)
    csv.writer(made).writerows([_safe(row) for row in table])
    return made.getvalue().encode()


def as_xlsx(table: Table, title: str, said: Table, beside: str = "i") -> bytes:
    """Return a table as a workbook; a second sheet says what it is, of when, and by whom."""
    book = Workbook(write_only=True)
    for name, rows in ((title, table), (beside, said)):
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(_safe(row))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _safe(row: Iterable[Cell]) -> list[Cell]:
    return [defused(cell) if isinstance(cell, str) else cell for cell in row]


def _allow(field: FieldApp, person: Person) -> None:
    if not statistics.may_export(field, person):
        raise NotAllowedError(action=statistics.EXPORT, person=person.person_id)


def _minutes(row: Spread) -> list[int | None]:
    times = (row.median_ms, row.mean_ms, row.p90_ms)
    return [None if one is None else one // MINUTE_MS for one in times]


def _row(t: Translator, line: HazardLine) -> list[Cell]:
    fact, way = line.fact, line.fact.way

    def at(time_ms: int | None) -> str:
        return "" if time_ms is None else t.stamp(time_ms)

    def minutes(until_ms: int | None) -> int | None:
        return None if until_ms is None else max(0, until_ms - fact.reported_ms) // MINUTE_MS

    return [
        line.code, t.of(line.state), line.grade, t.of(line.category), t.of(line.element),
        t.of(line.area), line.asset_id, t.of(line.asset), t.of(line.unit), line.words,
        t.of(line.reporter), t.of(line.assignee), at(fact.reported_ms), at(way.accepted_ms),
        at(way.rectified_ms), at(way.closed_ms), at(fact.due_ms), minutes(way.accepted_ms),
        minutes(way.closed_ms), way.returned, way.reopened,
        t("export.yes" if fact.after_photo else "export.no"), line.record_id,
    ]  # fmt: skip


def _finish(
    field: FieldApp, person: Person, asked: Asked, key: str, kind: Format, table: Table
) -> ExportFile:
    """Log the export first: a file that nobody can account for is never handed out."""
    t, now_ms = field.translator(), field.clock.now_ms()
    rows = len(table) - 1
    said = [
        [t("export.what"), key],
        [t("export.days"), asked.days],
        [t("export.area"), asked.area or t("export.all")],
        [t("export.unit"), asked.unit or t("export.all")],
        [t("export.grade"), asked.grade or t("export.all")],
        [t("export.as_of"), t.stamp(now_ms)],
        [t("export.by"), t.of(person.name)],
        [t("export.rows"), rows],
    ]
    title = t("export.sheet.figures" if key == "figures" else "export.sheet.list")
    data = as_csv(table) if kind == "csv" else as_xlsx(table, title, said, t("export.sheet.about"))
    facts: dict[str, Value] = {
        "figure": key,
        "days": asked.days,
        "area": asked.area or None,
        "unit": asked.unit or None,
        "grade": asked.grade or None,
        "format": kind,
        "rows": rows,
    }
    events.note(field, person, EVENT, facts, at_ms=now_ms)
    stamp = t.stamp(now_ms).translate(str.maketrans({" ": "-", ":": ""}))
    return ExportFile(
        f"anshao-{'figures' if key == 'figures' else 'hazards'}-{stamp}.{kind}", data, rows
    )
