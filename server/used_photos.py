"""The duty that compares new photos with all the evidence of the plant, on the originals.

A device knows only what it took along; the server knows everything. What a device says of its own
photo is not believed: hashes are taken anew of the original. A photo that was used before is no
more turned away here, it is there already: the proof is a cell, a notice, and a check that refuses.
"""

import logging
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from domain.errors import PictureError
from domain.evidence import AFTER, VIDEO
from domain.notices import TYPE
from domain.records import Record, Value
from domain.reuse import ReuseLimits, action
from domain.used_photos import (
    MARK,
    SERVER_MARK,
    SERVER_REUSE,
    Used,
    mark_of,
    mark_value,
)
from media import used_photos
from media.reuse import fit, marks
from media.reuse.index import Candidate, Index
from offline_store import journal, keep, records
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
        used = earlier(here, known.index, photo, picture, limits)
    except PictureError:
        return []  # damaged: nothing to compare; the repair's check says so
    if used is not None and used.value() != photo.get(SERVER_REUSE):
        cells[SERVER_REUSE] = used.value()
    if not cells:
        return []
    steps = [OwnStep(RULE, photo.record_id, "evidence", cells)]
    if used is not None and used.how == "block" and photo.text("shot") == AFTER:
        steps += _told(here, photo, now_ms)
    return steps


def earlier(
    here: Site, index: Index, photo: Record, picture: bytes, limits: ReuseLimits
) -> Used | None:
    """Return the surest photo that was there before this one, if there is one."""
    hint: Used | None = None
    mine: fit.Look | None = None
    for one in index.candidates(*marks.asked(picture)):
        with here.store.reading() as session:
            other = records.lookup(session, one.id)
        if other is None or not _before(other, photo):
            continue
        if not one.exact and mine is None:
            mine = fit.look(picture)
        how = _action(here, one, other, mine, limits)
        if how == "block":
            return Used("block", one.id)
        if how == "hint" and hint is None:
            hint = Used("hint", one.id)
    return hint


def _before(other: Record, photo: Record) -> bool:
    """Say whether evidence was there first: of two alike the later one is the copy."""
    if other.record_id == photo.record_id or not used_photos.counts(other):
        return False
    one, two = ((each.whole("taken_ms") or 0, each.record_id) for each in (other, photo))
    return one < two


def _action(
    here: Site, one: Candidate, other: Record, mine: fit.Look | None, limits: ReuseLimits
) -> str:
    compared = None
    if mine is not None and not one.exact and (data := originals.read(here, other)):
        found = fit.compare(mine, fit.look(data))
        compared = found.numbers
    return action(exact=one.exact, apart=one.apart, fit=compared, limits=limits)


def _told(here: Site, photo: Record, now_ms: int) -> list[OwnStep]:
    """Return the notices to those who verify the repair that this photo is to prove."""
    with here.store.reading() as session:
        hazard = records.lookup(session, photo.text("of"))
    if hazard is None or hazard.type != "hazard":
        return []
    return repair_checks.notices(here.pack.definitions, hazard, f"used:{photo.record_id}", now_ms)
