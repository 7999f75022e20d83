"""Coats and pages promise: nothing grows beyond its limit, and rubbish is said to be rubbish."""

import gzip
import json
from typing import Any

import pytest
import zstandard
from pydantic import ValidationError

from domain.errors import EntryInvalidError
from sync import packing
from sync.pages import pack_page, unpack_page
from sync.protocol import PulledEntry, PullReply

MB = 1024 * 1024


def bomb_zstd() -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(bytes(256 * MB))


@pytest.mark.parametrize("coat", [packing.GZIP, packing.ZSTD])
def test_what_goes_in_comes_out(coat: str) -> None:
    data = b"\n".join(b'{"n":%d}' % n for n in range(5000))
    packed, name = packing.pack(data, coat)
    assert (name, packing.inflate(packed, len(data), coat)) == (coat, data)


def test_zstd_is_taken_before_gzip_and_neither_where_nobody_asks() -> None:
    assert packing.pack(b"x" * 999, "gzip, zstd")[1] == packing.ZSTD
    assert packing.pack(b"x" * 999, "br, gzip")[1] == packing.GZIP
    assert packing.pack(b"x" * 999, "") == (b"x" * 999, "")


@pytest.mark.parametrize("coat", [packing.GZIP, packing.ZSTD])
def test_a_bomb_is_given_up_at_the_limit(coat: str) -> None:
    data = bomb_zstd() if coat == packing.ZSTD else gzip.compress(bytes(64 * MB))
    with pytest.raises(EntryInvalidError) as refused:
        packing.inflate(data, MB, coat)
    assert refused.value.params["reason"] == "size"


@pytest.mark.parametrize("coat", [packing.GZIP, packing.ZSTD])
@pytest.mark.parametrize("how", ["cut", "more", "turned", "empty", "none"])
def test_a_damaged_coat_is_said_to_be_one(coat: str, how: str) -> None:
    packed, _ = packing.pack(bytes(range(256)) * 40, coat)
    data = {
        "cut": packed[:-5], "more": packed + b"x", "turned": packed[::-1], "empty": b"",
        "none": b"hello",
    }[how]  # fmt: skip
    with pytest.raises(EntryInvalidError) as refused:
        packing.inflate(data, MB, coat)
    assert refused.value.params["reason"] == coat


def entry(number: int, **more: Any) -> PulledEntry:  # noqa: ANN401
    body = f'{{"n":{number}}}'.encode()
    return PulledEntry("d1", 1 + number // 3, "accepted", None, 5, body)._replace(**more)


def test_a_page_comes_back_as_it_was() -> None:
    rows = [entry(n, sig="ab" * 64 if n % 4 == 0 else None) for n in range(10)]
    whole = [entry(3, dev="d2", prev="cd" * 32, verdict="refused", code="access.denied")]
    page = PullReply(
        entries=rows, enter=whole, leave=["gone"], devices={"d1": "00" * 32}, next=9, more=True,
        server_ms=7, epoch="e",
    )  # fmt: skip
    assert unpack_page(pack_page(page)) == page
    empty = PullReply(next=0, more=False, server_ms=1, epoch="e")
    assert unpack_page(pack_page(empty)) == empty


def test_a_page_of_the_version_before_says_the_same() -> None:
    rows = [entry(n, sig="ab" * 64 if n % 4 == 0 else None) for n in range(10)]
    page = PullReply(entries=rows, next=9, more=True, server_ms=7, epoch="e")
    told = page.model_dump_json()
    assert PullReply.model_validate_json(told) == page
    for wrong in ('"dev":"d 1"', '"dev":7', '"dev":null', '"who":"d1"'):
        with pytest.raises(ValidationError):
            PullReply.model_validate_json(told.replace('"dev":"d1"', wrong))
    with pytest.raises(ValidationError):
        PullReply.model_validate_json(told.replace('"entries":[', '"entries":[7,'))
    with pytest.raises(ValidationError):
        PullReply.model_validate({"entries": 7, "next": 1, "more": True, "server_ms": 1})


@pytest.mark.parametrize("how", ["short", "long", "head", "count", "bytes", "deep"])
def test_a_page_that_does_not_fit_its_head_is_refused_whole(how: str) -> None:
    page = PullReply(
        entries=[entry(n) for n in range(6)], next=9, more=False, server_ms=7, epoch="e"
    )
    line, _, rest = pack_page(page).partition(b"\n")
    head = json.loads(line)
    data = {
        "short": line + b"\n" + rest.rpartition(b"\n")[0],
        "long": line + b"\n" + rest + b"\n{}",
        "head": b"{}\n" + rest,
        "count": json.dumps(head | {"enter": 99}).encode() + b"\n" + rest,
        "bytes": line + b"\n" + rest.replace(b"n", b"\xff"),
        "deep": b"[" * 100_000 + b"\n" + rest,
    }[how]
    with pytest.raises(EntryInvalidError):
        unpack_page(data)
