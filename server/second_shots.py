"""The duty that looks again at second shots that a device calls met, on the originals.

A hostile device can claim anything: the same picture, one from before it was asked, one of another
record, one for two tasks. What speaks against the claim stands beside it as a doubt with its
reason, lowers the grade that is shown, and is told to who verifies; a person decides.
"""

import logging
from collections.abc import Iterator
from typing import Final

from sqlmodel import Session

from domain.capture_trust import (
    CHALLENGE,
    SERVER_CHALLENGE,
    Challenge,
    Doubt,
    challenge_of,
    doubt_of,
    doubt_value,
    seen_through,
)
from domain.evidence import AFTER
from domain.records import Record
from domain.used_photos import PROVED
from media.checks import Checks
from media.recapture import challenge
from offline_store import records
from server import originals, photo_index, repair_checks, used_photos
from server.capture_doubts import STATES
from server.own_entries import OwnStep, write_own
from server.rights import RULE
from server.site import Site

ROUND_MAX: Final = 10  # a second or two each
Claim = tuple[Record, Record, Challenge, Doubt]
_log = logging.getLogger(__name__)


def run(here: Site, now_ms: int) -> int:
    """Judge what was claimed since; returns how many entries that took. Call it in a thread."""
    del now_ms
    model = repair_checks.of_plant(here.pack.definitions)
    with here.store.reading() as session:
        claims = list(_claims(session))
    steps: list[OwnStep] = []
    for first, second, asked, plain in claims:
        if len(steps) == ROUND_MAX:
            break
        why = plain or _on_originals(here, first, second, asked, model)
        if why is not None:
            cells = {SERVER_CHALLENGE: doubt_value(why)}
            steps.append(OwnStep(RULE, first.record_id, "evidence", cells))
    wrote = len(write_own(here, steps))
    if wrote:
        _log.info("second shots judged", extra={"entries": wrote})
    return wrote


def _claims(session: Session) -> Iterator[Claim]:
    """Yield the claims nothing was said of, with what speaks against them whatever they show."""
    for hazard in records.find(session, "hazard", state=STATES, limit=records.ALL):
        photos = records.evidence_of(session, hazard.record_id)
        for first in photos:
            asked = challenge_of(first.get(CHALLENGE))
            if first.text("shot") != AFTER or asked is None or asked.state != "met":
                continue
            second = records.lookup(session, asked.photo)
            if second is not None and doubt_of(first) is None:
                yield first, second, asked, seen_through(first, second, photos)


def _on_originals(
    here: Site, first: Record, second: Record, asked: Challenge, model: Checks
) -> Doubt | None:
    """Return what the pictures themselves say; None while one of them has not come."""
    if originals.too_large(here, first) or originals.too_large(here, second):
        return "unreadable"  # by nobody, ever: the claim does not stand for that
    one, two = originals.read(here, first), originals.read(here, second)
    if one is None or two is None:
        return None
    found = challenge.settled(one, two, asked.kind, model.capture.limits.challenge)
    if found.why:
        return found.why
    with photo_index.lock:
        index = photo_index.filled(here.store, model.reuse).index
        used = used_photos.earlier(here, index, second, two, model.reuse)
    if used is None or used.of == first.record_id or used.how not in PROVED:
        return ""
    return "used" if used.how == "block" else "same"
