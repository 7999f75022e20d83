"""States that put safety first: what a decision counts as, and the holds that keep work stopped.

Two who decide without knowing of each other: the safer decision stands, whoever comes first in the
feed (`Safety.order`). A stop, a suspension and a late reject place a hold with the id of their
entry; only a lift that names it and whose author had seen it takes it away, by the action that the
data gives for its kind. A hold never depends on which state won: no stop is lost in a merge.
Decisions that knew of each other simply follow, else work could never be resumed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from domain.changes import Entry
from domain.joins import join_writers
from domain.records import Cell, Value

STATE, ACTION, HOLDS = "state", "action", "holds"
SLOT = "slot."  # cells "slot.<step>.<round>": a signature each, filled once
KINDS = ("stop", "reject", "suspend", "expire", "close", "approve", "start")
_GOES_ON = frozenset({"approve", "start"})  # never while a hold is open
_LOOSE = _GOES_ON | {"close"}  # a decision that rests on a refused one does not count


@dataclass(frozen=True, slots=True)
class Counts:
    """A row of the data: decisions by one of these actions to one of these states count as `kind`.

    An empty list fits everything.
    """

    kind: str
    actions: tuple[str, ...]
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Safety:
    """The policy "safety" of one record type, as data.

    `order` names the kinds of decisions, safest first; `states` all states in the order of the
    data. `places` gives the hold of (action, state), `lifted_by` the one action that lifts a kind
    of hold. `live` are the states that a hold suspends, `started` is the one in which work goes on.
    `stamps` are cells that a decision brings along and that are filled once, like signatures.
    """

    order: tuple[str, ...]
    states: tuple[str, ...]
    counts: tuple[Counts, ...]
    places: Mapping[tuple[str, str], str]
    lifted_by: Mapping[str, str]
    live: frozenset[str]
    suspended: str
    started: str
    stamps: tuple[str, ...] = ()

    def kind(self, action: str, state: str) -> str:
        """Return what a decision counts as; one that the data does not know is the weakest."""
        for row in self.counts:
            if (not row.actions or action in row.actions) and (
                not row.states or state in row.states
            ):
                return row.kind
        return ""

    def stops(self, action: str, state: str) -> bool:
        """Say whether a decision makes work stop: all that the data counts as safer than a close.

        Those are the kinds that count even where what they rest on was refused.
        """
        kind = self.kind(action, state)
        return bool(kind) and kind not in _LOOSE

    def rank(self, kind: str) -> int:
        """Return how safe a kind of decision is: the higher one stands."""
        return len(self.order) - self.order.index(kind) if kind in self.order else 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it was made; `base` is the writer of the state that its author had seen."""

    entry_id: str
    person_id: str
    kind: str
    action: str
    base: str | None
    cell: Cell

    @property
    def state(self) -> str:
        """The state it asks for."""
        return _text(self.cell.value)


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps work stopped; its id is that of the entry that placed it.

    `writer` names that entry, `placed_by` its person; `lifted_by` names the entry that lifted it.
    Times are those of the entries.
    """

    hold_id: str
    kind: str
    rank: int
    placed_by: str
    placed_ms: int
    writer: str
    lifted_by: str | None = None
    lifted_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a fold remembers for the sake of safety.

    `holds` by id, lifted ones too; `made`: decisions by writer; `top`: the one on which the state
    rests; `same`: a duplicate stands for the decision it repeats; `authors`: entry id and person by
    writer, for holds that two measured values place.
    """

    holds: Mapping[str, Hold] = field(default_factory=dict[str, Hold])
    made: Mapping[str, Decision] = field(default_factory=dict[str, Decision])
    top: Decision | None = None
    same: Mapping[str, str] = field(default_factory=dict[str, str])
    authors: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    @property
    def open(self) -> tuple[Hold, ...]:
        """The holds that nobody has lifted."""
        return tuple(one for _, one in sorted(self.holds.items()) if one.lifted_by is None)


class Effect(NamedTuple):
    """What a decision or a lift does to its record.

    `cells` are set; `card` is what stands and what does not, where a person has to see both.
    "refused" leaves the whole entry out; `signs` says whether its signatures count.
    """

    standing: Standing
    cells: Mapping[str, Cell]
    verdict: Literal["accepted", "merged", "conflict", "refused"] = "accepted"
    code: str | None = None
    card: tuple[Cell, Cell] | None = None
    signs: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """An entry before a record: `stamp` is a cell of the entry without a value.

    `knows` says whether the author had seen a writer of a field; `base` is the writer of the state
    seen, `base_refused` whether that one was left out. `blind`: nobody here has what its author had
    seen; `behind`: its own device decided again since (a stop came before its turn).
    """

    safety: Safety
    standing: Standing
    cells: Mapping[str, Cell]
    entry: Entry
    stamp: Cell
    knows: Callable[[str, str], bool]
    base: str | None
    base_refused: bool
    blind: bool = False
    behind: bool = False

    def sees(self, hold: Hold) -> bool:
        """Whether the author knew of a hold."""
        return self.knows(HOLDS, hold.writer) or self.knows(STATE, hold.writer)


def decide(step: Step) -> Effect:
    """Return what the entry does to state and holds; an entry about neither does nothing."""
    entry = step.entry
    author = {entry.writer: (entry.entry_id, entry.person_id)}
    standing = replace(step.standing, authors={**step.standing.authors, **author})
    step = replace(step, standing=standing)
    if entry.kind == "lift":
        return _lift(step)
    if STATE in entry.set:
        return _decision(step)
    return Effect(standing, {})


def _lift(step: Step) -> Effect:
    """Lift the holds named; all of them must be known to the author and theirs to lift."""
    entry, standing = step.entry, step.standing
    asked = entry.set.get(HOLDS)
    named = [_text(one) for one in asked] if isinstance(asked, list) else []
    found = [standing.holds[one] for one in named if one in standing.holds]
    if not named or len(found) < len(named) or not all(map(step.sees, found)):
        return Effect(standing, {}, "refused", "hold_unknown")
    action = _text(entry.set.get(ACTION))
    if any(step.safety.lifted_by.get(one.kind) != action for one in found):
        return Effect(standing, {}, "refused", "hold_open")
    fresh = [one for one in found if one.lifted_by is None]
    if not fresh and STATE not in entry.set:  # somebody else did it: the author goes on from there
        same = {**standing.same, entry.writer: found[-1].lifted_by or ""}
        return Effect(replace(standing, same=same), {}, "merged", "duplicate")
    lifted = {
        one.hold_id: replace(one, lifted_by=entry.writer, lifted_ms=step.stamp.wall_ms)
        for one in fresh
    }
    standing = replace(standing, holds={**standing.holds, **lifted})
    cells = _held(standing, step.cells)
    if STATE not in entry.set:
        return Effect(standing, cells)
    after = _decision(replace(step, standing=standing, cells={**step.cells, **cells}))
    if after.verdict == "refused":  # the lift counts; work does not go on while others hold
        return Effect(standing, cells, "merged", "hold_open", signs=False)
    return after._replace(cells={**cells, **after.cells})


def _decision(step: Step) -> Effect:
    safety, entry, standing = step.safety, step.entry, step.standing
    state, action = _text(entry.set[STATE]), _text(entry.set.get(ACTION))
    kind = safety.kind(action, state)
    mine = Decision(
        entry.entry_id, entry.person_id, kind, action, step.base, step.stamp.changed(value=state)
    )
    if step.base_refused and kind in _LOOSE:
        return Effect(standing, {}, "merged", "base_refused", signs=False)
    if kind in _GOES_ON and any(map(step.sees, standing.open)):
        return Effect(standing, {}, "refused", "hold_open")
    hold = safety.places.get((action, state))
    current = step.cells.get(STATE)
    follows = current is None or step.knows(STATE, current.writer)
    alone = hold or follows or kind == "reject"  # each of those counts by itself
    twin = None if alone else _twin(standing, mine, current)
    if twin:
        same = {**standing.same, entry.writer: twin}
        return Effect(replace(standing, same=same), {}, "merged", "duplicate")
    if hold:
        standing = _place(safety, standing, mine, hold)
    standing = replace(standing, made={**standing.made, entry.writer: mine})
    step = replace(step, standing=standing)
    if step.behind:  # its own device has gone on from there: the later decision is in force
        return Effect(standing, _held(standing, step.cells), "merged")
    return _next(step, mine) if follows else _beside(step, mine)


def _twin(standing: Standing, mine: Decision, current: Cell | None) -> str | None:
    """Return the writer who made the same decision from the same state, or whose state it asks."""
    for writer, one in standing.made.items():
        if (one.action, one.state, one.base) == (mine.action, mine.state, mine.base):
            return writer
    top = standing.top
    if top and top.kind == mine.kind and current and current.value == mine.state == top.state:
        return top.cell.writer
    return None


def _next(step: Step, mine: Decision) -> Effect:
    """A decision that follows the state as it is; a hold that its author had not seen suspends."""
    standing, safety = step.standing, step.safety
    goes_on = mine.kind in _GOES_ON and mine.state in safety.live
    unseen = standing.open if goes_on else ()
    cell, top = mine.cell, mine
    if unseen:
        writer = join_writers(cell.writer, *(one.writer for one in unseen))
        cell = cell.changed(value=safety.suspended, writer=writer)
        first = max(unseen, key=lambda one: (one.rank, one.hold_id)).writer
        top = standing.made.get(first, mine)
    standing = replace(standing, top=top)
    cells = _state_cells(cell, top) | _held(standing, step.cells)
    if unseen:
        return Effect(standing, cells, "merged", "hold_open")
    return Effect(standing, cells)


def _beside(step: Step, mine: Decision) -> Effect:
    """Two decisions that did not know of each other: the safer one stands."""
    safety, standing = step.safety, step.standing
    current = step.cells[STATE]
    # without one: a state from before there were decisions
    top = standing.top or Decision("", "", "", "", None, current)
    loser, winner = sorted((mine, top), key=lambda one: _safer(safety, one))
    made = standing.made.values()
    started = any(one.kind == "start" and one.state == safety.started for one in made)
    rejects = [one for one in made if one.kind == "reject"]
    state = winner.state
    if started and winner.kind == "reject":
        state = safety.suspended
    elif loser.kind != "reject" or not (started or winner.entry_id in standing.holds):
        rejects = []
    for one in rejects:
        standing = _place(safety, standing, one, "reject")
    if winner.kind in _GOES_ON and winner.state in safety.live and standing.open:
        state = safety.suspended
    standing = replace(standing, top=winner)
    # what the author had seen is behind the new decision
    unseen = [one for one in current.writer.split("+") if not step.knows(STATE, one)]
    writer = join_writers(*unseen, mine.cell.writer)
    cells = _state_cells(winner.cell.changed(value=state, writer=writer), winner)
    cells |= _held(standing, step.cells)
    if step.blind or loser.entry_id in standing.holds or loser.state == winner.state:
        return Effect(standing, cells, "merged")
    return Effect(standing, cells, "conflict", None, (winner.cell, loser.cell))


def disagree(step: Step, worse: Cell, other: Cell) -> Effect:
    """Suspend work on a measured value that two people read differently; the worse one holds it."""
    safety, standing = step.safety, step.standing
    entry_id, person = standing.authors.get(worse.writer, (step.entry.entry_id, ""))
    cell = worse.changed(value=safety.suspended)
    rule = Decision(entry_id, person, "suspend", "", step.base, cell)
    standing = _place(safety, standing, rule, rule.kind)
    cells = _held(standing, step.cells)
    current = step.cells.get(STATE)
    if current and current.value in safety.live:
        top = standing.top
        if top is None or _safer(safety, top) < _safer(safety, rule):
            top = rule
        standing = replace(standing, top=top)
        writer = join_writers(current.writer, worse.writer, other.writer)
        cells |= _state_cells(cell.changed(writer=writer), top)
    return Effect(standing, cells)


def _safer(safety: Safety, one: Decision) -> tuple[int, int]:
    """Return a key that is higher for the safer decision; of two alike the earlier state."""
    place = safety.states.index(one.state) if one.state in safety.states else len(safety.states)
    return safety.rank(one.kind), -place


def _place(safety: Safety, standing: Standing, one: Decision, kind: str) -> Standing:
    """Add a hold; one that is there stays as it is, lifted or not."""
    if one.entry_id in standing.holds:
        return standing
    rank, at_ms = safety.rank(kind), one.cell.wall_ms
    hold = Hold(one.entry_id, kind, rank, one.person_id, at_ms, one.cell.writer)
    return replace(standing, holds={**standing.holds, one.entry_id: hold})


def _state_cells(cell: Cell, one: Decision) -> dict[str, Cell]:
    return {STATE: cell, ACTION: cell.changed(value=one.action or None)}


def _held(standing: Standing, cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return the cell of the open holds where it changes; it is named by all who made or lifted."""
    before = cells.get(HOLDS)
    value: Value = [{"id": one.hold_id, "kind": one.kind} for one in standing.open]
    if value == (before.value if before else []):
        return {}
    holds = standing.holds.values()
    writer = join_writers(*(one.writer for one in holds), *(one.lifted_by or "" for one in holds))
    at_ms = max(max(one.placed_ms, one.lifted_ms or 0) for one in holds)
    return {HOLDS: Cell(value, writer, at_ms, 0)}


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
