"""On a device: what the server itself wrote and lost, when it came back from a backup.

Entries of devices are theirs: each device sends again what a restored server lacks. What the server
wrote itself (notices, tasks, gaps) nobody can send again; it says them anew under the same numbers.
So a device that meets a new life of the feed puts the server's own entries in doubt, believes those
that come again, and forgets the others: where another entry comes under their number, or at the
end of the feed.
"""

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from domain import merge
from offline_store import keep, records
from offline_store.journal import Arrival
from offline_store.tables import EntryRow

SERVER = "server"  # device id of what the server writes by itself
_ANEW = "pull.anew"  # set: the feed is being read again in a new life
_OWN = col(EntryRow.device_id) == SERVER
_DOUBTED = (_OWN, col(EntryRow.feed).is_(None))


def begin(session: Session) -> None:
    """Put what the server wrote itself in doubt: its feed is of another life now."""
    keep.put(session, _ANEW, value=True)
    session.connection().execute(update(EntryRow).where(_OWN).values(feed=None))


def clear_way(
    session: Session, arrivals: Sequence[Arrival], policies: merge.TypePolicies
) -> None:
    """Forget doubted entries from the number on under which something else arrives."""
    coming = {one.entry.number: one.body for one in arrivals if one.entry.device_id == SERVER}
    if not coming or keep.get(session, _ANEW) is not True:
        return
    query = select(col(EntryRow.number), col(EntryRow.body)).where(
        *_DOUBTED, col(EntryRow.number).between(min(coming), max(coming))
    )
    rows = session.connection().execute(query)
    other = [number for number, body in rows if coming.get(number, body) != body]
    if other:
        _forget(session, min(other), policies)


def finish(session: Session, policies: merge.TypePolicies) -> None:
    """Forget what did not come again; call it where the feed was read to its end."""
    if keep.get(session, _ANEW) is not True:
        return
    first = (
        session.connection().execute(select(func.min(col(EntryRow.number))).where(*_DOUBTED)).scalar()
    )
    if first:
        _forget(session, first, policies)
    keep.put(session, _ANEW, value=None)


def _forget(session: Session, first: int, policies: merge.TypePolicies) -> None:
    gone = (*_DOUBTED, col(EntryRow.number) >= first)
    run = session.connection().execute
    touched = list(dict.fromkeys(run(select(col(EntryRow.record_id)).where(*gone)).scalars()))
    run(delete(EntryRow).where(*gone))
    records.refold_all(session, touched, policies)
