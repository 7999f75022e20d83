"""Who could have known what when: how far devices have read the feed, and who uses them (server).

A device asks for the feed after a number once it has stored everything up to it, so the question
itself proves the delivery. Who uses a device is who wrote on it.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from offline_store.bulk import insert_new
from offline_store.entries import IN_MAX
from offline_store.tables import ReachRow, UserRow

ROWS_MAX = 5000  # more are thinned out


@dataclass(frozen=True, slots=True)
class Reach:
    """All that is known of deliveries, for one look at many records."""

    devices: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    read: Mapping[str, list[tuple[int, int]]] = field(  # device -> (feed, when), rising
        default_factory=dict[str, list[tuple[int, int]]]
    )

    @property
    def rows(self) -> int:
        """Return how many rows that is."""
        return sum(map(len, self.read.values()))

    def delivered(self, people: Collection[str], feed: int) -> int | None:
        """Return when a device of one of these people first had the feed up to a number."""
        devices = {device for person in people for device in self.devices.get(person, ())}
        times = (
            at_ms
            for device in devices
            for read_to, at_ms in self.read.get(device, ())
            if read_to >= feed
        )
        return min(times, default=None)


def note(session: Session, read: Mapping[str, Sequence[tuple[int, int]]]) -> None:
    """Note how far devices have read and when: device -> (feed, time), rising."""
    for device_id, rows in sorted(read.items()):
        furthest = _furthest(session, device_id)
        for feed, at_ms in rows:
            if feed > furthest:  # it may have begun anew: what it had before it still has
                row = {"device_id": device_id, "feed": feed, "at_ms": at_ms}
                insert_new(session, ReachRow, row)


def thin(session: Session, asked: Collection[int]) -> None:
    """Forget what answers no question about these feed numbers, but not how far each device is."""
    rows = select(col(ReachRow.device_id), col(ReachRow.feed)).order_by(col(ReachRow.feed))
    read: dict[str, list[int]] = defaultdict(list)
    for device_id, feed in session.connection().execute(rows):
        read[device_id].append(feed)
    for device_id, feeds in read.items():
        firsts = (bisect_left(feeds, feed) for feed in asked)
        kept = {feeds[-1], *(feeds[first] for first in firsts if first < len(feeds))}
        for start in range(0, len(gone := [feed for feed in feeds if feed not in kept]), IN_MAX):
            session.connection().execute(
                delete(ReachRow).where(
                    col(ReachRow.device_id) == device_id,
                    col(ReachRow.feed).in_(gone[start : start + IN_MAX]),
                )
            )


def note_users(session: Session, written: Iterable[tuple[str, str]]) -> None:
    """Note who uses a device: (person, device) of entries."""
    for person_id, device_id in sorted(set(written)):
        insert_new(session, UserRow, {"person_id": person_id, "device_id": device_id})


def load(session: Session) -> Reach:
    """Return all that is known of deliveries."""
    devices: dict[str, set[str]] = defaultdict(set)
    users = select(col(UserRow.person_id), col(UserRow.device_id))
    for person_id, device_id in session.connection().execute(users):
        devices[person_id].add(device_id)
    read: dict[str, list[tuple[int, int]]] = defaultdict(list)
    rows = select(col(ReachRow.device_id), col(ReachRow.feed), col(ReachRow.at_ms))
    for device_id, feed, at_ms in session.connection().execute(rows.order_by(col(ReachRow.feed))):
        read[device_id].append((feed, at_ms))
    return Reach({person: frozenset(found) for person, found in devices.items()}, read)


def _furthest(session: Session, device_id: str) -> int:
    query = select(func.max(col(ReachRow.feed))).where(col(ReachRow.device_id) == device_id)
    return session.connection().execute(query).scalar() or 0
