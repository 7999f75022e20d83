"""A file that has come whole: its place, its row and its receipt, whichever way it came.

A receipt says what was read back from where the file rests: its hash, and its size there. What was
removed for good is never taken again, what is too large for this plant or its disk neither.
"""

import logging
from pathlib import Path

from domain.receipts import blob_receipt_bytes
from offline_store import blobs, removals
from offline_store.blobs import BlobRemovedError
from server import blob_store, privacy
from server.blob_store import BlobStoreAwayError
from server.problems import RefusalError
from server.site import Site
from sync.protocol import BlobOffer, BlobReply

_log = logging.getLogger(__name__)


def check_size(here: Site, size: int) -> None:
    """Refuse a file larger than this plant takes (413)."""
    if size > here.settings.blob_max_bytes:
        raise RefusalError(413, "blob.size", limit=here.settings.blob_max_bytes)


def room_for(here: Site, size: int) -> None:
    """Refuse what would fill the server's disk (507): it comes again later."""
    if here.disk_free() - size < here.settings.disk_free_min_bytes:
        raise RefusalError(507, "server.disk_full", {"Retry-After": "600"})


def received(here: Site, sha256: str, *, look: bool = False) -> BlobReply | None:
    """Return the receipt of a file that is here; `look` whether it still rests in its place.

    RefusalError 410 for one that was removed for good.
    """
    with here.store.reading() as session:
        found = blobs.lookup(session, sha256)
    if found is not None and found.state == removals.REMOVED:  # a device that has it lets go of it
        raise RefusalError(410, removals.CODE)
    if found is None or not found.have:
        return None
    if not blobs.is_here(here.store, sha256) and not _rests(here, sha256, look=look):
        return None
    return BlobReply(
        state="received",
        offset=found.size,
        size=found.size,
        receipt=found.receipt,
        server_ms=found.received_ms or 0,
    )


def take(here: Site, offered: BlobOffer, part: Path) -> BlobReply | None:
    """Give a whole file its place and its receipt; None where its hash is not its name.

    `part` is where its bytes are, and is gone afterwards; missing: they rest in their place already
    (a crash came before the row). Raises RefusalError 410, BlobStoreAwayError: then the part stays.
    """
    if not here.blob_store.keep(offered.sha256, part):
        return None
    size, at_ms = here.blob_store.size(offered.sha256), here.now_ms()
    if size is None:  # taken away in between
        return None
    receipt = here.receipt(blob_receipt_bytes(offered.sha256, size, at_ms))
    try:
        with here.store.session() as session:
            blobs.add(
                session, offered.sha256, size, kind=offered.kind, record_id=offered.record,
                state="received",
            )  # fmt: skip
            blobs.confirm(session, offered.sha256, receipt, at_ms)
    except BlobRemovedError as error:  # decided while it came
        privacy.lose(here, offered.sha256)
        raise RefusalError(410, removals.CODE) from error
    return BlobReply(state="received", offset=size, size=size, receipt=receipt, server_ms=at_ms)


def adopted(here: Site, offered: BlobOffer) -> BlobReply | None:
    """Confirm a file that rests here without a row: the server stopped just after it came."""
    part = blobs.part(here.store, offered.sha256)
    try:
        if part.exists() or not here.blob_store.has(offered.sha256):
            return None
        return take(here, offered, part)
    except BlobStoreAwayError:
        return None


def away() -> RefusalError:
    """Return what to answer while the place where files rest is away (503)."""
    return RefusalError(503, "blob.store_away", {"Retry-After": str(blob_store.AWAY_S)})


def _rests(here: Site, sha256: str, *, look: bool) -> bool:
    if here.blob_store.is_local:
        return False
    try:
        return not look or here.blob_store.has(sha256)
    except BlobStoreAwayError:  # the row says that it was read back from there
        return True
