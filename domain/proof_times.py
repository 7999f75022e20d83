"""The true times in a proof file: what anchors of the same device and boot make of its entries."""

from collections.abc import Iterable, Mapping

from domain.changes import Entry
from domain.records import Value
from domain.trusted_time import Anchor, anchor_of, correction

Anchors = Mapping[tuple[str, str], Anchor]  # by device and boot


def first_anchors(entries: Iterable[Entry]) -> Anchors:
    """Return the first anchor of each boot of each device among these entries."""
    found: dict[tuple[str, str], Anchor] = {}
    for entry in sorted(entries, key=lambda one: one.number):
        anchor = anchor_of(entry.set) if entry.kind == "anchor" else None
        if anchor is not None and anchor.boot == entry.time.boot:
            found.setdefault((entry.device_id, anchor.boot), anchor)
    return found


def true_time(entry: Entry, anchors: Anchors) -> dict[str, Value] | None:
    """Return when an entry was really written (`true_ms`, right to `s` seconds); None: as it says.

    Its device did not know the time then.
    """
    anchor = anchors.get((entry.device_id, entry.time.boot))
    made = correction(entry, anchor) if anchor else None
    if made is None:
        return None
    return {"true_ms": made.true_ms, "s": max(1, -(-made.unc_ms // 1000))}
