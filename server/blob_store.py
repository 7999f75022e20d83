"""Where the server keeps photos and clips for good: its folder, or an object store.

A file is put together in the folder, part by part. Then it is moved to its place, named by its
hash, and read back from there: only what rests there under the right hash gets a receipt. What
the folder holds stays readable after a plant has moved to an object store.
"""

import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, S3Store

from offline_store import blob_parts, blobs, removals
from offline_store.database import Store

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

FOLDER: Final = "folder"
STEP: Final = 1024 * 1024
AWAY_S: Final = 30  # how long somebody should wait before trying again
_WHOLE_MAX: Final = 16 * STEP  # what is larger goes in several pieces
_HTTP: Final = "AWS_ALLOW_HTTP"
_KNOWN: Final = frozenset({  # what environment and file may set
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION",
    "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", _HTTP,
})  # fmt: skip
_log = logging.getLogger(__name__)
Objects = S3Store | LocalStore | MemoryStore


class BlobStoreAwayError(Exception):
    """Where files are kept cannot be reached, or does not let us in; nothing was lost."""


class BlobStore(Protocol):
    """Where whole files rest, by SHA-256. Methods wait for disk or network: not on the loop."""

    is_local: ClassVar[bool]  # all files are of this machine

    def has(self, sha256: str) -> bool:
        """Say whether a file is there; raises BlobStoreAwayError."""
        ...

    def size(self, sha256: str) -> int | None:
        """Return how many bytes a file has where it rests, None: not there; BlobStoreAwayError."""
        ...

    def keep(self, sha256: str, part: Path) -> bool:
        """Give a file that has arrived its place, and read it back from there.

        False where its hash is not its name; the part is gone in either case, and stays only with
        BlobStoreAwayError. A file that is there already is read back and left alone.
        """
        ...

    def read(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Give the bytes from `start` up to but not including `end`; raises BlobStoreAwayError."""
        ...

    def lose(self, sha256: str) -> None:
        """Delete the bytes of a file, and of a part of it; one that is not here is lost already.

        Raises BlobStoreAwayError: then it may still be there.
        """
        ...

    def local(self, sha256: str) -> Path | None:
        """Return the file where it is one of this machine."""
        ...

    def reachable(self) -> bool:
        """Say whether files can be kept and read now."""
        ...


class FolderBlobs:
    """Files in the folder of the store."""

    is_local: ClassVar[bool] = True

    def __init__(self, store: Store) -> None:
        """Keep them beside `store`."""
        self._store = store

    def has(self, sha256: str) -> bool:
        """Say whether a file is there."""
        return blobs.is_here(self._store, sha256)

    def size(self, sha256: str) -> int | None:
        """Return how many bytes a file has."""
        try:
            return blobs.size(self._store, sha256)
        except FileNotFoundError:
            return None

    def keep(self, sha256: str, part: Path) -> bool:
        """Give a file that has arrived its place."""
        try:
            return blob_parts.settle(self._store, sha256, part)
        except FileNotFoundError:  # another process was quicker, or a crash came after
            return self.has(sha256) and blobs.hash_of(self.read(sha256, 0, _ALL)) == sha256

    def read(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Give the bytes of a file."""
        with blobs.path(self._store, sha256).open("rb") as file:
            file.seek(start)
            while start < end and (data := file.read(min(STEP, end - start))):
                start += len(data)
                yield data

    def lose(self, sha256: str) -> None:
        """Delete the bytes of a file, and of a part of it."""
        removals.take_away(self._store, [sha256])

    def local(self, sha256: str) -> Path | None:
        """Return the file."""
        place = blobs.path(self._store, sha256)
        return place if place.exists() else None

    def reachable(self) -> bool:
        """Say that the folder is there; how full it is, is said elsewhere."""
        return self._store.blobs.is_dir()


_ALL: Final = 2**62


class ObjectBlobs:
    """Files in an object store, `blobs/ab/abcd…`; those of the folder are found as well."""

    is_local: ClassVar[bool] = False

    def __init__(self, objects: Objects, folder: FolderBlobs) -> None:
        """Keep new files in `objects`, read old ones in `folder`."""
        self._objects, self._folder = objects, folder

    def has(self, sha256: str) -> bool:
        """Say whether a file is there."""
        return self.size(sha256) is not None

    def size(self, sha256: str) -> int | None:
        """Return how many bytes a file has, here or in the store."""
        here = self._folder.size(sha256)
        if here is not None:
            return here
        try:
            return obstore.head(self._objects, _key(sha256))["size"]
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise _away(error) from error

    def keep(self, sha256: str, part: Path) -> bool:
        """Put a file that has arrived, and read it back; the part goes once that was right."""
        if not part.exists():
            return self.has(sha256) and blobs.hash_of(self.read(sha256, 0, _ALL)) == sha256
        if blobs.hash_of(_steps(part)) != sha256:
            part.unlink(missing_ok=True)
            return False
        self._put(sha256, part)
        if blobs.hash_of(self.read(sha256, 0, _ALL)) != sha256:
            # not what was put: whoever sends it again puts it anew
            self._remove(sha256)
            part.unlink(missing_ok=True)
            return False
        part.unlink(missing_ok=True)
        return True

    def read(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Give the bytes of a file."""
        if self._folder.has(sha256):
            yield from self._folder.read(sha256, start, end)
            return
        try:
            if end < _ALL:
                found = obstore.get(self._objects, _key(sha256), options={"range": (start, end)})
            else:
                found = obstore.get(self._objects, _key(sha256))
            for step in found.stream(min_chunk_size=STEP):
                yield bytes(step)
        except (BaseError, FileNotFoundError) as error:
            raise _away(error) from error

    def lose(self, sha256: str) -> None:
        """Delete the bytes of a file here and in the folder."""
        self._folder.lose(sha256)
        self._remove(sha256)

    def local(self, sha256: str) -> Path | None:
        """Return the file where it is still one of the folder."""
        return self._folder.local(sha256)

    def reachable(self) -> bool:
        """Ask for a file that nobody has: the answer is what counts."""
        try:
            self.has("0" * 64)
        except BlobStoreAwayError:
            return False
        return True

    def _put(self, sha256: str, part: Path) -> None:
        large = part.stat().st_size > _WHOLE_MAX
        try:
            if large:  # the same name always means the same bytes: to overwrite changes nothing
                obstore.put(self._objects, _key(sha256), part, use_multipart=True)
            else:
                obstore.put(self._objects, _key(sha256), part, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return
        except (BaseError, OSError) as error:
            raise _away(error) from error

    def _remove(self, sha256: str) -> None:
        try:
            obstore.delete(self._objects, _key(sha256))
        except FileNotFoundError:  # S3 itself does not even say so
            return
        except BaseError as error:
            raise _away(error) from error


def choose(where: str, credentials: Path | None, store: Store) -> BlobStore:
    """Return what the setting `blob_store` names; credentials come from environment and file.

    Raises ValueError for an address or a file that cannot be used; it never names a secret.
    """
    folder = FolderBlobs(store)
    if where == FOLDER:
        return folder
    scheme, _, rest = where.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme != "s3" or not bucket:
        message = f"blob_store is neither '{FOLDER}' nor s3://BUCKET/PREFIX"
        raise ValueError(message)
    given = {name: os.environ[name] for name in _KNOWN & os.environ.keys()}
    given |= _read_credentials(credentials) if credentials else {}
    client: ClientConfig = {"timeout": "60s", "connect_timeout": "3s"}
    if given.get(_HTTP, "").lower() == "true":
        client["allow_http"] = True
    retry: RetryConfig = {"max_retries": 1, "retry_timeout": timedelta(seconds=5)}
    names = {name.lower(): value for name, value in given.items() if name != _HTTP}
    config = cast("S3Config", names)
    try:
        objects = S3Store(
            bucket, prefix=prefix or None, config=config, client_options=client, retry_config=retry
        )
    except BaseError:  # its words may quote what it was given
        message = "blob_store cannot be used with the AWS_* settings given"
        raise ValueError(message) from None
    return ObjectBlobs(objects, folder)


def _read_credentials(file: Path) -> dict[str, str]:
    """Read lines NAME=VALUE; other names than those known are refused, without their value."""
    found: dict[str, str] = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or name.strip() not in _KNOWN:
            message = f"{file.name}:{number}: not a line NAME=VALUE with a name of the manual"
            raise ValueError(message)
        found[name.strip()] = value.strip()
    return found


def _key(sha256: str) -> str:
    assert len(sha256) == 64, "a hash is checked before it becomes a name"
    assert set(sha256) <= set("0123456789abcdef"), "a hash is checked before it becomes a name"
    return f"blobs/{sha256[:2]}/{sha256}"


def _steps(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while step := opened.read(STEP):
            yield step


def _away(error: Exception) -> BlobStoreAwayError:
    # the kind alone: the words of the library quote addresses and headers
    _log.warning("blob store away", extra={"why": type(error).__name__})
    return BlobStoreAwayError(type(error).__name__)
