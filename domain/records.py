"""Records: every form, task, hazard and piece of evidence is one record made of cells.

A record's state is a fold of entries (`domain.changes`) in feed order. Values are plain JSON
without floats: measured values are decimal strings ("11.80" keeps its digits), coordinates are
integers of 1e-7 degree, times are integers of milliseconds since 1970 UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

type_names = (
    "inspection", "hazard", "task", "maintenance", "evidence", "event", "notice", "gap",
    "register", "device", "quarantine",
)  # fmt: skip

Scalar = str | int | bool | None
Value = Scalar | list["Value"] | dict[str, "Value"]


class Cell(NamedTuple):
    """One value of a record, and the entry that wrote it.

    `writer` is "device_id:number"; `wall_ms` and `counter` are the hybrid logical clock of that
    entry, used to order concurrent writes.
    """

    value: Value
    writer: str
    wall_ms: int
    counter: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its type, the definition it was made with ("TANK-D@7"), and its cells."""

    record_id: str
    type: str
    definition: str
    cells: Mapping[str, Cell] = field(default_factory=dict[str, Cell])

    def get(self, name: str) -> Value:
        """Return the value of a cell; None where it was never written or was cleared."""
        cell = self.cells.get(name)
        return cell.value if cell else None

    def text(self, name: str) -> str:
        """Return a cell that holds text; empty where there is none."""
        value = self.get(name)
        return value if isinstance(value, str) else ""

    def whole(self, name: str) -> int | None:
        """Return a cell that holds a whole number; None where there is none."""
        value = self.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None
