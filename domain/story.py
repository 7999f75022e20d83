"""The story of a record: its entries that count, in the order of the fold, each with its times."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from domain.records import Record, Value

Delivered = Callable[[Collection[str], int], int | None]
"""When (ms) a device of one of these people first had the feed up to a number, if known."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One entry that counts.

    `captured_ms` is its corrected time, never after its arrival; `received_ms` and `feed` are None
    while the server has not confirmed it.
    """

    writer: str
    person_id: str
    set: Mapping[str, Value]
    captured_ms: int
    received_ms: int | None = None
    feed: int | None = None

    @property
    def state(self) -> str:
        """The state it brought the record to; empty where it changed something else."""
        value = self.set.get("state")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Story:
    """A record and its turns, oldest first."""

    record: Record
    turns: tuple[Turn, ...]

    def last(self, *states: str) -> Turn | None:
        """Return the last turn that brought the record to one of these states."""
        return next((turn for turn in reversed(self.turns) if turn.state in states), None)

    def ever(self, name: str, value: Value) -> bool:
        """Return whether a cell ever had a value, whatever it is now."""
        return any(name in turn.set and turn.set[name] == value for turn in self.turns)


def counted_ms(turn: Turn, people: Collection[str], delivered: Delivered) -> int:
    """Return from when a turn counts against the people who have to act on it.

    That is the first time one of their devices had it. While none is known to have it, it is when
    the server got it: a phone that is off must not keep an escalation from coming, since somebody
    may be in danger; whoever is told one level up can pick up a telephone. It is never before it
    happened; who made the turn had it from then on.
    """
    if turn.person_id in people:
        return turn.captured_ms
    had = delivered(people, turn.feed) if turn.feed is not None else None
    return max(turn.captured_ms, turn.received_ms or 0, had or 0)


def nobody_known(_people: Collection[str], _feed: int) -> int | None:
    """Say that no delivery is known: what a device can tell about the others."""
    return None
