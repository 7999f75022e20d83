"""On a device: what the server itself wrote and lost, when it came back from a backup.

Entries of devices are theirs: each device sends again what a restored server lacks. What the server
wrote itself (notices, tasks, gaps) nobody can send again; it says them anew under the same numbers.
So a device that reads the feed anew puts the server's own entries in doubt, believes those that
come again, and forgets the others: where something new comes, or at the end of the feed.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from domain import merge
from offline_store import blobs, keep, records
from offline_store.database import Store
from offline_store.journal import Arrival
from offline_store.tables import EntryRow

SERVER = "server"  # device id of what the server writes by itself
_ANEW = "pull.anew"  # set: the feed is being read again in a new life
_OWN = col(EntryRow.device_id) == SERVER
_DOUBTED = (_OWN, col(EntryRow.feed).is_(None))


def offer_files_again(store: Store) -> None:
    """Offer all own files once more: a server in a new life of its feed may lack them."""
    with store.session() as session:
        blobs.offer_again(session)
        keep.put(session, keep.LAST_FILE, value=None)


def begin(session: Session) -> None:
    """Put what the server wrote itself in doubt: its feed may be of another life."""
    keep.put(session, _ANEW, value=True)
    session.connection().execute(update(EntryRow).where(_OWN).values(feed=None))


def clear_way(session: Session, arrivals: Sequence[Arrival], policies: merge.TypePolicies) -> None:
    """Forget what is in doubt once something arrives that is not here: there the lives part."""
    coming = {one.entry.number: one.body for one in arrivals if one.entry.device_id == SERVER}
    if not coming or keep.get(session, _ANEW) is not True:
        return
    query = select(col(EntryRow.number), col(EntryRow.body)).where(
        _OWN, col(EntryRow.number).between(min(coming), max(coming))
    )
    here = {row.number: row.body for row in session.connection().execute(query)}
    again = {number for number, body in coming.items() if here.get(number) == body}
    if again != coming.keys():
        _forget(session, again, policies)


def finish(session: Session, policies: merge.TypePolicies) -> None:
    """Forget what did not come again; call it where the feed was read to its end."""
    if keep.get(session, _ANEW) is not True:
        return
    _forget(session, set(), policies)
    keep.put(session, _ANEW, value=None)


def _forget(session: Session, but: Collection[int], policies: merge.TypePolicies) -> None:
    gone = (*_DOUBTED, col(EntryRow.number).not_in(list(but)))
    run = session.connection().execute
    touched = list(dict.fromkeys(run(select(col(EntryRow.record_id)).where(*gone)).scalars()))
    run(delete(EntryRow).where(*gone))
    records.refold_all(session, touched, policies)
