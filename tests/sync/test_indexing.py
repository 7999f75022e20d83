"""At rest a device tidies its store, whatever filled it, and no trouble there ends a round."""

import logging
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from offline_store import keep
from offline_store.database import FILE_NAME, Store, open_store
from sync import indexing


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def _write(store: Store, megabytes: int) -> None:
    with store.session() as session:
        keep.put(session, "much", secrets.token_hex(megabytes * 500_000))


def _is_settled(store: Store, tmp_path: Path) -> bool:
    """Whether the file alone has what was written."""
    with store.reading() as session:
        word = str(keep.get(session, "much"))[-40:]
    return word.encode() in (tmp_path / FILE_NAME).read_bytes()


async def test_a_device_that_only_writes_settles_once_its_log_is_long(
    store: Store, tmp_path: Path
) -> None:
    _write(store, 1)
    await indexing.index(store, lambda: False)
    assert not _is_settled(store, tmp_path), "a short log is left alone"
    _write(store, 5)
    await indexing.index(store, lambda: True)
    assert not _is_settled(store, tmp_path), "somebody has called meanwhile"
    await indexing.index(store, lambda: False)
    assert _is_settled(store, tmp_path)


async def test_trouble_at_it_is_said_and_sync_goes_on(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with store.session() as session:
        session.connection().exec_driver_sql("DROP TABLE search_due")
    with caplog.at_level(logging.WARNING):
        await indexing.index(store, lambda: False)
    assert [one.message for one in caplog.records] == ["not indexed or settled"]
