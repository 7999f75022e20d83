"""What stands in for a photo that the grade of a hazard asks for: rows of `hazards.yaml`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.expressions import Expression, Facts, holds
from domain.records import Value


@dataclass(frozen=True, slots=True)
class Waiver:
    """A step goes on without the photos, with a reason in `cell`, where `when` holds."""

    cell: str
    when: Expression | None


@dataclass(frozen=True, slots=True)
class ShotRules:
    """What stands in for a shot: others (`instead`), or a cell that names somebody (`named`)."""

    instead: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    named: Mapping[str, str] = field(default_factory=dict[str, str])
    waiver: Waiver | None = None

    def standing(self, present: Iterable[str], cells: Mapping[str, Value]) -> frozenset[str]:
        """Return the shots that are there, or stood in for."""
        here = frozenset(present)
        others = {shot for shot, ways in self.instead.items() if here.intersection(ways)}
        told = {shot for shot, cell in self.named.items() if cells.get(cell)}
        return here | others | told

    def waived(self, given: Mapping[str, Value], facts: Facts) -> bool:
        """Whether a step says in words why it does not wait, and the data lets it."""
        reason = given.get(self.waiver.cell) if self.waiver else None
        return isinstance(reason, str) and bool(reason.strip()) and self.may_waive(facts)

    def may_waive(self, facts: Facts) -> bool:
        """Whether the data lets a step go on without the photos, once a reason is given."""
        return self.waiver is not None and holds(self.waiver.when, facts)
