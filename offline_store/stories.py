"""The stories of records (`domain.story`), read from their entries."""

from collections.abc import Sequence

from sqlmodel import Session

from domain.records import Record
from domain.story import Story, Turn
from offline_store import entries, records, times
from offline_store.entries import Logged

_OUT = frozenset({"refused", "quarantined", "conflict"})


def story(session: Session, record: Record) -> Story:
    """Return the story of one record."""
    return stories(session, [record])[0]


def stories(session: Session, found: Sequence[Record]) -> list[Story]:
    """Return the stories of records, in their order."""
    ids = [record.record_id for record in found]
    logged, true = entries.of_records(session, ids), times.of_records(session, ids)
    return [
        Story(
            record,
            tuple(turn(times.timed(one, true)) for one in logged[record.record_id] if counts(one)),
        )
        for record in found
    ]


def of_ids(session: Session, record_ids: Sequence[str]) -> dict[str, Story]:
    """Return the stories of those of these records that are here."""
    found = [records.lookup(session, record_id) for record_id in record_ids]
    return {one.record.record_id: one for one in stories(session, [row for row in found if row])}


def counts(one: Logged) -> bool:
    """Whether an entry is part of the way: not refused, not overtaken, not said by two alike."""
    twice = one.verdict == "merged" and one.code == "duplicate"
    return one.verdict not in _OUT and not twice


def turn(one: Logged) -> Turn:
    """Return an entry as a turn; a clock that ran ahead cannot put it after its arrival."""
    entry, received = one.entry, one.received_ms
    return Turn(
        writer=entry.writer,
        person_id=entry.person_id,
        set=entry.set,
        captured_ms=entry.wall_ms if received is None else min(entry.wall_ms, received),
        received_ms=received,
        feed=one.feed,
    )
