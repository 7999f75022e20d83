"""The duty that compares new photos with all the evidence of the plant, on the originals.

A device knows only what it took along; the server knows everything. What a device says of its own
photo is not believed: hashes are taken anew of the original. A photo that was used before is no
more turned away here, it is there already: the proof is a cell, a notice, and a check that refuses.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from domain import rechecks
from domain.errors import PictureError
from domain.evidence import AFTER, VIDEO
from domain.first_photo import Arrival, Order, order
from domain.notices import TYPE
from domain.records import Record, Value
from domain.reuse import ReuseLimits, action
from domain.used_photos import (
    MARK,
    PROVED,
    SERVER_MARK,
    SERVER_REUSE,
    Used,
    mark_of,
    mark_value,
    stronger,
    used_of,
)
from media import used_photos
from media.reuse import fit, marks
from media.reuse.index import Candidate, Index
from offline_store import batches, entries, journal, keep, records, times
from server import originals, photo_index, repair_checks
from server.own_entries import OwnStep, write_and_tell
from server.photo_index import Known
from server.rights import RULE
from server.site import Site

LOOKED: Final = "server.used_photos"  # how far of the feed, and which photos wait
ROUND_MAX: Final = 40  # photos a round: a tenth of a second each
WAITING_ROUND: Final = 5000  # photos without an original looked after a round, all in turn
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _State:
    """How far of the feed photos were looked at, and which still wait for their original.

    `waiting` has all of them, the next to be looked after first.
    """

    feed: int
    waiting: tuple[str, ...]

    def value(self) -> dict[str, Value]:
        return {"feed": self.feed, "waiting": list(self.waiting)}


def begin(here: Site) -> None:
    """Begin with a store that never compared photos: what is there is known, and not judged."""

    def first(session: Session) -> None:
        if keep.get(session, LOOKED) is None:
            keep.put(session, LOOKED, _State(journal.last_feed(session), ()).value())

    here.store.run(first)


def run(here: Site, now_ms: int) -> int:
    """Look at photos that came since; returns how many entries that took. Call it in a thread."""
    limits = repair_checks.of_plant(here.pack.definitions).reuse
    with photo_index.lock:
        known = photo_index.filled(here.store, limits)
        with here.store.reading() as session:
            state = _state(session)
            fresh, end = photo_index.fresh_photos(session, state.feed, new=True)
            due, rest = state.waiting[:WAITING_ROUND], state.waiting[WAITING_ROUND:]
            photos = records.lookup_all(session, list(dict.fromkeys([*due, *fresh])))
        steps: list[OwnStep] = []
        asked, ahead = frozenset(due), list[str]()
        waiting: list[str] = []
        looked = 0
        for photo in photos:
            if not used_photos.counts(photo):
                continue
            if looked == ROUND_MAX:
                (ahead if photo.record_id in asked else waiting).append(photo.record_id)
                continue
            if not originals.here(here, photo):
                waiting.append(photo.record_id)
                continue
            looked += 1
            steps += _looked(here, known, photo, limits, now_ms)
        wrote = _write(here, steps) + photo_index.fill(here, known, ROUND_MAX - looked)
    left = _State(end, tuple(dict.fromkeys([*ahead, *rest, *waiting])))
    if left != state:
        here.store.run(lambda session: keep.put(session, LOOKED, left.value()))
    return wrote


def _write(here: Site, steps: list[OwnStep]) -> int:
    said = [one for one in steps if one.type != TYPE]
    told = [one for one in steps if one.type == TYPE]
    wrote = len(write_and_tell(here, said, told))
    if wrote:
        _log.info("photos compared", extra={"entries": wrote})
    return wrote


def _state(session: Session) -> _State:
    kept = keep.get(session, LOOKED)
    if not isinstance(kept, dict):
        return _State(journal.last_feed(session), ())
    feed, waiting = kept.get("feed"), kept.get("waiting")
    ids = [one for one in waiting if isinstance(one, str)] if isinstance(waiting, list) else []
    last = journal.last_feed(session)
    return _State(feed if isinstance(feed, int) and feed <= last else 0, tuple(ids))


def _looked(
    here: Site, known: Known, photo: Record, limits: ReuseLimits, now_ms: int
) -> list[OwnStep]:
    """Return what the server says of a photo whose original is here: only what is new."""
    picture = originals.read(here, photo)
    if picture is None or photo.text("media") == VIDEO:
        return []
    cells: dict[str, Value] = {}
    try:
        mark = marks.mark(picture)
        if mark_of(photo.get(SERVER_MARK) or photo.get(MARK)) != (*mark.whole, *mark.middle):
            cells[SERVER_MARK] = mark_value((*mark.whole, *mark.middle))
            known.hash(photo, mark)
        found = compared(here, known.index, photo, picture, limits)
    except PictureError:
        return []  # damaged: nothing to compare; the repair's check says so
    steps: list[OwnStep] = []
    for one, used in _surest(found):
        if not stronger(used, used_of(one.get(SERVER_REUSE))):
            continue
        steps += _told(here, one, used, now_ms)
        if one is photo:
            cells[SERVER_REUSE] = used.value()
        else:
            said: dict[str, Value] = {SERVER_REUSE: used.value()}
            steps.append(OwnStep(RULE, one.record_id, "evidence", said))
    own = [OwnStep(RULE, photo.record_id, "evidence", cells)] if cells else []
    return [*own, *steps]


def compared(
    here: Site, index: Index, photo: Record, picture: bytes, limits: ReuseLimits
) -> list[tuple[Record, Used]]:
    """Return what is to be said of this photo and, because of it, of others: all that was found.

    A copy of an earlier photo is the copy, and that is all. Where this one was first the other is
    the copy; where nobody can tell both stand for the same picture.
    """
    found: list[tuple[Record, Used]] = []
    mine: fit.Look | None = None
    for one in index.candidates(*marks.asked(picture)):
        with here.store.reading() as session:
            other = records.lookup(session, one.id)
            place = _order(session, other, photo) if other else "after"
        if other is None or other.record_id == photo.record_id or not used_photos.counts(other):
            continue
        if not one.exact and mine is None:
            mine = fit.look(picture)
        how = _action(here, one, other, mine, limits)
        if how == "hint" and place != "after":
            found.append((photo, Used("hint", one.id)))
        elif how == "block" and place == "before":
            return [(photo, Used("block", one.id))]
        elif how == "block" and place == "after":
            found.append((other, Used("block", photo.record_id)))
        elif how == "block":
            both = ((photo, one.id), (other, photo.record_id))
            found += [(each, Used("same", of)) for each, of in both]
    return found


def earlier(
    here: Site, index: Index, photo: Record, picture: bytes, limits: ReuseLimits
) -> Used | None:
    """Return the surest that is known of a photo by all others, if there is anything."""
    found = _surest(compared(here, index, photo, picture, limits))
    return next((used for one, used in found if one is photo), None)


def _surest(found: Sequence[tuple[Record, Used]]) -> list[tuple[Record, Used]]:
    """Return the surest of what was found of each photo, the first of equals."""
    kept: dict[str, tuple[Record, Used]] = {}
    for one, used in found:
        before = kept.get(one.record_id)
        if stronger(used, before[1] if before else None):
            kept[one.record_id] = one, used
    return list(kept.values())


def _order(session: Session, other: Record, photo: Record) -> Order:
    """Say whether evidence was there first; "unknown" where the journal does not say that much."""
    one, two = _arrival(session, other), _arrival(session, photo)
    return order(one, two) if one and two else "unknown"


def _arrival(session: Session, photo: Record) -> Arrival | None:
    """Return what the journal knows of how a photo came here: by the entry that attached it."""
    some = entries.of_record(session, photo.record_id)
    came = next((one for one in some if one.entry.kind == "attach"), None)
    if came is None or came.feed is None:
        return None
    entry = came.entry
    said_ms, unc_ms = entry.wall_ms, entry.time.uncertainty_ms
    true = times.of_records(session, [photo.record_id]).get(entry.writer)
    if true is not None:
        said_ms, unc_ms = true
    if came.received_ms is not None:  # no photo is from after its arrival
        said_ms = min(said_ms, came.received_ms)
    since_ms = batches.heard_before(session, entry.device_id, entry.number) or 0
    return Arrival(entry.device_id, entry.number, came.feed, said_ms, unc_ms, since_ms)


def _action(
    here: Site, one: Candidate, other: Record, mine: fit.Look | None, limits: ReuseLimits
) -> str:
    numbers = None
    if mine is not None and not one.exact and (data := originals.read(here, other)):
        try:
            numbers = fit.compare(mine, fit.look(data)).numbers
        except PictureError:
            numbers = None  # that one is damaged: the likeness of the hashes is all there is
    return action(exact=one.exact, apart=one.apart, fit=numbers, limits=limits)


def _told(here: Site, photo: Record, used: Used, now_ms: int) -> list[OwnStep]:
    """Return the notices to those who verify the repair that this photo is to prove.

    A photo that is to show that the repair still holds is theirs, too: who took it is not asked.
    """
    if used.how not in PROVED:
        return []
    shot = photo.text("shot")
    if shot not in (AFTER, rechecks.SHOT):
        return []
    with here.store.reading() as session:
        about = records.lookup(session, photo.text("of"))
        if about is not None and shot == rechecks.SHOT:
            about = records.lookup(session, about.text("hazard"))
    if about is None or about.type != "hazard":
        return []
    what = "used" if used.how == "block" else used.how
    step = f"{what if shot == AFTER else f'recheck_{what}'}:{photo.record_id}"
    but = photo.text("by") if shot == rechecks.SHOT else ""
    return repair_checks.notices(here.pack.definitions, about, step, now_ms, but=but)
