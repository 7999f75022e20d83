"""What the server accepts of a device about its own clock: that it was set, and a trusted time."""

from domain.changes import Entry
from domain.errors import EntryInvalidError
from domain.trusted_time import ANCHOR, CLOCK, JUMP, anchor_of
from server.scene import Scene

AHEAD_MS = 5 * 60_000  # no trusted time is later than this server's by more
_ANCHOR = frozenset({"what", "at_ms", "source", "boot", "mono", "unc", "by", "device"})
_JUMP = frozenset({"what", "at_ms", "jump", "by", "device"})


def told(entry: Entry, scene: Scene) -> None:
    """Check what a device wrote in nobody's name; raises EntryInvalidError.

    It says something of its own clock alone: it can correct no time but those of that device.
    """
    cells = entry.set
    if entry.type != CLOCK or scene.record is not None:
        raise EntryInvalidError(reason="person")
    if cells.get("by") != entry.person_id or cells.get("device") != entry.device_id:
        raise EntryInvalidError(reason="person")
    at, jump = cells.get("at_ms"), cells.get("jump")
    if entry.kind == "anchor" and cells.get("what") == ANCHOR and frozenset(cells) == _ANCHOR:
        late = isinstance(at, int) and at > scene.received_ms + AHEAD_MS
        if anchor_of(cells) is None or late:
            raise EntryInvalidError(reason="time")
    elif entry.kind == "clock_jump" and cells.get("what") == JUMP and frozenset(cells) == _JUMP:
        if not isinstance(jump, int) or isinstance(jump, bool):
            raise EntryInvalidError(reason="time")
    else:
        raise EntryInvalidError(reason="person")
