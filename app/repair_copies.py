"""The pictures that a repair is compared with come along before somebody stands there offline."""

from typing import Final

from sqlmodel import Session

from app.field import FieldApp
from domain.records import Record
from domain.repair_checks import REGION, last_after, region_of
from offline_store import blobs, keep, records

STATES: Final = ("dispatched", "rectifying", "reopened", "to_verify", "to_review")
MOST: Final = 50  # hazards a device takes copies of along: some 25 MB


def look(field: FieldApp) -> bool:
    """Ask for the copies that are missing, where something came since; says that nothing was.

    Of hazards that somebody of this device repairs, the marked photo; of those that others
    repaired, the copies are asked for when the hazard is opened (`ask_for`).
    """
    if field.pack is None:
        return False
    with field.store.reading() as session:
        feed = keep.cursor(session).feed
        if feed == field.copies_at:
            return False
        found = records.find(session, "hazard", state=STATES[:3], limit=MOST)
        mine = [one for one in found if _ours(field, one)]
        missing = [sha for one in mine for sha in _missing(field, session, one)]
    _want(field, missing)
    field.copies_at = feed
    return False


def ask_for(field: FieldApp, record_id: str) -> None:
    """Ask for the copies of a hazard in view, before and after."""
    with field.store.reading() as session:
        record = records.lookup(session, record_id)
        missing = _missing(field, session, record, after=True) if record else []
    if missing:
        _want(field, missing)
        field.nudge()


def _ours(field: FieldApp, hazard: Record) -> bool:
    people = field.certificate.people if field.certificate else None
    return people is None or hazard.text("assignee") in people


def _missing(
    field: FieldApp, session: Session, hazard: Record, *, after: bool = False
) -> list[str]:
    region = region_of(hazard.get(REGION))
    if region is None:
        return []
    photos = records.evidence_of(session, hazard.record_id)
    wanted = [one for one in photos if one.record_id == region.photo]
    last = last_after(photos) if after else None
    shas = [
        (one.text("stamped"), one.text("original")) for one in (*wanted, *([last] if last else []))
    ]
    return [
        stamped
        for stamped, original in shas
        if stamped
        and not blobs.is_here(field.store, stamped)
        and not blobs.is_here(field.store, original)
        and blobs.lookup(session, stamped) is None
    ]


def _want(field: FieldApp, missing: list[str]) -> None:
    if not missing:
        return
    with field.store.session() as session:
        for sha in missing:
            blobs.want(session, sha, kind="stamped")
