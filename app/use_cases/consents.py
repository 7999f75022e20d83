"""Consent before a photo of a person: what is asked, and whether that person said no."""

from dataclasses import dataclass

from app.field import FieldApp
from app.use_cases.evidence import Target
from domain import privacy
from domain.evidence import PHOTO
from domain.privacy import MediaKind, Purpose
from domain.words import Words
from offline_store import records


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is asked before the camera opens; `refused` is who has said no already."""

    purpose: Purpose
    keep_days: int
    refused: Words | None


def shows_somebody(field: FieldApp, target: Target) -> bool:
    """Say whether a photo of this kind shows another person than who takes it."""
    return _kind(field, target) is not None


def asked(field: FieldApp, target: Target) -> Asked | None:
    """Return what has to be asked before this photo; None where it shows nobody."""
    kind = _kind(field, target)
    if kind is None:
        return None
    return Asked(
        field.definitions.privacy.purposes[kind.purpose], kind.keep_days, _refused(field, target)
    )


def _kind(field: FieldApp, target: Target) -> MediaKind | None:
    kind = field.definitions.privacy.of_cells({"shot": target.shot, "media": PHOTO})
    return kind if kind is not None and kind.whose != "by" else None


def _refused(field: FieldApp, target: Target) -> Words | None:
    """Return the person shown, where it is known who that is and they withdrew their consent."""
    kind = _kind(field, target)
    with field.store.reading() as session:
        parent = records.lookup(session, target.record_id)
        person_id = parent.text("assignee") if parent else ""
        if kind is None or not person_id:
            return None
        said = records.find(session, privacy.CONSENT, author=person_id, limit=records.ALL)
    latest = privacy.consents(said).get((person_id, kind.purpose))
    if latest is None or latest.text("state") != privacy.WITHDRAWN:
        return None
    person = field.definitions.plant.people.get(person_id)
    return person.name if person else Words({"zh": person_id, "en": person_id})
