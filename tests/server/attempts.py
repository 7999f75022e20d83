"""What the matrix tries on the server: for each action the entries that would be it.

An attempt is complete: signed, with its pictures and reasons, so that nothing but the right decides
whether it is taken. `scopes` are those that what it is about lies in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from msgspec import structs

from domain import quarantine
from domain.changes import DeviceTime, Entry
from domain.definitions import Definitions
from domain.records import Record, Value
from domain.registers import register_id
from domain.workflow import RULE, signature
from server.scene import Scene
from server.site import SERVER_DEVICE
from tests.helpers.matrix import AREA, OTHER, SITUATIONS, TEAM, WHO, hazard, holding, record

NOW_MS: Final = 1_790_000_000_000
SHA: Final = "ab" * 32
HELPER: Final = "U009"  # an electrician: somebody who may rectify
NOTE: Final[Mapping[str, Value]] = {"note": "x"}


@dataclass(frozen=True)
class Attempt:
    """An entry that somebody made up, and the store around it."""

    name: str
    entry: Entry
    scopes: set[str]
    record: Record | None = None
    photos: tuple[Record, ...] = ()
    others: Mapping[str, Record] = field(default_factory=dict[str, Record])


def entry(
    type: str,
    cells: Mapping[str, Value],
    kind: str = "edit",
    record_id: str = "r1",
    definition: str = "",
) -> Entry:
    """Return an entry of the person who tries, who has seen everything."""
    return Entry(
        entry_id="e1",
        device_id="phone",
        number=9,
        wall_ms=NOW_MS,
        counter=0,
        time=DeviceTime(NOW_MS, 1, "b", 5),
        person_id=WHO,
        kind=kind,
        record_id=record_id,
        type=type,
        definition=definition or f"{type}@1",
        base={},
        set=dict(cells),
    )


def scene(attempt: Attempt, definitions: Definitions) -> Scene:
    """Return what the server knows when the entry arrives."""
    return Scene(
        definitions=definitions,
        received_ms=NOW_MS,
        record=attempt.record,
        base_refused=False,
        seen=lambda _name: True,
        record_of=dict(attempt.others).get,
        photos_of=lambda _record_id: list(attempt.photos),
        gone=lambda _sha256: False,
    )


def of_action(action: str, situation: str, found: Definitions) -> Iterator[Attempt]:
    """Yield every way to do an action on something in this situation; none: there is no way."""
    yield from _moves(action, situation, found)
    match action:
        case "hazard.report":
            yield _report(situation)
        case "hazard.downgrade":
            lower: dict[str, Value] = {"grade": "D", **NOTE}
            yield _on_hazard("lower", situation, entry("hazard", lower), state="accepted")
        case "inspect.do":
            yield _inspection(situation)
            yield _finished(situation)
        case "inspect.plan":
            yield _planned(situation)
        case "maintain.do":
            yield _maintained(situation)
        case "export":
            yield _exported()
        case "admin.accounts":
            yield _blocked_device()
        case quarantine.RELEASE:
            yield _settled_quarantine(quarantine.LET)
        case quarantine.REFUSE:
            yield _settled_quarantine(quarantine.REFUSED)
        case "contractor.admit":
            row: dict[str, Value] = {
                "id_no": "1", "from": "2026-10-01", "to": "2026-10-31", "areas": ["A01"]
            }  # fmt: skip
            yield _register("whitelist", HELPER, row)
        case "definition.edit":
            yield _register("labels", "TK-101", {"version": 99})
        case _:
            return


def _moves(action: str, situation: str, found: Definitions) -> Iterator[Attempt]:
    flow = found.workflows["hazard"]
    for row in flow.transitions:
        if row.right != action or row.action in (RULE, "hazard.report"):
            continue
        grade = "A" if "to_review" in (row.target, *row.sources) else "C"
        for source in sorted(row.sources):
            target = hazard(situation, state=source, grade=grade)
            needs: dict[str, Value] = {
                "assignee": HELPER, "note": "x", "merged_into": "r2"
            }  # fmt: skip
            cells: dict[str, Value] = {
                "state": row.target,
                "action": row.action,
                **signature(flow, target, row.action, WHO),
                **{name: needs[name] for name in row.needs if name in needs},
            }
            yield Attempt(
                f"{row.action}: {source} -> {row.target}",
                entry("hazard", cells, "decide"),
                holding(situation),
                target,
                photos=(record("evidence", {"shot": "after"}, "p1", 2),),
                others={
                    "r2": replace(hazard(situation, state="accepted", grade=grade), record_id="r2")
                },
            )


def corrections(situation: str, found: Definitions) -> Iterator[tuple[str, Attempt]]:
    """Yield a change of each cell that may ever change, by the name of the cell."""
    values: dict[str, Value] = {
        "asset": "DB-03", "area": "A02", "unit": "D-HSE", "category": "FP", "element": "man",
        "grade": "B", "responsible": HELPER, "interim_ms": NOW_MS, "interim_by": WHO,
        "asked_by": WHO, "asked_ms": NOW_MS,
        "region": {"photo": "p1", "box": [100, 100, 300, 300]},
    }  # fmt: skip
    for name, rule in found.workflows["hazard"].cells.items():
        if not rule.editors:
            continue
        answer = next(iter(rule.item.options)).value if rule.item and rule.item.options else "1"
        cells: dict[str, Value] = {name: values.get(name, answer)}
        if rule.reason:
            cells |= NOTE
        if name in {"asked_of", "asked_shots"}:  # the one without the other says nothing
            reporter = hazard(situation).text("reporter")
            cells = {"asked_of": reporter, "asked_shots": "closeup"}
        if name == "asset":
            cells["area"] = found.plant.assets["DB-03"].area
        made = entry("hazard", cells)
        yield name, _on_hazard(name, situation, made, state="accepted")


def settlement(situation: str) -> Attempt:
    """Return a conflict settled by a note."""
    made = entry("hazard", {"note": "y"}, "resolve")
    return _on_hazard("resolve", situation, made, state="accepted")


def photo(situation: str) -> Attempt:
    """Return a photo attached to a hazard."""
    cells: dict[str, Value] = {"of": "r1", "by": WHO, "original": SHA, "shot": "closeup"}
    made = entry("evidence", cells, "attach", "p9")
    return Attempt("photo", made, holding(situation), others={"r1": hazard(situation)})


def unknown(action: str, situation: str) -> Attempt:
    """Return an entry about something that is not here yet, or a move that does not exist."""
    kind = action.partition(".")[0]
    cells: dict[str, Value] = {"state": "reopened", "action": action}
    made = entry(kind, cells, "decide")
    target = hazard(situation, state="closed") if kind == "hazard" else None
    return Attempt("unknown", made, set(), target)


def _on_hazard(name: str, situation: str, made: Entry, **cells: Value) -> Attempt:
    return Attempt(name, made, holding(situation), hazard(situation, **cells))


def _report(situation: str) -> Attempt:
    place = SITUATIONS[situation]
    cells: dict[str, Value] = {
        "code": "HZ-1", "state": "reported", "action": "hazard.report", "reporter": WHO,
        "words": "x", "reported_ms": NOW_MS, "grade": "C", "area": place["area"],
        "unit": place["unit"],
    }  # fmt: skip
    return Attempt("report", entry("hazard", cells, "decide"), {"own", *holding(situation)})


def _inspection(situation: str) -> Attempt:
    """A sheet of equipment in the own area, of the own team, by an own task, or of nobody of us."""
    asset, area = {"area": ("SWB-X", AREA), "team": ("SWB-T", "A01")}.get(
        situation, ("SWB-E", "A01")
    )
    cells: dict[str, Value] = {
        "state": "submitted", "inspector": WHO, "asset": asset, "area": area, "answers": {},
        "task": "t1" if situation == "assigned" else "",
    }  # fmt: skip
    task = record("task", {"asset": asset, "owner": WHO, "state": "open"}, "t1")
    scopes = {"own", "plant", "on_site", *holding(situation)}
    made = entry("inspection", cells, definition="MATRIX-1@1")
    return Attempt("sheet", made, scopes, others={"t1": task})


def _finished(situation: str) -> Attempt:
    task = _task(situation, kind="inspection")
    done: dict[str, Value] = {
        "state": "submitted", "asset": "TK-101", "inspector": WHO, "task": task.record_id,
        "answers": {},
    }  # fmt: skip
    sheet = replace(record("inspection", done, "s1"), definition="MATRIX-1@1")
    cells: dict[str, Value] = {"state": "done", "done_by": "s1", "done_ms": NOW_MS}
    return Attempt("task", entry("task", cells), _of_task(situation), task, others={"s1": sheet})


def _planned(situation: str) -> Attempt:
    cells = {name: cell.value for name, cell in _task(situation, kind="inspection").cells.items()}
    made = structs.replace(entry("task", cells), device_id=SERVER_DEVICE)  # signed by who plans
    return Attempt("plan", made, _of_task(situation))


def _maintained(situation: str) -> Attempt:
    task = replace(_task(situation, kind="maintenance"), record_id="t1")
    cells: dict[str, Value] = {
        "state": "submitted", "by": WHO, "task": "t1", "note": "", "parts": [],
        "submitted_ms": NOW_MS, "asset": "TK-101", "area": task.text("area"),
        "unit": task.text("unit"), "plan": "", "work": "",
    }  # fmt: skip
    made = entry("maintenance", cells)
    return Attempt("maintenance", made, _of_task(situation), others={"t1": task})


def _task(situation: str, *, kind: str) -> Record:
    place = SITUATIONS[situation]
    mine = situation in ("own", "assigned")  # whose task it is, it is assigned to
    return record(
        "task",
        {
            "state": "open", "kind": kind, "asset": "TK-101", "area": place["area"],
            "unit": place["unit"], "owner": WHO if mine else OTHER, "template": "MATRIX-1",
        },
    )  # fmt: skip


def _of_task(situation: str) -> set[str]:
    mine = situation in ("own", "assigned")
    return {"own", "assigned", "plant"} if mine else holding(situation)


def _exported() -> Attempt:
    cells: dict[str, Value] = {
        "what": "export", "by": WHO, "figure": "closed", "days": 30, "rows": 1, "format": "csv",
        "at_ms": NOW_MS,
    }  # fmt: skip
    # what is counted is what may be read: any scope of the right will do
    return Attempt("export", entry("event", cells), set(SITUATIONS))


def _settled_quarantine(state: str) -> Attempt:
    cells: dict[str, Value] = {
        "state": state, "settled_by": WHO, "settled_ms": NOW_MS, **NOTE
    }  # fmt: skip
    made = entry(quarantine.TYPE, cells, "decide", record_id="quar-1")
    held = record(quarantine.TYPE, {"state": quarantine.HELD}, "quar-1")
    return Attempt("quarantine", made, {"plant"}, held)


def _blocked_device() -> Attempt:
    cells: dict[str, Value] = {"state": "blocked", "reason": "x", "by": WHO, "at_ms": NOW_MS}
    made = entry("device", cells, record_id="d9")
    return Attempt("device", made, {"plant"}, record("device", {"state": "active"}, "d9"))


def _register(table: str, key: str, row: Mapping[str, Value]) -> Attempt:
    cells: dict[str, Value] = {
        "table": table, "key": key, "state": "active", "reason": "x", "by": WHO,
        "at_ms": NOW_MS, "row": dict(row),
    }  # fmt: skip
    made = entry("register", cells, record_id=register_id(table, key))
    return Attempt(f"register {table}", made, {"plant"})


def with_equipment(found: Definitions) -> Definitions:
    """Return definitions with equipment in the own area, of the own team, and of neither."""
    model = found.plant.assets["TK-101"]
    places = {"SWB-X": (AREA, "T-CHA"), "SWB-T": ("A01", TEAM), "SWB-E": ("A01", "T-CHA")}
    more = {
        name: replace(model, asset_id=name, area=area, owner=owner)
        for name, (area, owner) in places.items()
    }
    form = replace(next(iter(found.forms.values())), code="MATRIX-1", version=1, items=())
    versions = {**found.versions, ("MATRIX-1", 1): form}
    plant = replace(found.plant, assets={**found.plant.assets, **more})
    return replace(found, plant=plant, versions=versions)
