"""Reading `fields` of hazards.yaml: what a plant asks of a hazard, and when it has to be there."""

from collections.abc import Collection

from domain.expressions import Expression
from domain.hazard_fields import HazardField
from domain.questions import KINDS
from domain.reading.forms import read_question
from domain.reading.source import Part

WORKFLOW = "hazard"
TAKEN = frozenset({"deleted"})  # cells of every record
FIELDS_MAX = 40


def read_fields(part: Part, decided: Collection[str]) -> tuple[HazardField, ...]:
    """Return the fields; an id that is a cell already (`decided`: one that moves set) is a problem.

    To be read after the workflow, which declares the cells.
    """
    kind = f"cell of {WORKFLOW}"
    for name in (*decided, *TAKEN):
        part.reading.exists(kind, name, f"workflows/{WORKFLOW}.yaml", 1)
    rows = part.parts("fields")
    if len(rows) > FIELDS_MAX:
        part.problem("fields", "list.long", limit=str(FIELDS_MAX))
    return tuple(_field(row, kind) for row in rows[:FIELDS_MAX])


def _field(row: Part, kind: str) -> HazardField:
    typed = tuple(code for code, one in KINDS.items() if not one.proof)  # photos are shots
    item = read_question(row, kind, typed)
    before = row.refs("required_before", "action")
    when = row.expression("when")
    if when is not None and not before:
        row.problem("when", "field.when")
    for key, expression in (("relevant", item.relevant), ("when", when)):
        _known(row, key, expression, kind)
    editors = row.refs("by", "action")
    own = row.flag("own")
    if not editors and not own:
        row.problem("by", "key.missing")
    return HazardField(item, frozenset(before), when, editors, own, row.flag("first"))


def _known(row: Part, key: str, expression: Expression | None, kind: str) -> None:
    """What a rule reads of the hazard must be a cell of it."""
    for name in sorted(expression.names) if expression else ():
        root, _, rest = name.partition(".")
        if root == WORKFLOW and rest:
            row.reading.use(kind, rest, row.path, row.line_at(key))
