"""Is a photo just taken or chosen one that was used before? Asked of all evidence on this device.

Only closing evidence is turned away, and only on proof: the same file, or a picture that fits an
earlier one far too well. Everything else is a hint for who reviews it, with the other beside it.
"""

from app.field import FieldApp
from domain.errors import PictureError
from domain.evidence import AFTER
from domain.records import Record, Value
from domain.reuse import ReuseLimits, action
from domain.used_photos import (
    MARK,
    REUSE,
    PhotoUsedError,
    Used,
    mark_value,
)
from media.reuse import fit, marks
from media.reuse.index import Candidate, Index
from media.used_photos import counts, into
from offline_store import blobs, records

_OVERLAP = 500  # rows: a changed record may leave its number to another


def look(field: FieldApp, shot: str, picture: bytes) -> dict[str, Value]:
    """Return the cells that a new photo gets; raises PhotoUsedError, PictureError.

    Takes a tenth of a second, some more where an earlier photo looks alike: call it in a thread.
    """
    limits = field.checks.reuse
    mark, asked = marks.both(picture)
    cells: dict[str, Value] = {MARK: mark_value((*mark.whole, *mark.middle))}
    found = _found(field, picture, asked, limits)
    if found is None:
        return cells
    used, earlier = found
    if used.how == "block" and shot == AFTER:
        raise PhotoUsedError(record=_code(field, earlier))
    return {**cells, REUSE: used.value()}


def _found(
    field: FieldApp, picture: bytes, asked: marks.Asked, limits: ReuseLimits
) -> tuple[Used, Record] | None:
    """Return the surest earlier photo, if there is one."""
    candidates = _filled(field, limits).candidates(*asked)
    hint: tuple[Used, Record] | None = None
    mine: fit.Look | None = None
    for one in candidates:
        with field.store.reading() as session:
            earlier = records.lookup(session, one.id)
        if earlier is None or not counts(earlier):
            continue
        if not one.exact and mine is None:
            mine = fit.look(picture)
        how = _action(field, one, earlier, mine, limits)
        if how == "block":
            return Used("block", one.id), earlier
        if how == "hint" and hint is None:
            hint = Used("hint", one.id), earlier
    return hint


def _action(
    field: FieldApp,
    one: Candidate,
    earlier: Record,
    mine: fit.Look | None,
    limits: ReuseLimits,
) -> str:
    compared = None
    if mine is not None and not one.exact:
        for cell in ("original", "stamped"):  # the copy differs by a band: enough to be known by
            data = blobs.read(field.store, earlier.text(cell)) if earlier.text(cell) else None
            if data is None:
                continue
            try:
                other = fit.compare(mine, fit.look(data))
            except PictureError:
                continue  # damaged here: the next best stands for it
            compared = other.numbers
            break
    return action(exact=one.exact, apart=one.apart, fit=compared, limits=limits)


def _filled(field: FieldApp, limits: ReuseLimits) -> Index:
    """Return the index with all evidence that this device knows now."""
    used = field.used
    with used.lock:
        if used.index is None:
            used.index = Index(limits)
        with field.store.reading() as session:
            found, used.row = records.evidence_since(session, max(0, used.row - _OVERLAP))
        for photo in found:
            if photo.record_id not in used.known:
                used.known.add(photo.record_id)
                into(used.index, photo)
        return used.index


def _code(field: FieldApp, earlier: Record) -> str:
    """Return how people call the record that the earlier photo belongs to."""
    with field.store.reading() as session:
        of = records.lookup(session, earlier.text("of"))
    return (of.text("code") if of else "") or earlier.text("code")
