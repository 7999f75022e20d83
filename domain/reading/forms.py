"""Reading `forms/*.yaml`: one file, one version of one checklist."""

from dataclasses import dataclass

from domain.expressions import Expression
from domain.forms import Form, Item, Kind, Limit, Option, Passes
from domain.reading.source import Part

EVIDENCE = ("always", "ng", "none")
_ONLY = {  # keys that only one kind of question has
    "num": ("unit", "min", "max", "warn"),
    "choice": ("options", "pass"),
}


@dataclass(frozen=True, slots=True)
class FormExample:
    """Answers, and what must follow: states by item, questions hidden, photos missing."""

    path: str
    line: int
    form: Form
    asset: str
    answers: dict[str, str]
    photos: dict[str, int]
    states: dict[str, str]
    hidden: tuple[str, ...]
    photo_missing: tuple[str, ...]


def read_form(part: Part) -> tuple[Form, tuple[FormExample, ...]]:
    """Return the checklist of a file with its examples."""
    code, version, line = part.code("code"), part.whole("version"), part.line_at("code")
    part.reading.exists("template", code, part.path, line)
    part.reading.declare("form", f"{code}@{version}", part.path, line)
    applies = part.ref("applies", "equipment_kind")
    items: list[Item] = []
    for row in part.parts("items"):
        items.append(_item(row, f"{code}@{version}", frozenset(item.item_id for item in items)))
    if not items:
        part.problem("items", "key.missing")
    form = Form(code, version, part.words(), applies, tuple(items))
    examples = tuple(_example(row, form) for row in part.parts("examples"))
    if not examples:
        part.problem("examples", "key.missing")
    return form, examples


def _item(row: Part, form: str, earlier: frozenset[str]) -> Item:
    kind: Kind = "ok"
    found = row.choice("t", ("ok", "num", "choice", "text", "photo", "signature"))
    if found in ("num", "choice", "text", "photo", "signature"):
        kind = found
    for owner, keys in _ONLY.items():
        for key in keys:
            if kind != owner and row.has(key):
                row.problem(key, "item.kind", kind=kind)
                row.skip(key)
    evidence = row.choice("ev", EVIDENCE)
    number, choice = kind == "num", kind == "choice"
    return Item(
        item_id=row.code("id", f"question of {form}"),
        kind=kind,
        name=row.words(),
        unit=(row.text_or_none("unit") or "") if number else "",
        evidence="always" if evidence == "always" else "ng" if evidence == "ng" else "none",
        grade=row.ref("g", "grade"),
        category=row.ref("cat", "category"),
        minimum=_limits(row, "min") if number else (),
        maximum=_limits(row, "max") if number else (),
        warn=_limits(row, "warn") if number else (),
        options=_options(row) if choice else (),
        passes=_passes(row) if choice else (),
        relevant=_relevant(row, earlier),
    )


def _limits(row: Part, key: str) -> tuple[Limit, ...]:
    if not row.is_list(key):
        value = row.number_or_none(key)
        return () if value is None else (Limit(value),)
    return tuple(Limit(one.number("value"), one.expression("when")) for one in row.parts(key))


def _options(row: Part) -> tuple[Option, ...]:
    options = tuple(Option(one.text("v"), one.words()) for one in row.parts("options"))
    if len({option.value for option in options}) < max(2, len(options)):
        row.problem("options", "item.options")
    return options


def _passes(row: Part) -> tuple[Passes, ...]:
    if not row.is_list("pass"):
        row.problem("pass", "key.missing")
        return ()
    known = {option.text("v") for option in row.parts("options")}
    rows: tuple[Passes, ...]
    if row.holds_maps("pass"):
        rows = tuple(
            Passes(frozenset(one.texts("value")), one.expression("when"))
            for one in row.parts("pass")
        )
    else:
        rows = (Passes(frozenset(row.texts("pass"))),)
    for value in sorted(value for one in rows for value in one.values if value not in known):
        row.problem("pass", "reference.unknown", kind="option", code=value)
    return rows


def _relevant(row: Part, earlier: frozenset[str]) -> Expression | None:
    """A question depends on earlier answers only: a sheet is filled from top to bottom."""
    expression = row.expression("relevant")
    for name in sorted(expression.names) if expression else ():
        root, _, rest = name.partition(".")
        if root == "answer" and rest not in earlier:
            row.problem("relevant", "item.later", code=rest)
    return expression


def _example(row: Part, form: Form) -> FormExample:
    known = {item.item_id for item in form.items}
    tables: list[dict[str, str]] = []
    for key in ("answers", "photos", "expect"):
        table = row.part(key)
        values = {name: str(table.fact(name)) for name in table.names()} if table else {}
        for name in values.keys() - known:
            row.problem(key, "reference.unknown", kind="question", code=name)
        tables.append(values)
    answers, photos, states = tables
    return FormExample(
        path=row.path,
        line=row.line,
        form=form,
        asset=row.ref("asset", "asset"),
        answers=answers,
        photos={name: int(count) for name, count in photos.items() if count.isdigit()},
        states=states,
        hidden=row.texts("hidden"),
        photo_missing=row.texts("photo_missing"),
    )
