"""The client is killed at twenty moments of its work: nothing it has confirmed is ever gone."""

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from offline_store.database import FILE_NAME
from tests.faults.kills import campaign

KILLS = 20
INSIDE_MIN = KILLS // 5


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_kills_lose_no_confirmed_answer_photo_or_change(
    seeded_home: Path, tmp_path: Path, on_store: Callable[[Path | None], str | None]
) -> None:
    seed = secrets.randbelow(2**31)
    print(f"seed {seed}")  # shown when it fails; `dev.py soak work --seed` takes it
    shutil.copytree(seeded_home, tmp_path / "server")
    url = on_store(seeded_home)
    if url:
        (tmp_path / "server" / FILE_NAME).unlink()
    tally = campaign(tmp_path, KILLS, seed, url)
    print(tally.line())
    assert tally.kills == KILLS
    assert tally.inside >= INSIDE_MIN
    for what in ("answer", "photo", "handed in", "reported", "moved"):
        assert tally.confirmed[what] > 0
