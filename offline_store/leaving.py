"""Records that a device may hold no longer: what it has not sent of them goes first, then they go.

Own entries stay: they are the own chain, and the server may ask for them again. The note that a
record left stays, too, so that a fold of own entries alone never passes for the record.
"""

import re
from collections.abc import Collection, Iterable

from sqlalchemy import delete, select
from sqlmodel import Session, col

from domain.merge import TypePolicies
from offline_store import blobs, bulk, entries, records, relayed, search
from offline_store.bulk import insert_new
from offline_store.database import Store
from offline_store.entries import IN_MAX
from offline_store.tables import BlobRow, ConflictRow, EntryRow, HoldRow, LeavingRow, RecordRow

_SHA = re.compile(r"[0-9a-f]{64}\Z")
_UNSENT = ("waiting", "sending")  # files that the server has not confirmed


def mark(session: Session, record_ids: Iterable[str]) -> None:
    """Note that these records leave; `settle` lets them go."""
    for record_id in sorted(set(record_ids)):
        insert_new(session, LeavingRow, {"record_id": record_id})


def unmark(session: Session, record_ids: Collection[str]) -> None:
    """Forget that these records left: they are here again, whole."""
    ids = sorted(record_ids)
    for start in range(0, len(ids), IN_MAX):
        this = col(LeavingRow.record_id).in_(ids[start : start + IN_MAX])
        session.connection().execute(delete(LeavingRow).where(this))


def forget(session: Session) -> None:
    """Forget that anything left: this device may have everything again, and reads it anew."""
    session.connection().execute(delete(LeavingRow))


def mark_others(session: Session, held: Collection[str]) -> None:
    """Note that all records leave but those listed, and those that the server cannot know yet."""
    unsent = select(col(EntryRow.record_id)).where(col(EntryRow.feed).is_(None))
    run = session.connection().execute
    here = set(run(select(col(RecordRow.record_id))).scalars())
    here |= set(run(select(col(EntryRow.record_id)).distinct()).scalars())  # what was refused, too
    only_here = _only_unsent(session, set(run(unsent).scalars()))
    mark(session, here - set(held) - only_here)


def mark_delivered(session: Session, epoch: str, policies: TypePolicies) -> None:
    """Let go of what came by relay and is with the server, once all of the feed has come.

    It did not come with it, so it is of records that this device may not hold: it only carried it.
    """
    delivered = relayed.drop_delivered(session, epoch)
    others = set(entries.of_records(session, delivered))
    records.refold_all(session, sorted(others), policies)
    mark(session, set(delivered) - others)


def settle(store: Store, device_id: str) -> int:
    """Let go of what leaves and has nothing left to send; returns how many records went."""
    with store.session() as session:
        going = _going(session, device_id)
        for sha256 in _forget(session, device_id, going):
            # before the commit: a crash leaves rows, with which all this is done again
            blobs.path(store, sha256).unlink(missing_ok=True)
            blobs.part(store, sha256).unlink(missing_ok=True)
    return len(going)


def _going(session: Session, device_id: str) -> list[str]:
    """Return what leaves, is still shown or has entries of others, and waits for nothing."""
    marked = select(col(LeavingRow.record_id))
    shown = select(col(RecordRow.record_id)).where(col(RecordRow.record_id).in_(marked))
    others = select(col(EntryRow.record_id)).where(
        col(EntryRow.record_id).in_(marked), col(EntryRow.device_id) != device_id
    )
    waits = select(col(EntryRow.record_id)).where(
        col(EntryRow.feed).is_(None), col(EntryRow.record_id).in_(marked)
    )
    files = select(col(BlobRow.record_id)).where(
        col(BlobRow.state).in_(_UNSENT), col(BlobRow.record_id).in_(marked)
    )
    run = session.connection().execute
    kept = {*run(waits).scalars(), *run(files).scalars()}
    return sorted({*run(shown).scalars(), *run(others).scalars()} - kept)


def _forget(session: Session, device_id: str, going: list[str]) -> list[str]:
    run, files = session.connection().execute, list[str]()
    for start in range(0, len(going), IN_MAX):
        some = going[start : start + IN_MAX]
        nobodys = _of_nobody(session, some)
        files += nobodys
        for table in (RecordRow, ConflictRow, HoldRow):
            run(delete(table).where(col(table.record_id).in_(some)))
        search.update(session, [], some)
        others = (col(EntryRow.record_id).in_(some), col(EntryRow.device_id) != device_id)
        run(delete(EntryRow).where(*others))
        theirs = col(BlobRow.record_id).in_(some)
        files += run(select(col(BlobRow.sha256)).where(theirs)).scalars()
        run(delete(BlobRow).where(theirs))
        blobs.forget(session, nobodys)
    return files


def _of_nobody(session: Session, record_ids: list[str]) -> list[str]:
    """Return the files that these records name and no row gives to a record.

    Somebody opened them, or a crash came between a file and its row.
    """
    told = records.lookup_all(session, record_ids)
    cells = [cell.value for one in told if one.type == "evidence" for cell in one.cells.values()]
    named = sorted({one for one in cells if isinstance(one, str) and _SHA.match(one)})
    rows = bulk.select(session, BlobRow, ("sha256", "record_id", "state"), "sha256", named)
    kept = {row.sha256 for row in rows if row.record_id or row.state != "held"}
    return [sha for sha in named if sha not in kept]


def _only_unsent(session: Session, record_ids: set[str]) -> set[str]:
    """Return those of these records of which nothing was ever confirmed."""
    known: set[str] = set()
    ids = sorted(record_ids)
    for start in range(0, len(ids), IN_MAX):
        query = select(col(EntryRow.record_id)).where(
            col(EntryRow.record_id).in_(ids[start : start + IN_MAX]),
            col(EntryRow.feed).is_not(None),
        )
        known |= set(session.connection().execute(query).scalars())
    return record_ids - known
