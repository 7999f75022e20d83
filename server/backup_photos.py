"""The photos of a backup: brought out of wherever the server keeps them, and back.

Copies lie in a folder that all backups share, named by their hash, so a backup that was cut goes on
with those that are still lacking. With `leave`, what rests in an object store stays there and is
only listed: each is read back and hashed when it is listed, checked and restored.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine

from offline_store import backups, blobs
from offline_store.database import Store
from server import blob_store
from server.blob_store import BlobStore, BlobStoreAwayError
from server.settings import ServerSettings

Photo = tuple[str, int]  # SHA-256, bytes
LEFT, LACKING = "left.txt", "lacking.txt"
_STEP = 1024 * 1024
_ALL = 2**62


class NotWholeError(Exception):
    """A copy of a photo in a backup is gone, or is not what its name says."""


@dataclass
class Photos:
    """What a backup has of the photos that its rows name, in order of the hash."""

    named: Sequence[Photo]
    left: set[str] = field(default_factory=set[str])  # they stay in the object store
    lacking: set[str] = field(default_factory=set[str])  # the server itself does not have them
    copied: int = 0  # that no earlier backup had

    @property
    def kept(self) -> list[Photo]:
        """Those of which a copy lies in the folder of backups."""
        return [one for one in self.named if one[0] not in self.left | self.lacking]

    def only(self, chosen: set[str]) -> list[Photo]:
        """Return those of `named` that are chosen."""
        return [one for one in self.named if one[0] in chosen]


def place_of(settings: ServerSettings) -> BlobStore:
    """Return where the server of these settings keeps its photos, without opening its database."""
    home = settings.home
    alone = Store(create_engine("sqlite://"), home, home / "blobs")  # never connects
    return blob_store.choose(settings.blob_store, settings.blob_credentials, alone)


def bring(source: BlobStore, folder: Path, named: Sequence[Photo], *, leave: bool) -> Photos:
    """Copy photos into a folder of backups; with `leave` not those that an object store keeps.

    One that the server does not have, or not as its name says, is said to be lacking: devices that
    still have it send it again after a restore. Raises BlobStoreAwayError: the next goes on.
    """
    found = Photos(named)
    for sha, size in named:
        if leave and source.local(sha) is None:
            (found.left if is_there(source, sha) else found.lacking).add(sha)
            continue
        target = blobs.place(folder, sha)
        if target.is_file() and target.stat().st_size == size:
            continue
        if source.has(sha) and _read_out(source, target, sha):
            found.copied += 1
        else:
            found.lacking.add(sha)
    return found


def put_back(folder: Path, photos: Photos, target: BlobStore, home: Path) -> None:
    """Give a server its photos back, wherever its settings say that they rest.

    Raises BlobStoreAwayError, and NotWholeError with the hash of the first that is not whole or not
    where it was left. What is in place already is looked at and stays.
    """
    for sha, size in photos.kept:
        if is_there(target, sha):
            continue
        part = blobs.place(home / "blobs", sha).with_suffix(".part")
        copy = blobs.place(folder, sha)
        if not is_whole(copy, sha, size) or not _copied(_steps(copy), part, sha):
            raise NotWholeError(sha)
        if not target.keep(sha, part):
            raise NotWholeError(sha)
    prove_left(target, photos)


def prove_left(target: BlobStore, photos: Photos) -> None:
    """Read back what stayed in the object store; raises as `put_back`."""
    for sha in sorted(photos.left):
        if not is_there(target, sha):
            raise NotWholeError(sha)


def is_there(place: BlobStore, sha256: str) -> bool:
    """Say whether a photo rests there whole, by its bytes; raises BlobStoreAwayError."""
    if not place.has(sha256):
        return False
    digest = hashlib.sha256()
    for step in place.read(sha256, 0, _ALL):
        digest.update(step)
    return digest.hexdigest() == sha256


def is_whole(file: Path, sha: str, size: int) -> bool:
    """Say whether a file is there and what its name says."""
    if not file.is_file() or file.stat().st_size != size:
        return False
    digest = hashlib.sha256()
    for step in _steps(file):
        digest.update(step)
    return digest.hexdigest() == sha


def lines(photos: Iterable[Photo]) -> str:
    """Return a list of photos as it stands in a backup."""
    return "".join(f"{sha} {size}\n" for sha, size in photos)


def read_lines(file: Path) -> list[Photo]:
    """Read a list of photos; an older backup has no such list."""
    if not file.exists():
        return []
    rows = (line.partition(" ") for line in file.read_text("ascii").splitlines())
    return [(sha, int(size)) for sha, _, size in rows]


def _read_out(source: BlobStore, target: Path, sha: str) -> bool:
    try:
        return _copied(source.read(sha, 0, _ALL), target, sha)
    except FileNotFoundError:  # removed for good while we were at it
        return False


def _copied(steps: Iterator[bytes], target: Path, sha: str) -> bool:
    """Write a photo into its place durably, and read it back; False where it is another one."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_name(f"{target.name}.new")
    size = 0
    try:
        with blobs.naming_a_full_disk(), part.open("wb") as file:
            for step in steps:
                size += file.write(step)
        backups.sync(part)
        if not is_whole(part, sha, size):
            return False
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    backups.sync(target.parent)
    return True


def _steps(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while step := opened.read(_STEP):
            yield step


__all__ = [
    "LACKING", "LEFT", "BlobStoreAwayError", "NotWholeError", "Photo", "Photos", "bring",
    "is_there", "is_whole", "lines", "place_of", "prove_left", "put_back", "read_lines",
]  # fmt: skip
