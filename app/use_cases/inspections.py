"""Checklists: open one by scanning, answer, hand in. Every answer is saved at once."""

from dataclasses import dataclass
from dataclasses import field as part
from typing import cast

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import evidence, handing_in, hazards
from app.use_cases.evidence import EvidenceCard, fix_cell
from app.use_cases.hazard_views import HazardCard
from app.use_cases.scan import Scanned, inspects_elsewhere, may_inspect, open_task
from domain import forms, questions
from domain.errors import (
    AnswerInvalidError,
    LabelUnknownError,
    NotAllowedError,
    RecordMissingError,
    SheetIncompleteError,
)
from domain.forms import Form, Line
from domain.places import Fix
from domain.plant import Asset, Person
from domain.records import Value
from domain.words import Words
from offline_store import drafts

KIND = "sheet"


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One relevant question with its answer, judgement and photos."""

    line: Line  # item, number, value, judgement, photo_needed, photo_missing, complete
    limits: questions.Limits | None
    photos: tuple[EvidenceCard, ...]
    hazard: str | None  # code of the hazard reported from this item
    category: Words
    grade: str
    excuse: Words | None = None  # why its photo could not be taken

    @property
    def stills(self) -> tuple[EvidenceCard, ...]:
        """The photos without the clips: what a question that wants a photo asks for."""
        return tuple(photo for photo in self.photos if not photo.is_clip)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A checklist being filled in."""

    draft_id: str
    code: str  # short code, printed into the photos
    asset: Asset
    form: Form
    area: Words
    label_state: str
    distance_m: int | None
    lines: tuple[SheetLine, ...]
    done: int
    total: int
    next_item: str | None
    findings: tuple[HazardCard, ...]  # open hazards of this asset
    task_id: str | None
    saved_ms: int
    own_area: bool  # False: this person may look and report, but not hand in


@dataclass
class _Draft:
    """A checklist draft as it is stored."""

    asset: str
    form: str
    version: int
    code: str
    via: str
    label_state: str
    distance_m: int | None
    task: str | None
    opened_ms: int
    answers: dict[str, str]
    hazards: dict[str, str]  # item -> hazard record
    hazard_codes: dict[str, str]
    note: str
    person: str
    fix: Value
    own_area: bool
    excused: dict[str, str] = part(default_factory=dict[str, str])  # item -> code of the reason
    excuse_words: dict[str, str] = part(default_factory=dict[str, str])
    drawing: str | None = None  # what drawing was looked at: "DWG-TK-101@2"

    def body(self) -> dict[str, Value]:
        """Return it as JSON."""
        return cast("dict[str, Value]", dict(vars(self)))


def open_sheet(
    field: FieldApp, person: Person, scanned: Scanned, fix: Fix | None, task_id: str | None = None
) -> Sheet:
    """Open the checklist bound to an asset, or go on with the person's draft of it.

    A fresh scan updates how the draft is bound to its label. The oldest open task of this asset
    that is this person's is the one being done, unless `task_id` names another.
    """
    asset = scanned.asset
    if asset is None:
        raise LabelUnknownError(text=scanned.checkpoint.checkpoint_id if scanned.checkpoint else "")
    if not (may_inspect(field, person, asset) or inspects_elsewhere(field, person)):
        raise NotAllowedError(action="inspect.do", person=person.person_id)
    form = field.definitions.forms[asset.template]
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft_id, draft = _open_draft(session, person, asset)
        if draft is None:
            draft_id = field.clock.new_id()
            task = task_id or open_task(session, person, asset)
            draft = _Draft(
                asset.asset_id, form.code, form.version, field.next_code(session, "IN"),
                scanned.via, scanned.label_state, scanned.distance_m, task, now,
                {}, {}, {}, "", person.person_id, fix_cell(fix), may_inspect(field, person, asset),
            )  # fmt: skip
        elif scanned.label_state != "typed":
            draft.via, draft.label_state = scanned.via, scanned.label_state
            draft.distance_m, draft.fix = scanned.distance_m, fix_cell(fix)
        drafts.save(session, draft_id, KIND, person.person_id, draft.body(), now)
        return _sheet(field, session, draft_id, draft, now)


def sheet(field: FieldApp, person: Person, draft_id: str) -> Sheet:
    """Return a draft as it stands; raises RecordMissingError once it was handed in.

    A draft is its person's alone: answers of one never stand under the name of another.
    """
    with field.store.reading() as session:
        draft, saved_ms = _load(session, draft_id, person)
        return _sheet(field, session, draft_id, draft, saved_ms)


def answer(
    field: FieldApp, person: Person, draft_id: str, item_id: str, value: str | None
) -> Sheet:
    """Save one answer (None clears it); raises AnswerInvalidError, and the old answer stays."""
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        item = _form(field, draft).item(item_id)
        if item is None:
            raise RecordMissingError(record=item_id)
        if value is None or not value.strip():
            draft.answers.pop(item_id, None)
        else:
            draft.answers[item_id] = questions.parse_answer(item, value)
        drafts.save(session, draft_id, KIND, draft.person, draft.body(), now)
        return _sheet(field, session, draft_id, draft, now)


def excuse(
    field: FieldApp, person: Person, draft_id: str, item_id: str, reason: str | None, said: str = ""
) -> Sheet:
    """Say why the photo of a question cannot be taken, in the data's words and maybe own ones.

    None takes it back. Raises AnswerInvalidError where no excuse is taken, or not this one. A photo
    taken later counts instead.
    """
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        item = _form(field, draft).item(item_id)
        if item is None:
            raise RecordMissingError(record=item_id)
        draft.excused.pop(item_id, None)
        draft.excuse_words.pop(item_id, None)
        if reason is not None:
            if not item.excusable or reason not in field.definitions.excuses:
                raise AnswerInvalidError(item=item_id, reason="choice")
            draft.excused[item_id] = reason
            if said.strip():
                draft.excuse_words[item_id] = said.strip()[: forms.EXCUSE_MAX]
        drafts.save(session, draft_id, KIND, draft.person, draft.body(), now)
        return _sheet(field, session, draft_id, draft, now)


def link_hazard(session: Session, draft_id: str, item_id: str, hazard_id: str, code: str) -> None:
    """Remember which hazard came from a question; the sheet may be handed in by now."""
    found = drafts.load(session, draft_id)
    if found is None:
        return
    draft = _Draft(**cast("dict[str, object]", found.body))  # type: ignore[arg-type]
    draft.hazards[item_id], draft.hazard_codes[item_id] = hazard_id, code
    drafts.save(session, draft_id, KIND, draft.person, draft.body(), found.changed_ms)


def stand_still(field: FieldApp, person: Person, draft_id: str, reason: str) -> Sheet:
    """Mark the equipment as out of service: every open question becomes "na", with the reason."""
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        draft.note = reason.strip()[: questions.TEXT_MAX]
        drafts.save(session, draft_id, KIND, draft.person, draft.body(), now)
        return _sheet(field, session, draft_id, draft, now)


def looked_at(field: FieldApp, person: Person, draft_id: str, drawing: str) -> None:
    """Remember which version of the drawing the person had before them."""
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        draft.drawing = drawing
        drafts.save(session, draft_id, KIND, draft.person, draft.body(), now)


def hand_in(field: FieldApp, person: Person, draft_id: str, fix: Fix | None) -> str:
    """Turn the draft into a record and finish its task; returns the record id.

    Raises SheetIncompleteError with the first open item, NotAllowedError outside the own areas.
    Out of service (a note is there) hands in
    the questions as they are: the open ones count as not applicable.
    """
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        asset = field.definitions.plant.assets[draft.asset]
        if not may_inspect(field, person, asset):
            raise NotAllowedError(action="inspect.do", person=person.person_id)
        shown = _sheet(field, session, draft_id, draft, now)
        if shown.next_item is not None:
            item = shown.form.item(shown.next_item)
            raise SheetIncompleteError(
                item=item.name if item else "", left=shown.total - shown.done
            )
        field.write(
            session,
            person.person_id,
            kind="edit",
            record_id=draft_id,
            type="inspection",
            definition=shown.form.definition,
            set=_cells(field, draft, shown, person, fix, now),
        )
        handing_in.finish(field, session, person, draft_id, draft.task, now)
    field.nudge()
    return draft_id


def _cells(
    field: FieldApp, draft: _Draft, shown: Sheet, person: Person, fix: Fix | None, now: int
) -> dict[str, Value]:
    area = field.definitions.plant.areas[shown.asset.area]
    lines = shown.lines
    return {
        "state": "submitted",
        "code": draft.code,
        "asset": draft.asset,
        "area": area.code,
        "unit": shown.asset.owner,
        "inspector": person.person_id,
        "via": draft.via,
        "label_state": draft.label_state,
        "task": draft.task,
        "opened_ms": draft.opened_ms,
        "submitted_ms": now,
        "answers": {row.line.item.item_id: row.line.value for row in lines if row.line.value},
        "judged": {row.line.item.item_id: row.line.judgement.state for row in lines},
        "photos": {
            row.line.item.item_id: [photo.evidence_id for photo in row.stills]
            for row in lines
            if row.stills
        },
        **_excuses(draft, shown),
        "hazards": dict(draft.hazards),
        "drawing_version": draft.drawing,
        "fix": fix_cell(field.here(fix)) or draft.fix,
        "note": draft.note,
    }


def _excuses(draft: _Draft, shown: Sheet) -> dict[str, Value]:
    """Return the reasons that stand in for photos; none where every photo is there."""
    used = [row.line.item.item_id for row in shown.lines if row.line.excused]
    cells: dict[str, Value] = {}
    if used:
        cells["excused"] = {item_id: draft.excused[item_id] for item_id in used}
    said = {
        item_id: draft.excuse_words[item_id] for item_id in used if item_id in draft.excuse_words
    }
    if said:
        cells["excuse_words"] = dict(said)
    return cells


def _sheet(field: FieldApp, session: Session, draft_id: str, draft: _Draft, saved_ms: int) -> Sheet:
    definitions = field.definitions
    asset = definitions.plant.assets[draft.asset]
    form = _form(field, draft)
    photos: dict[str, list[EvidenceCard]] = {}
    for card in evidence.cards_in(field, session, draft_id):
        photos.setdefault(card.item_id or "", []).append(card)
    for item_id, hazard_id in draft.hazards.items():  # nobody takes the same photo twice
        photos.setdefault(item_id, []).extend(evidence.cards_in(field, session, hazard_id))
    facts = {"asset": asset.facts}
    answers = draft.answers
    if draft.note:  # out of service: what was not answered does not apply
        answers = {
            item.item_id: "na" for item in form.items if questions.KINDS[item.kind].for_all
        } | answers
    counts = {  # a clip comes beside the photo that a question asks for
        item_id: sum(not card.is_clip for card in cards) for item_id, cards in photos.items()
    }
    progress = forms.check(form, answers, counts, facts, draft.excused)
    rows = tuple(
        SheetLine(
            line,
            questions.limits(line.item, facts) if questions.KINDS[line.item.kind].limited else None,
            tuple(photos.get(line.item.item_id, ())),
            draft.hazard_codes.get(line.item.item_id),
            definitions.hazards.categories[line.item.category].name,
            line.item.grade,
            definitions.excuses.get(draft.excused[line.item.item_id]) if line.excused else None,
        )
        for line in progress.lines
    )
    blocking = [
        line.item.item_id
        for line in progress.lines
        if not line.complete and not (draft.note and line.judgement.state == "open")
    ]  # out of service excuses open questions, never the photo of a bad answer
    return Sheet(
        draft_id=draft_id,
        code=draft.code,
        asset=asset,
        form=form,
        area=definitions.plant.areas[asset.area].name,
        label_state=draft.label_state,
        distance_m=draft.distance_m,
        lines=rows,
        done=progress.total - len(blocking),
        total=progress.total,
        next_item=blocking[0] if blocking else None,
        findings=tuple(
            card
            for card in hazards.open_of_asset(field, session, asset.asset_id)
            if card.record_id not in draft.hazards.values()  # those are of this very check
        ),
        task_id=draft.task,
        saved_ms=saved_ms,
        own_area=draft.own_area,
    )


def _form(field: FieldApp, draft: _Draft) -> Form:
    """A draft goes on with the version it was begun with, also after a newer one has arrived."""
    form = field.definitions.form(draft.form, draft.version)
    if form is None:
        raise RecordMissingError(record=f"{draft.form}@{draft.version}")
    return form


def _load(session: Session, draft_id: str, person: Person) -> tuple[_Draft, int]:
    found = drafts.load(session, draft_id)
    if found is None or found.kind != KIND or found.person_id != person.person_id:
        raise RecordMissingError(record=draft_id)
    return _Draft(**cast("dict[str, object]", found.body)), found.changed_ms  # type: ignore[arg-type]


def _open_draft(session: Session, person: Person, asset: Asset) -> tuple[str, _Draft | None]:
    for found in drafts.find(session, KIND, person.person_id):
        if found.body.get("asset") == asset.asset_id:
            return found.draft_id, _load(session, found.draft_id, person)[0]
    return "", None
