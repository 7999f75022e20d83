"""Whether a device is believed: its record says it, in one place for all who ask."""

from typing import Literal

from domain.invitations import BLOCKED
from domain.records import Record


def shut_out(record: Record | None) -> Literal["lost", "blocked"] | None:
    """Return why nothing that a device says counts: reported lost for good, or blocked for now."""
    if record is None:
        return None
    if record.whole("revoked_ms") is not None:
        return "lost"
    return "blocked" if record.text("state") == BLOCKED else None
