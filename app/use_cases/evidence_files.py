"""The files behind a piece of evidence: whether they are here, for a player, and on their way."""

from collections.abc import Callable
from pathlib import Path

from app.field import FieldApp
from offline_store import blobs, records


def original_of(field: FieldApp, evidence_id: str) -> tuple[str, str] | None:
    """Return the original's hash and its MIME type; None while it is not on this device."""
    with field.store.reading() as session:
        record = records.get(session, evidence_id)
    sha = record.text("original")
    if not blobs.is_here(field.store, sha):
        return None
    return sha, record.text("mime")


def lend(field: FieldApp, sha256: str) -> Path:
    """Return a readable copy of a file, for a player that opens files itself; give it back.

    It stands in clear in the store's folder meanwhile. A crash leaves it until the next start.
    """
    return blobs.lend(field.store, sha256)


def give_back(copy: str) -> None:
    """Remove such a copy."""
    Path(copy).unlink(missing_ok=True)


async def fetch_original(
    field: FieldApp, evidence_id: str, progress: Callable[[float], None]
) -> None:
    """Fetch a clip that others made, going on where an earlier try ended.

    Raises OfflineError, ServerRefusedError; what has come stays.
    """
    with field.store.reading() as session:
        record = records.get(session, evidence_id)
    assert field.engine is not None
    size = record.whole("size") or 0
    await field.engine.fetch_file(
        record.text("original"), size, lambda have: progress(have / max(1, size))
    )
