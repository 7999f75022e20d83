"""Files that grow while they arrive, and get their place once their hash is right."""

from pathlib import Path

from offline_store import backups, blobs, sealed_files
from offline_store.database import Store


def grow(store: Store, sha256: str, data: bytes) -> None:
    """Add bytes to a file that is arriving; raises StoreFullError."""
    growing = blobs.part(store, sha256)
    growing.parent.mkdir(exist_ok=True)
    with blobs.naming_a_full_disk():
        sealed_files.append(growing, store.seal, data)


def grown(store: Store, sha256: str) -> int:
    """Return how many bytes of an arriving file are here."""
    return sealed_files.arrived(blobs.part(store, sha256), store.seal)


def settle(store: Store, sha256: str, growing: Path | None = None) -> bool:
    """Check an arrived file by reading it back from disk, and give it its place.

    `growing`: where it arrived, else its part. False, and that is gone, when its hash is not its
    name.
    """
    growing = growing or blobs.part(store, sha256)
    backups.sync(growing)
    if blobs.hash_of(sealed_files.arrived_pieces(growing, store.seal)) != sha256:
        growing.unlink()
        return False
    place = blobs.path(store, sha256)
    place.parent.mkdir(exist_ok=True)
    if store.seal is None:
        growing.replace(place)
    else:
        _seal_arrived(store, growing, sha256)
    backups.sync(place.parent)
    backups.sync(store.blobs)
    return True


def _seal_arrived(store: Store, growing: Path, sha256: str) -> None:
    with blobs.scratch(store) as copy:
        with copy.open("wb") as taken, blobs.naming_a_full_disk():
            writer = sealed_files.Writer(taken, store.seal)
            for step in sealed_files.arrived_pieces(growing, store.seal):
                writer.write(step)
            writer.finish()
        copy.replace(blobs.path(store, sha256))
    growing.unlink()
