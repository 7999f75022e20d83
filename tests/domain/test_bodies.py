"""The quick reading of a body and the slow one agree: what is quick is sure."""

import json
import random
from typing import Any

import pytest

from domain import bodies, changes
from domain.changes import DeviceTime, Entry, canonical, decode, encode
from domain.errors import EntryInvalidError

SEED = 20261123
DEVICE = "0198c0de-0000-7000-8000-00000000d003"
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**53 - 1, 2**53, -(2**53), 1.5, 1.0, -0.0, 1e21, "", "漏油",
    "\n", "\t\"\\", "\0", "\x1f", "\x7f", "\u2028", "😀", "\ud800", "x" * 300, [], {}, [1, [2]],
    {"a": {"b": {"c": [1]}}}, {"键": 1}, [[[[[[1]]]]]], [[[[[[[[1]]]]]]]], {"deep": [1.5]},
)  # fmt: skip
KEYS = ("state", "words", "", "a\nb", "ключ", "k" * 200, "k" * 201, "what")


def whole(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 -- whatever comes
    return {
        "v": 1, "n": 7, "id": "e7", "kind": "edit", "by": "U012", "rec": "r1", "type": "hazard",
        "def": "hazard@1", "base": {"words": "d:3"}, "set": {"words": "漏"}, "hlc": [5, 0],
        "time": {"dev": 1, "mono": 2, "boot": "b", "unc": None}, **changed,
    }  # fmt: skip


def written(made: object) -> bytes:
    return json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def mutants(chance: random.Random) -> list[bytes]:
    """Bodies with any value anywhere, and bytes changed in good ones."""
    made = [whole(**{key: value}) for key in whole() for value in VALUES]
    made += [whole(set={key: value}) for key in KEYS for value in VALUES]
    made += [whole(base={key: value}) for key in KEYS for value in ("d:1", "", 1, None, "a\nb")]
    made += [whole(hlc=[value, 0]) for value in VALUES]
    made += [whole(time={**whole()["time"], key: v}) for key in whole()["time"] for v in VALUES]
    found = [written(one) for one in made]
    good = written(whole(set={"words": 'a\\"b', "more": [1, {"x": "y"}]}))
    for _ in range(4000):
        changed = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(changed))
            changed[at : at + chance.randrange(2)] = chance.choice(
                [
                    b"",
                    b" ",
                    b"0",
                    b"-",
                    b".0",
                    b'"',
                    b"\\",
                    b"\\n",
                    b"\\u0041",
                    b"1",
                    b"e1",
                    b"\xff",
                ]
            )
        found.append(bytes(changed))
    return [*found, good.replace(b'"n":7', b'"n":7,"n":7'), good + b"\n", b"\xef\xbb\xbf" + good]


def test_what_is_read_quickly_is_what_the_slow_reading_says() -> None:
    quick = 0
    for data in mutants(random.Random(SEED)):
        found = bodies.read(data)
        if found is None:
            continue
        quick += 1
        slow = changes._slowly(data, DEVICE)
        assert decode(data, DEVICE) == slow, (SEED, data)
        assert encode(slow) == data, (SEED, data)
    assert quick > 100


@pytest.mark.parametrize("words", ["valve leak", "三号柜门没锁", 'a "quoted" word', "two\nlines"])
def test_an_ordinary_entry_is_read_quickly(words: str) -> None:
    entry = Entry(
        DEVICE, 1, "e1", "edit", "U012", "r1", "hazard", "hazard@1", {"state": "d:1"},
        {"words": words, "source": {"photos": ["a" * 64], "item": None}}, 1_760_000_000_000, 3,
        DeviceTime(1_760_000_000_000, 5, "b", 900),
    )  # fmt: skip
    assert bodies.read(encode(entry)) is not None
    assert decode(encode(entry), DEVICE) == entry


@pytest.mark.parametrize("wrong", [b'{"a":1.5}', canonical({"v": 1}), b"[]", b"", b"null"])
def test_what_is_no_entry_has_a_reason(wrong: bytes) -> None:
    assert bodies.read(wrong) is None
    with pytest.raises(EntryInvalidError):
        decode(wrong, DEVICE)
