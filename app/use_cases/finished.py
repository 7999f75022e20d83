"""A finished inspection as it is shown: what was asked, answered and judged."""

from collections import Counter
from dataclasses import dataclass

from app.field import FieldApp
from app.translate import Translator
from app.use_cases import evidence
from app.use_cases.evidence import EvidenceCard
from app.use_cases.readable import READ, may_read
from domain.errors import NotAllowedError, RecordMissingError
from domain.plant import Person
from domain.words import Words
from media.papers import inspection
from media.papers.answers import answer_words, limit_words
from media.papers.facts import hazard_codes
from offline_store import records

TYPE = "inspection"


@dataclass(frozen=True, slots=True)
class FinishedLine:
    """One question; `state` is what was judged when it was handed in.

    `answer` is empty where the judgement says it all: OK, not OK, not applicable. `excuse` says why
    there is no photo, `hazard` is the code of what was reported from it; each is empty if not.
    """

    item_id: str
    number: int
    name: Words
    answer: str
    limits: str
    state: str
    excuse: str
    hazard_id: str
    hazard: str


@dataclass(frozen=True, slots=True)
class FinishedView:
    """A finished inspection. `lines` is empty where the checklist's version is not here."""

    record_id: str
    code: str
    asset_id: str
    asset: Words | None
    area: Words | None
    form: Words | None
    inspector: Words | None
    submitted_ms: int
    note: str
    found: str  # how many questions, how many bad or near their limit
    lines: tuple[FinishedLine, ...]
    photos: tuple[EvidenceCard, ...]


def view(field: FieldApp, person: Person, record_id: str, t: Translator) -> FinishedView:
    """Return a finished inspection in the words of `t`.

    Raises RecordMissingError, NotAllowedError.
    """
    with field.store.reading() as session:
        record = records.get(session, record_id)
        if record.type != TYPE:
            raise RecordMissingError(record=record_id)
        if not may_read(field, person, record):
            raise NotAllowedError(action=READ, person=person.person_id)
        photos = tuple(evidence.cards_in(field, session, record_id))
        codes = hazard_codes(session, record.get("hazards"))
    definitions = field.definitions
    plant = definitions.plant
    asset, area = plant.assets.get(record.text("asset")), plant.areas.get(record.text("area"))
    inspector = plant.people.get(record.text("inspector"))
    form = inspection.form_of(definitions, record)
    counts = Counter(one.item_id or "" for one in photos if not one.is_clip)
    judged = inspection.texts_of(record.get("judged"))
    hazards = inspection.texts_of(record.get("hazards"))
    return FinishedView(
        record_id=record_id,
        code=record.text("code"),
        asset_id=record.text("asset"),
        asset=asset.name if asset else None,
        area=area.name if area else None,
        form=form.name if form else None,
        inspector=inspector.name if inspector else None,
        submitted_ms=record.whole("submitted_ms") or 0,
        note=record.text("note"),
        found=inspection.found_words(t, record),
        lines=tuple(
            FinishedLine(
                one.item.item_id,
                one.number,
                one.item.name,
                "" if one.item.kind == "ok" else answer_words(t, one.item, one.value),
                limit_words(t, inspection.limits_of(definitions, record, one.item)),
                judged.get(one.item.item_id, one.judgement.state),
                inspection.excuse_words(t, definitions, record, one.item.item_id),
                hazards.get(one.item.item_id, ""),
                codes.get(hazards.get(one.item.item_id, ""), ""),
            )
            for one in inspection.lines_of(definitions, record, counts)
        ),
        photos=photos,
    )
