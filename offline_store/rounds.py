"""What there is to do in a round of sync, seen in one look: asked many times a minute.

What is not there needs no look of its own: on a device at rest a round would look ten times.
"""

from typing import NamedTuple

from sqlmodel import Session

from offline_store import bulk
from offline_store.outbox import Count


class Due(NamedTuple):
    """What waits: own entries and files, pushes to be sent again, what to pass on and to fetch."""

    left: Count
    unanswered: bool = False  # a push that was begun
    relayed: bool = False  # entries of others that came by relay
    wanted: bool = False  # files of others

    @property
    def pushes(self) -> bool:
        """Whether there is anything to push."""
        return self.unanswered or self.left.entries > 0


NOTHING = Due(Count(0, 0, 0))
_DUE = (
    "SELECT (SELECT count(*) FROM entry WHERE device_id = ? AND feed IS NULL),"
    ' count(*), sum(size - "offset"),'
    " EXISTS (SELECT 1 FROM batch WHERE device_id = ? AND reply IS NULL),"
    " EXISTS (SELECT 1 FROM relayed),"
    " EXISTS (SELECT 1 FROM blob WHERE state = 'wanted')"
    " FROM blob WHERE state IN ('waiting', 'sending')"
)


def due(session: Session, device_id: str) -> Due:
    """Return what there is to do for a device."""
    ((waiting, files, left, *there),) = bulk.run(session, _DUE, (device_id, device_id))
    return Due(Count(waiting, files, left or 0), *(bool(one) for one in there))
