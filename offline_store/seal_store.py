"""An older, plain store is sealed where it stands, once, at its first start with a key.

Order: the vault says "moving"; a sealed copy of the database is finished, checked, and takes the
plain one's place; photo files are sealed one by one; what is left in clear is removed; the vault
says "done". Each step can be done again, so a start that was cut goes on at the next.
"""

import contextlib
import logging
import shutil
from dataclasses import replace
from pathlib import Path

from domain.errors import StoreDamagedError, StoreFullError
from offline_store import backups, cipher_pages, safety, sealed_files, sealing, vault
from offline_store.database import FILE_NAME
from offline_store.sealing import Seal
from offline_store.vault import Vault

_LOOK = 64 * 1024
_WORK, _MARK = "sealing", "sealed"
_log = logging.getLogger(__name__)


def is_plain(folder: Path) -> bool:
    """Say whether a folder without a vault has a store from before there were keys.

    Raises VaultDamagedError where the store is sealed and its vault is gone.
    """
    file = folder / FILE_NAME
    if file.exists() and file.stat().st_size and _looks_sealed(file):
        raise vault.VaultDamagedError
    files = [*(folder / "blobs").glob("*/*")]
    if any(sealed_files.is_sealed(one) for one in files[:20]):
        raise vault.VaultDamagedError
    return file.exists() or bool(files) or any((folder / backups.FOLDER).glob("*.db"))


def _looks_sealed(file: Path) -> bool:
    with file.open("rb") as source:
        head = source.read(len(cipher_pages.PLAIN_HEADER))
    if head != cipher_pages.PLAIN_HEADER:  # damaged, or SQLCipher's: the latter has no copies
        return not any((file.parent / backups.FOLDER).glob("*.db")) and _is_noise(file)
    with contextlib.closing(sealing.connect(file, None)) as connection:
        try:
            rows = connection.execute("SELECT body FROM keep").fetchall()
        except sealing.errors():
            return False
    return any(bytes(body).startswith(sealing.MAGIC) for (body,) in rows)


def _is_noise(file: Path) -> bool:
    """Say whether the second page looks like nothing of SQLite's: no text of our tables."""
    return b"CREATE TABLE" not in file.read_bytes()[:_LOOK]


def finish(folder: Path, found: Vault, seal: Seal) -> Vault:
    """Seal what is still plain in a folder whose vault is saved; returns the vault as it is then.

    Hold the folder's lock. Raises StoreFullError, StoreDamagedError; nothing is lost by either.
    """
    if not found.moving:
        return found
    safety.change_over(folder)
    file = folder / FILE_NAME
    if file.exists() and not cipher_pages.fits(seal, file):
        seal_database(file, seal)
    _remove_plain_copies(folder)
    for blob in sorted((folder / "blobs").glob("*/*")):
        _seal_blob(blob, seal)
    for kept in sorted((folder / safety.FOLDER).glob("*/*")):
        sealed_files.seal_in_place(kept, seal, named=False)
    done = replace(found, moving=False)
    vault.save(folder, done)
    _log.info("store sealed")
    return done


def seal_database(file: Path, seal: Seal) -> None:
    """Put a sealed copy of a plain database in its place, whole or not at all."""
    work = file.parent / _WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    growing = work / "sealed.db"
    try:
        if seal.way == "cipher":
            _export(file, growing, seal)
        else:
            _rewrite(file, growing, seal)
    except sealing.errors() as error:
        if backups.takes_no_more(error):
            raise StoreFullError from error
        if backups.means_damage(error):
            raise StoreDamagedError(file=file.name) from error
        raise
    backups.check(growing, seal)
    _compare(file, growing, seal)
    backups.sync(growing)
    growing.replace(file.parent / safety.READY)  # from here on the sealed one counts
    backups.sync(file.parent)
    shutil.rmtree(work)
    safety.change_over(file.parent)


def _export(file: Path, growing: Path, seal: Seal) -> None:
    """Let SQLCipher write all that is in a plain file into a sealed one."""
    with contextlib.closing(sealing.cipher().connect(str(file))) as source:
        source.execute("PRAGMA cipher_log_level = NONE")
        source.execute(f"PRAGMA cipher_default_page_size = {seal.page_bytes}")
        attach = f'ATTACH DATABASE ? AS sealed KEY "{seal.raw_key}"'
        source.execute(attach, (str(growing),))
        source.execute("SELECT sqlcipher_export('sealed')").fetchall()
        source.execute("DETACH DATABASE sealed")


def _rewrite(file: Path, growing: Path, seal: Seal) -> None:
    """Copy a plain file, and write every value of it again, sealed."""
    with (
        contextlib.closing(sealing.connect(file, None)) as source,
        contextlib.closing(sealing.connect(growing, None)) as copy,
    ):
        source.backup(copy, pages=-1)
    with contextlib.closing(sealing.connect(growing, None)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
        with copy:
            for table in _tables(copy):
                _rewrite_table(copy, table, seal)
            copy.execute("INSERT INTO search_words (search_words) VALUES ('delete-all')")
            copy.execute("DELETE FROM search_doc")
            copy.execute("DELETE FROM keep WHERE name = 'search.version'")  # it is made anew
            mark = (_MARK, seal.seal(b"1"))
            copy.execute("INSERT OR REPLACE INTO keep (name, body) VALUES (?, ?)", mark)
        copy.execute("VACUUM")  # what stood there in clear is gone with the old pages


def _tables(connection: "sealing.sqlite3.Connection") -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        " AND name NOT LIKE 'search%' AND name NOT LIKE 'sqlite%'"
    )
    return [str(name) for (name,) in rows]


def _rewrite_table(connection: "sealing.sqlite3.Connection", table: str, seal: Seal) -> None:
    told = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    columns = [str(row[1]) for row in told if "BLOB" in str(row[2]).upper()]
    if not columns:
        return
    named = ", ".join(f'"{column}"' for column in columns)
    numbers = [row[0] for row in connection.execute(f'SELECT rowid FROM "{table}"')]  # noqa: S608
    put = f'UPDATE "{table}" SET ' + ", ".join(f'"{one}" = ?' for one in columns)  # noqa: S608
    for number in numbers:
        row = connection.execute(
            f'SELECT {named} FROM "{table}" WHERE rowid = ?',  # noqa: S608 -- names of our tables
            (number,),
        ).fetchone()
        values = [seal.seal(one) if sealing.wants_seal(one) else one for one in row]
        connection.execute(f"{put} WHERE rowid = ?", (*values, number))


def _compare(plain: Path, sealed: Path, seal: Seal) -> None:
    """Raise StoreDamagedError unless both have as many rows in every table."""
    with (
        contextlib.closing(sealing.connect(plain, None)) as one,
        contextlib.closing(sealing.connect(sealed, seal)) as other,
    ):
        for table in _tables(one):
            count = f'SELECT count(*) FROM "{table}"'  # noqa: S608 -- a name of our tables
            before, after = (base.execute(count).fetchone()[0] for base in (one, other))
            if after < before - (table == "keep"):  # the search index is made anew
                raise StoreDamagedError(file=plain.name)


def _remove_plain_copies(folder: Path) -> None:
    for left in (folder / backups.FOLDER).glob("*"):
        left.unlink()  # of the plain store: the one that was just checked is newer than all
    for name in (_WORK, "salvage"):  # of starts that were cut
        shutil.rmtree(folder / name, ignore_errors=True)


def _seal_blob(blob: Path, seal: Seal) -> None:
    if blob.suffix in (".tmp", ".part"):
        blob.unlink(missing_ok=True)  # a part is fetched again
    else:
        sealed_files.seal_in_place(blob, seal)
