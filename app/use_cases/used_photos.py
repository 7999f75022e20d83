"""Is a photo just taken or chosen one that was used before? Asked of all evidence on this device.

Only closing evidence and the photo of a recheck are turned away, and only on proof: the same file,
or a picture that fits an earlier one far too well. Everything else is a hint for who reviews it,
with the other beside it.
"""

from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from domain import rechecks
from domain.errors import PictureError
from domain.evidence import AFTER
from domain.rechecks import RecheckPhotoUsedError
from domain.records import Record, Value
from domain.reuse import ReuseLimits, action
from domain.used_photos import (
    MARK,
    REUSE,
    PhotoUsedError,
    Used,
    mark_value,
    standing,
)
from media.reuse import fit, marks
from media.reuse.index import Candidate, Index
from media.used_photos import counts, into
from offline_store import blobs, records

_REFUSED = {AFTER: PhotoUsedError, rechecks.SHOT: RecheckPhotoUsedError}
_OVERLAP = 500  # rows: a changed record may leave its number to another


@dataclass(frozen=True, slots=True)
class UsedView:
    """Another photo like this one: of which record, and what it looks like.

    `how` is as in `domain.used_photos.Used`; `thumb` None: that picture is not on this device.
    """

    how: str
    code: str
    thumb: bytes | None


def view_of(field: FieldApp, session: Session, photo: Record) -> UsedView | None:
    """Return what is known of a photo that stands elsewhere, too; None where nothing is."""
    used = standing(photo)
    return None if used is None else view_of_other(field, session, used.how, used.of)


def view_of_other(field: FieldApp, session: Session, how: str, evidence_id: str) -> UsedView:
    """Return another photo as it is shown beside one."""
    other = records.lookup(session, evidence_id)
    thumb = blobs.read(field.store, other.text("thumb")) if other and other.text("thumb") else None
    return UsedView(how, _code_in(session, other) if other else "", thumb)


def refused_for(field: FieldApp, error: PhotoUsedError) -> UsedView:
    """Return the other photo for which one was turned away."""
    with field.store.reading() as session:
        return view_of_other(field, session, "block", error.earlier)


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
    if used.how == "block" and shot in _REFUSED:
        raise _REFUSED[shot](record=_code(field, earlier), earlier=used.of)
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
        return _code_in(session, earlier)


def _code_in(session: Session, photo: Record) -> str:
    of = records.lookup(session, photo.text("of"))
    return (of.text("code") if of else "") or photo.text("code")
