"""What administration calls things: cells of rows, problems, steps of a history, in words."""

from collections.abc import Mapping, Sequence

from app.use_cases.administration import RowCard
from app.use_cases.register_history import HistoryStep
from domain.records import Value
from domain.registers import Row
from domain.words import Words
from screens.context import Desk
from screens.parts import Kind

COLUMNS: Mapping[str, Sequence[tuple[str, int]]] = {
    "people": (("id", 2), ("name", 3), ("roles", 5), ("unit", 4), ("areas", 3), ("status", 2)),
    "inspection_plans": (
        ("id", 2), ("asset", 3), ("template", 4), ("owner", 3), ("times", 3), ("due_min", 2),
        ("status", 2),
    ),
    "maintenance_plans": (
        ("id", 2), ("name", 4), ("asset", 2), ("owner", 3), ("every_d", 2), ("status", 2),
    ),
    "roster": (("date", 2), ("shift", 2), ("area", 3), ("people", 6), ("status", 2)),
    "whitelist": (("person", 3), ("id_no", 2), ("from", 2), ("to", 2), ("areas", 3), ("status", 2)),
    "labels": (("asset", 2), ("name", 5), ("version", 2), ("status", 2)),
}  # fmt: skip
# columns that stand in a row's title
TITLES: Mapping[str, Sequence[str]] = {
    "roster": ("date", "shift", "area"),
    "inspection_plans": ("template",),
    "whitelist": ("person",),
}
STATUS_KINDS: Mapping[str, Kind] = {"proposed": "mind", "waiting": "primary", "paused": "plain"}
_MASKED = 4  # digits of an identity number that are shown


def cell(desk: Desk, card: RowCard, column: str) -> str:
    """Return what stands in one cell of the table."""
    row = card.row
    if column == "status":
        return desk.t(f"admin.status.{card.status}")
    if column == "name":
        return title(desk, card)
    if column in ("id", "person") and column not in row:
        return person_name(desk, card.key) if column == "person" else card.key
    if column == "asset" and card.table == "labels":
        return card.key
    if column == "asset" and row.get("asset") is None:
        return text(row.get("route"))
    if column == "owner" and row.get("owner") is None:
        return value(desk, "role", row.get("role"))
    return value(desk, column, row.get(column))


def title(desk: Desk, card: RowCard) -> str:
    """Return what a row is called."""
    plant = desk.field.definitions.plant
    row, t = card.row, desk.t
    if card.table == "labels":
        spot = plant.assets.get(card.key) or plant.checkpoints.get(card.key)
        return t.of(spot.name) if spot else card.key
    if card.table == "whitelist":
        return person_name(desk, card.key)
    if card.table == "roster":
        shift = value(desk, "shift", row.get("shift"))
        return " · ".join([text(row.get("date")), shift, value(desk, "area", row.get("area"))])
    if card.table == "inspection_plans":
        return value(desk, "template", row.get("template")) or text(row.get("route")) or card.key
    names = {"zh": text(row.get("zh")), "en": text(row.get("en"))}
    return t.of(Words(names)) or card.key


def value(desk: Desk, column: str, found: Value) -> str:
    """Return a value of a row in words: codes become names, identity numbers are masked."""
    if found is None:
        return ""
    if isinstance(found, list):
        return ", ".join(value(desk, _ONE.get(column, column), part) for part in found)
    if isinstance(found, bool):
        return desk.t("admin.yes" if found else "admin.no")
    if column == "id_no":
        return "*" * max(0, len(text(found)) - _MASKED) + text(found)[-_MASKED:]
    if column == "retired_ms" and isinstance(found, int):
        return desk.t.moment(found)
    return _named(desk, _ONE.get(column, column), text(found))


_ONE = {
    "roles": "role", "areas": "area", "people": "person", "owner": "person", "unit": "unit",
}  # fmt: skip


def _named(desk: Desk, kind: str, code: str) -> str:
    found, t = desk.field.definitions, desk.t
    plant = found.plant
    match kind:
        case "role":
            return t.of(found.access.roles.get(code)) or code
        case "area":
            area = plant.areas.get(code)
            return t.of(area.name) if area else code
        case "unit" | "contractor":
            return t.of(plant.unit_name(code)) or code
        case "person":
            return person_name(desk, code)
        case "shift":
            return next((t.of(one.name) for one in plant.shifts if one.code == code), code)
        case "template":
            form = found.forms.get(code)
            return t.of(form.name) if form else code
        case _:
            return code


def person_name(desk: Desk, code: str) -> str:
    """Return a person's name, or the id of one who is not in the definitions yet."""
    person = desk.field.definitions.plant.people.get(code)
    return desk.t.of(person.name) if person else code


def text(found: Value) -> str:
    """Return a plain value as text; empty for none."""
    return "" if found is None else str(found)


def changes(desk: Desk, step: HistoryStep) -> str:
    """Return what a step changed: column: before to after."""
    t = desk.t
    return "\n".join(
        t(
            "admin.history.change",
            column=column_name(desk, column),
            before=value(desk, column, before) or t("admin.none"),
            after=value(desk, column, after) or t("admin.none"),
        )
        for column, before, after in step.changes
    )


def refusal(desk: Desk, step: HistoryStep) -> tuple[str, str]:
    """Return why the server refused a change, and what to do."""
    t, code = desk.t, step.code
    if code == "register.row":
        return problem(desk, text(step.params.get("problem")), text(step.params.get("value")))
    if f"error.{code}" not in t.texts:
        return t("error.field"), t("remedy.field")
    params = {"table": "", "key": "", "column": "", "problem": "", "value": "", "reason": ""}
    said = {**params, "action": "", "person": "", **step.params}
    return t(f"error.{code}", **said), t(f"remedy.{code}", **said)


def row_changes(desk: Desk, before: Row, after: Row) -> str:
    """Return what a proposal would change."""
    t = desk.t
    return "\n".join(
        t(
            "admin.history.change",
            column=column_name(desk, name),
            before=value(desk, name, before.get(name)) or t("admin.none"),
            after=value(desk, name, wanted) or t("admin.none"),
        )
        for name, wanted in sorted(after.items())
        if before.get(name) != wanted
    )


def column_name(desk: Desk, column: str) -> str:
    """Return the heading of a column; a column without one shows its code."""
    key = f"column.{column}"
    return desk.t(key) if key in desk.t.texts else column


def problem(desk: Desk, code: str, found: str) -> tuple[str, str]:
    """Return what is wrong with a cell, and how to mend it."""
    t = desk.t
    return t(f"row.{code}", value=found), t(f"row.{code}.mend", value=found)


__all__ = [
    "COLUMNS",
    "STATUS_KINDS",
    "TITLES",
    "cell",
    "changes",
    "column_name",
    "person_name",
    "problem",
    "refusal",
    "row_changes",
    "text",
    "title",
    "value",
]
