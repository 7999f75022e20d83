"""One process at a time works with the store in a folder.

The lock hangs on an open file, so the system lets go of it however the process ends. The file stays
where it is and says nothing: removing it would let two processes each lock one of their own.
"""

import contextlib
import errno
import logging
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from domain.errors import StoreFullError, StoreTakenError

FILE_NAME = "anshao.lock"
_WAIT_S, _TRIES = 2.0, 40  # one that was killed or told to stop may take a moment to be gone
_TAKEN = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK})
_log = logging.getLogger(__name__)

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(file: BinaryIO) -> None:
        file.close()

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)  # else a child that was forked meanwhile still has it
        file.close()


@dataclass
class _Held:
    file: BinaryIO
    users: int = 0


_one_at_a_time = threading.Lock()
_held: dict[Path, _Held] = {}  # by folder; a process may open its own store again


@contextlib.contextmanager
def held(folder: Path) -> Generator[None]:
    """Keep other processes away from a folder; raises StoreTakenError where one has it.

    Within this process it may be held several times: the last one to end lets go.
    """
    folder = folder.resolve()
    with _one_at_a_time:
        if folder not in _held:
            _held[folder] = _Held(_taken(folder))
        mine = _held[folder]
        mine.users += 1
    try:
        yield
    finally:
        with _one_at_a_time:
            mine.users -= 1
            if not mine.users:
                del _held[folder]
                _unlock(mine.file)


def _taken(folder: Path) -> BinaryIO:
    """Return the open file that the lock hangs on."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / FILE_NAME).open("ab")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StoreFullError from error
        raise
    with contextlib.ExitStack() as until_locked:
        until_locked.push(file)
        _lock_soon(file, folder)
        until_locked.pop_all()
    return file


def _lock_soon(file: BinaryIO, folder: Path) -> None:
    for left in reversed(range(_TRIES)):
        try:
            _lock(file)
        except OSError as error:
            if error.errno not in _TAKEN:
                # a file system without locks, as on some network drives and memory cards: better
                # worked on without one than not at all
                _log.warning(
                    "store not locked", extra={"code": errno.errorcode.get(error.errno or 0)}
                )
                return
            if not left:
                raise StoreTakenError(folder=str(folder)) from error
            threading.Event().wait(_WAIT_S / _TRIES)
        else:
            return
