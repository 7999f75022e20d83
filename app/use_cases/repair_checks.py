"""The rectification check on this device: before and after photo, and where the defect was.

Runs on the originals where they are here, else on the watermarked copies; what it found is a cell
of the after photo, so it reaches everybody with it. The server runs it again on the originals.
"""

from dataclasses import dataclass
from functools import lru_cache

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import used_photos
from app.use_cases.evidence import DEFINITION, PREVIEW_EDGE
from app.use_cases.hazard_corrections import correct
from app.use_cases.used_photos import UsedView
from domain.corrections import may_correct
from domain.definitions import Definitions
from domain.errors import MoveRefusedError, PictureError
from domain.evidence import PHOTO
from domain.plant import Person
from domain.records import Record
from domain.rectification import RegionMissingError, Reuse
from domain.repair_checks import (
    CHECK,
    REGION,
    SERVER_CHECK,
    Region,
    RepairCheck,
    check_of,
    disagree,
    last_after,
    region_of,
)
from domain.used_photos import standing
from media import images, repair
from media.checks import Checks
from media.repair import Pictures
from offline_store import blobs, records

_SHOWN_MAX = 2  # pairs whose pictures are kept to be shown again


@dataclass(frozen=True, slots=True)
class CheckView:
    """What is known of the last photo of a repair. `stale`: the region was marked anew since.

    `check` is what its device found and `server` what the server did, where they have; `differs`
    that they came to other outcomes. `may_mark`: this person may say where the defect is.
    """

    photo_id: str
    before_id: str
    region: Region | None
    check: RepairCheck | None
    server: RepairCheck | None
    differs: bool
    stale: bool
    used: UsedView | None
    may_mark: bool

    @property
    def shown(self) -> RepairCheck | None:
        """Return the one that counts for a reviewer: on the originals, if that was done."""
        return self.server or self.check


@dataclass(frozen=True, slots=True)
class Paper:
    """A photo to mark on: JPEG for the screen, and its size."""

    picture: bytes
    width: int
    height: int


def paper(field: FieldApp, photo_id: str) -> Paper:
    """Return a photo to mark on; raises PictureError where it is not on this device."""
    with field.store.reading() as session:
        photo = records.get(session, photo_id)
    found = bytes_of(field, photo)
    if found is None:
        raise PictureError
    picture = images.preview(found[0], PREVIEW_EDGE)
    facts = images.inspect(picture)
    return Paper(picture, facts.width, facts.height)


def mark(
    field: FieldApp,
    person: Person,
    record_id: str,
    region: Region,
) -> None:
    """Say where the defect is on a photo of the report.

    Raises NotAllowedError, EntryInvalidError, or MoveRefusedError where nothing changes.
    """
    with field.store.session() as session:
        record = records.get(session, record_id)
        if region_of(record.get(REGION)) == region:
            raise MoveRefusedError(reason="unchanged")
        correct(field, session, person, record, {REGION: region.value()})
    field.nudge()


def run(field: FieldApp, person: Person, record_id: str) -> RepairCheck | None:
    """Check the last photo of a repair, unless that was done; takes seconds: call it in a thread.

    None where there is nothing to check: no photo of this person, no region, or no picture of
    both here yet. Raises ModelFileError.
    """
    with field.store.reading() as session:
        found = _pair(session, record_id)
    if found is None:
        return None
    before, after, region = found
    checks = field.checks
    done = check_of(after.get(CHECK))
    if done is not None and done.of(region, checks.version):
        return done
    if after.text("by") != person.person_id:
        return None
    one, two = bytes_of(field, before), bytes_of(field, after)
    if one is None or two is None:
        return None
    used = standing(after)
    how: Reuse = used.how if used else "none"
    basis = "original" if one[1] and two[1] else "copy"
    result = repair.compared(one[0], two[0], region, how, checks, basis)
    with field.store.session() as session:
        field.write(
            session,
            person.person_id,
            kind="edit",
            record_id=after.record_id,
            type="evidence",
            definition=DEFINITION,
            set={CHECK: result.value()},
        )
    field.nudge()
    return result


def pictures(field: FieldApp, record_id: str) -> Pictures:
    """Return the photos of a repair laid on each other; takes seconds: call it in a thread.

    Raises RegionMissingError where nobody marked the defect, PictureError.
    """
    with field.store.reading() as session:
        found = _pair(session, record_id)
    if found is None:
        raise RegionMissingError
    before, after, region = found
    one, two = bytes_of(field, before), bytes_of(field, after)
    if one is None or two is None:
        raise PictureError
    return _drawn(one[0], two[0], region, field.checks)


def view_of(field: FieldApp, session: Session, person: Person, hazard: Record) -> CheckView | None:
    """Return what is known of the last photo of a repair; None while there is none."""
    photos = records.evidence_of(session, hazard.record_id)
    after, region = last_after(photos), region_of(hazard.get(REGION))
    if after is None:
        return None
    check, server = check_of(after.get(CHECK)), check_of(after.get(SERVER_CHECK))
    now = server or check
    return CheckView(
        photo_id=after.record_id,
        before_id=region.photo if region else "",
        region=region,
        check=check,
        server=server,
        differs=disagree(check, server),
        stale=now is not None and now.region != region,
        used=used_photos.view_of(field, session, after),
        may_mark=may_mark(field.definitions, hazard, person),
    )


def may_mark(definitions: Definitions, hazard: Record, person: Person) -> bool:
    """Say whether this person may mark where the defect is."""
    return may_correct(definitions.workflows["hazard"], hazard, REGION, person, definitions)


def marked(photos: list[Record], region: Region | None) -> Record | None:
    """Return the photo of the report that a region is marked on; None where it is gone."""
    if region is None:
        return None
    return next(
        (
            one
            for one in photos
            if one.record_id == region.photo and (one.text("media") or PHOTO) == PHOTO
        ),
        None,
    )


def _pair(session: Session, record_id: str) -> tuple[Record, Record, Region] | None:
    hazard = records.get(session, record_id)
    photos = records.evidence_of(session, record_id)
    region, after = region_of(hazard.get(REGION)), last_after(photos)
    before = marked(photos, region)
    if region is None or before is None or after is None:
        return None
    return before, after, region


def bytes_of(field: FieldApp, photo: Record) -> tuple[bytes, bool] | None:
    """Return the picture of a photo, and whether it is the original."""
    for cell in ("original", "stamped"):
        data = blobs.read(field.store, photo.text(cell)) if photo.text(cell) else None
        if data is not None:
            return data, cell == "original"
    return None


@lru_cache(maxsize=_SHOWN_MAX)
def _drawn(before: bytes, after: bytes, region: Region, checks: Checks) -> Pictures:
    return repair.pictures(before, after, region, checks)
