"""A store with a device's day, made once, and a copy of it for each test to damage."""

import shutil
from pathlib import Path

import pytest

from offline_store.database import open_store
from tests.offline_store import oldest
from tests.offline_store.damage import CONFIRMED, ENTRIES, photo


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a device's day, closed cleanly."""
    folder = tmp_path_factory.mktemp("whole")
    store = open_store(folder)
    oldest.day(store, ENTRIES, CONFIRMED)
    photo(store, 200)
    store.close()
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return tmp_path
