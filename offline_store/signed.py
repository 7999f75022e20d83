"""Which entries of a chain are proved by the key of their device.

A signature vouches for all that stands before it in its chain, so a device looks at the end of its
chain before it signs on, and other devices believe a decision only with a signature of its own.
"""

import logging

from sqlmodel import Session

from domain.carried import inside, proved
from domain.changes import DECISIONS, Entry, signed_bytes
from domain.signatures import SignatureWrongError, verifies
from offline_store import devices, entries

_log = logging.getLogger(__name__)


def may_be_built_on(session: Session, device_id: str) -> bool:
    """Say whether the end of the own chain is what this device signed, or openly unsigned.

    A signature that does not fit means that somebody changed the chain in the file: signing on
    would turn that into our own word. An unsigned end (of the version before, of a salvage) is
    sent apart, as unsigned.
    """
    last = entries.last_of_device(session, device_id)
    if last is None or last.signature is None:
        return True
    known = devices.lookup(session, device_id)
    message = signed_bytes(last.kind, last.hash)
    if known and verifies(known.public_key, message, last.signature):
        return True
    _log.warning("chain was changed", extra={"device": device_id, "last": last.number})
    return False


class Decisions:
    """Looks at the decisions of a page of the feed, each device's in the order of its chain."""

    def __init__(self, session: Session) -> None:
        """Begin a page."""
        self._session = session
        self._since: dict[str, int | None] = {}
        self._keys: dict[str, bytes] = {}

    def check(self, entry: Entry, digest: bytes, signature: bytes | None, *, counts: bool) -> None:
        """Raise SignatureWrongError for a decision that its device has not signed.

        Unsigned is only what does not count, and what was made before its device began to sign.
        """
        if entry.kind not in DECISIONS:
            return
        carried = inside(entry)
        if carried is not None:
            known = devices.lookup(self._session, carried.device_id)
            if known is None or not proved(entry, known.public_key):
                raise SignatureWrongError(device=carried.device_id, number=carried.number)
        device_id = entry.device_id
        if device_id not in self._since:
            self._since[device_id] = entries.signs_since(self._session, device_id)
            known = devices.lookup(self._session, device_id)
            self._keys[device_id] = known.public_key if known else b""
        since = self._since[device_id]
        if signature is None:
            held = not counts or since is None or entry.number < since
        else:
            message = signed_bytes(entry.kind, digest)
            held = verifies(self._keys[device_id], message, signature)
            self._since[device_id] = entry.number if since is None else min(since, entry.number)
        if not held:
            raise SignatureWrongError(device=device_id, number=entry.number)
