"""What a person may read, and how it is found without reading everything.

The right to read is a matter of roles and scopes. Each scope that compares a column of the store
becomes one indexed stream of records; the streams are merged, latest change first, and what a rule
decides beyond its column is asked of each record.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from sqlmodel import Session

from app.field import FieldApp
from domain.access import EVERYONE, may, subject_of
from domain.plant import Person
from domain.records import Record
from offline_store import records

FIRST, MOST = 20, 200  # records of one stream read at once: few at first, more as it goes on
READ: Final = "read"
# who has or had a step of a record to do may read it: whom it was given to need not be of the unit
_PART = ("assignee", "owner", "verifier")
# which column of the store a scope's side of the record is
_COLUMN: Final[Mapping[str, str]] = {
    "owner": "author", "assignee": "person", "area": "area", "unit": "unit", "units": "unit"
}  # fmt: skip
Where = Mapping[str, str | Sequence[str]]  # columns and values, as `records.find` takes them


def may_read(field: FieldApp, person: Person, record: Record) -> bool:
    """Say whether this person may read a record."""
    definitions = field.definitions
    subject = subject_of(record)
    return may(definitions.access, definitions.plant, person, READ, subject) or any(
        record.text(cell) == person.person_id for cell in _PART
    )


def ways(field: FieldApp, person: Person) -> list[Where]:
    """Return where to look for all that this person may read; one empty way means everywhere."""
    definitions = field.definitions
    access, plant = definitions.access, definitions.plant
    found: dict[str, set[str]] = {"person": {person.person_id}}
    for role in (*person.roles, EVERYONE):
        for permission in access.permissions.get(role, ()):
            if READ not in permission.actions:
                continue
            scope = access.scopes[permission.scope]
            if scope.subject is None:
                return [{}]
            column = _COLUMN.get(scope.subject)
            if column is None:  # said of the moment, not of a record that is kept
                continue
            if scope.person is None:
                return [{}]
            values = _values(person, scope.person)
            if scope.subject == "units":
                values |= {u for u in plant.units if not values.isdisjoint(plant.unit_line(u))}
            found.setdefault(column, set()).update(values)
    return [
        {column: next(iter(values)) if len(values) == 1 else sorted(values)}
        for column, values in found.items()
        if values
    ]


def newest(
    session: Session,
    type: str,
    looks: Iterable[tuple[str, Where]],
    after: tuple[int, str] | None = None,
) -> Iterator[Record]:
    """Yield records found by one of the looks (a state and a way), latest change first, each once.

    Each look keeps to its index; `after` is the place of the last one seen.
    """
    streams = [_stream(session, type, state, one, after) for state, one in looks]
    placed = heapq.merge(*streams, key=_order)
    for _, same in groupby(placed, key=lambda record: record.record_id):
        yield next(same)


def _stream(
    session: Session, type: str, state: str, where: Where, after: tuple[int, str] | None
) -> Iterator[Record]:
    size = FIRST
    while True:
        found = records.find(session, type, state=state, after=after, limit=size, **where)  # type: ignore[arg-type]
        yield from found
        if len(found) < size:
            return
        after, size = records.place_of(found[-1]), min(size * 2, MOST)


def _order(record: Record) -> tuple[int, str]:
    changed_ms, record_id = records.place_of(record)
    return -changed_ms, record_id


def _values(person: Person, of: str) -> set[str]:
    match of:
        case "id":
            return {person.person_id}
        case "unit":
            return {person.unit}
        case _:
            return set(person.areas)
