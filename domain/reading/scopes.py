"""Reading `scopes.yaml`: what a device takes along."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from domain.policies import CELLS
from domain.reading.source import Part
from domain.records import Value, type_names
from domain.scopes import Row, Rules

DAYS = range(1, 61)
FOLLOWED = ("of",)  # the cells by which the store finds what goes with a record


@dataclass(frozen=True, slots=True)
class ScopeExample:
    """A record, the people who take it along, and some who do not."""

    path: str
    line: int
    type: str
    cells: Mapping[str, Value]
    people: tuple[str, ...]
    others: tuple[str, ...]


def read_scopes(part: Part) -> tuple[Rules, tuple[ScopeExample, ...]]:
    """Return the rules with their examples; problems are noted with their lines."""
    rows = tuple(map(_row, part.parts("take")))
    if not rows:
        part.problem("take", "key.missing")
    follows = {
        _type(row, row.text("type")): row.choice("cell", FOLLOWED) for row in part.parts("follow")
    }
    days = part.whole("days")
    if part.has("days") and days not in DAYS:
        part.problem("days", "value.choice", value=str(days), allowed=f"{DAYS[0]}-{DAYS[-1]}")
    examples = tuple(map(_example, part.parts("examples")))
    if not examples:
        part.problem("examples", "key.missing")
    return Rules(rows, follows, days), examples


def _row(row: Part) -> Row:
    if row.has("rights") and row.has("cells"):  # two rows say it more clearly
        row.problem("cells", "value.choice", value="rights", allowed="rights, cells")
    code = row.code("code", "row of scopes")
    if not code.isidentifier():  # it stands in the names of scopes
        row.problem("code", "value.choice", value=code, allowed="a-z, _")
    types = row.texts("types")
    if not types:
        row.problem("types", "key.missing")
    return Row(
        code=code,
        types=frozenset(_type(row, one, "types") for one in types),
        rights=frozenset(row.refs("rights", "action")) if row.has("rights") else frozenset(),
        cells=tuple(_cell(row, one, "cells") for one in row.texts("cells"))
        if row.has("cells")
        else (),
        until=frozenset(row.texts("until")) if row.has("until") else frozenset(),
    )


def _type(row: Part, name: str, key: str = "type") -> str:
    _known(row, key, name, type_names)
    return name


def _cell(row: Part, name: str, key: str) -> str:
    known = {cell for cells in CELLS.values() for cell in cells} | {"assignee", "verifier"}
    _known(row, key, name, known | {"reporter", "rectifier", "rechecker"})
    return name


def _known(row: Part, key: str, name: str, allowed: Collection[str]) -> None:
    if name and name not in allowed:
        row.problem(key, "value.choice", value=name, allowed=", ".join(sorted(allowed)))


def _example(row: Part) -> ScopeExample:
    cells = row.part("cells")
    return ScopeExample(
        path=row.path,
        line=row.line,
        type=_type(row, row.text("type")),
        cells={name: cells.text(name) for name in cells.names()} if cells else {},
        people=row.refs("with", "person"),
        others=row.refs("without", "person") if row.has("without") else (),
    )
