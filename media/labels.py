"""Labels: the signed text inside a printed QR code, checked without a network.

`AS1:` + base45 of body + Ed25519 signature (64 bytes). Body, big-endian:

    format u8 = 1 | flags u8 (kind) | key id u16 | plant u32 (CRC-32 of its code)
    | version u32 | issue day u16 (days since 1970-01-01) | length u8 | id, UTF-8

For an id of 7 characters that is 86 bytes, 133 characters, a QR code of 49 modules at level Q.
The signature covers a context string and the body, so that no other signature of the plant's key
can be passed off as a label.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.errors import LabelForgedError, LabelUnknownError
from media import base45

PREFIX = "AS1:"
FORMAT = 1
KINDS = ("asset", "checkpoint", "person")  # position in this list = the flags byte
ID_MAX_BYTES = 40
TEXT_MAX = 240  # longest label is 187 characters
_CONTEXT = b"anshao-label-v1\0"
_HEAD = struct.Struct(">BBHIIHB")
_SIGNATURE = 64
_NO_PLACE = "a label holds 1 to 40 printable bytes of id, and numbers within its fields"
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class PlantKey:
    """The public key (32 bytes) with which a plant's labels verify."""

    plant: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Label:
    """What a verified label says. `version` counts the reissues of this id's label from 1."""

    kind: str
    plant: str
    asset_id: str
    version: int
    issued: date
    key_id: int


def plant_number(code: str) -> int:
    """Return the 32 bits that stand for a plant in a label."""
    return zlib.crc32(code.encode())


def sign(label: Label, private_key: Ed25519PrivateKey) -> str:
    """Return the text to print; raises ValueError for a label that has no place in the format."""
    identity = label.asset_id.encode()
    if not (0 < len(identity) <= ID_MAX_BYTES and label.asset_id.isprintable()):
        raise ValueError(_NO_PLACE)
    head = _HEAD.pack(
        FORMAT,
        KINDS.index(label.kind),
        _within(label.key_id, 16),
        plant_number(label.plant),
        _within(label.version, 32),
        _within((label.issued - _EPOCH).days, 16),
        len(identity),
    )
    body = head + identity
    return PREFIX + base45.encode(body + private_key.sign(_CONTEXT + body))


def read(text: str, keys: Mapping[int, PlantKey]) -> Label:
    """Verify the text of a scanned code and return what it says.

    Raises LabelUnknownError (`reason` "text": no label of this product, "format": of a later
    version, "key": of a plant this device does not know) and LabelForgedError (`label` is the id
    it claims): the signature or the plant does not fit.
    """
    if not text.startswith(PREFIX) or len(text) > TEXT_MAX:
        raise LabelUnknownError(reason="text")
    try:
        data = base45.decode(text.removeprefix(PREFIX))
    except ValueError as error:
        raise LabelUnknownError(reason="text") from error
    if len(data) <= _HEAD.size + _SIGNATURE:
        raise LabelUnknownError(reason="text")
    body, signature = data[:-_SIGNATURE], data[-_SIGNATURE:]
    head: tuple[int, ...] = _HEAD.unpack_from(body)
    form, flags, key_id, plant, version, day, length = head
    if form != FORMAT or flags >= len(KINDS):
        raise LabelUnknownError(reason="format")
    identity = body[_HEAD.size :]
    if len(identity) != length or length > ID_MAX_BYTES:
        raise LabelUnknownError(reason="text")
    key = keys.get(key_id)
    if key is None:
        raise LabelUnknownError(reason="key")
    # Shown to the person and stored in a security event: what it claims to be, made harmless.
    claimed = "".join(c for c in identity.decode("utf-8", "replace") if c.isprintable())
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, _CONTEXT + body)
    except InvalidSignature as error:
        raise LabelForgedError(label=claimed) from error
    if plant != plant_number(key.plant) or claimed.encode() != identity:
        raise LabelForgedError(label=claimed)  # signed, but not as this plant's labels are made
    return Label(KINDS[flags], key.plant, claimed, version, _EPOCH + timedelta(days=day), key_id)


def whole(text: str) -> bool:
    """Say whether a text of ours was read without loss, whoever signed it."""
    try:
        data = base45.decode(text.removeprefix(PREFIX))
    except ValueError:
        return False
    return len(data) > _HEAD.size + _SIGNATURE and len(data) == (
        _HEAD.size + data[_HEAD.size - 1] + _SIGNATURE
    )


def day_of(wall_ms: int) -> date:
    """Return the issue day (UTC) for a time in ms."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC).date()


def _within(number: int, bits: int) -> int:
    if not 0 <= number < 1 << bits:
        raise ValueError(_NO_PLACE)
    return number
