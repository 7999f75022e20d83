"""Taking lists over: people, roster and whitelist from a workbook or a text with columns.

`preview` says for every row what would become of it and names every problem with row and column;
nothing is written. `take` then writes one entry for each row, signed by the person who took it.
"""

import csv
import io
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.field import FieldApp
from app.use_cases import administration
from domain.errors import ListHeadError, NotAllowedError, RegisterError
from domain.plant import Person
from domain.records import Value
from domain.register_rules import administrators, check_person, needs_second, person_after
from domain.registers import TABLES, Known, Row, RowProblem, roster_key, row_problems
from domain.words import Words
from media.sheets import CELL_MAX, SheetRow, read_sheet

LISTS: Mapping[str, tuple[str, ...]] = {
    "people": ("id", "zh", "en", "roles", "unit", "areas", "contractor", "id_no"),
    "roster": ("date", "shift", "area", "people"),
    "whitelist": ("person", "id_no", "from", "to", "areas"),
}
PROBLEMS_MAX = 500
HEAD_CELLS_SHOWN, HEAD_CELL_SHOWN = 20, 30  # of a head that does not fit: cells, signs of one
_OPTIONAL = frozenset({"areas", "contractor", "id_no"})
_MANY = frozenset({"roles", "areas", "people"})
_KIND = {
    "roles": "role", "areas": "area", "people": "person", "unit": "owner", "area": "area",
    "shift": "shift", "person": "person", "contractor": "contractor",
}  # fmt: skip
_ROUNDED = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+\d{2,3}")  # a long number as spreadsheets show it
_SPLIT = re.compile(r"[,;|\n\u3001\uff0c\uff1b]+")
_DAY = re.compile(
    r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D?(?: 00:00(?::00)?)?|(\d{4})(\d\d)(\d\d)"
)


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """What is wrong where: `code` has `row.<code>` and `row.<code>.mend` in every catalog."""

    number: int
    column: str
    code: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row of the list; `status`: "new" · "changed" · "unchanged" · "bad"."""

    number: int
    key: str
    columns: Row
    status: str
    proposed: bool = False  # a second administrator has to agree


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What taking a list over would do; `missing` are rows of the table that it does not have."""

    table: str
    name: str
    rows: tuple[ImportRow, ...]
    problems: tuple[ImportProblem, ...]
    missing: tuple[str, ...]

    def count(self, status: str) -> int:
        """Return how many rows have a status."""
        return sum(row.status == status for row in self.rows)

    @property
    def to_write(self) -> tuple[ImportRow, ...]:
        """The rows that would be written."""
        return tuple(row for row in self.rows if row.status in ("new", "changed"))


def lists_for(field: FieldApp, person: Person) -> list[str]:
    """Return the lists that this person may take over."""
    mine = administration.sections(field, person)
    return [table for table in LISTS if table in mine]


def preview(field: FieldApp, person: Person, table: str, name: str, data: bytes) -> ImportPlan:
    """Return what would happen; raises a ListError for a file that is no list, writes nothing."""
    if table not in lists_for(field, person):
        raise NotAllowedError(action=TABLES[table].actions[0], person=person.person_id)
    sheet = read_sheet(data)
    columns = _head(field, table, sheet[0])
    cards = {card.key: card for card in administration.rows(field, person, table)}
    held = {key: card.row for key, card in cards.items() if card.status != "ended"}
    with field.store.reading() as session:
        codes = administration.known(field, session)
    reader = _Reader(field, person, table, codes.codes, _names(field))
    read = [reader.row(columns, row, held) for row in sheet[1:]]
    rows = tuple(row for row, _ in read)
    problems = tuple(problem for _, found in read for problem in found)[:PROBLEMS_MAX]
    return ImportPlan(table, name, rows, problems, _missing(table, held, rows))


def take(field: FieldApp, person: Person, plan: ImportPlan, *, only_good: bool = False) -> int:
    """Write the rows of a preview, all in one transaction; returns how many.

    Raises RegisterError where there are problems and `only_good` was not chosen, or where a row was
    changed since the preview; then nothing is written.
    """
    if plan.problems and not only_good:
        first = plan.problems[0]
        raise RegisterError(column=first.column, problem=first.code)
    with field.store.session() as session:
        codes = administration.known(field, session)
        for row in plan.to_write:
            administration.write_change(
                field, session, person, plan.table, row.key, row.columns, reason=plan.name,
                fresh=row.status == "new", codes=codes,
            )  # fmt: skip
    field.nudge()
    return len(plan.to_write)


def template(field: FieldApp, person: Person, table: str, language: str) -> bytes:
    """Return a list to fill in: the columns, and the first row that is there as an example."""
    texts = field.catalogs[language]
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    writer.writerow(texts[f"column.{name}"] for name in LISTS[table])
    for card in administration.rows(field, person, table)[:1]:
        row = {**card.row, (TABLES[table].key_column or "date"): card.row.get("date", card.key)}
        writer.writerow(_shown(row.get(name)) for name in LISTS[table])
    return made.getvalue().encode("utf-8-sig")  # so that Excel reads it as UTF-8


def _shown(value: Value) -> str:
    if isinstance(value, list):
        return ";".join(str(part) for part in value)
    return "" if value is None else str(value)


def _head(field: FieldApp, table: str, row: SheetRow) -> dict[int, str]:
    """Return which column of the file is which; names in any language, in any order."""
    names: dict[str, str] = {}
    for column in LISTS[table]:
        texts = [
            catalog.get(key, "")
            for catalog in field.catalogs.values()
            for key in (f"column.{column}", f"column.{column}.also")
        ]
        names |= {_plain(text): column for text in (column, *texts) if text}
    found = {
        index: names[_plain(cell)] for index, cell in enumerate(row.cells) if _plain(cell) in names
    }
    missing = [
        name for name in LISTS[table] if name not in found.values() and name not in _OPTIONAL
    ]
    if missing or len(set(found.values())) < len(found):
        there = [cell[:HEAD_CELL_SHOWN] for cell in row.cells if cell.strip()]
        raise ListHeadError(
            columns=missing or sorted(found.values()), found=there[:HEAD_CELLS_SHOWN]
        )
    return found


def _names(field: FieldApp) -> dict[str, dict[str, str]]:
    """Return the codes by what people call them, for each kind; an ambiguous name is left out."""
    plant, access = field.definitions.plant, field.definitions.access
    kinds: dict[str, Mapping[str, Words]] = {
        "role": access.roles,
        "area": {code: area.name for code, area in plant.areas.items()},
        "owner": {
            **{code: unit.name for code, unit in plant.units.items()},
            **{code: firm.name for code, firm in plant.contractors.items()},
        },
        "contractor": {code: firm.name for code, firm in plant.contractors.items()},
        "shift": {shift.code: shift.name for shift in plant.shifts},
        "person": {code: person.name for code, person in plant.people.items()},
    }
    found: dict[str, dict[str, str]] = {}
    for kind, named in kinds.items():
        codes: dict[str, str] = {}
        twice: set[str] = set()
        for code, words in named.items():
            for text in {_plain(text) for text in words.by_language.values()}:
                twice |= {text} if text in codes else set()
                codes[text] = code
        found[kind] = {text: code for text, code in codes.items() if text not in twice}
        found[kind] |= {_plain(code): code for code in named}
    return found


def _missing(table: str, held: Mapping[str, Row], rows: Sequence[ImportRow]) -> tuple[str, ...]:
    """Return the rows that the list does not have: of a roster only those of its days."""
    there = {row.key for row in rows}
    days = {str(row.columns.get("date")) for row in rows}
    return tuple(
        sorted(
            key
            for key, row in held.items()
            if key not in there and (table != "roster" or str(row.get("date")) in days)
        )
    )


class _Reader:
    """Reads the rows of one list; knows what earlier rows brought."""

    def __init__(
        self,
        field: FieldApp,
        person: Person,
        table: str,
        codes: Mapping[str, Collection[str]],
        names: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._field, self._person, self._table, self._names = field, person, table, names
        self._known = Known(codes)
        self._seen: dict[str, int] = {}

    def row(
        self, columns: Mapping[int, str], row: SheetRow, held: Mapping[str, Row]
    ) -> tuple[ImportRow, list[ImportProblem]]:
        """Return what a row would do, and what is wrong in it."""
        cells = {name: row.cells[at] if at < len(row.cells) else "" for at, name in columns.items()}
        problems = [
            ImportProblem(row.number, name, code, text[:60])
            for name, text in cells.items()
            for code in _bad_cell(text)
        ]
        read: dict[str, Value] = {}
        for name, text in cells.items():
            if text or name not in _OPTIONAL or name in _MANY:
                read[name] = self._value(name, text)
        key = self._key(read)
        found, proposed = self._check(key, read, held.get(key))
        named = {problem.column for problem in problems}
        problems += [
            ImportProblem(row.number, one.column, one.code, one.value)
            for one in found
            if one.column not in named
        ]
        first = self._seen.setdefault(key, row.number)
        if first != row.number and key:
            column = TABLES[self._table].key_column or "date"
            problems.append(ImportProblem(row.number, column, "again", str(first)))
        status = _status(read, held.get(key)) if not problems else "bad"
        return ImportRow(row.number, key, read, status, proposed), problems

    def _key(self, read: dict[str, Value]) -> str:
        """Take the key out of the row, where a column is the key."""
        column = TABLES[self._table].key_column
        return str(read.pop(column, "")) if column else roster_key(read)

    def _value(self, name: str, text: str) -> Value:
        if name in _MANY:
            parts = [part.strip() for part in _SPLIT.split(text) if part.strip()]
            return [self._code(name, part) for part in parts]
        if name in ("date", "from", "to"):
            return day_of(text) or text
        return self._code(name, text) if name in _KIND else text

    def _code(self, name: str, text: str) -> str:
        return self._names[_KIND[name]].get(_plain(text), text)

    def _check(self, key: str, read: Row, before: Row | None) -> tuple[list[RowProblem], bool]:
        table = TABLES[self._table]
        if not key:
            return [RowProblem(table.key_column or "date", "missing")], False
        found = row_problems(self._known, table, key, read, before)
        if found or self._table != "people":
            return found, False
        return self._check_person(key, read, before)

    def _check_person(
        self, key: str, read: Row, before: Row | None
    ) -> tuple[list[RowProblem], bool]:
        access, plant = self._field.definitions.access, self._field.definitions.plant
        was = plant.people.get(key)
        if before is not None:
            was = person_after(key, was, before)
        try:
            admins = administrators(access, plant)
            check_person(access, self._person.person_id, key, was, read, admins)
        except RegisterError as error:
            return [RowProblem("roles", error.code)], False
        return [], needs_second(access, was, read)


def _status(read: Row, before: Row | None) -> str:
    if before is None:
        return "new"
    changed = any(_same(value) != _same(before.get(name)) for name, value in read.items())
    return "changed" if changed else "unchanged"


def _same(value: Value) -> object:
    """Return a value as it is compared: an empty list is none at all, order does not matter."""
    if isinstance(value, list):
        return tuple(sorted(str(part) for part in value)) or None
    return value


def _bad_cell(text: str) -> list[str]:
    if text.startswith("="):
        return ["formula"]
    if _ROUNDED.fullmatch(text):
        return ["rounded"]
    return ["text"] if len(text) > CELL_MAX else []


def _plain(text: str) -> str:
    return " ".join(text.replace("\u3000", " ").split()).casefold()


def day_of(text: str) -> str | None:
    """Return a day as rows write it: of 2026-11-25, 2026/11/25, 2026.11.25 and 20261125."""
    found = _DAY.fullmatch(text.strip())
    if not found:
        return None
    parts = found.groups()[:3] if found[1] else found.groups()[3:]
    year, month, day = (int(part) for part in parts)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
