"""The wire promises: what arrives is exact and bounded, or refused before anyone uses it."""

import gzip
import re
import tracemalloc
from pathlib import Path

import pytest
from pydantic import ValidationError

from domain.changes import DeviceTime, Entry, decode, encode, genesis, link
from domain.errors import EntryInvalidError
from domain.receipts import receipt_bytes
from sync.packing import inflate
from sync.protocol import (
    ENTRIES_MAX,
    SIGS_MAX_BYTES,
    BlobOffer,
    PushHead,
    pack_push,
    read_problem,
    unpack_push,
)

ROOT = Path(__file__).resolve().parents[2]
DEVICE = "0198c0de-0000-7000-8000-00000000d003"


def _bodies(count: int) -> list[bytes]:
    time = DeviceTime(1, 2, "b1", None)
    return [
        encode(
            Entry(
                DEVICE, number, f"e{number}", "edit", "P", "r", "hazard", "hazard@1", {},
                {"words": "三号柜\n门没锁"}, 1, 0, time,
            )
        )
        for number in range(1, count + 1)
    ]  # fmt: skip


def _head(bodies: list[bytes], **changes: int) -> PushHead:
    start = previous = genesis(DEVICE, b"k" * 32)
    for body in bodies:
        previous = link(previous, body)
    facts = {"dev": DEVICE, "first": 1, "last": len(bodies)} | changes
    return PushHead.model_validate({**facts, "prev": start.hex(), "head": previous.hex()})


def test_a_push_comes_out_as_it_went_in() -> None:
    bodies = _bodies(3)
    head = _head(bodies)
    assert unpack_push(inflate(pack_push(head, bodies), 10**6)) == (head, bodies, {})
    signed, sigs = head.model_copy(update={"sig": "ab" * 64}), {head.last: b"\xab" * 64}
    assert unpack_push(inflate(pack_push(signed, bodies, sigs), 10**6)) == (signed, bodies, sigs)


def test_the_same_push_is_the_same_bytes() -> None:
    bodies = _bodies(3)
    assert pack_push(_head(bodies), bodies) == pack_push(_head(bodies), bodies)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "head"),
        (b"{}\n{}", "head"),
        (b"x" * 5000, "head"),
        (_head(_bodies(1), last=2).model_dump_json().encode() + b"\n{}", "count"),
        (
            _head(_bodies(1), last=ENTRIES_MAX + 1).model_dump_json().encode()
            + b"\n{}" * (ENTRIES_MAX + 1),
            "count",
        ),
    ],
)
def test_a_push_that_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(EntryInvalidError) as refused:
        unpack_push(data)
    assert refused.value.params["reason"] == reason


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b'{"sigs":{"1":"ab"}}',
        b'{"sigs":{"0":"' + b"ab" * 64 + b'"}}',
        b'{"sigs":{"2":"' + b"ab" * 64 + b'"}}',
        b'{"sigs":{"01":"' + b"ab" * 64 + b'"}}',
        b'{"sigs":[' + b"[" * 5000 + b"]}",
        b'{"sigs":{' + b" " * SIGS_MAX_BYTES + b"}}",
    ],
)
def test_signatures_that_cannot_be_read_say_so(line: bytes) -> None:
    [body] = _bodies(1)
    head = _head([body]).model_copy(update={"sig": "ab" * 64})
    with pytest.raises(EntryInvalidError) as refused:
        unpack_push(b"\n".join([head.model_dump_json().encode(), line, body]))
    assert refused.value.params["reason"] == "signatures"


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    with pytest.raises(EntryInvalidError, match="size"):
        inflate(bomb, 1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no gzip",
        gzip.compress(b"cut short" * 99, mtime=0)[:-9],
        gzip.compress(b"x", mtime=0) + b"more",
    ],
    ids=["empty", "plain", "cut", "more"],
)
def test_what_is_no_whole_gzip_is_refused(data: bytes) -> None:
    with pytest.raises(EntryInvalidError, match="gzip"):
        inflate(data, 10**6)


@pytest.mark.parametrize(
    "facts",
    [
        {"sha256": "../../etc/passwd"},
        {"sha256": "A" * 64},
        {"size": 0},
        {"size": 10**9},
        {"size": "5"},
        {"kind": ""},
    ],
)
def test_an_offer_with_odd_facts_is_refused(facts: dict[str, object]) -> None:
    good = {"sha256": "a" * 64, "size": 5, "kind": "thumb", "record": "r"}
    assert BlobOffer.model_validate(good)
    with pytest.raises(ValidationError):
        BlobOffer.model_validate(good | facts)


def test_a_page_of_a_proxy_is_no_answer_of_the_server() -> None:
    assert read_problem(b"<html>sign in</html>") is None
    problem = read_problem(b'{"code":"sync.gap","status":409,"params":{"expected":3},"new":1}')
    assert problem is not None
    assert problem.params == {"expected": 3}


def test_a_receipt_names_device_head_feed_and_time() -> None:
    assert receipt_bytes("d", "ab", 7, 9) == b'anshao-receipt-v1\x00["d","ab",7,9]'


def test_the_vector_on_paper_holds() -> None:
    paper = (ROOT / "docs/reference/protocol.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (public key|genesis|body 2|hash [12]) +(\S.*)$", paper, re.MULTILINE)
    vector = {name: value for name, value in lines if "=" not in value[:2]}
    body = vector["body 2"].encode()
    assert genesis(DEVICE, bytes.fromhex(vector["public key"])).hex() == vector["genesis"]
    assert encode(decode(body, DEVICE)) == body
    assert link(bytes.fromhex(vector["hash 1"]), body).hex() == vector["hash 2"]
