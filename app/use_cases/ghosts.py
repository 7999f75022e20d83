"""The outline of a photo that is here, to take the next one from the same place."""

from functools import lru_cache

from app.field import FieldApp
from app.use_cases.repair_checks import bytes_of, marked
from domain.errors import PictureError
from domain.rectification import RegionError
from domain.repair_checks import REGION, WHOLE, Region, region_of
from media import repair
from media.outline import Outline, outline
from offline_store import records

_KEPT = 4  # outlines in memory: some 100 KB each


def of_hazard(field: FieldApp, record_id: str) -> Outline | None:
    """Return the ghost of the photo before: the marked one, else the last close one of the report.

    None where no such photo is on this device, or it shows no lines to go by. Looks at a marked one
    as the check of the repair will, so that who photographs it waits for less. Takes up to some
    tenths of a second once per photo: call it in a thread.
    """
    with field.store.reading() as session:
        hazard = records.lookup(session, record_id)
        if hazard is None:
            return None
        found = records.evidence_of(session, record_id)
        region = region_of(hazard.get(REGION))
    photos = [one for one in found if one.get("withdrawn") is not True]
    photo = marked(photos, region)
    if photo is None:
        region = None
        close = [one for one in photos if one.text("shot") == "closeup" and not one.text("media")]
        photo = close[-1] if close else None
    picture = bytes_of(field, photo) if photo is not None else None
    if picture is None:
        return None
    try:
        lines = _drawn(picture[0], region)
        if region is not None:
            repair.expect(picture[0], region)
    except (
        PictureError,
        RegionError,
    ):  # the photo is shown as absent elsewhere; here it only cannot help
        return None
    return lines if lines.helps else None


@lru_cache(maxsize=_KEPT)
def _drawn(photo: bytes, region: Region | None) -> Outline:
    if region is None:
        return outline(photo)
    left, top, right, bottom = (side / WHOLE for side in region.box)
    return outline(photo, (left, top, right, bottom))
