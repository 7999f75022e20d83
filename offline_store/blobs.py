"""The blobs: files named by the SHA-256 of their bytes, and how far each has travelled.

A file is written whole and made durable first, its row follows in the transaction of the record
that needs it. A crash between the two leaves a file that nobody refers to, never a row without its
file. Nothing is deleted here before the server has confirmed the hash of what it has at rest.
"""

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

from sqlmodel import Session, col, select, update

from domain.errors import StoreError, StoreFullError
from offline_store import backups, bulk, sealed_files
from offline_store.bulk import insert_new
from offline_store.database import Store
from offline_store.tables import BlobRow

# On a device: own files are waiting, sending, received or refused; files of others are wanted until
# they are held. On the server a file is partial until it is received.
State = Literal["waiting", "sending", "received", "refused", "wanted", "held", "partial", "removed"]

REMOVED: Final = "removed"  # gone for good (`offline_store.removals`)
THUMBNAIL, SHOWN, ORIGINAL = 0, 1, 2  # order of sending: small pictures before big ones
PRIORITIES = {"thumb": THUMBNAIL, "stamped": SHOWN, "signature": SHOWN}
_STEP = 1024 * 1024
_SCRATCH = "new"  # folder of files that are being made; `sweep` empties it after a crash


class BlobRemovedError(StoreError):
    """A file (`file`: the start of its name) was removed for good: nothing is noted of it."""

    code = "blob.removed"


@dataclass(frozen=True, slots=True)
class Blob:
    """A file and how far it has travelled: `offset` bytes are on the other side."""

    sha256: str
    size: int
    kind: str
    record_id: str
    have: bool
    offset: int
    state: State
    receipt: str | None
    received_ms: int | None
    priority: int
    error: str | None


def hash_of(steps: Iterable[bytes]) -> str:
    """Return the name of a file (SHA-256 in hex) from its bytes, read piece by piece."""
    digest = hashlib.sha256()
    for step in steps:
        digest.update(step)
    return digest.hexdigest()


def put(
    store: Store,
    session: Session,
    data: bytes,
    kind: str,
    priority: int | None = None,
    *,
    record_id: str = "",
    state: State = "waiting",
) -> str:
    """Keep bytes that were made here and queue them for the server; returns their SHA-256.

    `priority` follows from `kind` where it is left out. The write lock is held while the file is
    made durable: for large files call `keep_file` before the transaction and `add` within it.
    """
    sha = keep_file(store, data)
    add(session, sha, len(data), kind=kind, record_id=record_id, priority=priority, state=state)
    return sha


def keep_file(store: Store, data: bytes) -> str:
    """Write bytes to their place, durably; returns their SHA-256. Raises StoreFullError."""
    sha = hashlib.sha256(data).hexdigest()
    place = path(store, sha)
    if place.exists() and sealed_files.size_of(place, store.seal) == len(data):
        return sha
    place.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="new-", suffix=".tmp", dir=place.parent)
    try:
        with naming_a_full_disk(), os.fdopen(handle, "wb") as file:
            writer = sealed_files.Writer(file, store.seal)
            writer.write(data)
            writer.finish()
        Path(name).replace(place)
    finally:
        Path(name).unlink(missing_ok=True)
    backups.sync(place.parent)
    backups.sync(store.blobs)
    return sha


def keep_path(store: Store, source: Path) -> tuple[str, int]:
    """Copy a file of any size to its place, durably; returns SHA-256 and size.

    It is hashed while it is copied and never held in memory. Raises StoreFullError.
    """
    with scratch(store) as copy:
        with source.open("rb") as given, copy.open("wb") as taken, naming_a_full_disk():
            writer = sealed_files.Writer(taken, store.seal)
            while step := given.read(_STEP):
                writer.write(step)
            sha = writer.finish()
        place = path(store, sha)
        place.parent.mkdir(exist_ok=True)
        copy.replace(place)
    backups.sync(place.parent)
    backups.sync(store.blobs)
    return sha, writer.size


@contextlib.contextmanager
def scratch(store: Store) -> Iterator[Path]:
    """Give a new empty file beside the blobs, which is gone afterwards unless it was moved."""
    folder = store.blobs / _SCRATCH
    folder.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="new-", suffix=".tmp", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def lend(store: Store, sha256: str) -> Path:
    """Return a copy of a file in clear, which the caller removes; `sweep` does after a crash."""
    folder = store.blobs / _SCRATCH
    folder.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="new-", suffix=".tmp", dir=folder)
    with naming_a_full_disk(), os.fdopen(handle, "wb") as file:
        for step in ranged(store, sha256, 0, None):
            file.write(step)
    return Path(name)


def write_scratch(file: Path, data: bytes) -> None:
    """Fill such a file; raises StoreFullError."""
    with naming_a_full_disk():
        file.write_bytes(data)


@contextlib.contextmanager
def naming_a_full_disk() -> Iterator[None]:
    """Say in our own words that the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StoreFullError from error
        raise


def add(
    session: Session,
    sha256: str,
    size: int,
    *,
    kind: str,
    record_id: str = "",
    priority: int | None = None,
    state: State = "waiting",
) -> None:
    """Add the row of a file that is at its place; a file that is known keeps its state."""
    order = PRIORITIES.get(kind, ORIGINAL) if priority is None else priority
    new = {"sha256": sha256, "size": size, "kind": kind, "record_id": record_id}
    now = {"have": True, "state": state, "priority": order}
    if not insert_new(session, BlobRow, _FRESH | new | now):
        bulk.run(session, _HAVE, (True, sha256, REMOVED))
        bulk.run(session, _HELD, (sha256,))


def path(store: Store, sha256: str) -> Path:
    """Return where the file with that hash is, or will be."""
    assert len(sha256) == 64, "a hash is checked before it becomes a path"
    assert set(sha256) <= set("0123456789abcdef"), "a hash is checked before it becomes a path"
    return place(store.blobs, sha256)


def place(folder: Path, sha256: str) -> Path:
    """Return where a folder of blobs has the file with that hash."""
    return folder / sha256[:2] / sha256


def is_here(store: Store, sha256: str) -> bool:
    """Say whether the whole file with that hash is on this machine; no hash, no file."""
    return bool(sha256) and path(store, sha256).exists()


def read(store: Store, sha256: str) -> bytes | None:
    """Return the bytes of a file, or None if it is not here."""
    try:
        return sealed_files.read(path(store, sha256), store.seal, sha256)
    except FileNotFoundError:
        return None


def read_part(store: Store, sha256: str, offset: int, size: int) -> bytes:
    """Return at most `size` bytes of a file from `offset` on; none where it ends or is gone."""
    try:
        return b"".join(ranged(store, sha256, offset, size))
    except FileNotFoundError:
        return b""


def ranged(store: Store, sha256: str, offset: int, size: int | None) -> Iterator[bytes]:
    """Yield `size` bytes of a file from `offset` on, in pieces; None: to its end.

    Raises FileNotFoundError, FileDamagedError.
    """
    return sealed_files.ranged(path(store, sha256), store.seal, sha256, offset, size)


def size(store: Store, sha256: str) -> int:
    """Return how many bytes a file has; raises FileNotFoundError."""
    return sealed_files.size_of(path(store, sha256), store.seal)


def lookup(session: Session, sha256: str) -> Blob | None:
    """Return the row of a file, or None."""
    row = bulk.first(session, _ONE, (sha256,))
    return _blob(row) if row else None


def is_known(session: Session, begins: str) -> bool:
    """Say whether a file whose name begins so was ever here, also one that was removed."""
    rest = 64 - len(begins)
    return bulk.first(session, _BETWEEN, (begins + "0" * rest, begins + "f" * rest)) is not None


def pending(session: Session, *, up_to: int = ORIGINAL, limit: int = 500) -> list[Blob]:
    """Return own files that the server has not confirmed: small and first made come first."""
    return [_blob(row) for row in bulk.run(session, _PENDING, (up_to, limit))]


def unsettled(session: Session) -> list[Blob]:
    """Return every own file that the server has not taken, the refused ones too."""
    return [_blob(row) for row in bulk.run(session, _UNSETTLED)]


def progress(session: Session, sha256: str, offset: int) -> None:
    """Note how many bytes the server has stored."""
    _set(session, sha256, state="sending", offset=offset, error=None)


def confirm(session: Session, sha256: str, receipt: str, received_ms: int) -> None:
    """Note the server's receipt: it has the whole file, and read the hash from where it rests.

    Raises BlobRemovedError for a file that was removed for good, meanwhile or before.
    """
    told = ("received", receipt, received_ms, None)
    bulk.run(session, _CONFIRM, (*told, sha256, REMOVED))
    noted = lookup(session, sha256)
    assert noted is not None, "a receipt is noted for a file that is here"
    if noted.state == REMOVED:
        raise BlobRemovedError(file=sha256[:8])


def fail(session: Session, sha256: str, code: str, *, for_good: bool) -> None:
    """Note why a file did not get through; `for_good` ends the tries, the file stays."""
    _set(session, sha256, state="refused" if for_good else "waiting", error=code)


def offer_again(session: Session) -> None:
    """Queue again every own file that is here: a server from a backup may lack what it received.

    One that it still has gets its receipt without a byte.
    """
    mine = update(BlobRow).where(col(BlobRow.state) == "received", col(BlobRow.have).is_(True))
    session.exec(mine.values(state="waiting", offset=0, error=None))


def retry(session: Session, sha256: str) -> None:
    """Queue a refused file again."""
    _set(session, sha256, state="waiting", error=None)


def want(session: Session, sha256: str, *, kind: str, record_id: str = "") -> None:
    """Ask for a file that others made; one that is known stays as it is."""
    if lookup(session, sha256) is None:
        new = {"sha256": sha256, "size": 0, "kind": kind, "record_id": record_id}
        order = PRIORITIES.get(kind, ORIGINAL)
        insert_new(session, BlobRow, _FRESH | new | {"state": "wanted", "priority": order})


def wanted(session: Session, limit: int = 100) -> list[Blob]:
    """Return files of others that are still to be fetched."""
    return [_blob(row) for row in bulk.run(session, _WANTED, (limit,))]


def listed(session: Session, since_ms: int, limit: int = 1000) -> list[Blob]:
    """Return own files for the outbox: all that wait or were refused, and received ones since."""
    return [_blob(row) for row in bulk.run(session, _LISTED, (since_ms, limit))]


def part(store: Store, sha256: str) -> Path:
    """Return where a file grows while it arrives."""
    return path(store, sha256).with_suffix(".part")


def sweep(store: Store) -> int:
    """Remove what a crash left half written; returns how many. Whole files and parts stay."""
    left = list(store.blobs.glob("*/new-*.tmp"))
    for file in left:
        file.unlink(missing_ok=True)
    return len(left)


def missing(store: Store, session: Session) -> Sequence[str]:
    """Return files that should be here and are not."""
    rows = session.exec(select(BlobRow.sha256).where(col(BlobRow.have).is_(True)))
    return [sha for sha in rows if not path(store, sha).exists()]


def forget(session: Session, hashes: Iterable[str]) -> None:
    """Note nothing of these files any more."""
    for sha in hashes:
        bulk.run(session, _FORGET, (sha,))


def lose(session: Session, sha256: str) -> None:
    """Note that a file is gone from this device; what the server has of it can be fetched again."""
    _set(session, sha256, have=False)


def _set(session: Session, sha256: str, **values: object) -> None:
    session.exec(update(BlobRow).where(col(BlobRow.sha256) == sha256).values(**values))


# asked in each round of sync
_NAMES = tuple(one.name for one in fields(Blob))
_FRESH: dict[str, object] = {
    "have": False, "offset": 0, "receipt": None, "received_ms": None, "error": None,
}  # fmt: skip
_ROWS = bulk.columns(BlobRow, _NAMES)
_ONE = f"{_ROWS} WHERE sha256 = ?"
_BETWEEN = "SELECT 1 FROM blob WHERE sha256 BETWEEN ? AND ? LIMIT 1"
_PENDING = (
    f"{_ROWS} WHERE state IN ('waiting', 'sending') AND priority <= ?"
    " ORDER BY priority, size, sha256 LIMIT ?"
)
_UNSETTLED = f"{_ROWS} WHERE state IN ('waiting', 'sending', 'refused') ORDER BY sha256"
_LISTED = (
    f"{_ROWS} WHERE state IN ('waiting', 'sending', 'refused')"
    " OR state = 'received' AND received_ms >= ? ORDER BY priority, size, sha256 LIMIT ?"
)
_WANTED = f"{_ROWS} WHERE state = 'wanted' ORDER BY priority, sha256 LIMIT ?"
_HAVE = "UPDATE blob SET have = ? WHERE sha256 = ? AND state <> ?"
_HELD = "UPDATE blob SET state = 'held' WHERE sha256 = ? AND state = 'wanted'"
_FORGET = "DELETE FROM blob WHERE sha256 = ?"
_CONFIRM = (
    'UPDATE blob SET state = ?, "offset" = size, receipt = ?, received_ms = ?, error = ?'
    " WHERE sha256 = ? AND state <> ?"
)


def _blob(row: Sequence[Any]) -> Blob:
    found = Blob(*row)
    return replace(found, have=bool(found.have))  # SQLite has no truth, only 0 and 1
