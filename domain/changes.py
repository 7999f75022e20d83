"""Entries: one change by one person on one device, and the hash chain that holds them in order.

The bytes of an entry are canonical JSON (keys sorted, no white space, UTF-8, no floats, ASCII keys,
whole numbers below 2**53), so every encoder makes the same bytes and the hash can be checked
anywhere. The chain hashes the digest of each body, so that an export may leave bodies out and still
verify. The device signs the hash of each entry it writes: a signature vouches for the chain up to
there, and a decision's passes for nothing but a decision.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import cast

import msgspec

from domain import bodies, unreadable
from domain.bodies import NAME_MAX, WHOLE_MAX
from domain.errors import EntryInvalidError
from domain.records import Cell, Record, Value

VERSION = 1
KINDS = frozenset({"edit", "decide", "lift", "resolve", "attach", "anchor", "clock_jump", "delete"})
BODY_MAX_BYTES = 64 * 1024  # a checklist of 60 answers is under 8 kB; evidence travels as blobs
DEPTH_MAX = 8
DECISIONS = frozenset({"decide", "lift", "resolve", "delete"})  # proved one by one
_KEYS = frozenset(
    ("base", "by", "def", "hlc", "id", "kind", "n", "rec", "set", "time", "type", "v")
)

Sign = Callable[[bytes], bytes]  # the device's key: a message to its 64 bytes of Ed25519


class DeviceTime(msgspec.Struct, frozen=True, gc=False):
    """What the device's clocks said, in ms, and the boot they belong to.

    `uncertainty_ms` is how far the corrected time may be off; None before the first server contact
    of this boot ("time not calibrated").
    """

    device_ms: int
    mono_ms: int
    boot: str
    uncertainty_ms: int | None


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One change; `base` names for each changed field the writer whose value was seen.

    Tens of thousands are made in a sync: as a struct in a seventh of a dataclass's time. It holds
    plain values alone, which hold nothing that leads back to it, so no collector looks at it.
    """

    device_id: str
    number: int
    entry_id: str
    kind: str
    person_id: str
    record_id: str
    type: str
    definition: str
    base: Mapping[str, str]
    set: Mapping[str, Value]
    wall_ms: int
    counter: int
    time: DeviceTime

    @property
    def writer(self) -> str:
        """Name of this entry in cells and bases: "device_id:number"."""
        return f"{self.device_id}:{self.number}"


def as_created(entry: Entry) -> Record:
    """Return the record that this first entry makes."""
    writer, wall_ms, counter = entry.writer, entry.wall_ms, entry.counter
    cells = {name: Cell(value, writer, wall_ms, counter) for name, value in entry.set.items()}
    return Record(entry.record_id, entry.type, entry.definition, cells)


def canonical(value: Value) -> bytes:
    """Return the one byte form of a value; raises EntryInvalidError for floats and the like."""
    _check(value, 0)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:  # a lone surrogate
        raise EntryInvalidError(reason="text") from error


def encode(entry: Entry) -> bytes:
    """Return the body of an entry; the device stands once in the batch head, not in each body."""
    body: dict[str, Value] = {
        "v": VERSION,
        "n": entry.number,
        "id": entry.entry_id,
        "kind": entry.kind,
        "by": entry.person_id,
        "rec": entry.record_id,
        "type": entry.type,
        "def": entry.definition,
        "base": dict(entry.base),
        "set": dict(entry.set),
        "hlc": [entry.wall_ms, entry.counter],
        "time": {
            "dev": entry.time.device_ms,
            "mono": entry.time.mono_ms,
            "boot": entry.time.boot,
            "unc": entry.time.uncertainty_ms,
        },
    }
    data = canonical(body)
    if len(data) > BODY_MAX_BYTES:
        raise EntryInvalidError(reason="size")
    return data


def decode(data: bytes, device_id: str) -> Entry:
    """Read the body of an entry that came from elsewhere; raises EntryInvalidError with the reason.

    Bytes that are not canonical are refused: two readings of one hash must never exist.
    """
    if len(data) > BODY_MAX_BYTES:
        raise EntryInvalidError(reason="size")
    sure = bodies.read(data)
    return _quickly(sure, device_id) if sure else _slowly(data, device_id)


def _quickly(body: bodies.Body, device_id: str) -> Entry:
    time = body.time
    return Entry(
        device_id, body.n, body.id, body.kind, body.by, body.rec, body.type, body.definition,
        body.base, body.set, body.hlc[0], body.hlc[1],
        DeviceTime(time.dev, time.mono, time.boot, time.unc),
    )  # fmt: skip


def _slowly(data: bytes, device_id: str) -> Entry:
    """Judge every part of a body, with a reason for what is wrong."""
    try:
        body = cast("object", json.loads(data))
    except (ValueError, RecursionError) as error:
        raise EntryInvalidError(reason="json") from error
    if not isinstance(body, dict) or cast("dict[object, object]", body).keys() != _KEYS:
        raise EntryInvalidError(reason="fields")
    known = cast("dict[str, Value]", body)
    if canonical(known) != data:
        raise EntryInvalidError(reason="canonical")
    return _entry(known, device_id)


def _entry(body: dict[str, Value], device_id: str) -> Entry:
    if body["v"] is True or body["v"] != VERSION:
        raise EntryInvalidError(reason="version")
    texts = [body[key] for key in ("id", "kind", "by", "rec", "type", "def")]
    base, changed, hlc, time = body["base"], body["set"], body["hlc"], body["time"]
    shaped = (
        _whole(body["n"])
        and all(isinstance(text, str) and _name(text) for text in texts)
        and isinstance(base, dict)
        and all(isinstance(writer, str) for writer in base.values())
        and isinstance(changed, dict)
        and all(_name(name) for name in (*base, *changed))
        and isinstance(hlc, list)
        and len(hlc) == 2
        and all(_whole(part) for part in hlc)
        and isinstance(time, dict)
        and time.keys() == {"dev", "mono", "boot", "unc"}
        and _whole(time["dev"])
        and _whole(time["mono"])
        and isinstance(time["boot"], str)
        and (time["unc"] is None or _whole(time["unc"]))
    )
    if not shaped or body["kind"] not in KINDS:
        raise EntryInvalidError(reason="fields")
    assert isinstance(base, dict)
    assert isinstance(changed, dict)
    assert isinstance(hlc, list)
    assert isinstance(time, dict)
    return Entry(
        device_id=device_id,
        number=_int(body["n"]),
        entry_id=str(body["id"]),
        kind=str(body["kind"]),
        person_id=str(body["by"]),
        record_id=str(body["rec"]),
        type=str(body["type"]),
        definition=str(body["def"]),
        base={field: str(writer) for field, writer in base.items()},
        set=changed,
        wall_ms=_int(hlc[0]),
        counter=_int(hlc[1]),
        time=DeviceTime(
            _int(time["dev"]),
            _int(time["mono"]),
            str(time["boot"]),
            None if time["unc"] is None else _int(time["unc"]),
        ),
    )


def genesis(device_id: str, public_key: bytes) -> bytes:
    """Return the hash before a device's first entry (32 bytes)."""
    return hashlib.sha256(b"anshao-genesis-v1\0" + device_id.encode() + b"\0" + public_key).digest()


def digest_of(body: bytes) -> bytes:
    """Return the digest by which a body stands in its chain (32 bytes).

    Of a stand-in it is the one of the bytes that were sent (`domain.unreadable`).
    """
    return unreadable.digest_in(body) or hashlib.sha256(body).digest()


def link(previous: bytes, body: bytes) -> bytes:
    """Return the chain hash of an entry, from the hash before it and its body (32 bytes)."""
    return link_digest(previous, digest_of(body))


def link_digest(previous: bytes, digest: bytes) -> bytes:
    """Return the chain hash of an entry, from the hash before it and the digest of its bytes."""
    return hashlib.sha256(b"anshao-entry-v1\0" + previous + digest).digest()


def signed_bytes(kind: str, hash_: bytes) -> bytes:
    """Return what a device signs for an entry of that kind and chain hash.

    The words before the hash keep any other signature of the device from passing as a decision.
    """
    words = b"anshao-decision-v1\0" if kind in DECISIONS else b"anshao-head-v1\0"
    return words + hash_


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _name(text: str) -> bool:
    return 0 < len(text) <= NAME_MAX and min(text) >= " "


def _int(value: Value) -> int:
    assert isinstance(value, int)
    return value


def _check(value: Value, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise EntryInvalidError(reason="depth")
    if isinstance(value, float):
        raise EntryInvalidError(reason="float")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > WHOLE_MAX:
        raise EntryInvalidError(reason="whole")
    if isinstance(value, str) and "\0" in value:
        raise EntryInvalidError(reason="text")  # PostgreSQL keeps no text that holds one
    if isinstance(value, list):
        for part in value:
            _check(part, depth + 1)
    elif isinstance(value, dict):
        for key, part in value.items():
            if not key.isascii():
                raise EntryInvalidError(reason="key")
            _check(part, depth + 1)
