"""Making room on a device: only files that the server is known to have may go."""

from sqlmodel import Session, col, select

from offline_store import blobs
from offline_store.blobs import ORIGINAL, Blob
from offline_store.database import Store
from offline_store.tables import BlobRow

MOST = 100_000  # files freed at once


def copies(session: Session) -> list[Blob]:
    """Return large files here that the server is known to have: what may be freed."""
    query = (
        select(col(BlobRow.sha256))
        .where(
            col(BlobRow.state).in_(["received", "held"]),
            col(BlobRow.have).is_(True),
            col(BlobRow.priority) >= ORIGINAL,
        )
        .order_by(col(BlobRow.sha256))
        .limit(MOST)
    )
    found = [blobs.lookup(session, sha) for sha in session.exec(query)]
    return [blob for blob in found if blob and (blob.state == "held" or blob.receipt)]


def free(store: Store) -> int:
    """Remove the copies of files that the server has confirmed; returns the bytes freed.

    Nothing that is waiting, on its way or refused is touched; small pictures stay for the lists.
    A file that somebody opens later is fetched again.
    """
    with store.session() as session:
        found = copies(session)
        for blob in found:
            blobs.lose(session, blob.sha256)
    for blob in found:  # a crash in between leaves a file that the next reader still finds
        blobs.path(store, blob.sha256).unlink(missing_ok=True)
    return sum(blob.size for blob in found)
