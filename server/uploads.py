"""Files on their way in: who writes to which, and what was offered.

The offset is the length of the part file, so it counts bytes stored, not requests that ended well:
a link that breaks every few seconds still makes progress. A new PATCH takes the file over from one
that hangs on a dead link, instead of waiting for it (SYNC_ANCHORS §3.7).
"""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from sync.protocol import BlobOffer

try:
    import fcntl
except ImportError:
    fcntl = None


_WISHES, _WISHES_MAX = "wanted", 1000


class Offer(BlobOffer):
    """A blob that a device is sending; kept in a file beside the parts until it is whole."""

    device: str


@dataclass(eq=False)
class Writer:
    """Who is sending a file now; `stop` tells it that another request took over."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Uploads:
    """The unfinished files of one server, by hash and device; `active` are those being written."""

    folder: Path
    active: dict[str, Writer] = field(default_factory=dict[str, Writer])
    locks: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock])

    def leave_behind(self, blobs: Path) -> None:
        """Remove what the version before had under way; its devices offer it again.

        There all devices shared one part of a file, beside the whole ones in `blobs`.
        """
        notes = self.folder.glob("*.json") if self.folder.exists() else ()
        for left in (*(one for one in notes if "-" not in one.stem), *blobs.glob("*/*.part")):
            left.unlink(missing_ok=True)

    def open(self, offer: Offer) -> None:
        """Note an offer; the first one of a device counts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self._file(offer.sha256, offer.device)
        if not file.exists():
            growing = file.with_suffix(f".{secrets.token_hex(4)}.tmp")  # not another process's
            growing.write_text(offer.model_dump_json(), "utf-8")
            growing.replace(file)

    def find(self, sha256: str, device: str) -> Offer | None:
        """Return the offer of a hash by a device, if there is one."""
        return _read(self._file(sha256, device))

    def part(self, sha256: str, device: str) -> Path:
        """Return where the file of a device grows."""
        return self.folder / f"{_key(sha256, device)}.part"

    def close(self, sha256: str) -> None:
        """Forget all offers of a file and what came of it: it is here, or removed for good."""
        for file in self.folder.glob(f"{sha256}*") if self.folder.exists() else ():
            with suppress(PermissionError):  # Windows: being written; it expires with its offer
                file.unlink(missing_ok=True)

    def drop(self, sha256: str, device: str) -> None:
        """Forget the offer of one device, and what came of it."""
        for file in (self._file(sha256, device), self.part(sha256, device)):
            file.unlink(missing_ok=True)

    def offers(self) -> list[Offer]:
        """Return the files that are under way."""
        notes = self.folder.glob("*.json") if self.folder.exists() else ()
        return [offer for note in notes if (offer := _read(note))]

    def idle_s(self, sha256: str, device: str, now_s: float) -> float:
        """Return for how long nothing has come of a file; 0 while it is being written."""
        if _key(sha256, device) in self.active:
            return 0.0
        touched = max(map(_mtime, (self._file(sha256, device), self.part(sha256, device))))
        return now_s - (touched or now_s)

    def take_over(self, sha256: str, device: str) -> Writer:
        """Become the only writer of a device's file: the one before, if any, is told to stop."""
        before = self.active.get(_key(sha256, device))
        if before:
            before.stop.set()
        mine = Writer()
        self.active[_key(sha256, device)] = mine
        return mine

    def let_go(self, sha256: str, device: str, mine: Writer) -> None:
        """Stop being the writer, unless another has taken over already."""
        if self.active.get(_key(sha256, device)) is mine:
            del self.active[_key(sha256, device)]
            self.locks.pop(_key(sha256, device), None)

    async def hang_up(self, sha256: str, device: str) -> None:
        """End what a device itself still sends: it asks where it stands, so that line is dead."""
        before = self.active.get(_key(sha256, device))
        if before:
            before.stop.set()
            async with self.lock(sha256, device):
                pass

    def lock(self, sha256: str, device: str) -> asyncio.Lock:
        """Return the lock of a file; a writer that was told to stop frees it at once."""
        return self.locks.setdefault(_key(sha256, device), asyncio.Lock())

    def ask_for(self, sha256: str) -> None:
        """Note that somebody waits for a file that is not here; the oldest wishes fall out."""
        folder = self.folder / _WISHES
        folder.mkdir(parents=True, exist_ok=True)
        (folder / sha256).touch()
        wishes = self._wishes()
        for one in wishes[: max(0, len(wishes) - _WISHES_MAX)]:
            one.unlink(missing_ok=True)

    def wished(self, limit: int, since_s: float) -> list[str]:
        """Return the files that somebody asked for since then, the latest first."""
        found = [one.name for one in self._wishes() if _mtime(one) >= since_s]
        return found[::-1][:limit]

    def granted(self, sha256: str) -> None:
        """Forget who waited for a file: it is here."""
        (self.folder / _WISHES / sha256).unlink(missing_ok=True)

    def _wishes(self) -> list[Path]:
        folder = self.folder / _WISHES
        return sorted(folder.iterdir(), key=_mtime) if folder.exists() else []

    def _file(self, sha256: str, device: str) -> Path:
        return self.folder / f"{_key(sha256, device)}.json"


def _key(sha256: str, device: str) -> str:
    return f"{sha256}-{device}"


def _read(note: Path) -> Offer | None:
    try:
        return Offer.model_validate_json(note.read_text("utf-8"))
    except (FileNotFoundError, ValidationError):
        return None  # a torn note counts as none: the device offers again


def _mtime(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # granted meanwhile
        return 0.0


async def parts(
    stream: AsyncIterator[bytes], stop: asyncio.Event, silence_s: float
) -> AsyncIterator[bytes]:
    """Yield what a request brings until it ends, falls silent, breaks, or another takes over."""
    stopped = asyncio.ensure_future(stop.wait())
    try:
        while True:
            coming = asyncio.ensure_future(_next(stream))
            done, _ = await asyncio.wait(
                {coming, stopped}, timeout=silence_s, return_when=asyncio.FIRST_COMPLETED
            )
            if coming not in done:
                coming.cancel()
                with suppress(asyncio.CancelledError):
                    await coming
                return
            part = coming.result()
            if part is None:
                return
            yield part
    finally:
        stopped.cancel()


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    try:
        return await anext(stream, None)
    except ClientDisconnect:  # the link broke; what came until now counts
        return None


def size(file: Path) -> int:
    """Return how many bytes of a file are stored; 0 where nothing came yet."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def append(file: Path, data: bytes, at: int, *, durable: bool) -> bool:
    """Add bytes to a file that ends at `at`; `durable` forces all of it to the disk.

    False, and nothing is added, when the file ends elsewhere: another process of this server has
    taken the upload over meanwhile. Within a process `Uploads` sees to that.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if at and not file.exists():  # another device's came whole meanwhile
        return False
    with file.open("ab") as handle, _alone(handle.fileno()):
        if os.fstat(handle.fileno()).st_size != at:
            return False
        handle.write(data)
        handle.flush()
        if durable:
            os.fsync(handle.fileno())
    return True


def take_back(file: Path, at: int, end: int, algorithm: str, digest: bytes) -> bool:
    """Read what was stored from `at` to `end` and throw it away if that is not its hash.

    False where it was thrown away. A part that another process has gone on from stays, as does one
    that is whole and has its place by now.
    """
    try:
        opened = file.open("r+b")
    except FileNotFoundError:
        return True
    with opened as handle, _alone(handle.fileno()):
        handle.seek(at)
        if hashlib.new(algorithm, handle.read(end - at), usedforsecurity=False).digest() == digest:
            return True
        if os.fstat(handle.fileno()).st_size == end:
            handle.truncate(at)
            os.fsync(handle.fileno())
        return False


@contextmanager
def _alone(handle: int) -> Iterator[None]:
    """Hold a file against other processes; Windows has one server process per folder."""
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX)  # closing the file lets go
    yield
