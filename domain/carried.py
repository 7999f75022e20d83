"""A stop that is in force before its turn: its entry, proved, inside one of the server's.

A stop whose chain has a gap cannot be taken yet, and must not wait. The server puts it, whole, into
the cell `carried` of an entry of its own: `{dev, prev, body, sig}`. Every fold unwraps it, so the
record is what the stop itself makes of it, under the stop's own name. When the gap is filled the
stop comes at last in its chain, is known by its name, and is thereby confirmed: nothing counts
twice. Only the server carries; whoever takes such an entry proves what is in it.
"""

from typing import Final

from domain.changes import DECISIONS, Entry, decode, link, signed_bytes
from domain.errors import EntryInvalidError
from domain.records import Value
from domain.signatures import verifies

CELL: Final = "carried"
CARRIER: Final = "server"  # device id of what the server writes by itself
_KEYS = frozenset({"dev", "prev", "body", "sig"})
_HASH_HEX, _SIGNATURE_HEX = 64, 128


def wrapped(device_id: str, previous: bytes, body: bytes, signature: bytes) -> Value:
    """Return what the cell holds for an entry of a device; `previous` is the hash before it."""
    return {
        "dev": device_id, "prev": previous.hex(), "body": body.decode(), "sig": signature.hex(),
    }  # fmt: skip


def inside(entry: Entry) -> Entry | None:
    """Return the entry that one of the server's carries; None for any other entry."""
    if entry.device_id != CARRIER or CELL not in entry.set:
        return None
    parts = _parts(entry)
    if parts is None:
        return None
    device_id, _, body, _ = parts
    try:
        found = decode(body, device_id)
    except EntryInvalidError:
        return None
    same = (found.record_id, found.type) == (entry.record_id, entry.type)
    return found if same and found.kind in DECISIONS else None


def proved(entry: Entry, public_key: bytes) -> bool:
    """Say whether what is carried is a decision that the owner of a key signed, in that place."""
    parts, found = _parts(entry), inside(entry)
    if parts is None or found is None:
        return False
    _, previous, body, signature = parts
    return verifies(public_key, signed_bytes(found.kind, link(previous, body)), signature)


def _parts(entry: Entry) -> tuple[str, bytes, bytes, bytes] | None:
    value = entry.set.get(CELL)
    if not isinstance(value, dict) or value.keys() != _KEYS or len(entry.set) != 1:
        return None
    device_id, previous, body, signature = (value[one] for one in ("dev", "prev", "body", "sig"))
    if not isinstance(device_id, str) or not isinstance(body, str):
        return None
    try:
        digest, sig = bytes.fromhex(str(previous)), bytes.fromhex(str(signature))
    except ValueError:
        return None
    if len(str(previous)) != _HASH_HEX or len(str(signature)) != _SIGNATURE_HEX:
        return None
    return device_id, digest, body.encode(), sig
