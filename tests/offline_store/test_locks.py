"""A store's lock promises: one process at a time, and nothing is left of it when that one dies."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain.errors import DatabaseUnreachableError, StoreNewerError, StoreTakenError
from offline_store import safety
from offline_store.database import FILE_NAME, is_shared, open_store
from tests.offline_store.damage import ENTRIES, ROOT, check, originals, overwrite, own

HOLDING = """
import sys
from pathlib import Path
from offline_store import safety
store = safety.open_or_save(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
store.close()
"""
SALVAGING = """
import sys
from pathlib import Path
from offline_store import safety
waited = False
def wait(event, _):
    global waited
    if event == "os.rename" and not waited:
        waited = True
        print("open", flush=True)
        sys.stdin.read()
sys.addaudithook(wait)
safety.open_or_save(Path(sys.argv[1])).close()
"""
OPENING = """
import sys
from pathlib import Path
from domain.errors import StoreTakenError
from offline_store import safety
try:
    safety.open_or_save(Path(sys.argv[1])).close()
except StoreTakenError:
    sys.exit(3)
"""
REFUSED = 3


@contextmanager
def other(code: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run another process until it says that it has the store; it ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "open\n"
        yield process
    finally:
        process.communicate(timeout=60)


def opening(folder: Path) -> int:
    """What becomes of another process that wants to open the store now."""
    command = [sys.executable, "-c", OPENING, str(folder)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def test_a_second_process_is_refused_until_the_first_has_closed(folder: Path) -> None:
    with other(HOLDING, folder):
        with pytest.raises(StoreTakenError) as refused:
            safety.open_or_save(folder)
        assert refused.value.params == {"folder": str(folder)}
    store = safety.open_or_save(folder)
    assert len(own(store)) == ENTRIES + 1
    assert opening(folder) == REFUSED
    store.close()
    assert opening(folder) == 0


def test_a_process_that_was_killed_leaves_no_lock(folder: Path) -> None:
    with other(HOLDING, folder) as process:
        process.send_signal(signal.SIGKILL)
        safety.open_or_save(folder).close()
    assert process.returncode == -signal.SIGKILL


def test_nobody_else_opens_a_store_that_is_being_saved(folder: Path) -> None:
    bodies = originals(folder)
    overwrite(folder / FILE_NAME, 0, 100)
    damaged = (folder / FILE_NAME).read_bytes()
    with other(SALVAGING, folder):
        with pytest.raises(StoreTakenError):
            safety.open_or_save(folder)
        assert (folder / FILE_NAME).read_bytes() == damaged
    store = safety.open_or_save(folder)
    assert check(store, bodies).changes == (ENTRIES + 1, 0)
    assert len(list((folder / safety.FOLDER).iterdir())) == 1, "it was saved once"
    store.close()


def test_one_process_may_open_its_store_again_and_the_last_to_close_lets_go(folder: Path) -> None:
    first, second = safety.open_or_save(folder), safety.open_or_save(folder / ".." / folder.name)
    first.close()
    first.close()  # closing twice counts once
    assert opening(folder) == REFUSED
    second.close()
    assert opening(folder) == 0


def test_a_store_that_cannot_be_opened_is_not_kept_from_others(folder: Path) -> None:
    store = open_store(folder)
    with store.session() as session:
        session.connection().exec_driver_sql("INSERT INTO schema_step (number) VALUES (9999)")
    store.close()
    with pytest.raises(StoreNewerError):
        safety.open_or_save(folder)
    assert opening(folder) == 1, "too new for it as well, but not taken"


def test_only_postgresql_may_have_several_processes() -> None:
    assert is_shared("postgresql://anshao@db/plant")
    assert not is_shared(None)
    assert not is_shared("sqlite:///plant.db")
    with pytest.raises(DatabaseUnreachableError):
        is_shared("no address")
