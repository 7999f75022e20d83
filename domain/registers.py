"""Registers: what people administer, row by row, on top of the plant file.

A table of the plant file (people, plans, roster, ...) is changed by entries of the type `register`:
one record is one row, found by table and key. The effective table is the file's rows with these
laid over them, column by column; a row that is None holds no longer. People are never taken away,
since records name them: they are retired, and keep their name.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Final

from domain.access import Access
from domain.pins import is_verifier
from domain.plant import Plant
from domain.records import Record, Value

Row = Mapping[str, Value]
Rows = Mapping[str, Mapping[str, Row | None]]  # by table and key; None: holds no longer

FILE: Final = "registers.yaml"
DEFINITION: Final = "register@1"
PREFIX: Final = "reg."  # no record of another type may have an id like this
TEXT_MAX: Final = 120
REASON_MAX: Final = 300
LIST_MAX: Final = 200
KEEP_DAYS: Final = 60  # how long a past day stays in the file; its record stays for good
_MAY_BE_EMPTY: Final = ("retired_ms", "contractor", "id_no", "paused", "until")
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,39}")
_HAN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Table:
    """A table that people administer.

    `section` is its list in the plant file, `key_column` the column that is the key (none: the key
    is made of columns). One of `actions` lets a person change it. `columns` says what may stand in
    a row, `needed` what a row that is not in the file must have.
    """

    code: str
    section: str | None
    key_column: str | None
    actions: tuple[str, ...]
    columns: Mapping[str, str]
    needed: tuple[str, ...] = ()


_PLAN: Final = {
    "asset": "asset", "owner": "person", "times": "clocks", "days": "days", "due_min": "minutes",
    "paused": "flag", "every_d": "days_n", "remind_before_d": "days_n", "zh": "zh", "en": "en",
    # what the reader of plans checks, before the server agrees
    "every": "any", "weekdays": "any", "month_day": "any", "shifts": "any", "from": "any",
    "until": "any", "route": "any", "role": "any", "unit": "any", "last_done": "any",
    "evidence": "any", "parts": "any",
}  # fmt: skip

TABLES: Final[Mapping[str, Table]] = {
    table.code: table
    for table in (
        Table(
            "people", "people", "id", ("admin.accounts",),
            {"zh": "zh", "en": "en", "roles": "roles", "unit": "owner", "areas": "areas",
             "contractor": "contractor", "id_no": "text", "retired_ms": "ms"},
            ("zh", "en", "roles", "unit"),
        ),
        Table(
            "pins", None, None, ("admin.accounts",),
            {"verifier": "verifier", "temporary": "flag"}, ("verifier", "temporary"),
        ),
        Table(
            "inspection_plans", "inspection_plans", "id", ("inspect.plan",),
            {**_PLAN, "template": "template"},
        ),
        Table(
            "maintenance_plans", "maintenance_plans", "id", ("inspect.plan",),
            {**_PLAN, "kind": "any"}, ("asset", "owner", "kind", "zh", "en"),
        ),
        Table(
            "roster", "roster", None, ("contractor.admit", "admin.accounts"),
            {"date": "day", "shift": "shift", "area": "area", "people": "people"},
            ("date", "shift", "area", "people"),
        ),
        Table(
            "whitelist", "gate_whitelist", "person", ("contractor.admit",),
            {"id_no": "text", "from": "day", "to": "day", "areas": "areas"},
            ("id_no", "from", "to", "areas"),
        ),
        Table("labels", None, None, ("definition.edit",), {"version": "count"}, ("version",)),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in a row; `code` has a sentence `row.<code>` in every catalog."""

    column: str
    code: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """The codes that rows may name, by kind."""

    codes: Mapping[str, Collection[str]]

    def has(self, kind: str, code: str) -> bool:
        """Return whether there is such a code."""
        return code in self.codes.get(kind, ())


@dataclass(frozen=True, slots=True)
class Registers:
    """All register records of a store, folded: what holds, and what waits for a second person."""

    rows: Rows = field(default_factory=dict[str, Mapping[str, "Row | None"]])
    pins_ms: Mapping[str, int] = field(default_factory=dict[str, int])  # when a PIN was changed
    latest_ms: int = 0


def register_id(table: str, key: str) -> str:
    """Return the record id of a row: the same on every device."""
    return PREFIX + hashlib.sha256(f"{table}\0{key}".encode()).hexdigest()[:32]


def roster_key(row: Row) -> str:
    """Return the key of a roster row: one row for each day, shift and area."""
    return "|".join(str(row.get(name, "")) for name in ("date", "shift", "area"))


def known_codes(plant: Plant, access: Access, templates: Iterable[str]) -> Known:
    """Return the codes that rows may name now."""
    return Known(
        {
            "role": access.roles.keys() - {"everyone", "device"},
            "owner": plant.units.keys() | plant.contractors.keys(),
            "contractor": plant.contractors.keys(),
            "area": plant.areas.keys(),
            "asset": plant.assets.keys(),
            "checkpoint": plant.checkpoints.keys(),
            "shift": {shift.code for shift in plant.shifts},
            "template": set(templates),
            "person": {
                person.person_id for person in plant.people.values() if person.retired_ms is None
            },
        }
    )


def fold(found: Iterable[Record]) -> Registers:
    """Return what the register records say; a row that is only proposed does not hold yet."""
    rows: dict[str, dict[str, Row | None]] = {}
    pins_ms: dict[str, int] = {}
    latest = 0
    for record in found:
        if "row" not in record.cells:
            continue
        row = record.get("row")
        table = rows.setdefault(record.text("table"), {})
        table[record.text("key")] = row if isinstance(row, dict) else None
        at_ms = record.whole("at_ms") or 0
        latest = max(latest, at_ms)
        if record.text("table") == "pins":
            pins_ms[record.text("key")] = at_ms
    return Registers(rows, pins_ms, latest)


def to_yaml(rows: Rows, first_day: str) -> str:
    """Return the rows as the file that definitions are read with; PINs never stand in it.

    Roster days and gate passes that ended before `first_day` (ISO) are left out. Equal rows give
    equal bytes on every server.
    """
    lines: list[str] = []
    for code, table in TABLES.items():
        if code == "pins" or not rows.get(code):
            continue
        last = {"roster": "date", "whitelist": "to"}.get(code)
        kept = {
            key: row
            for key, row in rows[code].items()
            if row is None or last is None or str(row.get(last, "")) >= first_day
        }
        lines += [f"{code}:"] if kept else []
        lines += [f"  {_json(key)}: {_json(kept[key])}" for key in sorted(kept)]
        assert table.code == code
    return "".join(f"{line}\n" for line in lines)


def located(text: str, line: int) -> tuple[str, str] | None:
    """Return table and key of a line of the file."""
    table = ""
    for number, content in enumerate(text.splitlines(), start=1):
        if not content.startswith(" "):
            table = content.removesuffix(":")
        elif number == line:
            key, _ = json.JSONDecoder().raw_decode(content.strip())
            return table, str(key)
    return None


def row_problems(
    known: Known, table: Table, key: str, row: Row, before: Row | None
) -> list[RowProblem]:
    """Return everything that is wrong in a row; `before` is the row that holds now."""
    found = _key_problems(known, table, key, row)
    found += [RowProblem(name, "column.unknown") for name in row if name not in table.columns]
    whole = {**(before or {}), **row}
    found += [RowProblem(name, "missing") for name in table.needed if whole.get(name) in (None, "")]
    for name, kind in table.columns.items():
        if name in row and row[name] is None and name not in _MAY_BE_EMPTY:
            found.append(RowProblem(name, "missing"))
        elif row.get(name) is not None:
            found += [
                RowProblem(name, code, value) for code, value in _value(known, kind, row[name])
            ]
    begins, ends = str(whole.get("from", "")), str(whole.get("to", ""))
    if is_day(begins) and is_day(ends) and begins > ends:  # ISO days sort as they follow
        found.append(RowProblem("to", "order", ends))
    return found


def _key_problems(known: Known, table: Table, key: str, row: Row) -> list[RowProblem]:
    if table.code == "roster":
        return [] if key == roster_key(row) else [RowProblem("date", "key")]
    if table.code == "labels" and not (known.has("asset", key) or known.has("checkpoint", key)):
        return [RowProblem("asset", "unknown.asset", key)]
    if table.code in ("whitelist", "pins") and not known.has("person", key):
        return [RowProblem("person", "unknown.person", key)]
    if not _CODE.fullmatch(key):
        return [RowProblem(table.key_column or "id", "code.form", key[:TEXT_MAX])]
    return []


def _value(known: Known, kind: str, value: Value) -> list[tuple[str, str]]:
    """Return what is wrong with one value: code of the sentence, and the part that is wrong."""
    match kind:
        case "any" | "days":  # plans have their own reader, which the server asks, too
            return [] if len(_json(value)) <= TEXT_MAX * 20 else [("size", "")]
        case "roles" | "areas" | "people":
            return _codes(known, kind, value)
        case "flag":
            return [] if isinstance(value, bool) else [("flag", str(value)[:TEXT_MAX])]
        case "ms" | "count" | "minutes" | "days_n":
            return _number(kind, value)
        case "clocks":
            return _clocks(value)
        case "verifier":
            fits = isinstance(value, str) and is_verifier(value)
            return [] if fits else [("verifier", "")]
        case _:
            return _text(known, kind, value)


def _clocks(value: Value) -> list[tuple[str, str]]:
    times = value if isinstance(value, list) else [value]
    wrong = [("time", str(one)[:TEXT_MAX]) for one in times if not _is_clock(one)]
    return wrong[:5] or ([] if times else [("missing", "")])


def _text(known: Known, kind: str, value: Value) -> list[tuple[str, str]]:
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_MAX:
        return [("text", str(value)[:TEXT_MAX])]
    if any(unicodedata.category(sign)[0] == "C" for sign in value):
        return [("text", "")]
    if kind == "day" and not is_day(value):
        return [("day", value)]
    if kind == "en" and _HAN.search(value):
        return [("han", value)]
    if kind in known.codes and not known.has(kind, value):
        return [(f"unknown.{kind}", value)]
    return []


def _codes(known: Known, kind: str, value: Value) -> list[tuple[str, str]]:
    one = {"roles": "role", "areas": "area", "people": "person"}[kind]
    if not isinstance(value, list) or len(value) > LIST_MAX:
        return [("list", "")]
    if not value and kind != "areas":
        return [("missing", "")]
    texts = [str(code) for code in value]
    wrong = [(f"unknown.{one}", code[:TEXT_MAX]) for code in texts if not known.has(one, code)]
    return wrong[:5] or ([("twice", "")] if len(set(texts)) < len(texts) else [])


def _number(kind: str, value: Value) -> list[tuple[str, str]]:
    most = {"ms": 2**53 - 1, "count": 9999, "minutes": 60 * 24 * 31, "days_n": 3660}[kind]
    fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
    return [] if fits else [("number", str(value)[:TEXT_MAX])]


def is_day(text: str) -> bool:
    """Return whether a text is a day as rows write it: 2026-11-25."""
    try:
        return len(text) == len("2026-11-25") and date.fromisoformat(text).year >= 2000
    except ValueError:
        return False


def _is_clock(value: Value) -> bool:
    if not isinstance(value, str) or len(value) != len("08:00"):
        return False
    try:
        time.fromisoformat(value)
    except ValueError:
        return False
    return True


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
