"""What stands around an entry on the server when its rights are checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from domain.definitions import Definitions
from domain.plant import Person
from domain.records import Record


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands around an entry on the server, before it is taken.

    `record` is the entry's record as folded so far, None if this entry makes it; `base_refused`
    whether it builds on an entry that was refused. `seen` says whether its author knew the value
    that a cell has now (`domain.merge.seen`: what the merge will go by), `record_of` gives any
    other record, `photos_of` the evidence bound to one; `gone` says of a file, by its hash, whether
    it was removed for good.
    """

    definitions: Definitions
    received_ms: int
    record: Record | None
    base_refused: bool
    seen: Callable[[str], bool]
    record_of: Callable[[str], Record | None]
    photos_of: Callable[[str], list[Record]]
    gone: Callable[[str], bool]

    def with_people(self, people: Mapping[str, Person]) -> "Scene":
        """Return the same scene with other people than now."""
        plant = replace(self.definitions.plant, people=people)
        return replace(self, definitions=replace(self.definitions, plant=plant))
