"""What stands in the journal for an entry that nobody can read: its number, its digest, and why.

One such entry must stop neither the others of its push nor a device that reads the feed. The server
keeps a stand-in under its number, itself a plain entry that does not count. The chain goes on over
the digest of what was sent, so everything behind it still verifies.
"""

import hashlib
from typing import Final

from domain import bodies
from domain.errors import FieldError

WHAT: Final = "entry.unreadable"
_MARK: Final = b'"what":"entry.unreadable"'
_PREFIX: Final = "unread-"
_CELLS: Final = frozenset({"what", "by", "digest", "reason", "size", "at_ms"})
RULE: Final = "rule"  # nobody wrote the stand-in: the product did
_DIGEST_HEX: Final = 64


class UnreadableError(FieldError):
    """Bytes that are no entry (`reason`); what stands for them does not count."""

    code = WHAT


def record_id(device_id: str, number: int, digest: bytes) -> str:
    """Return the id of a stand-in and of its record, which is never made."""
    facts = f"{device_id}\0{number}\0{digest.hex()}".encode()
    return _PREFIX + hashlib.sha256(facts).hexdigest()[:40]


def cells(data: bytes, reason: str, at_ms: int) -> dict[str, str | int]:
    """Return what a stand-in says of the bytes that were sent."""
    digest = hashlib.sha256(data).hexdigest()
    return {
        "what": WHAT, "by": RULE, "digest": digest, "reason": reason, "size": len(data),
        "at_ms": at_ms,
    }  # fmt: skip


def digest_in(body: bytes) -> bytes | None:
    """Return the digest of what was sent, if this body only stands for it."""
    if _MARK not in body:
        return None
    found = bodies.read(body)
    if found is None or found.type != "event" or not found.rec.startswith(_PREFIX):
        return None
    told = found.set.get("digest")
    if found.by != RULE or found.set.keys() != _CELLS or found.set["what"] != WHAT:
        return None
    if not isinstance(told, str) or len(told) != _DIGEST_HEX or set(told) - set("0123456789abcdef"):
        return None
    return bytes.fromhex(told)
