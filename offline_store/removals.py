"""Files of personal media that are gone for good: on the server and on every device alike.

The row of such a file stays with the state "removed", so that it is never fetched, sent or taken
again; the bytes go once the decision is kept. A crash in between leaves a file that `sweep` finds.
"""

from collections.abc import Callable, Iterable
from typing import Final

from sqlmodel import Session, col, select, update

from domain.changes import Entry
from domain.privacy import removed_of
from offline_store import blobs
from offline_store.bulk import insert_new
from offline_store.database import Store
from offline_store.tables import BlobRow

REMOVED: Final = blobs.REMOVED  # state of a row
CODE: Final = blobs.BlobRemovedError.code  # what a server answers about such a file


def apply(session: Session, entries: Iterable[Entry]) -> list[str]:
    """Note what the server's decisions among these entries removed; returns the hashes.

    `take_away` the files once this is committed.
    """
    gone = [sha for one in entries if (said := removed_of(one)) for sha in said.files]
    mark(session, gone)
    return gone


def mark(session: Session, hashes: Iterable[str]) -> None:
    """Note that files are gone for good."""
    for sha in hashes:
        row = BlobRow(sha256=sha, size=0, kind=REMOVED, state=REMOVED)
        insert_new(session, BlobRow, row.model_dump())
        session.connection().execute(
            update(BlobRow)
            .where(col(BlobRow.sha256) == sha)
            .values(have=False, state=REMOVED, offset=0, error=None)
        )


def take_away(store: Store, hashes: Iterable[str]) -> int:
    """Delete the bytes of files, and of parts under way; returns how many were here."""
    gone = 0
    for sha in hashes:
        for place in (blobs.path(store, sha), blobs.part(store, sha)):
            if place.exists():
                place.unlink()
                gone += 1
    return gone


def forget(store: Store, sha256: str) -> None:
    """Remove one file because the server says that it is gone for good."""
    with store.session() as session:
        mark(session, [sha256])
    take_away(store, [sha256])


def is_removed(session: Session, sha256: str) -> bool:
    """Whether a file is gone for good."""
    query = select(col(BlobRow.state)).where(col(BlobRow.sha256) == sha256)
    return session.exec(query).first() == REMOVED


def gone(session: Session) -> Callable[[str], bool]:
    """Return the question of the rules whether a file, by its hash, is gone for good."""
    return lambda sha256: bool(sha256) and is_removed(session, sha256)


def listed(session: Session) -> list[str]:
    """Return all files that are gone for good."""
    query = select(col(BlobRow.sha256)).where(col(BlobRow.state) == REMOVED)
    return list(session.exec(query.order_by(col(BlobRow.sha256))))


def sweep(store: Store) -> int:
    """Delete what a crash, or a backup that was copied back, left of removed files."""
    with store.reading() as session:
        gone = listed(session)
    return take_away(store, gone)
