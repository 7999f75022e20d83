"""Backup of a server while it runs, and a server made of one.

A folder of backups holds `blobs/`, which all share, and one folder for each backup:

    20261122T081500Z-000912/
      store.db        the rows at one moment, an SQLite file from either database
      files.zip       definitions as served, batches set aside
      keys.sealed     the keys and PIN verifiers under a passphrase, or, without one,
      SECRET-keys.zip the same in clear: whoever has it can pass for this plant
      blobs.txt       hash and size of every photo that the rows name
      left.txt        those of them that stay in the plant's object store (`leave`)
      lacking.txt     those that the server itself did not have
      manifest.json   written last: hashes of all of these, feed number, versions

Photos are copied, not linked: a link would share the damage. What is there is not copied again, so
a backup that was cut is simply made again. A restore that was cut goes on where it stopped, too.
"""

import io
import json
import logging
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from domain import passphrases
from domain.errors import FieldError
from offline_store import backups, blobs, copies, devices, keep
from offline_store.copies import Facts
from offline_store.database import Store
from server import backup_photos, clock, sealed, standing
from server.backup_photos import LACKING, LEFT, BlobStoreAwayError, NotWholeError, Photos
from server.settings import ServerSettings
from server.site import EPOCH

MANIFEST, ROWS, FILES, BLOBS = "manifest.json", "store.db", "files.zip", "blobs.txt"
SEALED, SECRET = "keys.sealed", "SECRET-keys.zip"
FORMAT = 1
_RESTORING = ".restoring"  # in a home that a restore has begun: the name of its backup
_FOLDERS = ("forms", "documents", "quarantine", "definitions")  # beside rows, photos and keys
_STEP = 1024 * 1024
_log = logging.getLogger(__name__)


class BackupError(FieldError):
    """A backup cannot be made or used."""

    code = "backup"


class BackupBrokenError(BackupError):
    """A backup is not what its manifest says; `what` names the first file that differs."""

    code = "backup.broken"


class BackupMissingError(BackupError):
    """There is no finished backup in `folder`."""

    code = "backup.missing"


class BackupTargetError(BackupError):
    """The place to restore to (`folder`) holds data already; nothing was changed."""

    code = "backup.target"


class BackupPhraseError(BackupError):
    """The keys of this backup are sealed, and the passphrase is missing or wrong."""

    code = "backup.phrase"


class BackupStoreAwayError(BackupError):
    """The object store with the photos does not answer; what was copied so far stays."""

    code = "backup.store_away"


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup; `is_sealed` tells whether its keys need a passphrase."""

    folder: Path
    facts: Facts
    photos: Photos
    is_sealed: bool

    @property
    def photo_bytes(self) -> int:
        """Bytes of all photos that its rows name."""
        return sum(size for _, size in self.photos.named)


def make(
    settings: ServerSettings, out: Path, phrase: str | None = None, *, leave: bool = False
) -> Backup:
    """Back up the server of these settings, which may run meanwhile, into a folder of backups.

    `leave`: photos of an object store stay there and are only listed, with their hashes. Raises
    ServerMissingError, PassphraseWeakError before anything is written, BackupError, StoreError.
    What was begun and not finished is thrown away by the next, but for the photos: it goes on with
    those.
    """
    standing.require(settings)
    if phrase is not None:
        passphrases.require_strong(phrase)
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in out.glob("*.part"):
        shutil.rmtree(old)
    part = out / f"{secrets.token_hex(4)}.part"
    part.mkdir(mode=0o700)
    copies.make(settings.home, settings.database_url, part / ROWS)
    facts = copies.look(part / ROWS)
    wanted, place = copies.photos(part / ROWS), backup_photos.place_of(settings)
    with _told_away():
        photos = backup_photos.bring(place, out / "blobs", wanted, leave=leave)
    _list(part, photos)
    (part / FILES).write_bytes(_zipped(settings.home, _FOLDERS))
    keys = _zipped(settings.home, ("keys",))
    if phrase:
        (part / SEALED).write_bytes(sealed.seal(keys, phrase))
    else:
        (part / SECRET).write_bytes(keys)
    made = Backup(_finished(part, facts, photos, settings), facts, photos, bool(phrase))
    if photos.lacking:
        _log.info("photos lacking", extra={"files": len(photos.lacking)})
    return made


def _list(part: Path, photos: Photos) -> None:
    lists = ((BLOBS, photos.named), (LEFT, photos.only(photos.left)),
             (LACKING, photos.only(photos.lacking)))  # fmt: skip
    for name, some in lists:
        if some or name == BLOBS:
            (part / name).write_text(backup_photos.lines(some), "ascii")


def _finished(part: Path, facts: Facts, photos: Photos, settings: ServerSettings) -> Path:
    """Write the manifest, make all durable, and give the backup its name; returns its folder."""
    now = clock.moment(clock.now_ms())
    names = sorted(file.name for file in part.iterdir() if file.is_file())
    manifest = {
        "format": FORMAT,
        "made": now.isoformat(timespec="seconds"),
        "step": facts.step,
        "feed": facts.feed,
        "entries": facts.entries,
        "keys": "sealed" if SEALED in names else "SECRET",
        "photos": len(photos.named),
        "photos_left": len(photos.left),
        "photos_lacking": len(photos.lacking),
        "photos_rest": settings.blob_store,
        "files": {name: _facts_of(part / name) for name in names},
    }
    (part / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), "utf-8")
    for file in part.iterdir():
        file.chmod(0o600)
        backups.sync(file)
    backups.sync(part)
    place = part.parent / f"{now:%Y%m%dT%H%M%SZ}-{facts.feed:06d}"
    while place.exists():  # two within a second
        place = place.with_name(place.name + "-2")
    part.rename(place)
    backups.sync(place.parent)
    return place


def check(given: Path, settings: ServerSettings | None = None) -> Backup:
    """Verify a backup, the newest of a folder of them: rows, chains, every file and photo.

    With settings also that photos which stayed in the object store are there, by their bytes.
    Raises BackupMissingError, BackupBrokenError, BackupStoreAwayError, StoreDamagedError.
    """
    folder = find(given)
    manifest = _manifest(folder)
    for name, facts in manifest["files"].items():
        file = folder / name
        if Path(name).name != name or not file.is_file() or _facts_of(file) != facts:
            raise BackupBrokenError(what=name)
    facts = copies.look(folder / ROWS)
    if [facts.feed, facts.entries] != [manifest["feed"], manifest["entries"]]:
        raise BackupBrokenError(what=ROWS)
    photos = _photos(folder, manifest)
    if photos.named != copies.photos(folder / ROWS):
        raise BackupBrokenError(what=BLOBS)
    for sha, size in photos.kept:
        if not backup_photos.is_whole(blobs.place(folder.parent / "blobs", sha), sha, size):
            raise BackupBrokenError(what=sha)
    if settings and photos.left:
        with _told_away():
            backup_photos.prove_left(backup_photos.place_of(settings), photos)
    return Backup(folder, facts, photos, (folder / SEALED).exists())


def restore(settings: ServerSettings, given: Path, phrase: str | None = None) -> Backup:
    """Make a server of a backup where there is none; its feed begins a new life (epoch).

    Every device then reads from the start, sends again what this server lacks, and offers its files
    anew. Raises BackupError, StoreError; a target that holds anything is left as it is, unless it
    is what a restore of this very backup has begun there and could not end.
    """
    found = check(given)
    home, folder = settings.home, found.folder
    keys = _keys(folder, phrase)
    begun = home / _RESTORING
    again = begun.is_file() and begun.read_text("utf-8") == folder.name
    fresh = again or (not (home / "keys").exists() and copies.is_empty(home, settings.database_url))
    if not fresh or not copies.has_no_rows(home, settings.database_url):
        raise BackupTargetError(folder=str(home))
    for one in (home, home / "blobs"):
        one.mkdir(parents=True, exist_ok=True, mode=0o700)
    begun.write_text(folder.name, "utf-8")
    with _told_away():
        place = backup_photos.place_of(settings)
        backup_photos.put_back(folder.parent / "blobs", found.photos, place, home)
    _unzip((folder / FILES).read_bytes(), home)
    _unzip(keys, home)
    store = copies.fill(folder / ROWS, home, settings.database_url)  # last: before, it is no server
    try:
        _begin_anew(store, found)
    finally:
        store.close()
    begun.unlink()
    _log.info("restored", extra={"feed": found.facts.feed})
    return found


@contextmanager
def _told_away() -> Iterator[None]:
    """Say in our own words what is wrong with the place where photos rest."""
    try:
        yield
    except BlobStoreAwayError as error:
        raise BackupStoreAwayError from error
    except NotWholeError as error:
        raise BackupBrokenError(what=str(error)) from error


def find(given: Path) -> Path:
    """Return the folder of a backup: the one given, or the newest finished one in it."""
    if (given / MANIFEST).is_file():
        return given
    finished = sorted(one.parent for one in given.glob(f"*/{MANIFEST}"))
    finished = [one for one in finished if one.suffix != ".part"]
    if not finished:
        raise BackupMissingError(folder=str(given))
    return finished[-1]


def _begin_anew(store: Store, found: Backup) -> None:
    with store.session() as session:
        keep.put(session, EPOCH, secrets.token_hex(8))
        known = len(devices.find(session))
    _log.info("new epoch", extra={"devices": known, "feed": found.facts.feed})


def _digest(file: Path) -> str:
    with file.open("rb") as handle:
        return blobs.hash_of(iter(partial(handle.read, _STEP), b""))


def _facts_of(file: Path) -> dict[str, Any]:
    return {"sha256": _digest(file), "size": file.stat().st_size}


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        read = json.loads((folder / MANIFEST).read_text("utf-8"))
        fits = read["format"] == FORMAT and {ROWS, FILES, BLOBS} <= set(read["files"])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise BackupBrokenError(what=MANIFEST) from error
    if not fits:
        raise BackupBrokenError(what=MANIFEST)
    return read


def _photos(folder: Path, manifest: Mapping[str, Any]) -> Photos:
    """Read the lists; one that the manifest does not vouch for is no list."""
    named = {name: backup_photos.read_lines(folder / name) if name in manifest["files"] else []
             for name in (BLOBS, LEFT, LACKING)}  # fmt: skip
    left, lacking = ({sha for sha, _ in named[name]} for name in (LEFT, LACKING))
    return Photos(named[BLOBS], left, lacking)


def _keys(folder: Path, phrase: str | None) -> bytes:
    if not (folder / SEALED).exists():
        return (folder / SECRET).read_bytes()
    if not phrase:
        raise BackupPhraseError
    try:
        return sealed.unseal((folder / SEALED).read_bytes(), phrase)
    except sealed.WrongPhraseError as error:
        raise BackupPhraseError from error


def _zipped(home: Path, folders: tuple[str, ...]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _within(home, folders):
            archive.writestr(file.relative_to(home).as_posix(), file.read_bytes())
    return packed.getvalue()


def _within(home: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    for name in folders:
        yield from sorted(one for one in (home / name).rglob("*") if one.is_file())


def _unzip(packed: bytes, home: Path) -> None:
    """Put files back; names that lead out of the folder are refused."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for name in archive.namelist():
            place = (home / name).resolve()
            if not place.is_relative_to(home.resolve()):
                raise BackupBrokenError(what=name)
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.write_bytes(archive.read(name))
            place.chmod(0o600)
            backups.sync(place)
