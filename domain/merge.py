"""The merge of one record: the same functions on the device and on the server.

A record's state is a fold of its entries in feed order: `apply` adds one entry, `fold` all of them.
An entry names for each field it sets the writer whose value the person had seen. If that is still
the writer of the cell, the entry simply follows; if not, two people wrote without knowing of each
other and the field's policy decides. Nothing is lost in silence: what does not win stays in the
journal, and a person is asked where the policy says so.

A cell merged from several entries (union, append-only) is named by all of them,
"device:number+device:number", so that a later entry can say exactly what its author had seen.
States that put safety first (permits: a stop beats a close) are judged by `domain.holds`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from domain.carried import CELL, inside
from domain.changes import Entry
from domain.folded import Conflict, FeedEntry, History, Merged, Verdict
from domain.holds import ACTION, HOLDS, SLOT, STATE, Effect, Safety, Step, decide, disagree
from domain.joins import (
    Joined,
    Measured,
    Policy,
    Sides,
    elements,
    heads,
    identity,
    join,
    join_writers,
    measured,
    moment,
    moments,
)
from domain.policies import POLICIES, Policies, TypePolicies
from domain.records import Cell, Record, Value

__all__ = [
    "OUT", "POLICIES", "Conflict", "FeedEntry", "Merged", "Policies", "Policy",
    "TypePolicies", "Verdict", "apply", "fold", "is_plain", "join_writers", "refuse", "seen",
]  # fmt: skip

AHEAD_MS = 5 * 60 * 1000  # a clock further ahead than this is flagged
OUT = frozenset({"refused", "quarantined"})  # verdicts of entries that do not count
_JUDGES = frozenset({"resolve", "delete"})  # kinds that ask what is there
_NOTHING = Merged(None, "accepted")


def fold(entries: Sequence[FeedEntry], policies: TypePolicies = POLICIES) -> Merged | None:
    """Return the record that `entries`, in feed order, make; None without entries."""
    merged: Merged | None = None
    for entry, verdict, received_ms in entries:
        if verdict in OUT:
            merged = refuse(merged, entry)
        else:
            merged = apply(merged, entry, policies, received_ms)
    return merged


def refuse(before: Merged | None, entry: Entry, code: str | None = None) -> Merged:
    """Leave an entry out: later entries that build on it are merged from what it had seen.

    A stop that is in force already stays so: only its lift frees the work.
    """
    before = before or Merged(None, "accepted")
    if before.history.early(entry):
        return before._replace(verdict="refused", code=code)
    left_out = {**before.history.left_out, entry.writer: entry.base}
    taken = before.history.with_taken(entry)
    history = replace(before.history, left_out=left_out, taken=taken)
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
    before = before or _NOTHING
    carried = inside(entry) if CELL in entry.set else None
    if carried is not None:
        return _carry(before, entry, carried, policies, received_ms)
    if before.history.early(entry):  # its turn has come: it is in force already
        return before._replace(verdict="accepted", code=None)
    if before.history.has(entry):  # the same entry again
        return before._replace(verdict="merged", code="duplicate")
    if before.record and before.record.type != entry.type:
        return refuse(before, entry, "entry.type")
    own = policies.get(entry.type, {})
    if before is _NOTHING and is_plain(entry, own):
        return _begin(entry, received_ms)
    return _Fold(before, entry, own, received_ms).run()


def _carry(
    before: Merged, entry: Entry, carried: Entry, policies: TypePolicies, received_ms: int | None
) -> Merged:
    """Put a stop in force before its turn; one that is in force already changes nothing."""
    known = before.history.has(carried)
    after = before if known else apply(before, carried, policies, received_ms)
    taken = after.history.with_taken(entry)
    early = after.history.carried if known else after.history.carried | {carried.entry_id}
    history = replace(after.history, taken=taken, carried=early)
    verdict = "merged" if known else after.verdict
    return after._replace(verdict=verdict, code="duplicate" if known else None, history=history)


def is_plain(entry: Entry, policies: Policies) -> bool:
    """Say whether an entry, as the first of its record, only fills cells: most entries do."""
    if entry.kind in _JUDGES or CELL in entry.set or isinstance(policies.get(STATE), Safety):
        return False
    for name, policy in policies.items():
        if policy is Policy.APPEND_ONLY and name in entry.set:
            return False
    return True


def _begin(entry: Entry, received_ms: int | None) -> Merged:
    """Return what `_Fold` would make of such an entry, at a third of the cost."""
    writer, wall_ms, counter = entry.writer, entry.wall_ms, entry.counter
    ahead = received_ms is not None and wall_ms > received_ms + AHEAD_MS
    if received_ms is not None:
        wall_ms = min(wall_ms, received_ms)
    cells = {name: Cell(value, writer, wall_ms, counter) for name, value in entry.set.items()}
    values = {(name, writer): value for name, value in entry.set.items()}
    taken = {writer: (entry.entry_id,)}
    history = History(values, {}, {}, taken, _NOTHING.history.standing)
    record = Record(entry.record_id, entry.type, entry.definition, cells)
    return Merged(record, "accepted", (), "clock.ahead" if ahead else None, history)


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
    same = history.standing.same
    for _ in range(len(left_out) + len(same)):  # bounded: one may claim to build on itself
        if writer is not None and writer in left_out:
            writer = left_out[writer].get(name)
        elif writer is not None and writer in same and name in {STATE, ACTION, HOLDS}:
            writer = same[writer]  # a decision that somebody else had made
        else:
            break
    return writer


def _knows(history: History, entry: Entry, name: str, writer: str) -> bool:
    """Return whether the author knew of that writer; a device always knows its own entries."""
    known = heads(_base(history, entry, name) or "")
    known[entry.device_id] = max(known.get(entry.device_id, 0), entry.number - 1)
    return all(known.get(device, 0) >= number for device, number in heads(writer).items())


class _Fold:
    """One entry on its way into a record; what it changes is collected here."""

    def __init__(
        self, before: Merged, entry: Entry, policies: Policies, received_ms: int | None
    ) -> None:
        self.before, self.entry, self.policies = before, entry, policies
        self.writer = entry.writer
        self.ahead = received_ms is not None and entry.wall_ms > received_ms + AHEAD_MS
        self.wall_ms = entry.wall_ms if received_ms is None else min(entry.wall_ms, received_ms)
        record = before.record
        self.record = record or Record(entry.record_id, entry.type, entry.definition)
        self.cells = dict(self.record.cells)
        self.values = dict(before.history.values)
        self.added = dict(before.history.added)
        self.conflicts = list(before.conflicts)
        self.standing = before.history.standing
        self.verdict: Verdict = "accepted"
        self.code: str | None = "clock.ahead" if self.ahead else None

    def run(self) -> Merged:
        """Decide and collect."""
        left_out = self.before.history.left_out
        safety = self.policies.get(STATE)
        if self.entry.kind == "resolve":
            self._close()
        if self.entry.kind == "delete":
            self._delete()
        elif isinstance(safety, Safety):
            effect = decide(self._step(safety))
            if effect.verdict == "refused":
                return refuse(self.before, self.entry, effect.code)
            self._revive()
            self._safely(safety, effect)
        elif self._beside():
            left_out = {**left_out, self.writer: self.entry.base}
        else:
            self._revive()
            for name in sorted(self.entry.set):
                self._field(name)
        taken = self.before.history.with_taken(self.entry)
        carried = self.before.history.carried
        history = History(self.values, self.added, left_out, taken, self.standing, carried)
        record = Record(self.record.record_id, self.record.type, self.record.definition, self.cells)
        return Merged(record, self.verdict, tuple(self.conflicts), self.code, history)

    def _step(self, safety: Safety) -> Step:
        base = self._base(STATE)
        parts = base.split("+") if base else []
        return Step(
            safety, self.standing, self.cells, self.entry, self._cell(None), self._seen,
            base, self.entry.base.get(STATE, "") in self.before.history.left_out,
            blind=any(one not in self.before.history.taken for one in parts),
            behind=self._behind(self.standing.made),
        )  # fmt: skip

    def _behind(self, writers: Iterable[str]) -> bool:
        """Whether its own device is one of these later on: a stop was carried here before it."""
        if not self.before.history.carried:
            return False
        own, number = self.entry.device_id, self.entry.number
        return any(heads(one).get(own, 0) > number for one in writers)

    def _safely(self, safety: Safety, effect: Effect) -> None:
        """Take what the entry did to state and holds, then its other fields."""
        self._apply(effect)
        for name in sorted(self.entry.set.keys() - {STATE, ACTION, HOLDS}):
            if name in safety.stamps:  # of the decision that counts; a later one changes nothing
                if effect.signs and name not in self.cells:
                    self.cells[name] = self._cell(self.entry.set[name])
            elif not name.startswith(SLOT):
                self._field(name, safety)
            elif name in self.cells:  # signed before, whoever it was
                self._note("merged", "duplicate_signature")
            elif effect.signs:
                self.cells[name] = self._cell(self.entry.set[name])

    def _apply(self, effect: Effect) -> None:
        self.standing = effect.standing
        self.cells |= effect.cells
        for name, cell in effect.cells.items():
            self.values[name, cell.writer] = cell.value
        if effect.verdict != "accepted":
            self._note(effect.verdict, effect.code)
        if effect.card:
            self._disagree(Conflict(STATE, self._base(STATE), *effect.card), follows=True)

    def _cell(self, value: Value) -> Cell:
        return Cell(value, self.writer, self.wall_ms, self.entry.counter)

    def _base(self, name: str) -> str | None:
        return _base(self.before.history, self.entry, name)

    def _seen(self, name: str, writer: str) -> bool:
        return _knows(self.before.history, self.entry, name, writer)

    def _field(self, name: str, safety: Safety | None = None) -> None:
        current, new = self.cells.get(name), self._cell(self.entry.set[name])
        self.values[name, new.writer] = new.value
        policy = self.policies.get(name, Policy.ASK)
        if current is None and policy is not Policy.APPEND_ONLY:  # nobody wrote it before
            self.cells[name] = new
            return
        if isinstance(policy, Safety):
            policy = Policy.ASK
        base = self._base(name)
        if current and self._behind(by for field, by in self.values if field == name):
            return
        if policy is Policy.APPEND_ONLY:
            self._place(name, base, new)
        if current is not None and not self._seen(name, current.writer):
            value = self.values.get((name, base)) if base else None
            joined = self._join(policy, Sides(name, value, current, new, self.added), safety)
        elif policy is Policy.APPEND_ONLY and current is not None:
            joined = join(policy, Sides(name, current.value, current, new, self.added))
            joined = joined._replace(cell=joined.cell.changed(writer=new.writer))
            if joined.code:
                self._note("merged", joined.code)
        else:
            self.cells[name] = new
            return
        self.cells[name] = joined.cell
        self.values[name, joined.cell.writer] = joined.cell.value

    def _join(self, policy: Policy | Measured, sides: Sides, safety: Safety | None) -> Joined:
        """Make one value of two; where a person must settle it, add the conflict."""
        other = sides.second
        if isinstance(policy, Measured):
            joined, other = measured(policy, sides)
        else:
            joined = join(policy, sides)
        self._note("conflict" if joined.conflict else "merged", joined.code)
        if joined.conflict:
            base = self._base(sides.field)
            self._disagree(Conflict(sides.field, base, joined.cell, other))
            if isinstance(policy, Measured) and safety:
                self._apply(disagree(self._step(safety), joined.cell, other))
        return joined

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
            self._keep_alive(edit.changed(value=False), gone)
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

    def _disagree(self, conflict: Conflict, *, follows: bool = False) -> None:
        """Add a conflict; the next entry of the same chain of work replaces the one before it.

        `follows`: that chain may go over several devices.
        """
        loser = conflict.other.writer.rpartition(":")[0]
        for index, open_one in enumerate(self.conflicts):
            same = open_one.field == conflict.field and open_one.kept.writer == conflict.kept.writer
            before = open_one.other.writer
            if same and (
                before.rpartition(":")[0] == loser
                or (follows and self._seen(open_one.field, before))
            ):
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
