"""Reading `merge.yaml`: what becomes of two changes that did not know of each other."""

from collections.abc import Collection, Iterable, Mapping

import yaml

from domain.holds import KINDS, Counts, Safety
from domain.joins import Measured, Policy
from domain.policies import CELLS, POLICIES, FieldPolicy, TypePolicies
from domain.reading.source import Part, line_of
from domain.workflow import Workflow, decided_cells

_STATE = "state"
_KEYS = ("type", *(policy.value for policy in Policy), "measured", "safety")
_PERMIT = "permit"  # the type of the records that permits.yaml describes
_WORSE = ("low", "high")
_BY_PRODUCT = ("rule", "clock")  # what the product does itself: no action of a person


def read_merge(part: Part, permits: Part, flows: Iterable[Workflow]) -> TypePolicies:
    """Return the policies of all types; those that the file does not name keep the product's own.

    States and holds of the policy "safety" are those of `permits`. Types and cells must be there.
    """
    known = _known(permits, flows)
    found: dict[str, dict[str, FieldPolicy]] = {}
    for row in part.parts("merge"):
        name = row.code("type", "type of record")
        if name and name not in known:
            row.problem("type", "value.choice", value=name, allowed=", ".join(sorted(known)))
        _are_policies(row)
        found[name] = _fields(row, name, permits, known.get(name))
    if not found:
        part.problem("merge", "key.missing")
    return {**POLICIES, **found}


def _known(permits: Part, flows: Iterable[Workflow]) -> Mapping[str, Collection[str]]:
    """Return the cells that a record may hold, by type."""
    moved = {flow.code: flow.cells.keys() | decided_cells(flow) for flow in flows}
    return {**CELLS, _PERMIT: _permit_cells(permits), **moved}


def _are_policies(row: Part) -> None:
    """See that each key of a row is a policy; one misspelt would leave its fields to be asked."""
    for key in row.names():
        if key not in _KEYS:
            row.reading.problem(
                row.path, row.line_at(key), "value.choice", key="merge", value=key,
                allowed=", ".join(_KEYS),
            )  # fmt: skip


def _permit_cells(permits: Part) -> Collection[str]:
    common = permits.part("permit_common")
    if common:
        common.names()  # what else stands there is kept for the permits themselves
    fields = list(common.parts("fields")) if common else []
    for kind in permits.parts("permits"):
        kind.names()
        fields += kind.parts("extra_fields")
    return {_STATE, *(_of(row, "code") for row in fields)}


def _fields(
    row: Part, name: str, permits: Part, cells: Collection[str] | None
) -> dict[str, FieldPolicy]:
    """Return the policies of a row; `cells` are those of its type, None if that is not known."""
    kind = f"cell of {name}"
    fields: dict[str, FieldPolicy] = {}
    for policy in Policy:
        named = row.texts(policy.value)
        lines = _lines(row, policy.value)
        for cell, line in zip(named, lines, strict=False):
            _is_cell(row, policy.value, cell, line, cells)
            _declare(row, kind, cell, policy.value, taken=cell in fields)
            fields[cell] = policy
    for one in row.parts("measured"):
        cell = one.text("cell")
        _is_cell(one, "cell", cell, one.line_at("cell"), cells)
        _declare(one, kind, cell, "cell", taken=cell in fields)
        fields[cell] = Measured(low_is_worse=one.choice("worse", _WORSE) == "low")
    safety = row.part("safety")
    if safety:
        _declare(safety, kind, _STATE, "counts", taken=_STATE in fields)
        fields[_STATE] = _safety(safety, permits)
    return fields


def _lines(row: Part, key: str) -> list[int]:
    node = row.node(key)
    return [line_of(one) for one in node.value] if isinstance(node, yaml.SequenceNode) else []


def _is_cell(row: Part, key: str, cell: str, line: int, cells: Collection[str] | None) -> None:
    if cell and cells is not None and cell not in cells:
        allowed = ", ".join(sorted(cells))
        row.reading.problem(row.path, line, "value.choice", key=key, value=cell, allowed=allowed)


def _declare(row: Part, kind: str, cell: str, key: str, *, taken: bool) -> None:
    if taken:  # two policies for one cell
        row.problem(key, "code.duplicate", kind=kind, code=cell, first=f"{row.path}:{row.line}")


def _safety(part: Part, permits: Part) -> Safety:
    common = permits.part("permit_common")
    if common is None:
        permits.problem("permit_common", "key.missing")
        return Safety((), (), (), {}, {}, frozenset(), "", "")
    order = common.texts("merge_order")
    if sorted(order) != sorted(KINDS):
        value = ", ".join(order)
        common.problem("merge_order", "value.choice", value=value, allowed=", ".join(KINDS))
    states = tuple(_of(row, "code") for row in common.parts("states"))
    holds = {_of(row, "code"): _of(row, "lifted_by") for row in common.parts("holds")}
    counts = tuple(_counts(row, states) for row in part.parts("counts"))
    safety = Safety(
        order=order,
        states=states,
        counts=counts,
        places={},
        lifted_by=holds,
        live=frozenset(),
        suspended="",
        started=part.choice("started", states),
        stamps=part.texts("stamps"),
    )
    return _with_moves(part, safety, common)


def _of(row: Part, key: str) -> str:
    row.names()
    return row.text(key)


def _counts(row: Part, states: tuple[str, ...]) -> Counts:
    actions, targets = row.texts("by"), row.texts("to")
    for action in actions:
        if action not in _BY_PRODUCT:
            row.reading.use("action", action, row.path, row.line_at("by"))
    for state in targets:
        if state not in states:
            row.problem("to", "value.choice", value=state, allowed=", ".join(states))
    if not actions and not targets:
        row.problem("to", "key.missing")
    return Counts(row.choice("as", KINDS), actions, targets)


def _with_moves(part: Part, safety: Safety, common: Part) -> Safety:
    """Take from the moves which hold they place, and see that each counts as something."""
    places: dict[tuple[str, str], str] = {}
    live: set[str] = set()
    suspended: set[str] = set()
    for row in common.parts("transitions"):
        row.names()
        action, target = row.text("by"), row.text("to")
        if not safety.kind(action, target):
            part.problem("counts", "merge.uncounted", by=action, to=target)
        hold = row.text_or_none("hold")
        if hold is None:
            continue
        if hold not in safety.lifted_by:
            row.problem("hold", "value.choice", value=hold, allowed=", ".join(safety.lifted_by))
        places[action, target] = hold
        live |= set(row.texts("from"))
        suspended.add(target)
    if len(suspended) != 1:  # all holds keep work in one and the same state
        common.problem("holds", "merge.suspended", found=", ".join(sorted(suspended)))
    return Safety(
        order=safety.order,
        states=safety.states,
        counts=safety.counts,
        places=places,
        lifted_by=safety.lifted_by,
        live=frozenset(live),
        suspended=min(suspended, default=""),
        started=safety.started,
        stamps=safety.stamps,
    )
