"""Stores that lose power, are copied and copied back; the empty plant that seeds begin with."""

import contextlib
import functools
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event

from benchmarks.simulation.loop import START_MS, PowerLost
from offline_store import keep
from offline_store.database import FILE_NAME, open_store
from server import main
from server.settings import ServerSettings
from server.site import EPOCH, Site

UPLOADS, ASIDE, CLONE = "uploads", "quarantine", "clone.db"
PAGES_MAX = 2**31 - 2  # what SQLite allows by itself
MEMORY = Path("/dev/shm")  # each commit waits for its disk


@dataclass(frozen=True)
class Empty:
    """A server with its definitions that nothing was sent to yet, and the file of a new device."""

    site: Site
    server_file: Path
    device_file: Path


@contextlib.contextmanager
def workplace() -> Generator["Places"]:
    """Give places in memory, or on the disk where that is none."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="anshao-sim-", dir=place) as folder:
        places = Places(Path(folder))
        yield places
        places.close()


def empty(folder: Path) -> Empty:
    """Make the empty plant; reading the definitions takes a second, so it is done once."""
    home, device = folder / "empty-server", folder / "empty-device"
    device.mkdir()
    open_store(device).close()
    site = main.prepare(ServerSettings(home=home, enrol_code="simulated"), lambda: START_MS)
    # ids of what the server says follow from its key: the same in each process
    site.key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with site.store.session() as session:
        keep.put(session, EPOCH, "simulated")
    site.store.close()
    return Empty(site, home / FILE_NAME, device / FILE_NAME)


class Disk:
    """The store of one machine: may lose power at a write, is copied and copied back.

    The same place serves one seed after the other: what SQLAlchemy has compiled for it stays, and
    that is half of the time. A restart closes all connections, so that SQLite recovers its file.
    """

    def __init__(self, folder: Path, original: Path) -> None:
        """Make the place."""
        self.folder, self._original = folder, original
        folder.mkdir(parents=True)
        shutil.copyfile(original, folder / FILE_NAME)
        self.writes_left: int | None = None
        self._full = self._tight = False
        self.store = open_store(folder)
        self.store.close()  # connections from now on are ours
        event.listen(self.store.engine, "do_connect", self._connecting)

    def begin(self) -> None:
        """Begin another seed with an empty store."""
        self.full = False
        self._replace(self._original)
        for folder in (self.folder / UPLOADS, self.folder / ASIDE, self.store.blobs):
            shutil.rmtree(folder, ignore_errors=True)
        for key in self.folder.glob("device.*key*"):
            key.unlink()
        self.store.blobs.mkdir()

    @property
    def full(self) -> bool:
        """Whether the disk takes nothing more: SQLite itself refuses to grow, files do too."""
        return self._full

    @full.setter
    def full(self, is_full: bool) -> None:
        self._full = is_full

    def fail_after(self, writes: int | None) -> None:
        """Lose power at a write that comes, counted from now; None: the battery is full."""
        self.writes_left = writes

    def restart(self) -> None:
        """Open the file again, as it was left."""
        self.store.close()
        self.writes_left = None

    def copy(self, name: str) -> None:
        """Copy the file as it is now, and the photos."""
        shutil.rmtree(self.folder / f"{name}-blobs", ignore_errors=True)
        shutil.copytree(self.store.blobs, self.folder / f"{name}-blobs")
        with (
            contextlib.closing(sqlite3.connect(self.folder / FILE_NAME)) as source,
            contextlib.closing(sqlite3.connect(self.folder / name)) as copy,
        ):
            source.backup(copy)

    def take_over(self, other: "Disk") -> None:
        """Become a copy of another machine's disk."""
        other.copy(CLONE)
        self._replace(other.folder / CLONE)
        shutil.rmtree(self.store.blobs)
        shutil.copytree(other.folder / f"{CLONE}-blobs", self.store.blobs)

    def copy_back(self, name: str) -> None:
        """Put a copy where the file was."""
        self._replace(self.folder / name)
        shutil.rmtree(self.folder / UPLOADS, ignore_errors=True)
        shutil.rmtree(self.store.blobs)
        shutil.copytree(self.folder / f"{name}-blobs", self.store.blobs)

    def _replace(self, original: Path) -> None:
        self.restart()
        file = self.folder / FILE_NAME
        for old in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
            old.unlink(missing_ok=True)
        shutil.copyfile(original, file)

    def _connecting(
        self, _dialect: object, _record: object, _args: object, params: dict[str, object]
    ) -> None:
        params["factory"] = functools.partial(_Wire, self)

    def before(self, raw: sqlite3.Connection, statement: str) -> None:
        """Lose power or have no room, if it is time; asked before each statement."""
        if not statement.startswith(("INSERT", "UPDATE", "DELETE")):
            return
        if self._full or self._tight:  # SQLite refuses by itself, as on a disk without room
            self._tight = self._full
            sqlite3.Connection.execute(
                raw, f"PRAGMA max_page_count={1 if self._full else PAGES_MAX}"
            )
        if self.writes_left is None:
            return
        self.writes_left -= 1
        if self.writes_left <= 0:
            raise PowerLost


class _Wire(sqlite3.Connection):
    """A connection that asks its disk first; events of SQLAlchemy would cost a tenth of all."""

    def __init__(self, disk: Disk, *args: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **named)
        self.disk = disk

    def cursor(self, *_: Any) -> sqlite3.Cursor:  # noqa: ANN401  # pyright: ignore[reportIncompatibleMethodOverride]
        return super().cursor(_Needle)


class _Needle(sqlite3.Cursor):
    connection: _Wire  # pyright: ignore[reportIncompatibleMethodOverride]

    def execute(self, sql: str, *params: Any) -> "_Needle":  # noqa: ANN401
        self.connection.disk.before(self.connection, sql)
        super().execute(sql, *params)
        return self

    def executemany(self, sql: str, *params: Any) -> "_Needle":  # noqa: ANN401
        self.connection.disk.before(self.connection, sql)
        super().executemany(sql, *params)
        return self


class Places:
    """The stores of this process, by name."""

    def __init__(self, folder: Path) -> None:
        """Make the empty plant."""
        self.folder, self.empty = folder, empty(folder)
        self._disks: dict[str, Disk] = {}

    def disk(self, name: str) -> Disk:
        """Return the place of one machine with an empty store."""
        original = self.empty.server_file if name == "server" else self.empty.device_file
        if name not in self._disks:
            self._disks[name] = Disk(self.folder / name, original)
        self._disks[name].begin()
        return self._disks[name]

    def close(self) -> None:
        """Close all files."""
        for disk in self._disks.values():
            disk.store.close()


def streams(seed: int) -> Callable[[str], random.Random]:
    """Return what makes a source of chance for each part, so that none moves the others."""
    return lambda name: random.Random(f"{seed}:{name}")
