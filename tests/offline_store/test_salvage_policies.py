"""A salvage promises: records come back as they were merged, by the policies in use."""

import json
from pathlib import Path

import pytest

from domain.policies import POLICIES
from offline_store import definitions, salvage
from offline_store.database import FILE_NAME, open_store
from server import pack
from tests.helpers.definitions import DAY0
from tests.helpers.merging import cases, merge_all, trial_files, trial_policies
from tests.offline_store.test_merge_cases import batches, kept, opened, push, same

CASE = next(one for one in cases() if one.number == 41)  # one that places a hold


@pytest.fixture
def lost(tmp_path: Path) -> Path:
    """The folder of a device with a held record; nothing says yet what it merged by."""
    folder = tmp_path / "lost"
    store = opened(folder)
    for batch in batches(CASE.feed(ours_first=True)):
        push(store, batch)
    store.close()
    return folder


def took_along(folder: Path, body: bytes, at_ms: int) -> None:
    store = open_store(folder)
    with store.session() as session:
        definitions.save(session, f"v{at_ms}", body, at_ms)
    store.close()


def trial_pack() -> bytes:
    files = pack.without_pins(trial_files())
    return pack.make(pack.read_definitions(files, DAY0), files, {}, {}).plain


def holds_after(folder: Path, to: Path, **how: object) -> int:
    """Save the store into another one; returns how many holds its record has."""
    store = open_store(to)
    try:
        salvage.fill(store, folder / FILE_NAME, folder / "blobs", serves=False, **how)  # type: ignore[arg-type]
        with store.reading() as session:
            found = kept(session)
            if found["holds"]:
                same(found, merge_all(CASE.feed(ours_first=True))[0])
            return len(found["holds"])
    finally:
        store.close()


def test_a_device_folds_by_the_pack_it_took_along_last(lost: Path, tmp_path: Path) -> None:
    older = json.loads(trial_pack()) | {"newer_files": {}}
    older["files"].pop("workflows/trial.yaml")
    took_along(lost, json.dumps(older).encode(), 1)
    took_along(lost, trial_pack(), 2)
    assert holds_after(lost, tmp_path / "fresh") == 1


def test_a_pack_that_is_no_pack_is_passed_over(lost: Path, tmp_path: Path) -> None:
    took_along(lost, trial_pack(), 1)
    for at_ms, body in enumerate((b"[]", b'{"files": 3}', b'{"files": {}, "day0": 5}'), 2):
        took_along(lost, body, at_ms)
    assert holds_after(lost, tmp_path / "fresh") == 1


def test_who_knows_the_policies_says_them(lost: Path, tmp_path: Path) -> None:
    assert holds_after(lost, tmp_path / "said", policies=trial_policies()) == 1
    assert holds_after(lost, tmp_path / "plain", policies=POLICIES) == 0


def test_without_a_pack_the_policies_are_those_of_the_product(lost: Path, tmp_path: Path) -> None:
    assert holds_after(lost, tmp_path / "fresh") == 0
