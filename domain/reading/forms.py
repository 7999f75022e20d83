"""Reading `forms/*.yaml`: one file, one version of one checklist."""

from dataclasses import dataclass, replace

from domain.expressions import Expression
from domain.forms import Form
from domain.questions import KINDS, Item, Limit, Option, Passes
from domain.reading.source import Part

EVIDENCE = ("always", "ng", "none")
_KEYS = tuple(dict.fromkeys(key for kind in KINDS.values() for key in kind.keys))


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
    excused: tuple[str, ...] = ()


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


def read_question(row: Part, declared: str, kinds: tuple[str, ...]) -> Item:
    """Return a question of one of these kinds, wherever it is asked; its id is `declared` there."""
    kind = KINDS.get(row.choice("t", kinds), KINDS["ok"])  # an unknown one is a problem
    for key in _KEYS:
        if key not in kind.keys and row.has(key):
            row.problem(key, "item.kind", kind=kind.code)
            row.skip(key)
    return Item(
        item_id=row.code("id", declared),
        kind=kind.code,
        name=row.words(),
        unit=(row.text_or_none("unit") or "") if "unit" in kind.keys else "",
        evidence="none",
        grade="",
        category="",
        minimum=_limits(row, "min") if "min" in kind.keys else (),
        maximum=_limits(row, "max") if "max" in kind.keys else (),
        warn=_limits(row, "warn") if "warn" in kind.keys else (),
        options=_options(row) if "options" in kind.keys else (),
        passes=_passes(row) if "pass" in kind.keys and row.has("pass") else (),
        relevant=row.expression("relevant"),
    )


def _item(row: Part, form: str, earlier: frozenset[str]) -> Item:
    """A question of a checklist: with what is proposed for the hazard of a bad answer."""
    question = read_question(row, f"question of {form}", tuple(KINDS))
    if "pass" in KINDS[question.kind].keys and not row.has("pass"):
        row.problem("pass", "key.missing")
    evidence = row.choice("ev", EVIDENCE)
    excusable = row.flag("excuse")
    if excusable and evidence != "always":
        row.problem("excuse", "item.excuse")
    _earlier(row, question.relevant, earlier)
    return replace(
        question,
        evidence="always" if evidence == "always" else "ng" if evidence == "ng" else "none",
        grade=row.ref("g", "grade"),
        category=row.ref("cat", "category"),
        excusable=excusable,
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


def _earlier(row: Part, expression: Expression | None, earlier: frozenset[str]) -> None:
    """A question depends on earlier answers only: a sheet is filled from top to bottom."""
    for name in sorted(expression.names) if expression else ():
        root, _, rest = name.partition(".")
        if root == "answer" and rest not in earlier:
            row.problem("relevant", "item.later", code=rest)


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
        excused=row.texts("excused"),
    )
