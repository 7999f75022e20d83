"""What this device knows of the life of its server: both see whether one was copied back."""

from sqlmodel import Session

from offline_store import entries, journal, keep, lives
from offline_store.database import Store
from offline_store.keep import OWN_FIRST
from sync.protocol import FILE_DIGITS, PullReply
from sync.subscribing import Subscriptions

_FIRST = "pull.first_epoch"  # the life of the server that was met first
_LIFE_MAX = 64


def own_first(store: Store) -> bool:
    """Say whether the server is to be asked for our own entries before anything is sent."""
    with store.reading() as session:
        return keep.get(session, OWN_FIRST) is True


def own_known(store: Store) -> None:
    """Note that our own entries have come."""
    with store.session() as session:
        keep.put(session, OWN_FIRST, value=None)


def begin_anew(store: Store, scopes: Subscriptions, epoch: str | None = None) -> None:
    """Let the feed be read from its beginning, own entries too, also after a crash meanwhile.

    A server that was copied back without a word may have said other things since, and whoever
    reads from the beginning has no mark left by which it would be told of that.
    """
    with store.session() as session:
        keep.set_cursor(session, keep.Cursor(0, epoch or keep.cursor(session).epoch))
        keep.put(session, OWN_FIRST, value=True)
        lives.begin(session)
        scopes.forget(session)


def cursor(store: Store) -> keep.Cursor:
    """Return how far the feed was read."""
    with store.reading() as session:
        return keep.cursor(session)


def told(
    store: Store, scopes: Subscriptions, at: keep.Cursor, epoch: str | None, seen: str | None = None
) -> dict[str, str]:
    """Return what a pull tells the server, by which it sees whether it was copied back.

    Without an epoch nothing: what was saved from damage is read anew first, and its hashes may be
    those of a cut chain. `seen` is the mark of a cursor that is not kept yet.
    """
    with store.reading() as session:
        known = {"mark": scopes.mark(session, at)}
        seen = seen or keep.mark(session, at)
        sent = entries.confirmed_last(session, scopes.device_id)
        file = keep.get(session, keep.LAST_FILE)
    if not epoch:
        return known
    # the mark vouches for nothing behind the cursor, and for no file: a copied back server may
    # lack what it took; who says 0 may have been copied back to before it sent anything
    known |= {"sent": str(sent)}
    known |= {"file": file[:FILE_DIGITS]} if isinstance(file, str) else {}
    return known | {"epoch": epoch} | ({"seen": seen} if seen else {})


def met(session: Session, life: str | None) -> None:
    """Note in which life the server took what is confirmed here, before any cursor names one."""
    if life and len(life) <= _LIFE_MAX and keep.get(session, _FIRST) is None:
        keep.put(session, _FIRST, life)


def lacks_own(store: Store, device_id: str, reply: PullReply) -> bool:
    """Say whether the server has entries of this device that are not here: it was copied back."""
    if reply.own_last is None:
        return False
    with store.reading() as session:
        return reply.own_last > journal.head(session, device_id)[0]


def is_another_life(store: Store, at: keep.Cursor, reply: PullReply) -> bool:
    """Say whether a reply is of another life of the server than what is here.

    Before the first page is kept there is no cursor that names a life, but entries may have been
    confirmed already, in the life that was met first; a server of before does not say which.
    """
    if at.epoch:
        return reply.epoch != at.epoch
    with store.session() as session:
        first = keep.get(session, _FIRST)
        if first != reply.epoch:
            keep.put(session, _FIRST, reply.epoch)
        return first not in (None, reply.epoch)
