"""The index of used photos of one server process, loaded from the hashes that evidence keeps.

Evidence of before there were hashes is known by its file alone until `fill` has taken them, a few
photos a round; what it takes is written as entries, so it is done once, whoever is started again,
and every device gets it. Which photos lack hashes follows from the store: nothing else is kept.
"""

import logging
import threading
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from weakref import WeakKeyDictionary

from sqlmodel import Session

from domain.errors import PictureError
from domain.evidence import VIDEO
from domain.records import Record
from domain.reuse import ReuseLimits
from domain.used_photos import MARK, SERVER_MARK, mark_of, mark_value
from media import used_photos
from media.reuse import marks
from media.reuse.index import Index
from media.reuse.marks import Mark
from offline_store import entries, journal, records
from offline_store.database import Store
from server import originals
from server.own_entries import OwnStep, write_own
from server.rights import RULE
from server.site import Site

PAGE: Final = 500
LOOKED_AFTER: Final = 40  # of the photos without hashes whether their original is here, a round
_log = logging.getLogger(__name__)
_known: "WeakKeyDictionary[Store, Known]" = WeakKeyDictionary()
lock: Final = threading.Lock()  # one at a time in this process: the index grows meanwhile


@dataclass
class Known:
    """The index, and up to where of the feed it goes (None: nothing was loaded).

    `hashed`: ids of the photos with hashes in it; `bare`: of those known by their file alone.
    """

    index: Index
    feed: int | None = None
    hashed: set[str] = field(default_factory=set[str])
    bare: dict[str, None] = field(default_factory=dict[str, None])  # in the order they are tried

    def take(self, photo: Record) -> None:
        """Take evidence in, once; with its hashes as soon as it has some."""
        id_ = photo.record_id
        if id_ in self.hashed or not photo.text("original") or photo.text("media") == VIDEO:
            return
        if mark_of(photo.get(SERVER_MARK)) or mark_of(photo.get(MARK)):
            self.hashed.add(id_)
            self.bare.pop(id_, None)
        elif id_ in self.bare:
            return
        else:
            self.bare[id_] = None
        used_photos.into(self.index, photo)

    def hash(self, photo: Record, mark: Mark) -> None:
        """Take the hashes in that the server took of an original."""
        self.hashed.add(photo.record_id)
        self.bare.pop(photo.record_id, None)
        self.index.add([(photo.record_id, mark)])


def filled(store: Store, limits: ReuseLimits) -> Known:
    """Return the index with all evidence that is here now; call it with the lock held."""
    known = _known.setdefault(store, Known(Index(limits)))
    with store.reading() as session:
        last = journal.last_feed(session)
        if known.feed is not None and known.feed > last:  # the store was copied back
            known = _known[store] = Known(Index(limits))
        if known.feed is None:
            known.feed = last
            for photo in records.evidence_since(session, 0)[0]:
                known.take(photo)
            _log.info("photos known", extra={"count": len(known.hashed), "bare": len(known.bare)})
        fresh, known.feed = fresh_photos(session, known.feed)
        for start in range(0, len(fresh), PAGE):
            for photo in records.lookup_all(session, fresh[start : start + PAGE]):
                known.take(photo)
    return known


def fresh_photos(session: Session, after: int, *, new: bool = False) -> tuple[list[str], int]:
    """Return the ids of evidence that came after a place of the feed, and where that ends now.

    Without `new` also of what got hashes since, from whichever process.
    """
    found: list[str] = []
    more = True
    while more:
        page, after, more = entries.page(session, after, PAGE)
        found += [
            one.entry.record_id
            for one in page
            if one.entry.type == "evidence"
            and (one.entry.kind == "attach" or (not new and SERVER_MARK in one.entry.set))
        ]
    return list(dict.fromkeys(found)), after


def forget(store: Store) -> None:
    """Forget what this process knows, as if it had just been started."""
    with lock:
        _known.pop(store, None)


def fill(here: Site, known: Known, most: int) -> int:
    """Take the hashes of up to `most` photos that have none; returns how many entries that took.

    A photo that is damaged, too large or taken back is not tried again by this process, one whose
    original has not come yet goes to the end.
    """
    steps: list[OwnStep] = []
    taken: list[tuple[Record, Mark]] = []
    for id_ in list(islice(known.bare, LOOKED_AFTER)):
        if len(steps) == most:
            break
        with here.store.reading() as session:
            photo = records.lookup(session, id_)
        del known.bare[id_]
        if photo is None or not used_photos.counts(photo):
            continue
        if not originals.here(here, photo):
            known.bare[id_] = None
            continue
        mark = _mark(here, photo)
        if mark is not None:
            known.bare[id_] = None  # until it is written
            cell = mark_value((*mark.whole, *mark.middle))
            steps.append(OwnStep(RULE, id_, "evidence", {SERVER_MARK: cell}))
            taken.append((photo, mark))
    wrote = len(write_own(here, steps))
    for photo, mark in taken:
        known.hash(photo, mark)
    if wrote:
        _log.info("photos of before hashed", extra={"entries": wrote, "left": len(known.bare)})
    return wrote


def _mark(here: Site, photo: Record) -> Mark | None:
    picture = originals.read(here, photo)
    if picture is None:
        return None
    try:
        return marks.mark(picture)
    except PictureError:
        return None  # damaged: there is nothing to compare
