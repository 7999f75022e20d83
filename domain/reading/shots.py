"""Reading what stands in for a photo of a hazard: `shots` and `shots_waiver` of hazards.yaml."""

from domain.reading.source import Part
from domain.shots import ShotRules, Waiver

OLD = "responsible"  # files of before these keys: a name always did


def read_shot_rules(part: Part, kind: str) -> ShotRules:
    """Return the rules; `kind` is that of the workflow's cells, to be declared by then."""
    instead: dict[str, tuple[str, ...]] = {}
    named: dict[str, str] = {}
    rows = part.parts("shots")
    for row in rows:
        code = row.text("code")
        if others := row.refs("instead", "shot"):
            instead[code] = others
        if cell := row.ref_or_none("named", kind):
            named[code] = cell
    if not (instead or named) and any(row.text("code") == OLD for row in rows):
        named[OLD] = OLD
    return ShotRules(instead, named, _waiver(part.part("shots_waiver"), kind))


def _waiver(part: Part | None, kind: str) -> Waiver | None:
    if part is None:
        return None
    when = part.expression("when")
    if when is None:  # without a condition nobody would take a photo again
        part.problem("when", "key.missing")
    for name in sorted(when.names) if when else ():
        root, _, rest = name.partition(".")
        if root == "hazard" and rest:
            part.reading.use(kind, rest, part.path, part.line_at("when"))
    return Waiver(part.ref("cell", kind), when)
