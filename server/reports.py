"""Reports of hazards judged at speed: what is surely allowed, and nothing else.

`server.rights` says what may be written, entry by entry and with reasons. Most entries are first
reports that differ in what was said, not in who says which cells about which place. Once a report
was taken by those rules, another one by the same person, with the same cells, about the same place
is as good where each of its other values is what its cell may hold. Whatever is not surely so is
judged by the rules.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain import merge
from domain.changes import Entry
from domain.definitions import Definitions
from domain.records import Value
from domain.work import NAMED
from domain.workflow import Workflow, decided_cells
from server import hazard_rights, notice_rights
from server.rights import CELLS_MAX, ID_MAX, NAME_MAX, TIME_MIN_MS
from server.site import Site

TYPE: Final = "hazard"
_DEFINITION: Final = "hazard@1"
_PLACE: Final = ("asset", "area", "unit")
_LEARNED_MAX: Final = 4096  # people, cells and places; then it is learned anew
_MS: Final = "_ms"
_MS_KEY: Final = b'_ms":'  # a name that ends so, in the bytes of a body; never a part of a text


class _Known(NamedTuple):
    """On what the rules depend beside the single values."""

    person: str
    names: tuple[str, ...]
    asset: object
    area: object
    unit: object


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the values of some cells must be: texts by their longest, codes, times (ms)."""

    texts: tuple[tuple[str, int], ...]
    codes: tuple[tuple[str, Collection[str]], ...]
    times: tuple[str, ...]
    never_empty: tuple[str, ...]


class Reports:
    """What was learned of reports under one set of definitions."""

    def __init__(self, definitions: Definitions) -> None:
        """Begin with nothing learned."""
        self.definitions = definitions
        self._shapes: dict[tuple[str, ...], _Shape | None] = {}
        self._learned: set[_Known] = set()

    def learn(self, entry: Entry) -> None:
        """Remember a first entry of a record that the rules let pass."""
        if entry.type != TYPE or entry.kind != "edit" or not _scalar_place(entry.set):
            return
        if len(self._learned) >= _LEARNED_MAX or len(self._shapes) >= _LEARNED_MAX:
            self._learned.clear()
            self._shapes.clear()
        known = _known(entry)
        if known.names not in self._shapes:
            self._shapes[known.names] = self._shape(entry)
        self._learned.add(known)

    def sure(self, entry: Entry, body: bytes, received_ms: int) -> bool:
        """Whether the rules let this first entry of a record pass, and it only fills its cells.

        `body` are its bytes. False says nothing: then the rules are to be asked.
        """
        cells = entry.set
        if entry.type != TYPE or entry.kind != "edit" or not _scalar_place(cells):
            return False
        known = _known(entry)
        if known not in self._learned or entry.base or entry.definition != _DEFINITION:
            return False
        shape, person = self._shapes.get(known.names), entry.person_id
        if shape is None or cells["reporter"] != person or cells["state"] != "reported":
            return False
        if cells["action"] != hazard_rights.REPORT or not notice_rights.is_free(entry.record_id):
            return False
        if len(entry.record_id) > ID_MAX or len(entry.entry_id) > ID_MAX:
            return False
        # a time deeper down, or a clock that is ahead, is for the rules
        latest_ms = received_ms + merge.AHEAD_MS
        if body.count(_MS_KEY) != len(shape.times) or not TIME_MIN_MS <= entry.wall_ms <= latest_ms:
            return False
        return _fit(shape, entry, latest_ms)

    def _shape(self, entry: Entry) -> _Shape | None:
        """Return what the values of the same cells must be; None where that is not all."""
        names = tuple(entry.set)
        flow = self.definitions.workflows[TYPE]
        own = _signed(flow)
        given = [name for name in names if name not in own]
        rules = [flow.cells.get(name) for name in given]
        hard = (
            not own <= set(names)
            or len(names) > CELLS_MAX
            or not all(0 < len(name) <= NAME_MAX for name in names)
            or not decided_cells(flow).isdisjoint(given)
            or not {*NAMED, "deleted"}.isdisjoint(names)
            or not merge.is_plain(entry, self.definitions.policies.get(TYPE, {}))
        )
        if hard or any(rule is None or rule.item or not rule.first for rule in rules):
            return None
        texts: list[tuple[str, int]] = []
        codes: list[tuple[str, Collection[str]]] = []
        for rule in rules:
            assert rule is not None
            if rule.holds == "text":
                texts.append((rule.name, rule.longest))
            elif rule.holds == "self":
                return None
            elif rule.holds not in {"any", "time"}:
                codes.append((rule.name, frozenset(self.definitions.codes(rule.holds))))
            elif rule.holds == "time" and not rule.name.endswith(_MS):
                return None
        times = tuple(name for name in names if name.endswith(_MS))
        always = tuple(name for name in hazard_rights.ALWAYS if name in names)
        return _Shape(tuple(texts), tuple(codes), times, always)


def under(here: Site) -> Reports:
    """Return what was learned under the definitions that a server has now."""
    found, learned = here.pack.definitions, here.reports
    if not isinstance(learned, Reports) or learned.definitions is not found:
        here.reports = learned = Reports(found)
    return learned


def _signed(flow: Workflow) -> set[str]:
    """Return the cells in which a report is signed."""
    return {"state", "action", "reporter", flow.acted.get(hazard_rights.REPORT, "reporter")}


def _known(entry: Entry) -> _Known:
    cells = entry.set
    at = (cells.get("asset"), cells.get("area"), cells.get("unit"))
    return _Known(entry.person_id, tuple(cells), *at)


def _scalar_place(cells: Mapping[str, Value]) -> bool:
    """Whether the cells that name the place can be looked up: a list or an object cannot."""
    for name in _PLACE:  # noqa: SIM110 -- a generator takes twice as long
        if isinstance(cells.get(name), (list, dict)):
            return False
    return True


def _fit(shape: _Shape, entry: Entry, latest_ms: int) -> bool:
    cells = entry.set
    for name, longest in shape.texts:
        value = cells[name]
        if value is not None and (type(value) is not str or len(value) > longest):
            return False
    for name, known in shape.codes:
        value = cells[name]
        if value is not None and (type(value) is not str or value not in known):
            return False
    for name in shape.times:
        value = cells[name]
        if value is not None and (type(value) is not int or not TIME_MIN_MS <= value <= latest_ms):
            return False
    for name in shape.never_empty:  # noqa: SIM110 -- a generator takes twice as long
        if cells[name] in (None, ""):
            return False
    return True
