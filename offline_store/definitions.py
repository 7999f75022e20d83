"""The plant's packs as received: definitions, people and keys; old ones stay for old records."""

from sqlmodel import Session, col, select

from offline_store.tables import PackRow


def save(session: Session, version: str, body: bytes, received_ms: int) -> None:
    """Keep a pack; the same version again becomes the newest."""
    row = session.get(PackRow, version) or PackRow(version=version, received_ms=0, body=b"")
    row.received_ms, row.body = received_ms, body
    session.add(row)
    session.flush()


def newest(session: Session) -> tuple[str, bytes] | None:
    """Return version and bytes of the pack received last, or None before the first."""
    query = select(PackRow).order_by(col(PackRow.received_ms).desc(), col(PackRow.version))
    row = session.exec(query.limit(1)).first()
    return (row.version, row.body) if row else None


def load(session: Session, version: str) -> bytes | None:
    """Return the bytes of one version, or None."""
    row = session.get(PackRow, version)
    return row.body if row else None
