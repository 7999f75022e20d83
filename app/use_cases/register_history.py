"""Who changed what in a row of a register, from the journal: refused and waiting changes too."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.field import FieldApp
from app.use_cases import administration
from domain.plant import Person
from domain.records import Value
from domain.registers import Row, register_id
from domain.words import Words
from offline_store import entries


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """Who changed what in a row; `code` and `params` say why the server refused it.

    `kind`: "changed" · "proposed" · "confirmed" · "rejected" · "ended". `state`: "waiting" ·
    "accepted" · "refused".
    """

    at_ms: int
    by: Words
    kind: str
    reason: str
    changes: tuple[tuple[str, Value, Value], ...]
    state: str
    code: str
    params: Mapping[str, Value]


def history(field: FieldApp, person: Person, table: str, key: str) -> list[HistoryStep]:
    """Return who changed a row, latest first; of PINs only that they were changed."""
    administration.allow_section(field, person, table)
    steps: list[HistoryStep] = []
    with field.store.reading() as session:
        logged = entries.of_record(session, register_id(table, key))
        pins = entries.of_record(session, register_id("pins", key)) if table == "people" else []
    before = field.definitions.plant.tables.get(table, {}).get(key) if not logged else None
    earlier: Row = before or {}
    for one in logged:
        cells = one.entry.set
        new = cells.get("proposal") or cells.get("row")
        row: Row = new if isinstance(new, dict) else {}
        steps.append(_step(field, one, _kind(one), _changes(earlier, row)))
        if one.verdict != "refused" and isinstance(cells.get("row"), dict):
            earlier = row
    steps += [_step(field, one, "pin", ()) for one in pins]
    return sorted(steps, key=lambda step: -step.at_ms)


def _kind(one: entries.Logged) -> str:
    cells = one.entry.set
    if one.entry.kind == "decide":
        return "confirmed" if "row" in cells else "rejected"
    if cells.get("state") == "proposed":
        return "proposed"
    return "ended" if cells.get("row") is None else "changed"


def _changes(before: Row, after: Row) -> tuple[tuple[str, Value, Value], ...]:
    return tuple(
        (name, before.get(name), value)
        for name, value in sorted(after.items())
        if before.get(name) != value
    )


def _step(
    field: FieldApp,
    one: entries.Logged,
    kind: str,
    changes: tuple[tuple[str, Value, Value], ...],
) -> HistoryStep:
    who = field.definitions.plant.people.get(one.entry.person_id)
    name = who.name if who else Words(dict.fromkeys(("zh", "en"), one.entry.person_id))
    state = "waiting" if one.feed is None else "accepted"
    if one.verdict in ("refused", "quarantined"):
        state = "refused"
    reason = one.entry.set.get("reason")
    text = reason if isinstance(reason, str) else ""
    return HistoryStep(
        one.entry.wall_ms, name, kind, text, changes, state, one.code or "", one.params or {}
    )
