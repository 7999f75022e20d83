"""A sealed photo is read in any range, and never believed when it was cut, changed or swapped."""

import random
from pathlib import Path

import pytest

from offline_store import blob_parts, blobs, sealed_files
from offline_store.database import Store, open_store
from offline_store.sealed_files import CHUNK, FileDamagedError
from offline_store.sealing import Seal

SEAL = Seal(b"\x07" * 32, "bodies")
PIECE, HEAD = CHUNK + 16, 40
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 77]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path, seal=SEAL)


@pytest.mark.parametrize("size", SIZES)
def test_it_is_read_whole_and_in_ranges_as_it_was_given(store: Store, size: int) -> None:
    drawn = random.Random(size)
    data = drawn.randbytes(size)
    sha = blobs.keep_file(store, data)
    assert blobs.keep_file(store, data) == sha, "kept once"
    assert blobs.read(store, sha) == data
    assert blobs.size(store, sha) == size
    for _ in range(30):
        offset, length = drawn.randint(0, size + 5), drawn.randint(0, 2 * CHUNK)
        assert blobs.read_part(store, sha, offset, length) == data[offset : offset + length]
    raw = blobs.path(store, sha).read_bytes()
    assert data[:64] not in raw or size < 4


def test_whatever_is_changed_is_found(store: Store) -> None:
    data, other = (random.Random(one).randbytes(3 * CHUNK + 500) for one in (1, 2))
    sha, second = blobs.keep_file(store, data), blobs.keep_file(store, other)
    file = blobs.path(store, sha)
    raw = file.read_bytes()
    first, next_one = raw[HEAD : HEAD + PIECE], raw[HEAD + PIECE : HEAD + 2 * PIECE]
    changed = {
        "empty": b"",
        "head alone": raw[:HEAD],
        "last piece gone": raw[: HEAD + 3 * PIECE],
        "a byte short": raw[:-1],
        "a byte more": raw + b"x",
        "two pieces changed places": raw[:HEAD] + next_one + first + raw[HEAD + 2 * PIECE :],
        "a piece left out": raw[:HEAD] + raw[HEAD + PIECE :],
        "another one's head": blobs.path(store, second).read_bytes()[:HEAD] + raw[HEAD:],
        "another file": blobs.path(store, second).read_bytes(),
        "in clear": data,
        "a bit": raw[:100] + bytes([raw[100] ^ 1]) + raw[101:],
    }
    for what, bytes_now in changed.items():
        file.write_bytes(bytes_now)
        with pytest.raises(FileDamagedError):
            _read(store, sha, what)
    file.write_bytes(raw)
    assert blobs.read(store, sha) == data


def _read(store: Store, sha: str, what: str) -> None:
    blobs.read(store, sha)
    pytest.fail(f"believed: {what}")


def test_a_large_file_arrives_in_pieces_across_a_crash(store: Store) -> None:
    drawn = random.Random(3)
    data = drawn.randbytes(5 * CHUNK + 3)
    sha = blobs.keep_file(store, data)
    blobs.path(store, sha).unlink()
    at = 0
    while at < len(data):
        step = data[at : at + drawn.randint(1, CHUNK)]
        blob_parts.grow(store, sha, step)
        at += len(step)
        assert blob_parts.grown(store, sha) == at
        with blobs.part(store, sha).open("ab") as growing:  # a crash in the middle of the next one
            growing.write(drawn.randbytes(drawn.randint(0, 30)))
        assert blob_parts.grown(store, sha) == at
        assert step[:32] not in blobs.part(store, sha).read_bytes() or len(step) < 4
    assert blob_parts.settle(store, sha)
    assert blobs.read(store, sha) == data
    assert not blobs.part(store, sha).exists()


def test_pieces_that_were_changed_while_arriving_are_thrown_away(store: Store) -> None:
    data = random.Random(4).randbytes(1000)
    sha = blobs.keep_file(store, data)
    blobs.path(store, sha).unlink()
    for at in range(0, 1000, 100):
        blob_parts.grow(store, sha, data[at : at + 100])
    part = blobs.part(store, sha)
    raw = bytearray(part.read_bytes())
    raw[300] ^= 1
    part.write_bytes(raw)
    assert not blob_parts.settle(store, sha)
    assert not part.exists()


def test_a_plain_file_is_sealed_in_place_and_a_second_time_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "old"
    file.write_bytes(b"photo" * 50_000)
    sealed_files.seal_in_place(file, SEAL, named=False)
    raw = file.read_bytes()
    sealed_files.seal_in_place(file, SEAL, named=False)
    assert file.read_bytes() == raw
    assert sealed_files.read(file, SEAL, "") == b"photo" * 50_000
