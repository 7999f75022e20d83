"""What every place for files promises: the folder, and object stores of three kinds.

The S3 server is moto's, started on the loopback by the test.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from offline_store import blobs
from offline_store.database import Store, open_store
from server import blob_store
from server.blob_store import BlobStore, BlobStoreAwayError, FolderBlobs, ObjectBlobs
from tests.helpers.processes import free_port
from tests.helpers.s3 import KEYS, s3_server

DATA = bytes(range(256)) * 4096  # a mebibyte
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start an S3 server with a bucket `plant`; gives its address."""
    with s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture(params=["folder", "memory", "local", "s3"])
def files(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[BlobStore, Store]]:
    store = open_store(tmp_path)
    folder = FolderBlobs(store)
    if request.param == "folder":
        made: BlobStore = folder
    elif request.param == "memory":
        made = ObjectBlobs(MemoryStore(), folder)
    elif request.param == "local":
        (tmp_path / "objects").mkdir()
        made = ObjectBlobs(LocalStore(tmp_path / "objects"), folder)
    else:
        for name, value in KEYS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3"))
        made = blob_store.choose(f"s3://plant/{tmp_path.name}", None, store)
    yield made, store
    store.close()


def arrived(store: Store, sha: str, data: bytes) -> Path:
    part = blobs.part(store, sha)
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(data)
    return part


def test_what_is_kept_is_there_whole_and_in_ranges(files: tuple[BlobStore, Store]) -> None:
    kept, store = files
    assert not kept.has(SHA)
    part = arrived(store, SHA, DATA)
    assert kept.keep(SHA, part)
    assert kept.has(SHA)
    assert not part.exists()
    assert b"".join(kept.read(SHA, 0, len(DATA))) == DATA
    assert b"".join(kept.read(SHA, 1000, 3000)) == DATA[1000:3000]
    assert b"".join(kept.read(SHA, len(DATA) - 1, len(DATA))) == DATA[-1:]
    assert kept.reachable()


def test_a_file_larger_than_one_piece(files: tuple[BlobStore, Store]) -> None:
    kept, store = files
    large = DATA * 17
    sha = hashlib.sha256(large).hexdigest()
    assert kept.keep(sha, arrived(store, sha, large))
    assert hashlib.sha256(b"".join(kept.read(sha, 0, len(large)))).hexdigest() == sha


def test_a_file_under_a_wrong_name_is_not_kept(files: tuple[BlobStore, Store]) -> None:
    kept, store = files
    part = arrived(store, SHA, DATA[:-1])
    assert not kept.keep(SHA, part)
    assert not kept.has(SHA)
    assert not part.exists()


def test_the_same_file_twice_is_there_once(files: tuple[BlobStore, Store]) -> None:
    kept, store = files
    assert kept.keep(SHA, arrived(store, SHA, DATA))
    assert kept.keep(SHA, arrived(store, SHA, DATA))
    assert kept.keep(SHA, blobs.part(store, SHA))  # a crash after it had come to rest
    assert b"".join(kept.read(SHA, 0, len(DATA))) == DATA


def test_what_the_folder_had_before_the_move_stays_readable(
    files: tuple[BlobStore, Store],
) -> None:
    kept, store = files
    blobs.keep_file(store, DATA)
    assert kept.has(SHA)
    assert b"".join(kept.read(SHA, 5, 10)) == DATA[5:10]


def test_what_is_lost_is_gone_wherever_it_was_and_may_be_lost_twice(
    files: tuple[BlobStore, Store],
) -> None:
    kept, store = files
    assert kept.keep(SHA, arrived(store, SHA, DATA))
    part = arrived(store, SHA, DATA[:10])
    kept.lose(SHA)
    assert not kept.has(SHA)
    assert not part.exists()
    kept.lose(SHA)
    blobs.keep_file(store, DATA)  # from before the move
    kept.lose(SHA)
    assert not kept.has(SHA)
    assert kept.keep(SHA, arrived(store, SHA, DATA))


def test_an_s3_that_is_away_says_so_keeps_the_part_and_tells_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    store = open_store(tmp_path)
    away = blob_store.choose("s3://plant/x", None, store)
    part = arrived(store, SHA, DATA)
    with pytest.raises(BlobStoreAwayError) as caught:
        away.keep(SHA, part)
    assert part.read_bytes() == DATA
    assert not away.reachable()
    with pytest.raises(BlobStoreAwayError):
        away.lose(SHA)
    said = caplog.text + str(caught.value) + repr(away) + str(away.__dict__)
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in said
    store.close()


def test_keys_come_from_a_file_too_and_a_bad_line_is_named_without_its_value(
    tmp_path: Path,
) -> None:
    store = open_store(None)
    file = tmp_path / "keys.env"
    file.write_text("# of the plant\n" + "\n".join(f"{k}={v}" for k, v in KEYS.items()))
    assert isinstance(blob_store.choose("s3://plant", file, store), ObjectBlobs)
    file.write_text("AWS_REGION=x\npassword hunter2\n")
    with pytest.raises(ValueError, match=r"keys\.env:2") as caught:
        blob_store.choose("s3://plant", file, store)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ValueError, match="blob_store"):
        blob_store.choose("gs://plant", None, store)
    store.close()
    assert "AWS_SECRET_ACCESS_KEY" not in os.environ
