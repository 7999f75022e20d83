"""Small things this installation keeps: identity, settings, cursors of the feed, time anchors."""

import json
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.changes import canonical
from domain.records import Value
from domain.trusted_time import Anchor
from offline_store import bulk
from offline_store.tables import AnchorRow, CursorRow, KeepRow

_MARK = "pull.mark"
CERTIFICATE = "certificate.serial"  # of the newest certificate of this device
REVOKED = "device.revoked"  # set: the server said that this device was lost, and why
OWN_FIRST = "pull.own"  # set: ask the server for our own entries before anything is sent
LAST_FILE = "files.last"  # hash of the file that was confirmed last, in this life of the feed
# looked at many times a second
_KEPT = "SELECT body FROM keep WHERE name = ?"
_AT = "SELECT feed, epoch FROM cursor WHERE scope = ?"

SUBSCRIPTION, FILLING = "pull.subscription", "pull.filling"  # what this device holds, and is to


class Cursor(NamedTuple):
    """How far a feed was read; `epoch` names the life of the server it belongs to."""

    feed: int = 0
    epoch: str = ""


def get(session: Session, name: str) -> Value:
    """Return a kept value, or None."""
    found = bulk.first(session, _KEPT, (name,))
    return None if found is None or found[0] is None else json.loads(found[0])


def put(session: Session, name: str, value: Value) -> None:
    """Keep a value under a name."""
    bulk.put(session, KeepRow, ("name", "body"), (name, canonical(value)))


def cursor(session: Session, scope: str = "plant") -> Cursor:
    """Return how far the feed of a scope was read."""
    found = bulk.first(session, _AT, (scope,))
    return Cursor(*found) if found else Cursor()


def set_cursor(session: Session, at: Cursor, scope: str = "plant") -> None:
    """Note how far the feed of a scope was read: in the transaction that takes the page."""
    bulk.put(session, CursorRow, ("scope", *Cursor._fields), (scope, *at))


def mark(session: Session, at: Cursor) -> str | None:
    """Return the server's mark of the feed up to this cursor; None where it came without one."""
    kept = get(session, _MARK)
    if not isinstance(kept, dict) or (kept.get("feed"), kept.get("epoch")) != at:
        return None
    found = kept.get("mark")
    return found if isinstance(found, str) else None


def set_mark(session: Session, at: Cursor, found: str | None) -> None:
    """Note the mark that came with a cursor: in the transaction that takes the page."""
    put(session, _MARK, {"feed": at.feed, "epoch": at.epoch, "mark": found})


def as_of(session: Session) -> int | None:
    """Return the server's time at the last page of the feed; None before the first."""
    kept = get(session, "as_of_ms")
    return kept if isinstance(kept, int) else None


def set_as_of(session: Session, server_ms: int) -> None:
    """Note the server's time: in the transaction that takes the page."""
    put(session, "as_of_ms", server_ms)


def anchor(session: Session, boot: str) -> Anchor | None:
    """Return the last server time seen in this boot, or None: the clock is not calibrated."""
    row = session.get(AnchorRow, boot)
    if row is None:
        return None
    return Anchor(row.boot_id, row.mono_ms, row.server_ms, row.rtt_ms // 2, row.source)


def latest_anchor_ms(session: Session) -> int:
    """Return the last server time seen in any boot; 0 before the first."""
    told = session.connection().execute(select(func.max(col(AnchorRow.server_ms)))).scalar()
    return told or 0


def set_anchor(session: Session, at: Anchor) -> None:
    """Note a server time."""
    row = session.get(AnchorRow, at.boot) or AnchorRow(
        boot_id=at.boot, mono_ms=0, server_ms=0, rtt_ms=0
    )
    row.mono_ms, row.server_ms, row.rtt_ms = at.mono_ms, at.true_ms, 2 * at.unc_ms
    row.source = at.source
    session.add(row)
    session.flush()
