"""Maintenance: open what is due, say what was used up, take the photo, hand in.

A draft is saved at every change, like a checklist, and survives a flat battery. Handing in writes
the record and finishes its task in one transaction.
"""

from dataclasses import dataclass, replace
from typing import cast

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import evidence, handing_in
from app.use_cases.evidence import EvidenceCard, fix_cell
from app.use_cases.scan import Scanned
from domain.access import may, subject_of
from domain.errors import (
    AnswerInvalidError,
    NotAllowedError,
    RecordMissingError,
    UpkeepPhotoError,
)
from domain.places import Fix
from domain.plans import due_upkeep
from domain.plant import Asset, Person
from domain.records import Record, Value
from domain.upkeep import NAME_MAX, NOTE_MAX, PARTS_MAX, parse_quantity
from domain.words import Words
from offline_store import drafts, records

KIND = "upkeep"
SHOT = "upkeep"
DO = "maintain.do"
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class DueCard:
    """Maintenance of one piece of equipment that this person has to do."""

    task_id: str
    title: Words
    work: Words
    due_ms: int
    overdue: bool
    started: bool


@dataclass(frozen=True, slots=True)
class UsedUp:
    """One thing used up; `quantity` is decimal text, `unit` a code with its name beside it."""

    name: Words
    quantity: str
    unit: str
    unit_name: Words


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Maintenance being recorded."""

    draft_id: str
    code: str  # short code, printed into the photos
    task_id: str
    asset: Asset
    area: Words
    title: Words
    work: Words
    due_ms: int
    overdue: bool
    supplies: tuple[UsedUp, ...]
    note: str
    photos: tuple[EvidenceCard, ...]
    photo_needed: bool
    label_state: str
    saved_ms: int
    next_due_ms: int | None  # if it is handed in now

    @property
    def complete(self) -> bool:
        """Whether it can be handed in."""
        return bool(self.photos) or not self.photo_needed


@dataclass(frozen=True, slots=True)
class _Draft:
    """A draft as it is stored."""

    task: str
    asset: str
    code: str
    via: str
    label_state: str
    distance_m: int | None
    opened_ms: int
    person: str
    fix: Value
    parts: list[dict[str, str]]
    note: str = ""
    drawing: str | None = None  # what drawing was looked at: "DWG-TK-101@2"

    def body(self) -> dict[str, Value]:
        """Return it as JSON."""
        cells = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return cast("dict[str, Value]", cells)


def due_here(field: FieldApp, person: Person, asset_id: str) -> tuple[DueCard, ...]:
    """Return this person's maintenance of an asset that is shown by now, first due first."""
    now = field.clock.now_ms()
    ahead = now + field.definitions.defaults.whole("plans.shown_h") * _HOUR_MS
    with field.store.reading() as session:
        found = records.find(session, "task", state="open", asset=asset_id,
                             person=person.person_id, by_due=True)  # fmt: skip
        started = {str(one.body["task"]) for one in drafts.find(session, KIND, person.person_id)}
    return tuple(
        DueCard(
            task_id=task.record_id,
            title=title_of(task),
            work=field.definitions.plant.works[task.text("work")],
            due_ms=task.whole("due_ms") or 0,
            overdue=(task.whole("due_ms") or 0) < now,
            started=task.record_id in started,
        )
        for task in found
        if task.text("kind") == "maintenance"
        and (task.whole("start_ms") or 0) <= ahead
        and task.text("work") in field.definitions.plant.works
        and _may_do(field, person, task)
    )


def open_upkeep(
    field: FieldApp,
    person: Person,
    task_id: str,
    scanned: Scanned | None = None,
    fix: Fix | None = None,
) -> Upkeep:
    """Begin the maintenance of a task, or go on with the person's draft of it.

    `scanned` is how the equipment was found; a fresh label updates an older draft.
    """
    now = field.clock.now_ms()
    with field.store.session() as session:
        task = records.get(session, task_id)
        if not _may_do(field, person, task):
            raise NotAllowedError(action=DO, person=person.person_id)
        draft_id, draft = _open_draft(session, person, task_id)
        if draft is None:
            draft_id = field.clock.new_id()
            draft = _Draft(
                task_id, task.text("asset"), field.next_code(session, "MT"), "list", "typed", None,
                now, person.person_id, None, _planned(task),
            )  # fmt: skip
        if scanned is not None and (scanned.label_state != "typed" or draft.via == "list"):
            draft = replace(
                draft,
                via=scanned.via,
                label_state=scanned.label_state,
                distance_m=scanned.distance_m,
                fix=fix_cell(fix),
            )
        return _saved(field, session, draft_id, draft, now)


def upkeep(field: FieldApp, person: Person, draft_id: str) -> Upkeep:
    """Return a draft as it stands; raises RecordMissingError once it was handed in."""
    with field.store.reading() as session:
        draft, saved_ms = _load(session, draft_id, person)
        return _upkeep(field, session, draft_id, draft, saved_ms)


def set_quantity(field: FieldApp, person: Person, draft_id: str, number: int, text: str) -> Upkeep:
    """Change how much of a part was used; raises AnswerInvalidError, and the old amount stays."""
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        part = _part(draft, number)
        changed = {**part, "qty": parse_quantity(text, part["zh"])}
        parts = [changed if one is part else one for one in draft.parts]
        return _saved(field, session, draft_id, replace(draft, parts=parts), now)


def add_part(
    field: FieldApp, person: Person, draft_id: str, name: str, quantity: str, unit: str
) -> Upkeep:
    """Add something that was not planned; its name stands in every language as it was typed."""
    name = name.strip()
    if not 0 < len(name) <= NAME_MAX:
        raise AnswerInvalidError(item=name[:NAME_MAX], reason="size")
    if unit not in field.definitions.plant.supply_units:
        raise AnswerInvalidError(item=name, reason="choice")
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        if len(draft.parts) >= PARTS_MAX:
            raise AnswerInvalidError(item=name, reason="size")
        part = {"zh": name, "en": name, "qty": parse_quantity(quantity, name), "unit": unit}
        parts = [*draft.parts, part]
        return _saved(field, session, draft_id, replace(draft, parts=parts), now)


def remove_part(field: FieldApp, person: Person, draft_id: str, number: int) -> Upkeep:
    """Take out a part that was not used."""
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        gone = _part(draft, number)
        parts = [one for one in draft.parts if one is not gone]
        return _saved(field, session, draft_id, replace(draft, parts=parts), now)


def write_note(field: FieldApp, person: Person, draft_id: str, note: str) -> Upkeep:
    """Keep what the person writes beside it."""
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        return _saved(field, session, draft_id, replace(draft, note=note[:NOTE_MAX]), now)


def looked_at(field: FieldApp, person: Person, draft_id: str, drawing: str) -> None:
    """Remember which version of the drawing the person had before them."""
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        _saved(field, session, draft_id, replace(draft, drawing=drawing), now)


def hand_in(field: FieldApp, person: Person, draft_id: str, fix: Fix | None) -> str:
    """Turn the draft into a record and finish its task; returns the record id.

    Raises UpkeepPhotoError without the photo that the task demands.
    """
    now = field.clock.now_ms()
    with field.store.session() as session:
        draft, _ = _load(session, draft_id, person)
        task = records.get(session, draft.task)
        if not _may_do(field, person, task):
            raise NotAllowedError(action=DO, person=person.person_id)
        shown = _upkeep(field, session, draft_id, draft, now)
        if not shown.complete:
            raise UpkeepPhotoError(asset=draft.asset)
        field.write(
            session,
            person.person_id,
            kind="edit",
            record_id=draft_id,
            type="maintenance",
            definition="maintenance@1",
            set=_cells(field, draft, task, shown, fix, now),
        )
        handing_in.finish(field, session, person, draft_id, draft.task, now)
    field.nudge()
    return draft_id


def title_of(task: Record) -> Words:
    """Return what a maintenance task is called."""
    title = task.get("title")
    names = {name: str(text) for name, text in title.items()} if isinstance(title, dict) else {}
    return Words({"zh": "", "en": "", **names})


def _cells(
    field: FieldApp, draft: _Draft, task: Record, shown: Upkeep, fix: Fix | None, now: int
) -> dict[str, Value]:
    same = {cell: task.get(cell) for cell in ("asset", "area", "unit", "plan", "work")}
    return {
        **same,
        "state": "submitted",
        "code": draft.code,
        "task": draft.task,
        "by": draft.person,
        "via": draft.via,
        "label_state": draft.label_state,
        "opened_ms": draft.opened_ms,
        "submitted_ms": now,
        "next_due_ms": shown.next_due_ms,
        "parts": [cast("Value", part) for part in draft.parts],
        "note": draft.note.strip(),
        "drawing_version": draft.drawing,
        "fix": fix_cell(field.here(fix)) or draft.fix,
    }


def _saved(field: FieldApp, session: Session, draft_id: str, draft: _Draft, now: int) -> Upkeep:
    drafts.save(session, draft_id, KIND, draft.person, draft.body(), now)
    return _upkeep(field, session, draft_id, draft, now)


def _upkeep(
    field: FieldApp, session: Session, draft_id: str, draft: _Draft, saved_ms: int
) -> Upkeep:
    plant = field.definitions.plant
    task = records.get(session, draft.task)
    asset = plant.assets[draft.asset]
    due_ms, now = task.whole("due_ms") or 0, field.clock.now_ms()
    plan = next((one for one in plant.maintenance if one.plan_id == task.text("plan")), None)
    following = plan and due_upkeep(plan, field.definitions.day0, plant.timezone, now).due_ms
    return Upkeep(
        draft_id=draft_id,
        code=draft.code,
        task_id=draft.task,
        asset=asset,
        area=plant.areas[asset.area].name,
        title=title_of(task),
        work=plant.works[task.text("work")],
        due_ms=due_ms,
        overdue=due_ms < now,
        supplies=tuple(
            UsedUp(
                Words({"zh": part["zh"], "en": part["en"]}),
                part["qty"],
                part["unit"],
                plant.supply_units[part["unit"]],
            )
            for part in draft.parts
        ),
        note=draft.note,
        photos=tuple(evidence.cards_in(field, session, draft_id)),
        photo_needed=task.text("evidence") == "always",
        label_state=draft.label_state,
        saved_ms=saved_ms,
        next_due_ms=following,
    )


def _planned(task: Record) -> list[dict[str, str]]:
    """Return the parts that the plan expects, as a proposal."""
    parts = task.get("parts")
    return [
        {cell: str(part.get(cell, "")) for cell in ("zh", "en", "qty", "unit")}
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, dict)
    ]


def _part(draft: _Draft, number: int) -> dict[str, str]:
    if not 0 <= number < len(draft.parts):
        raise RecordMissingError(record=str(number))
    return draft.parts[number]


def _may_do(field: FieldApp, person: Person, task: Record) -> bool:
    found = field.definitions
    return (
        task.type == "task"
        and task.text("kind") == "maintenance"
        and may(found.access, found.plant, person, DO, subject_of(task))
    )


def _load(session: Session, draft_id: str, person: Person) -> tuple[_Draft, int]:
    found = drafts.load(session, draft_id)
    if found is None or found.kind != KIND or found.person_id != person.person_id:
        raise RecordMissingError(record=draft_id)
    return _Draft(**cast("dict[str, object]", found.body)), found.changed_ms  # type: ignore[arg-type]


def _open_draft(session: Session, person: Person, task_id: str) -> tuple[str, _Draft | None]:
    for found in drafts.find(session, KIND, person.person_id):
        if found.body.get("task") == task_id:
            return found.draft_id, _load(session, found.draft_id, person)[0]
    return "", None
