"""How two values of one field become one: one function per policy, no order but the feed's.

The writer of a cell names the entry that wrote it, "device:number". A value made of several entries
is named by all of them, "device:number+device:number": per device the last one.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from domain.changes import canonical
from domain.records import Cell, Value


class Policy(enum.Enum):
    """What happens when two people wrote one field without knowing of each other."""

    LATEST = "latest"  # the later stamp wins; the other stays in the history
    ASK = "ask"  # the first in the feed stays and a person is asked
    UNION = "union"  # a set of choices: additions and removals of both hold
    APPEND_ONLY = "append_only"  # a list that only grows, ordered by stamp
    FIRST = "first"  # a decision: the first in the feed stays, the other is kept beside it


@dataclass(frozen=True, slots=True)
class Measured:
    """The policy of a measured value: both stay, the worse one counts, a person is asked.

    A cell is a number as text ("19.4"), or a map whose "value" is one, with when it was sampled.
    """

    low_is_worse: bool


class Moment(NamedTuple):
    """A place in time, the same on every node: clock, then device, then order in the list."""

    wall_ms: int
    counter: int
    writer: tuple[tuple[str, int], ...]
    place: int = 0


def heads(writer: str) -> dict[str, int]:
    """Return the last number by device that a writer's name stands for."""
    numbers: dict[str, int] = {}
    for part in writer.split("+"):
        device, _, number = part.rpartition(":")
        if number.isdecimal():  # anything else names no entry, so nobody has seen it
            numbers[device] = max(numbers.get(device, 0), int(number))
    return numbers


def join_writers(*writers: str) -> str:
    """Return the name of a value made of several: per device the last entry, in fixed order."""
    numbers: dict[str, int] = {}
    for writer in writers:
        for device, number in heads(writer).items():
            numbers[device] = max(numbers.get(device, 0), number)
    return "+".join(f"{device}:{number}" for device, number in sorted(numbers.items()))


class Sides(NamedTuple):
    """Two concurrent values of one field; `first` came earlier in the feed."""

    field: str
    base: Value
    first: Cell
    second: Cell
    added: Mapping[tuple[str, str], Moment]


class Joined(NamedTuple):
    """What became of two values, and whether a person has to settle it."""

    cell: Cell
    conflict: bool = False
    code: str | None = None


def join(policy: Policy, sides: Sides) -> Joined:
    """Make one value of two, by the field's policy."""
    return _JOINS[policy](sides)


def measured(policy: Measured, sides: Sides) -> tuple[Joined, Cell]:
    """Return what became of two readings of one value, and the reading that lost."""
    first, second = sides.first, sides.second
    if first.value == second.value:
        return Joined(first), second
    readings = [(number(cell.value), cell) for cell in (first, second)]
    unread = [cell for value, cell in readings if value is None]
    if unread:  # nobody can say how bad it is: the first in the feed stays
        return Joined(first, conflict=True), second
    found = [(value or Decimal(0), moment(cell), cell) for value, cell in readings]
    low, high = sorted(found, key=lambda one: one[:2])
    worse, other = (low, high) if policy.low_is_worse else (high, low)
    return Joined(worse[2], conflict=True), other[2]


def number(value: Value) -> Decimal | None:
    """Return a measured value as a number, None where there is none."""
    if isinstance(value, dict):
        value = value.get("value")
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _latest(sides: Sides) -> Joined:
    return Joined(max(sides.first, sides.second, key=moment))


def _first(sides: Sides) -> Joined:
    if sides.first.value == sides.second.value:
        return Joined(sides.first)
    return Joined(sides.first, conflict=True)


def _union(sides: Sides) -> Joined:
    base, first, second = (
        {canonical(choice): choice for choice in elements(value)}
        for value in (sides.base, sides.first.value, sides.second.value)
    )
    gone = (base.keys() - first.keys()) | (base.keys() - second.keys())
    all_choices = {**base, **first, **second}
    value: Value = [all_choices[key] for key in sorted(all_choices.keys() - gone)]
    return Joined(_both(sides, value))


def _append(sides: Sides) -> Joined:
    known: dict[str, Value] = {}
    code = None
    for value in (sides.base, sides.first.value, sides.second.value):
        for element in elements(value):
            if known.setdefault(identity(element), element) != element:
                code = "entry.two_bodies"
    removed = {identity(element) for element in elements(sides.base)}
    removed -= {identity(element) for element in elements(sides.second.value)}
    order = sorted(known, key=lambda key: sides.added[sides.field, key])
    cell = _both(sides, [known[key] for key in order])
    return Joined(cell, code=code or ("append_only" if removed else None))


_JOINS: Mapping[Policy, Callable[[Sides], Joined]] = {
    Policy.LATEST: _latest,
    Policy.ASK: _first,
    Policy.FIRST: _first,
    Policy.UNION: _union,
    Policy.APPEND_ONLY: _append,
}


def _both(sides: Sides, value: Value) -> Cell:
    newer = max(sides.first, sides.second, key=moment)
    return newer._replace(value=value, writer=join_writers(sides.first.writer, sides.second.writer))


def elements(value: Value) -> list[Value]:
    """Return the parts of a value that is a list; a single value is a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def identity(element: Value) -> str:
    """Return what makes an element of a list the same: its id, else all of it."""
    if isinstance(element, dict) and isinstance(element.get("id"), str):
        return str(element["id"])
    return canonical(element).decode()


def moment(cell: Cell, index: int = 0) -> Moment:
    """Return the place in time of a cell, or of an element in it."""
    return Moment(cell.wall_ms, cell.counter, tuple(sorted(heads(cell.writer).items())), index)


def moments(name: str, base: Cell | None, *sides: Cell) -> dict[tuple[str, str], Moment]:
    """Return the place in time of each element: what `base` held keeps its place."""
    old: dict[tuple[str, str], Moment] = {}
    for index, element in enumerate(elements(base.value if base else None)):
        old[name, identity(element)] = moment(base or sides[0], index)
    new: dict[tuple[str, str], Moment] = {}
    for cell in sides:
        for index, element in enumerate(elements(cell.value)):
            key, at = (name, identity(element)), moment(cell, index)
            new[key] = min(new.get(key, at), at)
    return new | old
