"""The device's log promises ids and counts: it stands unsealed beside the sealed data."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import logs
from offline_store.database import Store, open_store

WORDS = "三号罐阀门漏气"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    logs.set_up(tmp_path)
    yield tmp_path / "client.jsonl"
    for handler in root.handlers:
        handler.close()
    root.handlers = before
    root.setLevel(level)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path / "store")
    yield made
    made.close()


def fails() -> None:
    raise ValueError(WORDS)


def test_what_could_not_be_written_is_not_in_the_log(log: Path, store: Store) -> None:
    with pytest.raises(DBAPIError) as failed, store.session() as session:
        session.connection().execute(text("INSERT INTO nothing VALUES (:w)"), {"w": WORDS})
    assert WORDS not in str(failed.value), "nor in what anybody else may print"
    logging.getLogger("sync.engine").error("a round of sync failed", exc_info=failed.value)
    try:
        fails()
    except ValueError:
        logging.getLogger("app.link").exception("pack not refreshed")
    logging.getLogger("flet").warning("message: %s", WORDS)
    said = log.read_text("utf-8")
    assert WORDS not in said
    assert WORDS not in json.dumps([json.loads(line) for line in said.splitlines()])
    lines = [json.loads(line) for line in said.splitlines()]
    mine = [line for line in lines if line["logger"] in ("sync.engine", "app.link", "flet")]
    first, second, third = mine  # an older test's thread may have said something beside them
    assert first["event"] == "a round of sync failed"
    assert "OperationalError" in first["error"]
    assert second["error"] == ["ValueError"]
    assert "test_logs.py" in second["place"][-1], "where it happened stays"
    assert third["event"] == "library"
