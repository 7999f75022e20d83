"""What a plant asks of a hazard beside what every hazard has: data, `fields` of hazards.yaml.

A field is a question (`domain.questions`) with the rule that comes with it. Its answer is a cell of
the hazard under the field's id, and stands there as every answer does, as text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.expressions import Expression, Facts, holds
from domain.hazards import area_facts
from domain.plant import Plant
from domain.questions import Item
from domain.records import Value


@dataclass(frozen=True, slots=True)
class HazardField:
    """A question about a hazard. `before`: actions that wait for its answer, while `when` holds.

    `editors`: actions of which one must be allowed to answer it; `own`: whoever reported the hazard
    may, too. `first`: the report asks it already. It is asked while `item.relevant` holds.
    """

    item: Item
    before: frozenset[str] = frozenset()
    when: Expression | None = None
    editors: tuple[str, ...] = ()
    own: bool = False
    first: bool = False

    @property
    def field_id(self) -> str:
        """The cell that holds its answer."""
        return self.item.item_id


def asked(
    fields: Iterable[HazardField], cells: Mapping[str, Value], plant: Plant
) -> tuple[HazardField, ...]:
    """Return the fields that are asked of a hazard with these cells, in the order of the data."""
    facts = facts_of(cells, plant)
    return tuple(field for field in fields if holds(field.item.relevant, facts))


def missing(
    fields: Iterable[HazardField], cells: Mapping[str, Value], action: str, plant: Plant
) -> tuple[HazardField, ...]:
    """Return the fields whose answer `action` waits for."""
    facts = facts_of(cells, plant)
    return tuple(
        field
        for field in asked(fields, cells, plant)
        if action in field.before
        and holds(field.when, facts)
        and cells.get(field.field_id) in (None, "")
    )


def facts_of(cells: Mapping[str, Value], plant: Plant) -> Facts:
    """Return what `relevant` and `when` read: hazard, asset, area and category."""
    asset = plant.assets.get(str(cells.get("asset")))
    area = plant.areas.get(str(cells.get("area")))
    return {
        "hazard": dict(cells),
        "asset": asset.facts if asset else None,
        "area": area_facts(area) if area else None,
        "category": {"code": cells.get("category")},
    }
