"""Reporting a hazard: a draft saved with every change, then one record, routed by data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import evidence, inspections
from app.use_cases.evidence import EvidenceCard, fix_cell
from app.use_cases.hazard_fields import FieldView, asked_first, parse_fields
from app.use_cases.hazard_views import category_words, factor_words
from app.use_cases.hazards import DEFINITION
from domain.errors import MoveRefusedError, RecordMissingError
from domain.hazards import Proposal, element_of, propose, route
from domain.places import Fix
from domain.plant import Person
from domain.questions import TEXT_MAX
from domain.records import Value
from domain.repair_checks import REGION, Region, region_of
from domain.words import Words
from offline_store import drafts

KIND = "report"


@dataclass(frozen=True, slots=True)
class HazardDraft:
    """A report being written. Category, grade and place are proposals until sent."""

    draft_id: str
    code: str
    words: str
    asset_id: str | None
    area: str | None
    place: Words | None
    category: str
    category_words: Words | None
    element: str  # man, machine, material, method, environment; empty: nothing pointed to one
    element_words: Words | None
    factor_words: Words | None  # GB/T 13861
    grade: str
    proposal: Proposal
    photos: tuple[EvidenceCard, ...]
    source_item: Words | None  # the failed question
    can_send: bool  # words or a photo are there
    fields: tuple[FieldView, ...] = ()  # what the plant's data asks beside
    region: Region | None = None  # where the defect is, on a photo that is still there


@dataclass
class _Draft:
    """A report as it is stored; category and grade are None while the proposal stands."""

    code: str
    words: str
    asset: str | None
    area: str | None
    category: str | None
    grade: str | None
    sheet: str | None
    item: str | None
    form: str | None
    label_state: str
    person: str
    element: str | None = None
    fields: dict[str, Value] | None = None  # None: none yet, as in drafts of earlier versions
    region: dict[str, Value] | None = None

    def body(self) -> dict[str, Value]:
        """Return it as JSON."""
        return cast("dict[str, Value]", dict(vars(self)))


def open_draft(
    field: FieldApp,
    person: Person,
    *,
    asset_id: str | None = None,
    sheet_id: str | None = None,
    item_id: str | None = None,
    label_state: str = "typed",
) -> HazardDraft:
    """Begin a report, freely or from a failed question; goes on with an open one."""
    now = field.clock.now_ms()
    with field.store.session() as session:
        for found in drafts.find(session, KIND, person.person_id):
            same = (found.body.get("sheet"), found.body.get("item")) == (sheet_id, item_id)
            if same and found.body.get("asset") == asset_id:
                return _shown(
                    field, session, found.draft_id, _load(session, found.draft_id, person)
                )
        draft_id = field.clock.new_id()
        form: str | None = None
        if sheet_id:
            sheet = drafts.load(session, sheet_id)
            if sheet is None:
                raise RecordMissingError(record=sheet_id)
            asset_id = str(sheet.body["asset"])
            form = f"{sheet.body['form']}@{sheet.body['version']}"
            label_state = str(sheet.body["label_state"])
        asset = field.definitions.plant.assets.get(asset_id or "")
        draft = _Draft(
            code=field.next_code(session, "HZ"),
            words="",
            asset=asset_id,
            area=asset.area if asset else None,
            category=None,
            grade=None,
            sheet=sheet_id,
            item=item_id,
            form=form,
            label_state=label_state,
            person=person.person_id,
        )
        drafts.save(session, draft_id, KIND, person.person_id, draft.body(), now)
        return _shown(field, session, draft_id, draft)


def change_draft(
    field: FieldApp, person: Person, draft_id: str, **changes: str | None
) -> HazardDraft:
    """Save words, asset (its area follows), area, category, element or grade of a draft at once."""
    with field.store.session() as session:
        draft = _load(session, draft_id, person)
        if "words" in changes:
            changes["words"] = (changes["words"] or "")[:TEXT_MAX]
        if "asset_id" in changes:
            asset = field.definitions.plant.assets.get(changes.pop("asset_id") or "")
            changes |= {"asset": asset.asset_id, "area": asset.area} if asset else {"asset": None}
        draft = replace(draft, **changes)
        drafts.save(session, draft_id, KIND, draft.person, draft.body(), field.clock.now_ms())
        return _shown(field, session, draft_id, draft)


def answer_fields(
    field: FieldApp, person: Person, draft_id: str, answers: Mapping[str, str]
) -> HazardDraft:
    """Save answers to what the plant's data asks; raises AnswerInvalidError."""
    given = parse_fields(field.definitions, answers)
    with field.store.session() as session:
        draft = _load(session, draft_id, person)
        draft = replace(draft, fields={**(draft.fields or {}), **given})
        drafts.save(session, draft_id, KIND, draft.person, draft.body(), field.clock.now_ms())
        return _shown(field, session, draft_id, draft)


def mark_region(
    field: FieldApp, person: Person, draft_id: str, region: Region | None
) -> HazardDraft:
    """Save where the defect is on a photo of the draft; None takes it back."""
    with field.store.session() as session:
        draft = _load(session, draft_id, person)
        draft = replace(draft, region=region.value() if region else None)
        drafts.save(session, draft_id, KIND, draft.person, draft.body(), field.clock.now_ms())
        return _shown(field, session, draft_id, draft)


def draft(field: FieldApp, person: Person, draft_id: str) -> HazardDraft:
    """Return a draft; raises RecordMissingError once it was sent or dropped."""
    with field.store.reading() as session:
        return _shown(field, session, draft_id, _load(session, draft_id, person))


def drop_draft(field: FieldApp, person: Person, draft_id: str) -> None:
    """Throw a draft away."""
    with field.store.session() as session:
        _load(session, draft_id, person)
        drafts.delete(session, draft_id)


def report(field: FieldApp, person: Person, draft_id: str, fix: Fix | None) -> str:
    """Turn the draft into a record, routed by the data; returns the record id.

    Raises MoveRefusedError (reason "empty") where there are neither words nor a photo.
    """
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft = _load(session, draft_id, person)
        shown = _shown(field, session, draft_id, draft)
        if not shown.can_send:
            raise MoveRefusedError(reason="empty")
        field.write(
            session,
            person.person_id,
            kind="edit",
            record_id=draft_id,
            type="hazard",
            definition=DEFINITION,
            set=_cells(field, draft, shown, person, fix, now),
        )
        if draft.sheet and draft.item:
            inspections.link_hazard(session, draft.sheet, draft.item, draft_id, draft.code)
        drafts.delete(session, draft_id)
    field.nudge()
    return draft_id


def _cells(
    field: FieldApp,
    draft: _Draft,
    shown: HazardDraft,
    person: Person,
    fix: Fix | None,
    now: int,
) -> dict[str, Value]:
    definitions = field.definitions
    asset = definitions.plant.assets.get(draft.asset or "")
    area = definitions.plant.areas.get(draft.area or "")
    unit = route(
        definitions.hazards,
        definitions.plant,
        definitions.access,
        shown.category or None,
        area,
        asset,
    )
    proposal = shown.proposal
    return {
        "state": "reported",
        "action": "hazard.report",
        "code": draft.code,
        "words": draft.words,
        "language": field.spoken,
        "reporter": person.person_id,
        "reported_ms": now,
        "asset": draft.asset,
        "area": draft.area,
        "category": shown.category or None,
        "element": shown.element or None,
        "grade": shown.grade,
        "proposed": {
            "category": proposal.category,
            "element": element_of(definitions.hazards, shown.category),
            "grade": proposal.grade,
            "reasons": [dict(row.words.by_language) for row in proposal.reasons],
        },
        "unit": unit,
        "source": {"inspection": draft.sheet, "item": draft.item, "form": draft.form}
        if draft.sheet
        else None,
        "label_state": draft.label_state,
        "fix": fix_cell(field.here(fix)),
        **({REGION: shown.region.value()} if shown.region else {}),
        **{one.item.item_id: one.value for one in shown.fields if one.value},
    }


def _shown(field: FieldApp, session: Session, draft_id: str, draft: _Draft) -> HazardDraft:
    definitions = field.definitions
    asset = definitions.plant.assets.get(draft.asset or "")
    area = definitions.plant.areas.get(draft.area or "")
    form_name, _, version = (draft.form or "").partition("@")
    form = definitions.form(form_name, int(version)) if version else None
    item = form.item(draft.item) if form and draft.item else None
    proposal = propose(definitions.hazards, draft.words, asset, area, item)
    category = draft.category or proposal.category or ""
    element = draft.element or element_of(definitions.hazards, category) or ""
    grade = draft.grade or proposal.grade
    cells = {**(draft.fields or {}), "category": category, "grade": grade}
    cells |= {"asset": draft.asset, "area": draft.area, "element": element}
    photos = tuple(evidence.cards_in(field, session, draft_id))
    return HazardDraft(
        draft_id=draft_id,
        code=draft.code,
        words=draft.words,
        asset_id=draft.asset,
        area=draft.area,
        place=asset.name if asset else area.name if area else None,
        category=category,
        category_words=category_words(definitions, category),
        element=element,
        element_words=definitions.hazards.elements.get(element),
        factor_words=factor_words(definitions, category),
        grade=grade,
        proposal=proposal,
        photos=photos,
        source_item=item.name if item else None,
        can_send=bool(draft.words.strip() or photos or item),
        fields=asked_first(definitions, cells),
        region=_region(draft, photos),
    )


def _region(draft: _Draft, photos: tuple[EvidenceCard, ...]) -> Region | None:
    """Return the region while its photo is still one of the draft's: a retake is marked anew."""
    region = region_of(draft.region)
    return region if region and any(one.evidence_id == region.photo for one in photos) else None


def _load(session: Session, draft_id: str, person: Person) -> _Draft:
    found = drafts.load(session, draft_id)
    if found is None or found.kind != KIND or found.person_id != person.person_id:
        raise RecordMissingError(record=draft_id)
    return _Draft(**cast("dict[str, object]", found.body))  # type: ignore[arg-type]
