"""What this device knows of the life of its server: both see whether one was copied back."""

from sqlmodel import Session

from offline_store import keep, outbox
from offline_store.database import Store
from offline_store.keep import OWN_FIRST
from sync.protocol import PullReply

_FIRST = "pull.first_epoch"  # the life of the server that was met first


def own_first(store: Store) -> bool:
    """Say whether the server is to be asked for our own entries before anything is sent."""
    with store.reading() as session:
        return keep.get(session, OWN_FIRST) is True


def own_known(store: Store) -> None:
    """Note that our own entries have come."""
    with store.session() as session:
        keep.put(session, OWN_FIRST, value=None)


def cursor(store: Store) -> keep.Cursor:
    """Return how far the feed was read."""
    with store.reading() as session:
        return keep.cursor(session)


def is_another_life(store: Store, device_id: str, at: keep.Cursor, reply: PullReply) -> bool:
    """Say whether a reply is of another life of the server than what is here.

    Before the first page is kept there is no cursor that names a life, but entries may have been
    confirmed already: then by another one, unless this is the life that was met first.
    """
    if at.epoch:
        return reply.epoch != at.epoch
    with store.session() as session:
        first = keep.get(session, _FIRST)
        if first != reply.epoch:
            keep.put(session, _FIRST, reply.epoch)
        return first != reply.epoch and (first is not None or _has_sent(session, device_id))


def _has_sent(session: Session, device_id: str) -> bool:
    return outbox.last_sent(session, device_id) is not None
