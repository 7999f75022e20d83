"""Chain and signatures promise the values of the published vector (SYNC_ANCHORS 3.3)."""

from functools import reduce

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.changes import KINDS, decode, encode, genesis, link, signed_bytes
from domain.signatures import verifies

DEVICE = "0198c0de-0000-7000-8000-00000000d003"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = bytes.fromhex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")
GENESIS = "6ba40a5fba7150c784963efb67f21a2b78fa8f5ebddaee17bd0555663c79b9b8"
BODIES = [
    (
        '{"base":{},"by":"P-007","def":"hazard@7","hlc":[1760947920000,0],'
        '"id":"0198c0de-7a11-7000-8000-000000000001","kind":"edit","n":1,'
        '"rec":"0198c0de-7a10-7c3e-9f00-5e1fcafe0001","set":{"level_m":"11.80",'
        '"photos":["e5a5555d73bc0e1568d65563abf327bd6c0b9b9dc3336e86e0b17e865e9ee6d2"],'
        '"state":"open","title":"接地线断 1 根"},"time":{"boot":"b1","dev":1760775120000,'
        '"mono":5001000,"unc":900},"type":"hazard","v":1}'
    ),
    (
        '{"base":{"level_m":"d003:1"},"by":"P-007","def":"hazard@7","hlc":[1760947980000,0],'
        '"id":"0198c0de-7a12-7000-8000-000000000002","kind":"edit","n":2,'
        '"rec":"0198c0de-7a10-7c3e-9f00-5e1fcafe0001","set":{"level_m":"11.75"},'
        '"time":{"boot":"b1","dev":1760775180000,"mono":5002000,"unc":900},"type":"hazard","v":1}'
    ),
    (
        '{"base":{"state":"d003:1"},"by":"P-007","def":"hazard@7","hlc":[1760948040000,0],'
        '"id":"0198c0de-7a13-7000-8000-000000000003","kind":"decide","n":3,'
        '"rec":"0198c0de-7a10-7c3e-9f00-5e1fcafe0001","set":{"state":"stopped"},'
        '"time":{"boot":"b1","dev":1760775240000,"mono":5003000,"unc":900},"type":"hazard","v":1}'
    ),
]
HASHES = [
    "13baedf69ca66aa6e1359697254d4caa1c2d8e7f8264b024b0a7a3f062fb41bc",
    "e1ef9a6e6d767abbd00d3d3f529cb138588e99e26c83f07321c0a8b552ae8cc8",
    "0536330466cef074c5ed5f6a065fb69fb291c5fb30323fa3a213d807d16fd128",
]
DECISION = (
    "d0a31adc62b3e39bc406f5bda9522a81d5801ade0aa0f2f4b543e999cbce50ad"
    "0722ebb699e1d211690d75d27cffc0bb4a6d9c748b820d96f220984e81df8c00"
)


def test_the_chain_and_the_decision_are_those_of_the_vector() -> None:
    assert KEY.public_key().public_bytes_raw() == PUBLIC
    assert genesis(DEVICE, PUBLIC).hex() == GENESIS
    made: list[str] = []
    for number in range(1, len(BODIES) + 1):
        bodies = [body.encode() for body in BODIES[:number]]
        made.append(reduce(link, bodies, bytes.fromhex(GENESIS)).hex())
    assert made == HASHES
    for body in BODIES:
        assert encode(decode(body.encode(), DEVICE)) == body.encode()
    message = signed_bytes(decode(BODIES[2].encode(), DEVICE).kind, bytes.fromhex(HASHES[2]))
    assert KEY.sign(message).hex() == DECISION
    assert verifies(PUBLIC, message, bytes.fromhex(DECISION))


def test_what_decides_is_signed_in_other_words_than_what_does_not() -> None:
    words = {kind: signed_bytes(kind, b"") for kind in KINDS}
    decisions = {kind for kind, said in words.items() if said == b"anshao-decision-v1\0"}
    assert decisions == {"decide", "lift", "resolve", "delete"}
    assert {words[kind] for kind in KINDS - decisions} == {b"anshao-head-v1\0"}


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [
        (PUBLIC, b"other", bytes.fromhex(DECISION)),
        (PUBLIC, b"", b""),
        (PUBLIC, b"", bytes(64)),
        (b"short", b"", bytes(64)),
        (bytes(32), b"", bytes(64)),
        (b"\xff" * 32, b"", bytes(64)),
    ],
)
def test_nothing_else_verifies_and_nothing_raises(
    key: bytes, message: bytes, signature: bytes
) -> None:
    assert not verifies(key, message, signature)
