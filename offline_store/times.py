"""True times of entries that were written before their device knew the time; the entries stay.

An anchor entry (`domain.trusted_time`) corrects what the same device wrote before it in the same
boot. The first anchor of a boot decides, so every store comes to the same times.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import bindparam, insert, select
from sqlmodel import Session, col

from domain.changes import Entry, decode
from domain.merge import OUT, FeedEntry
from domain.trusted_time import Anchor, Correction, anchor_of, corrected, correction
from offline_store import bulk
from offline_store.entries import IN_MAX, Logged, of_device
from offline_store.tables import EntryRow, EntryTimeRow

_TIME = ("device_id", "number", "true_ms", "unc_ms")
_BACK_MAX = 50_000  # entries of one boot that one anchor corrects


class TrueTime(NamedTuple):
    """When an entry was really written, and how far that may be off (ms)."""

    true_ms: int
    unc_ms: int


def of_records(session: Session, record_ids: Sequence[str]) -> dict[str, TrueTime]:
    """Return the true times of entries of these records, by writer ("device:number")."""
    return {
        f"{row[0]}:{row[1]}": TrueTime(row[2], row[3])
        for row in bulk.select(session, EntryTimeRow, _TIME, "record_id", record_ids)
    }


def corrected_records(session: Session, record_ids: Sequence[str]) -> set[str]:
    """Return those of these records of which some entry has a true time of its own."""
    if bulk.first(session, "SELECT number FROM entry_time LIMIT 1") is None:
        return set()
    rows = bulk.select(session, EntryTimeRow, ("record_id",), "record_id", record_ids)
    return {row[0] for row in rows}


def anchors_of(session: Session, record_ids: Sequence[str]) -> list[str]:
    """Return the events that tell of the anchors that correct entries of these records."""
    found: dict[str, None] = {}
    for writer in of_records(session, record_ids):
        device_id, _, number = writer.rpartition(":")
        query = (
            select(col(EntryRow.record_id))
            .where(
                col(EntryRow.device_id) == device_id,
                col(EntryRow.number) > int(number),
                col(EntryRow.kind) == "anchor",
            )
            .order_by(col(EntryRow.number))
            .limit(1)
        )
        found |= dict.fromkeys(session.connection().execute(query).scalars())
    return list(found)


def read(entry: Entry, times: dict[str, TrueTime]) -> Entry:
    """Return an entry as it reads in true time."""
    known = times.get(entry.writer) if times else None
    return corrected(entry, known.true_ms) if known else entry


def timed(one: Logged, times: dict[str, TrueTime]) -> Logged:
    """Return a row of the journal with its entry in true time."""
    return replace(one, entry=read(one.entry, times)) if times else one


def fed(rows: Iterable[Logged], times: dict[str, TrueTime]) -> list[FeedEntry]:
    """Return rows of the journal as a fold takes them, in true time."""
    return [FeedEntry(read(one.entry, times), one.verdict, one.received_ms) for one in rows]


def anchors(found: Iterable[Entry]) -> list[tuple[Entry, Anchor]]:
    """Return the anchor entries among these."""
    told: list[tuple[Entry, Anchor]] = []
    for entry in found:
        anchor = anchor_of(entry.set) if entry.kind == "anchor" else None
        if anchor is not None and anchor.boot == entry.time.boot:
            told.append((entry, anchor))
    return told


def read_ahead(found: Sequence[Entry], without: Container[int] = ()) -> Sequence[Entry]:
    """Return the entries of one push as they read by anchors behind them in that push.

    So they are judged by when they really were written, as far as that is said here. `without` are
    the numbers of anchors that were refused: those correct nothing.
    """
    times: dict[str, TrueTime] = {}
    for told, anchor in anchors(found):
        if told.number in without:
            continue
        for entry in found:
            made = correction(entry, anchor) if entry.number < told.number else None
            if made is not None:
                times.setdefault(entry.writer, TrueTime(made.true_ms, made.unc_ms))
    return [read(entry, times) for entry in found] if times else found


def settle(session: Session, found: Iterable[Entry]) -> list[str]:
    """Correct what the anchors among these entries correct; returns the records to fold again.

    The entries must be in the journal already; anchors that were here before them count as well.
    One that is held or was refused corrects nothing: a stolen device must not move what counts.
    """
    touched: dict[str, None] = {}
    found = list(found)
    for entry, anchor in anchors([*found, *_later(session, found)]):
        if not _counts(session, entry):
            continue
        made = _back(session, entry, anchor)
        known = _known(session, entry.device_id, [one.number for one in made])
        fresh = [one for one in made if one.number not in known]
        if fresh:
            rows = [{"device_id": entry.device_id, **one._asdict()} for one in fresh]
            session.connection().execute(insert(EntryTimeRow), rows)
        touched |= dict.fromkeys(one.record_id for one in fresh)
    return list(touched)


def take_back(session: Session, found: Iterable[Entry]) -> list[str]:
    """Take back what anchors among these entries corrected before it was said that they are out.

    Returns the records to fold again. Another anchor of the same boot then takes their place.
    """
    touched: dict[str, None] = {}
    for entry, anchor in anchors(found):
        made = {one.number: one for one in _back(session, entry, anchor)}
        mine = [
            number
            for number, true_ms in _known(session, entry.device_id, list(made)).items()
            if true_ms == made[number].true_ms
        ]
        for number in mine:
            bulk.run(session, _FORGET, (entry.device_id, number))
        touched |= dict.fromkeys(made[number].record_id for number in mine)
        first = min(mine, default=entry.number)
        bare = of_device(session, entry.device_id, first, entry.number - first)
        touched |= dict.fromkeys(settle(session, [one.entry for one in bare]))
    return list(touched)


_FORGET = "DELETE FROM entry_time WHERE device_id = ? AND number = ?"
_VERDICT = "SELECT verdict FROM entry WHERE device_id = ? AND number = ?"


def _counts(session: Session, entry: Entry) -> bool:
    found = bulk.run(session, _VERDICT, (entry.device_id, entry.number))
    return not found or found[0][0] not in OUT


def _later(session: Session, found: Iterable[Entry]) -> list[Entry]:
    """Return anchors that are here already and may correct what comes in only now."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for entry in found:
        if entry.time.uncertainty_ms is None or entry.device_id in numbers:
            numbers[entry.device_id].append(entry.number)
    told: list[Entry] = []
    for device_id, of_it in sorted(numbers.items()):
        first, last = min(of_it), max(of_it)
        whole = last - first + 1 == len(of_it)  # then those between are among what came
        told += anchors_behind(session, device_id, last if whole else first)
    return told


def anchors_behind(session: Session, device_id: str, number: int) -> list[Entry]:
    """Return the anchors of a device behind an entry."""
    given = {"device": device_id, "after": number}
    bodies = session.connection().execute(_ANCHORS, given).scalars()
    return [decode(body, device_id) for body in bodies]


_ANCHORS = (
    select(col(EntryRow.body))
    .where(
        col(EntryRow.device_id) == bindparam("device"),
        col(EntryRow.number) > bindparam("after"),
        col(EntryRow.kind) == "anchor",
    )
    .order_by(col(EntryRow.number))
)


def _back(session: Session, told: Entry, anchor: Anchor) -> list[Correction]:
    """Return the corrections of what a device wrote before an anchor, back to another boot."""
    found: list[Correction] = []
    below = told.number
    while below > max(1, told.number - _BACK_MAX):
        first = max(1, below - IN_MAX)
        # where some are missing here, so many reach behind the anchor
        some = of_device(session, told.device_id, first, below - first)
        for one in reversed([one for one in some if one.entry.number < below]):
            if one.entry.time.boot != anchor.boot:
                return found
            made = correction(one.entry, anchor)
            if made is not None:
                found.append(made)
        below = first
    return found


def _known(session: Session, device_id: str, numbers: Sequence[int]) -> dict[int, int]:
    """Return the true times (ms) that entries of a device have already, by number."""
    known: dict[int, int] = {}
    for start in range(0, len(numbers), IN_MAX):
        query = select(col(EntryTimeRow.number), col(EntryTimeRow.true_ms)).where(
            col(EntryTimeRow.device_id) == device_id,
            col(EntryTimeRow.number).in_(numbers[start : start + IN_MAX]),
        )
        known |= {row[0]: row[1] for row in session.connection().execute(query)}
    return known
