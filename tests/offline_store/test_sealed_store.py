"""A device's store tells nothing without its key, sealed either way; damage is still mended."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session

from domain.errors import StoreDamagedError
from offline_store import (
    backups,
    blobs,
    drafts,
    entries,
    keep,
    locks,
    safety,
    seal_store,
    sealing,
    search,
    vault,
)
from offline_store.database import FILE_NAME, Store, open_store
from offline_store.sealing import KeyOtherError, Seal, Way
from offline_store.vault import StoreLockedError
from tests.offline_store import oldest
from tests.offline_store.damage import CONFIRMED, ENTRIES, PAGE, check, overwrite, own, photo

ROOT = Path(__file__).resolve().parents[2]
KEY, OTHER = b"\x07" * 32, b"\x08" * 32
SECRET_WORDS = ("法兰泄漏", "flange leak", "TOKEN-OF-THE-DEVICE", "picture 200", "scrypt$")


@pytest.fixture(params=[pytest.param("cipher", marks=pytest.mark.desktop), "bodies"])
def seal(request: pytest.FixtureRequest) -> Seal:
    way: Way = request.param
    if way == "cipher" and sealing.way_here() != "cipher":
        pytest.skip("no SQLCipher on phones")
    return Seal(KEY, way)


@pytest.fixture
def folder(seal: Seal, tmp_path: Path) -> Path:
    """A sealed store with a device's day, closed cleanly."""
    vault.save(tmp_path, vault.Vault("v", seal.way))
    store = open_store(tmp_path, seal=seal)
    _fill(store)
    store.close()
    return tmp_path


def _fill(store: Store) -> None:
    oldest.day(store, ENTRIES, CONFIRMED)
    photo(store, 200)
    with store.session() as session:
        keep.put(session, "secret", {"token": "TOKEN-OF-THE-DEVICE", "pin": "scrypt$1$2"})
        drafts.save(session, "draft-9", "sheet", "U003", {"words": "法兰泄漏 flange leak"}, 1)


def _in_clear(folder: Path) -> list[str]:
    """Which of the words can be read in any file of a folder."""
    found: list[str] = []
    for file in folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            found += [f"{word} in {file.name}" for word in SECRET_WORDS if word.encode() in data]
    return found


def test_nothing_of_it_can_be_read_in_any_file_even_while_it_is_open(
    seal: Seal, folder: Path
) -> None:
    store = open_store(folder, seal=seal)
    oldest.write(store, 500)  # stands in the log alone
    assert (folder / (FILE_NAME + "-wal")).stat().st_size > 0
    assert _in_clear(folder) == []
    backups.make(folder / FILE_NAME, 1, seal)
    store.close()
    assert _in_clear(folder) == []


def test_what_was_written_is_read_again(seal: Seal, folder: Path) -> None:
    store = open_store(folder, seal=seal)
    with store.reading() as session:
        assert keep.get(session, "secret") == {"token": "TOKEN-OF-THE-DEVICE", "pin": "scrypt$1$2"}
        kept = drafts.load(session, "draft-9")
        assert kept is not None
        assert kept.body == {"words": "法兰泄漏 flange leak"}
        found = search.find(session, "泄漏", types=("hazard",), limit=1000)
        assert len(found) == ENTRIES + 1
        assert search.find(session, "flange 0007") == ["hazard-7"]
        assert search.find(session, "valve") == []
        assert not entries.broken(session, waiting=False)
        rows = session.connection().exec_driver_sql("SELECT body FROM entry LIMIT 3").fetchall()
        assert all(bytes(row[0]).startswith(b"{") for row in rows), "raw SQL is opened, too"
    assert len(own(store)) == ENTRIES + 1
    store.close()


def test_with_another_key_nothing_opens_and_nothing_changes(seal: Seal, folder: Path) -> None:
    before = (folder / FILE_NAME).read_bytes()
    with pytest.raises(KeyOtherError):
        safety.open_or_save(folder, seal=Seal(OTHER, seal.way))
    with pytest.raises(StoreLockedError):
        safety.open_or_save(folder)
    assert (folder / FILE_NAME).read_bytes() == before
    assert not (folder / safety.FOLDER).exists(), "a wrong key is no damage"


@pytest.mark.parametrize("what", ["header", "first page", "pages in the middle", "end"])
def test_what_a_damaged_file_still_has_is_saved_and_stays_sealed(
    seal: Seal, folder: Path, what: str
) -> None:
    store = open_store(folder, seal=seal)
    bodies = {one.entry.number: one.body for one in own(store)}
    store.close()
    file = folder / FILE_NAME
    size = file.stat().st_size
    match what:
        case "header":
            overwrite(file, 0, 100)
        case "first page":
            overwrite(file, 0, PAGE)
        case "pages in the middle":
            overwrite(file, size // 2 // PAGE * PAGE + 100, 2 * PAGE)
        case _:
            file.write_bytes(file.read_bytes()[: -3 * PAGE])
    saved = safety.open_or_save(folder, seal=seal)
    check(saved, bodies)
    with saved.reading() as session:
        if what in ("header", "first page"):
            report = safety.report(session)
            assert report is not None
            assert report.changes == (ENTRIES + 1, 0)
    assert _in_clear(folder) == []
    saved.close()
    again = safety.open_or_save(folder, seal=seal)
    again.close()


def test_a_store_with_the_pages_of_before_opens_and_is_saved_as_before(
    seal: Seal, tmp_path: Path
) -> None:
    older = replace(seal, page_bytes=4096)
    made = vault.with_slot(vault.Vault("v", seal.way), older, {"file": b"s"})
    vault.save(tmp_path, made)
    file = tmp_path / vault.FILE_NAME
    told = json.loads(file.read_text())
    del told["page_bytes"]  # nobody wrote it down then
    file.write_text(json.dumps(told))
    read = vault.load(tmp_path)
    assert read is not None
    opened = vault.open_with(read, {"file": b"s"})
    assert opened == older
    store = open_store(tmp_path, seal=opened)
    _fill(store)
    bodies = {one.entry.number: one.body for one in own(store)}
    store.close()
    overwrite(tmp_path / FILE_NAME, 0, 4096)
    saved = safety.open_or_save(tmp_path, seal=opened)
    check(saved, bodies)
    assert len(own(saved)) == ENTRIES + 1
    saved.close()


WRITING = """
import os, signal, sys
from pathlib import Path
from offline_store.database import open_store
from offline_store.sealing import Seal
from tests.offline_store import oldest
store = open_store(Path(sys.argv[1]), seal=Seal(bytes.fromhex(sys.argv[2]), sys.argv[3]))
for number in range(1000, 1006):
    oldest.write(store, number)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_leaves_nothing_in_clear_and_loses_nothing(seal: Seal, folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WRITING, str(folder), KEY.hex(), seal.way], cwd=ROOT, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert _in_clear(folder) == []
    damaged = folder.with_name(folder.name + "-damaged")
    shutil.copytree(folder, damaged)
    store = safety.open_or_save(folder, seal=seal)
    assert len(own(store)) == ENTRIES + 7
    store.close()
    overwrite(damaged / FILE_NAME, 0, PAGE)  # the newest entries stand in the log alone
    saved = safety.open_or_save(damaged, seal=seal)
    assert len(own(saved)) == ENTRIES + 7
    saved.close()


def test_a_value_written_past_the_seal_is_not_believed(tmp_path: Path) -> None:
    seal = Seal(KEY, "bodies")
    store = open_store(tmp_path, seal=seal)
    with store.session() as session:
        keep.put(session, "other", "value")
    store.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as raw:
        raw.execute("INSERT INTO keep VALUES ('forged', ?)", (b'"in clear"',))
    raw.close()
    store = open_store(tmp_path, seal=seal)
    with pytest.raises(StoreDamagedError), store.reading() as session:
        keep.get(session, "forged")
    store.close()


def _sealed_by_a_child(folder: Path, seal: Seal, steps: int) -> int:
    """Seal a folder in a process of its own, killed at that step; returns how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = steps

    def count(event: str, _args: object) -> None:
        nonlocal left
        if event in _STEPS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        found = vault.load(folder) or vault.Vault("v", seal.way, moving=True)
        vault.save(folder, found)
        sys.addaudithook(count)
        with locks.held(folder):
            seal_store.finish(folder, found, seal)
    except BaseException:  # noqa: BLE001 -- the parent must never go on twice
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


_STEPS = {"os.rename", "os.remove", "os.mkdir", "shutil.rmtree", "open", "sqlite3.connect"}


def _plain(folder: Path) -> dict[int, bytes]:
    store = open_store(folder)
    _fill(store)
    bodies = {one.entry.number: one.body for one in own(store)}
    store.close()
    backups.make(folder / FILE_NAME, 1)
    aside = folder / safety.FOLDER / "anshao-1"
    aside.mkdir(parents=True)
    shutil.copy(folder / FILE_NAME, aside / FILE_NAME)
    return bodies


def test_an_older_store_is_sealed_whole_and_killed_at_any_step_goes_on(
    seal: Seal, tmp_path: Path
) -> None:
    first = tmp_path / "plain"
    first.mkdir()
    bodies = _plain(first)
    assert _in_clear(first) != []
    kills = 0
    for steps in range(1, 200, 5):
        folder = tmp_path / f"killed-{steps}"
        shutil.copytree(first, folder)
        codes: list[int] = []
        for number in (steps, steps + 2, 10_000):
            codes.append(_sealed_by_a_child(folder, seal, number))
            assert codes[-1] in (0, -signal.SIGKILL)
            if codes[-1] == 0:
                break
        kills += codes.count(-signal.SIGKILL)
        assert codes[-1] == 0
        assert _in_clear(folder) == []
        store = safety.open_or_save(folder, seal=seal)
        with store.reading() as session:
            assert safety.report(session) is None, "it was sealed, not saved"
            _is_whole(store, session, bodies)
        store.close()
        shutil.rmtree(folder)
        if codes == [0]:
            break
    assert kills > 5


def _is_whole(store: Store, session: Session, bodies: dict[int, bytes]) -> None:
    logged = entries.of_device(session, oldest.DEVICE, 1, 10_000)
    assert {one.entry.number: one.body for one in logged} == bodies
    assert len(search.find(session, "泄漏", types=("hazard",), limit=1000)) == ENTRIES + 1
    assert drafts.load(session, "draft-9") is not None
    assert blobs.missing(store, session) == []
    pictures = {blobs.read(store, one.sha256) for one in blobs.unsettled(session)}
    assert pictures == {b"photo", b"picture 200" * 40}


def test_the_folder_is_the_owners_alone_and_the_vault_says_nothing(tmp_path: Path) -> None:
    made, seal = vault.new(moving=False)
    made = vault.with_slot(made, seal, {"passphrase": b"a long and quiet passphrase"})
    vault.save(tmp_path, made)
    file = tmp_path / vault.FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert seal.key.hex().encode() not in file.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == [vault.FILE_NAME]
