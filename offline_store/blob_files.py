"""Several files made durable together, while the work that makes the later ones goes on.

Each wait for the disk costs a commit of the file system's journal. Written side by side they share
one, and the first file, which is there from the beginning, is on the disk before the rest is made.
"""

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from offline_store import backups, blobs, sealed_files
from offline_store.database import Store


class Writing:
    """Files on their way to their place; nothing has a place before `finish`."""

    def __init__(self, store: Store, pool: ThreadPoolExecutor, stack: ExitStack) -> None:
        """Write with the threads of `pool`; `stack` removes what was not finished."""
        self._store, self._pool, self._stack = store, pool, stack
        self._begun: dict[str, tuple[Future[str], Path, int]] = {}

    def begin(self, kind: str, data: bytes) -> None:
        """Start to hash and write bytes."""
        file = self._stack.enter_context(blobs.scratch(self._store))
        self._begun[kind] = (self._pool.submit(_write, self._store, file, data), file, len(data))

    def finish(self) -> dict[str, tuple[str, int]]:
        """Give each file its place, durably; returns kind -> SHA-256 and size.

        Raises StoreFullError.
        """
        kept: dict[str, tuple[str, int]] = {}
        folders: set[Path] = set()
        for kind, (hashing, file, size) in self._begun.items():
            sha = hashing.result()
            place = blobs.path(self._store, sha)
            place.parent.mkdir(exist_ok=True)
            file.replace(place)
            folders.add(place.parent)
            kept[kind] = (sha, size)
        for folder in (*folders, self._store.blobs):
            backups.sync(folder)
        return kept


@contextlib.contextmanager
def writing(store: Store) -> Iterator[Writing]:
    """Give the way to write several files; whatever is not finished is gone afterwards."""
    with (
        ExitStack() as files,
        # the pool ends first: a thread still writing must not outlive its file
        ThreadPoolExecutor(max_workers=3, thread_name_prefix="blob") as pool,
    ):
        yield Writing(store, pool, files)


def _write(store: Store, file: Path, data: bytes) -> str:
    with blobs.naming_a_full_disk(), file.open("wb") as taken:
        writer = sealed_files.Writer(taken, store.seal)
        writer.write(data)
        return writer.finish()
