"""A relay message as a file: a zip that any device and the server take in.

    relay.json       the message (`domain.relay`), at most 4 MiB; more of them, to be taken in their
                     order, as relay-2.json, relay-3.json ...
    blobs/SHA256     photos and clips that its evidence names; any other name is ignored

The file of the outbox has the same two kinds of members, so it is one of these.
"""

import hashlib
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from domain import relay
from domain.relay import Message, RelayDamagedError, RelayLargeError
from offline_store import blobs
from offline_store.database import Store

SUFFIX: Final = ".anshao-relay"
MESSAGE: Final = "relay.json"
FOLDER: Final = "blobs/"
MESSAGES_MAX: Final = 200  # 100 000 entries
MEMBERS_MAX: Final = 20_000
BLOB_MAX_BYTES: Final = 200 * 1024 * 1024
FILE_MAX_BYTES: Final = 8 * 1024**3
_STEP: Final = 1024 * 1024
_HEX: Final = frozenset("0123456789abcdef")


def message_name(number: int) -> str:
    """Return the name of a message in a file, the first being 0."""
    return MESSAGE if not number else f"relay-{number + 1}.json"


def write(target: IO[bytes], store: Store, message: bytes, hashes: Iterable[str]) -> None:
    """Write a file; files that are not here are left out. Nothing is held in memory."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(MESSAGE, message, zipfile.ZIP_DEFLATED)
        for sha in dict.fromkeys(hashes):
            if blobs.is_here(store, sha):
                with archive.open(FOLDER + sha, "w", force_zip64=True) as into:
                    for step in blobs.ranged(store, sha, 0, None):
                        into.write(step)


class RelayFile:
    """An opened file; raises RelayDamagedError, RelayLargeError for what is none."""

    def __init__(self, path: Path) -> None:
        """Open it and read its messages."""
        if path.stat().st_size > FILE_MAX_BYTES:
            raise RelayLargeError(size=path.stat().st_size // 1024, limit=FILE_MAX_BYTES // 1024)
        try:
            self._archive = zipfile.ZipFile(path)
            names = self._archive.infolist()
            if len(names) > MEMBERS_MAX:
                raise RelayDamagedError(reason="count")
            self._sizes = {one.filename: one.file_size for one in names}
            self.messages = [self._message(MESSAGE)]
            while (name := message_name(len(self.messages))) in self._sizes:
                if len(self.messages) == MESSAGES_MAX:
                    raise RelayDamagedError(reason="count")
                self.messages.append(self._message(name))
        except (zipfile.BadZipFile, KeyError, OSError, EOFError, NotImplementedError) as error:
            raise RelayDamagedError(reason="file") from error

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()

    @property
    def blobs(self) -> list[str]:
        """The hashes of the photos it carries."""
        names = [name.removeprefix(FOLDER) for name in self._sizes if name.startswith(FOLDER)]
        return sorted(name for name in names if len(name) == 64 and set(name) <= _HEX)

    def keep(self, store: Store, sha256: str) -> int:
        """Copy a photo to its place; returns its size. RelayDamagedError for other bytes."""
        with blobs.scratch(store) as copy:
            size = self.copy(sha256, copy)
            blobs.keep_path(store, copy)
        return size

    def size(self, sha256: str) -> int:
        """Return how large a photo says that it is."""
        return self._sizes[FOLDER + sha256]

    def copy(self, sha256: str, target: Path) -> int:
        """Copy a photo to a file, durably; returns its size. Raises as `keep`, StoreFullError."""
        digest, size = hashlib.sha256(), 0
        try:
            with self._archive.open(FOLDER + sha256) as source, target.open("wb") as made:
                while step := source.read(_STEP):
                    size += len(step)
                    if size > BLOB_MAX_BYTES:
                        raise RelayLargeError(size=size // 1024, limit=BLOB_MAX_BYTES // 1024)
                    digest.update(step)
                    with blobs.naming_a_full_disk():
                        made.write(step)
                with blobs.naming_a_full_disk():
                    made.flush()
                    os.fsync(made.fileno())
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
            raise RelayDamagedError(reason="blob") from error
        if digest.hexdigest() != sha256 or not size:
            raise RelayDamagedError(reason="blob")
        return size

    def _message(self, name: str) -> Message:
        return relay.read(self._read(name, relay.MESSAGE_MAX_BYTES))

    def _read(self, name: str, limit: int) -> bytes:
        if self._sizes[name] > limit:
            raise RelayLargeError(size=self._sizes[name] // 1024, limit=limit // 1024)
        with self._archive.open(name) as member:
            data = member.read(limit + 1)
        if len(data) > limit:
            raise RelayLargeError(size=len(data) // 1024, limit=limit // 1024)
        return data


def named_in(message: Message) -> dict[str, tuple[str, str]]:
    """Return the files that a message's evidence names: hash -> kind and record.

    Only these are taken out of a file, and only where their evidence was taken in: nobody fills a
    device with what no proved entry speaks of.
    """
    found: dict[str, tuple[str, str]] = {}
    for run in message.runs:
        for body in run.bodies:
            try:
                entry = relay.read_entry(body, run.device_id)
            except RelayDamagedError:  # its run was refused; the others stand
                continue
            if entry.type != "evidence":
                continue
            for kind in ("thumb", "stamped", "original"):
                sha = entry.set.get(kind)
                if isinstance(sha, str):
                    found[sha] = (kind, entry.record_id)
    return found
