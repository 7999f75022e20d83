"""The merge of one record: the same functions on the device and on the server.

A record's state is a fold of its entries in feed order: `apply` adds one entry, `fold` all of them.
An entry names for each field it sets the writer whose value the person had seen. If that is still
the writer of the cell, the entry simply follows; if not, two people wrote without knowing of each
other and the field's policy decides. Nothing is lost in silence: what does not win stays in the
journal, and a person is asked where the policy says so.

A cell merged from several entries (union, append-only) is named by all of them,
"device:number+device:number", so that a later entry can say exactly what its author had seen.
States that put safety first (permits: a stop beats a close) become one more policy in `_POLICIES`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from domain.changes import Entry, canonical
from domain.joins import (
    Moment,
    Policy,
    Sides,
    elements,
    heads,
    identity,
    join,
    join_writers,
    moment,
    moments,
)
from domain.records import Cell, Record, Value

__all__ = [
    "POLICIES",
    "Conflict",
    "FeedEntry",
    "Merged",
    "Policies",
    "Policy",
    "TypePolicies",
    "Verdict",
    "apply",
    "fold",
    "join_writers",
    "refuse",
    "seen",
]

Verdict = Literal["accepted", "merged", "conflict", "refused", "quarantined"]


Policies = Mapping[str, Policy]  # by field; a field without a policy is asked about
TypePolicies = Mapping[str, Policies]  # by record type

POLICIES: TypePolicies = {
    "task": {"state": Policy.FIRST, "done_by": Policy.ASK},
    "inspection": {"state": Policy.FIRST, "note": Policy.LATEST},
    "hazard": {
        "state": Policy.FIRST,
        "action": Policy.FIRST,
        "place_note": Policy.LATEST,
        "note": Policy.LATEST,
        "fix": Policy.LATEST,
    },
    "maintenance": {"state": Policy.FIRST, "note": Policy.LATEST},
    "evidence": {},
    "event": {},
    # one notice may be written twice, by the server and by the device it concerns: the first stands
    "notice": dict.fromkeys(
        (
            "state",
            "to",
            "rule",
            "step",
            "about",
            "about_type",
            "params",
            "told_ms",
            "captured_ms",
            "counted_ms",
            "level",
        ),
        Policy.FIRST,
    )
    | {"seen_ms": Policy.LATEST},
    "gap": {"state": Policy.FIRST, "note": Policy.LATEST},
    # two administrators who change one row without knowing of each other: the server refuses the
    # second one, and until then the second one counts for nothing on its device
    "register": {"state": Policy.FIRST},
    "device": dict.fromkeys(("state", "name", "reason", "by", "at_ms"), Policy.LATEST),
}


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
    counts.
    """

    values: Mapping[tuple[str, str], Value] = field(default_factory=dict[tuple[str, str], Value])
    added: Mapping[tuple[str, str], Moment] = field(default_factory=dict[tuple[str, str], Moment])
    left_out: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])


class Merged(NamedTuple):
    """A record after one more entry, and what became of that entry.

    `code` says more about the verdict: "append_only" (a removal was ignored), "entry.two_bodies"
    (one id, two contents: the first stays), "clock.ahead" (the device's clock is minutes ahead).
    `record` is None while every entry so far was refused.
    """

    record: Record | None
    verdict: Verdict
    conflicts: tuple[Conflict, ...] = ()
    code: str | None = None
    history: History = History()


class FeedEntry(NamedTuple):
    """An entry with what the server said about it; None for an entry that it has not seen."""

    entry: Entry
    verdict: Verdict | None = None
    received_ms: int | None = None


AHEAD_MS = 5 * 60 * 1000  # a clock further ahead than this is flagged
_OUT = frozenset({"refused", "quarantined"})


def fold(entries: Sequence[FeedEntry], policies: TypePolicies = POLICIES) -> Merged | None:
    """Return the record that `entries`, in feed order, make; None without entries."""
    merged: Merged | None = None
    for entry, verdict, received_ms in entries:
        if verdict in _OUT:
            merged = refuse(merged, entry)
        else:
            merged = apply(merged, entry, policies, received_ms)
    return merged


def refuse(before: Merged | None, entry: Entry, code: str | None = None) -> Merged:
    """Leave an entry out: later entries that build on it are merged from what it had seen."""
    before = before or Merged(None, "accepted")
    left_out = {**before.history.left_out, entry.writer: entry.base}
    history = replace(before.history, left_out=left_out)
    return Merged(before.record, "refused", before.conflicts, code, history)


def apply(
    before: Merged | None,
    entry: Entry,
    policies: TypePolicies = POLICIES,
    received_ms: int | None = None,
) -> Merged:
    """Add the next entry of the feed to a record.

    `received_ms` is when the server got the entry: a device whose clock runs ahead does not win
    every merge until that day comes.
    """
    before = before or Merged(None, "accepted")
    if before.record and before.record.type != entry.type:
        return refuse(before, entry, "entry.type")
    return _Step(before, entry, policies.get(entry.type, {}), received_ms).run()


def seen(before: Merged, entry: Entry, name: str) -> bool:
    """Return whether the author of `entry` knew the value that the field `name` has in `before`.

    The merge and the rights of the server both ask here, so that no entry is new to the one and
    old to the other. A field that nobody has written yet hides nothing.
    """
    cell = before.record.cells.get(name) if before.record else None
    return cell is None or _knows(before.history, entry, name, cell.writer)


def _base(history: History, entry: Entry, name: str) -> str | None:
    """Return the writer whose value the person had seen; one left out stands for its base."""
    writer, left_out = entry.base.get(name), history.left_out
    for _ in range(len(left_out)):  # bounded: an entry may claim to build on itself
        if writer is None or writer not in left_out:
            break
        writer = left_out[writer].get(name)
    return writer


def _knows(history: History, entry: Entry, name: str, writer: str) -> bool:
    """Return whether the author knew of that writer; a device always knows its own entries."""
    known = heads(_base(history, entry, name) or "")
    known[entry.device_id] = max(known.get(entry.device_id, 0), entry.number - 1)
    return all(known.get(device, 0) >= number for device, number in heads(writer).items())


class _Step:
    """One entry on its way into a record; what it changes is collected here."""

    def __init__(
        self, before: Merged, entry: Entry, policies: Policies, received_ms: int | None
    ) -> None:
        self.before, self.entry, self.policies = before, entry, policies
        self.ahead = received_ms is not None and entry.wall_ms > received_ms + AHEAD_MS
        self.wall_ms = entry.wall_ms if received_ms is None else min(entry.wall_ms, received_ms)
        record = before.record
        self.record = record or Record(entry.record_id, entry.type, entry.definition)
        self.cells = dict(self.record.cells)
        self.values = dict(before.history.values)
        self.added = dict(before.history.added)
        self.conflicts = list(before.conflicts)
        self.verdict: Verdict = "accepted"
        self.code: str | None = "clock.ahead" if self.ahead else None

    def run(self) -> Merged:
        """Decide and collect."""
        left_out = self.before.history.left_out
        if self.entry.kind == "resolve":
            self._close()
        if self.entry.kind == "delete":
            self._delete()
        elif self._beside():
            left_out = {**left_out, self.entry.writer: self.entry.base}
        else:
            self._revive()
            for name in sorted(self.entry.set):
                self._field(name)
        history = History(self.values, self.added, left_out)
        record = replace(self.record, cells=self.cells)
        return Merged(record, self.verdict, tuple(self.conflicts), self.code, history)

    def _cell(self, value: Value) -> Cell:
        return Cell(value, self.entry.writer, self.wall_ms, self.entry.counter)

    def _base(self, name: str) -> str | None:
        return _base(self.before.history, self.entry, name)

    def _seen(self, name: str, writer: str) -> bool:
        return _knows(self.before.history, self.entry, name, writer)

    def _field(self, name: str) -> None:
        current, new = self.cells.get(name), self._cell(self.entry.set[name])
        self.values[name, new.writer] = new.value
        policy = self.policies.get(name, Policy.ASK)
        base = self._base(name)
        if policy is Policy.APPEND_ONLY:
            self._place(name, base, new)
        if current is not None and not self._seen(name, current.writer):
            value = self.values.get((name, base)) if base else None
            joined = join(policy, Sides(name, value, current, new, self.added))
            self._note("conflict" if joined.conflict else "merged", joined.code)
            if joined.conflict:
                self._disagree(Conflict(name, base, current, new))
        elif policy is Policy.APPEND_ONLY and current is not None:
            joined = join(policy, Sides(name, current.value, current, new, self.added))
            joined = joined._replace(cell=replace(joined.cell, writer=new.writer))
            if joined.code:
                self._note("merged", joined.code)
        else:
            self.cells[name] = new
            return
        self.cells[name] = joined.cell
        self.values[name, joined.cell.writer] = joined.cell.value

    def _place(self, name: str, base: str | None, new: Cell) -> None:
        """Give new elements their place in a list: by stamp, but behind what the author saw."""
        seen = elements(self.values.get((name, base)) if base else None)
        floor = max((self.added[name, identity(one)] for one in seen), default=None)
        for key, at in moments(name, None, new).items():
            if floor and at <= floor:  # the author's clock is behind
                at = at._replace(wall_ms=floor.wall_ms, counter=floor.counter + 1)  # noqa: PLW2901
            # two who add the same: the earlier place, whoever comes first in the feed
            self.added[key] = min(self.added.get(key, at), at)

    def _beside(self) -> bool:
        """Whether this is a decision on a state that someone else has left already.

        Such a decision is kept in the journal, whole: nothing of it is applied.
        """
        current = self.cells.get("state")
        decides = "state" in self.entry.set and self.policies.get("state") is Policy.FIRST
        if not decides or current is None or self._seen("state", current.writer):
            return False
        if self.entry.set["state"] == current.value:
            self._note("merged", "duplicate")
        else:
            self._note("conflict", None)
            new = self._cell(self.entry.set["state"])
            self._disagree(Conflict("state", self._base("state"), current, new))
        return True

    def _delete(self) -> None:
        """Delete the record, unless someone has written what the person had not seen."""
        gone = self._cell(value=True)
        unseen = [
            cell
            for name, cell in self.cells.items()
            if name != "deleted" and not self._seen(name, cell.writer)
        ]
        if self.record.get("deleted") is True:
            self._note("merged", "duplicate")
        elif unseen:
            edit = max(unseen, key=moment)
            self._keep_alive(replace(edit, value=False), gone)
        else:
            self.cells["deleted"] = gone

    def _revive(self) -> None:
        """An edit by someone who had not seen the deletion beats it, and a person is asked."""
        deleted = self.cells.get("deleted")
        if deleted and deleted.value is True and not self._seen("deleted", deleted.writer):
            self._keep_alive(self._cell(value=False), deleted)

    def _keep_alive(self, live: Cell, gone: Cell) -> None:
        self.cells["deleted"] = live
        self._note("conflict", "deleted")
        self._disagree(Conflict("deleted", None, live, gone))

    def _disagree(self, conflict: Conflict) -> None:
        """Add a conflict; the next entry of the same chain of work replaces the one before it."""
        loser = conflict.other.writer.rpartition(":")[0]
        for index, open_one in enumerate(self.conflicts):
            same = open_one.field == conflict.field and open_one.kept.writer == conflict.kept.writer
            if same and open_one.other.writer.rpartition(":")[0] == loser:
                self.conflicts[index] = replace(conflict, base=open_one.base)
                return
        self.conflicts.append(conflict)

    def _close(self) -> None:
        """Close the conflicts of which the person saw both sides."""
        self.conflicts = [
            conflict
            for conflict in self.conflicts
            if conflict.field not in self.entry.base
            or not self._seen(conflict.field, conflict.kept.writer)
            or not self._seen(conflict.field, conflict.other.writer)
        ]

    def _note(self, verdict: Verdict, code: str | None) -> None:
        if self.verdict != "conflict":
            self.verdict = verdict
        self.code = code or self.code
