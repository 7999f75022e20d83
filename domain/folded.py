"""What a fold of entries is made of: the record, what is open about it, and what it remembers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from domain.changes import Entry, canonical
from domain.holds import Hold, Standing
from domain.joins import Moment
from domain.records import Cell, Record, Value

Verdict = Literal["accepted", "merged", "conflict", "refused", "quarantined"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field on which two people disagree: `kept` stands until a person settles it.

    `base` names the writer whose value the losing side had seen; None if there was none.
    """

    field: str
    base: str | None
    kept: Cell
    other: Cell

    def conflict_id(self, record_id: str) -> str:
        """Return the same id on every node, whichever side was first."""
        writers = sorted((self.kept.writer, self.other.writer))
        return hashlib.sha256(canonical([record_id, self.field, *writers])).hexdigest()


@dataclass(frozen=True, slots=True)
class History:
    """What a fold remembers of a record's earlier entries.

    `values`: what each writer wrote, by (field, writer). `added`: the place in time of each element
    of an append-only field, by (field, element). `left_out`: the bases of entries of which nothing
    counts. `taken`: the ids of all entries so far, by writer: more than one only where a device was
    copied, and a stop of its other body was carried. `standing`: decisions and holds. `carried`:
    ids of stops that are in force before their turn (`domain.carried`).
    """

    values: Mapping[tuple[str, str], Value] = field(default_factory=dict[tuple[str, str], Value])
    added: Mapping[tuple[str, str], Moment] = field(default_factory=dict[tuple[str, str], Moment])
    left_out: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    taken: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    standing: Standing = field(default_factory=Standing)
    carried: frozenset[str] = frozenset()

    def has(self, entry: Entry) -> bool:
        """Whether this very entry came already."""
        return entry.entry_id in self.taken.get(entry.writer, ())

    def early(self, entry: Entry) -> bool:
        """Whether this very entry is in force before its turn."""
        return entry.entry_id in self.carried and self.has(entry)

    def with_taken(self, entry: Entry) -> Mapping[str, tuple[str, ...]]:
        """Return `taken` with one more."""
        return {**self.taken, entry.writer: (*self.taken.get(entry.writer, ()), entry.entry_id)}


class Merged(NamedTuple):
    """A record after one more entry, and what became of that entry.

    `code` says more about the verdict: "append_only" (a removal was ignored), "entry.two_bodies"
    (one id, two contents: the first stays), "clock.ahead" (the device's clock is minutes ahead),
    "duplicate" and "duplicate_signature" (somebody did it before), "hold_open" (a hold keeps the
    record suspended), "hold_unknown" (a lift of what its author had not seen), "base_refused".
    `record` is None while every entry so far was refused.
    """

    record: Record | None
    verdict: Verdict
    conflicts: tuple[Conflict, ...] = ()
    code: str | None = None
    history: History = History()

    @property
    def holds(self) -> tuple[Hold, ...]:
        """All holds ever placed, by id; those that nobody lifted are open."""
        return tuple(one for _, one in sorted(self.history.standing.holds.items()))


class FeedEntry(NamedTuple):
    """An entry with what the server said about it; None for an entry that it has not seen."""

    entry: Entry
    verdict: Verdict | None = None
    received_ms: int | None = None
