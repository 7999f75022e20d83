"""A label is what the plant signed, and nothing else passes for one."""

from dataclasses import replace
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import LabelForgedError, LabelUnknownError
from media import base45, labels
from media.labels import Label, PlantKey
from tests.media.pictures import KEY, KEYS, LABEL

OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


@given(st.binary(max_size=200))
def test_base45_gives_the_bytes_back(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"", "")],
)
def test_base45_as_the_examples_of_rfc_9285(data: bytes, text: str) -> None:
    assert (base45.encode(data), base45.decode(text)) == (text, data)


@pytest.mark.parametrize("text", ["A", "GGW", "::", "ab8", "BB8\n", "BBÄ"])
def test_what_base45_never_writes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base45"):
        base45.decode(text)


def test_an_id_of_seven_characters_makes_133_characters() -> None:
    assert len(labels.sign(replace(LABEL, asset_id="EX-2031"), KEY)) == 133


@given(
    st.sampled_from(labels.KINDS),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=10),
    st.integers(0, 2**32 - 1),
    st.dates(date(1970, 1, 1), date(2149, 6, 6)),
)
def test_what_was_signed_is_read(kind: str, asset_id: str, version: int, issued: date) -> None:
    label = Label(kind, "DEMO", asset_id, version, issued, 1)
    assert labels.read(labels.sign(label, KEY), KEYS) == label


@given(st.integers(0, 85), st.integers(1, 255))
def test_no_changed_byte_passes(place: int, change: int) -> None:
    text = labels.sign(replace(LABEL, asset_id="EX-2031"), KEY)
    data = bytearray(base45.decode(text.removeprefix("AS1:")))
    data[place] ^= change
    with pytest.raises((LabelForgedError, LabelUnknownError)):
        labels.read("AS1:" + base45.encode(bytes(data)), KEYS)


def test_a_label_signed_by_somebody_else_is_forged_and_names_what_it_claims() -> None:
    with pytest.raises(LabelForgedError) as refused:
        labels.read(labels.sign(LABEL, OTHER), KEYS)
    assert refused.value.params == {"label": "TK-101"}


def test_a_label_that_claims_another_plant_under_this_key_is_forged() -> None:
    with pytest.raises(LabelForgedError):
        labels.read(labels.sign(replace(LABEL, plant="DEMO2"), KEY), KEYS)


def test_a_label_of_another_known_plant_verifies_and_names_it() -> None:
    keys = {**KEYS, 2: PlantKey("DEMO2", OTHER.public_key().public_bytes_raw())}
    theirs = Label("asset", "DEMO2", "TK-901", 1, date(2026, 1, 1), 2)
    assert labels.read(labels.sign(theirs, OTHER), keys).plant == "DEMO2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "text"),
        ("TK-101", "text"),
        ("https://example.com", "text"),
        ("AS1:", "text"),
        ("AS1:BB8", "text"),
        ("AS1:" + "0" * 10_000, "text"),
        ("AS1:" + base45.encode(bytes([9]) + bytes(85)), "format"),
        ("AS1:" + base45.encode(bytes([1, 7]) + bytes(84)), "format"),
        (labels.sign(replace(LABEL, key_id=77), KEY), "key"),
    ],
)
def test_what_is_no_label_of_ours_is_unknown(text: str, reason: str) -> None:
    with pytest.raises(LabelUnknownError) as refused:
        labels.read(text, KEYS)
    assert refused.value.params["reason"] == reason


@pytest.mark.parametrize(
    "label",
    [
        replace(LABEL, asset_id=""),
        replace(LABEL, asset_id="甲" * 14),
        replace(LABEL, asset_id="A\nB"),
        replace(LABEL, version=2**32),
        replace(LABEL, key_id=-1),
        replace(LABEL, issued=date(2150, 1, 1)),
        replace(LABEL, kind="permit"),
    ],
)
def test_what_has_no_place_in_the_format_is_not_signed(label: Label) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several sources, none with a code
        labels.sign(label, KEY)
