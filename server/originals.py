"""The originals of evidence as they rest on the server, for what the server looks at itself."""

from typing import Final

from domain.records import Record
from media.images import BYTES_MAX
from server.blob_store import BlobStoreAwayError
from server.site import Site

_CELL: Final = "original"


def here(site: Site, photo: Record) -> bool:
    """Say whether the original of a photo has arrived; False while its place is away."""
    sha = photo.text(_CELL)
    try:
        return bool(sha) and site.blob_store.has(sha)
    except BlobStoreAwayError:
        return False


def too_large(site: Site, photo: Record) -> bool:
    """Say whether the original of a photo is here and larger than a photo may be; see `here`."""
    sha = photo.text(_CELL)
    try:
        return bool(sha) and (site.blob_store.size(sha) or 0) > BYTES_MAX
    except BlobStoreAwayError:
        return False


def read(site: Site, photo: Record) -> bytes | None:
    """Return the original of a photo; None where it is not here, or larger than a photo may be."""
    sha = photo.text(_CELL)
    try:
        size = site.blob_store.size(sha) if sha else None
        if size is None or size > BYTES_MAX:
            return None
        return b"".join(site.blob_store.read(sha, 0, size))
    except (BlobStoreAwayError, FileNotFoundError):
        return None
