"""The duty that checks repairs again, on the originals: what a device said is never the last word.

Once both originals have arrived, the last photo of a repair is compared with the marked photo of
the report by the same code and model. The result is a cell of that photo; where it differs from
what the device found, those who verify are told. A region that is marked anew is checked anew.
"""

import logging
from collections.abc import Iterator
from typing import Final

from sqlmodel import Session

from domain.access import may, subject_of
from domain.definitions import Definitions
from domain.notices import CHECK as RULE_CHECK
from domain.notices import TYPE, Due
from domain.plant import Person
from domain.records import Record, Value
from domain.rectification import Reuse
from domain.repair_checks import (
    CHECK,
    REFUSED,
    REGION,
    SERVER_CHECK,
    Region,
    RepairCheck,
    check_of,
    disagree,
    last_after,
    region_of,
    unread,
)
from domain.used_photos import standing
from media import checks, repair
from media.checks import Checks
from offline_store import records
from server import originals
from server.own_entries import OwnStep, write_and_tell
from server.rights import RULE
from server.site import Site

STATES: Final = ("rectifying", "to_verify", "to_review")
BACK_MS: Final = 14 * 86_400_000  # closed since: its originals may come late
ROUND_MAX: Final = 8  # pairs judged a round: seconds each; the next round goes on
VERIFY: Final = ("hazard.verify", "hazard.review")
_log = logging.getLogger(__name__)


def run(here: Site, now_ms: int) -> int:
    """Check what can be checked now; returns how many entries that took. Call it in a thread."""
    found = here.pack.definitions
    model = of_plant(found)
    with here.store.reading() as session:
        due = list(_due(session, model, now_ms))
    wrote = number = 0
    for hazard, before, after, region in due:
        if number >= ROUND_MAX:
            break
        result = _compared(here, before, after, region, model)
        if result is None:
            continue
        number += 1
        steps = [OwnStep(RULE, after.record_id, "evidence", {SERVER_CHECK: result.value()})]
        told = _told(found, hazard, after, result, now_ms)
        wrote += len(write_and_tell(here, steps, told))
    if wrote:
        _log.info("repairs checked", extra={"entries": wrote})
    return wrote


def of_plant(found: Definitions) -> Checks:
    """Return what the check goes by, with the plant's gates; raises ModelFileError."""
    gate = found.defaults.number
    return checks.load(float(gate("rectify.min_probability")), float(gate("rectify.max_unchanged")))


def verifiers(found: Definitions, hazard: Record, but: str = "") -> list[Person]:
    """Return who is told about a repair: those responsible for the area who may verify it.

    Never who repaired it, nor `but`.
    """
    subject, area = subject_of(hazard), hazard.text("area")
    barred = {hazard.text("rectifier"), but}
    able = [
        person
        for person in found.plant.people.values()
        if person.person_id not in barred
        and any(may(found.access, found.plant, person, action, subject) for action in VERIFY)
    ]
    near = [person for person in able if area in person.areas]
    return near or able


def _compared(
    here: Site, before: Record, after: Record, region: Region, model: Checks
) -> RepairCheck | None:
    """Return what the originals show; None while one of them cannot be had.

    One that is here and larger than a photo may be will never be read: that is said, once.
    """
    if not (originals.here(here, before) and originals.here(here, after)):
        return None
    used = standing(after)
    how: Reuse = used.how if used else "none"
    for which, photo in (("before", before), ("after", after)):
        if originals.too_large(here, photo):
            return unread(region, model.version, "original", which, how)
    one, two = originals.read(here, before), originals.read(here, after)
    if one is None or two is None:
        return None
    return repair.compared(one, two, region, how, model, "original")


def _due(
    session: Session, model: Checks, now_ms: int
) -> Iterator[tuple[Record, Record, Record, Region]]:
    """Yield hazard, both photos and region of what was not checked like that yet."""
    hazards = [
        *records.find(session, "hazard", state=STATES, limit=records.ALL),
        *records.find(session, "hazard", state="closed", changed_from_ms=now_ms - BACK_MS),
    ]
    for hazard in hazards:
        region = region_of(hazard.get(REGION))
        if region is None:
            continue
        photos = records.evidence_of(session, hazard.record_id)
        after = last_after(photos)
        before = next((one for one in photos if one.record_id == region.photo), None)
        if after is None or before is None:
            continue
        done = check_of(after.get(SERVER_CHECK))
        used = standing(after)
        known = done is not None and done.knows(used.how if used else "none")
        if done is not None and known and done.of(region, model.version):
            continue
        yield hazard, before, after, region


def _told(
    found: Definitions, hazard: Record, after: Record, result: RepairCheck, now_ms: int
) -> list[OwnStep]:
    """Return the notices where device and server do not say the same, or the repair is refused."""
    device = check_of(after.get(CHECK))
    alone = device is None and result.outcome == REFUSED
    if not (disagree(device, result) or alone):
        return []
    step = f"{result.outcome}:{after.record_id}:{'-'.join(map(str, result.region.box))}"
    return notices(found, hazard, step, now_ms)


def notices(
    found: Definitions, hazard: Record, step: str, now_ms: int, *, but: str = ""
) -> list[OwnStep]:
    """Return what those who verify a repair are told about its photos.

    `but` is left out, unless nobody else is there to be told.
    """
    where: dict[str, Value] = {name: hazard.text(name) for name in ("code", "asset", "area")}
    dues = [
        Due(
            rule=RULE_CHECK,
            step=step,
            about=hazard.record_id,
            about_type="hazard",
            to=person.person_id,
            at_ms=now_ms,
            captured_ms=now_ms,
            counted_ms=now_ms,
            params=where,
        )
        for person in verifiers(found, hazard, but) or verifiers(found, hazard)
    ]
    return [OwnStep(RULE, due.notice_id, TYPE, due.cells(now_ms)) for due in dues]
