"""The duty that calls a person where the photo of a repair may not be what the camera saw.

Signs and an unmet second shot are what the device itself signed, and one that is due may be left
out; the server tells those who verify, once for a photo and each kind of doubt, as soon as the
repair is handed in.
"""

import logging
from typing import Final

from domain.capture_trust import doubtful
from domain.repair_checks import last_after
from offline_store import records
from server import repair_checks
from server.own_entries import OwnStep, write_own
from server.site import Site

STATES: Final = ("to_verify", "to_review")
_log = logging.getLogger(__name__)


def run(here: Site, now_ms: int) -> int:
    """Tell what is due; returns how many entries that took."""
    found = here.pack.definitions
    told: list[OwnStep] = []
    with here.store.reading() as session:
        for hazard in records.find(session, "hazard", state=STATES, limit=records.ALL):
            photo = last_after(records.evidence_of(session, hazard.record_id))
            for doubt in doubtful(photo, found.trust) if photo else ():
                assert photo is not None
                step = f"{doubt}:{photo.record_id}"
                steps = repair_checks.notices(found, hazard, step, now_ms)
                told += [one for one in steps if records.lookup(session, one.record_id) is None]
    wrote = len(write_own(here, told, only_new=True)) if told else 0
    if wrote:
        _log.info("doubtful photos told", extra={"entries": wrote})
    return wrote
