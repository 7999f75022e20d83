"""What the server accepts about maintenance, and about tasks when plans change.

Maintenance is recorded once, by the person whose task it is, with what was used up and, where the
task demands it, a photo. It then finishes that task and no other.
"""

import re
from typing import Final, cast

from domain.access import may, subject_of
from domain.changes import Entry
from domain.errors import EntryInvalidError, NotAllowedError
from domain.plant import Person
from domain.records import Record, Value
from domain.upkeep import NAME_MAX, NOTE_MAX, PARTS_MAX, QUANTITY
from server.scene import Scene

DO: Final = "maintain.do"
PLAN: Final = "inspect.plan"
_SHOT: Final = "upkeep"
_FIXED: Final = frozenset({"kind", "asset", "plan", "done_by", "done_ms"})
_STEPS: Final = frozenset(
    {("open", "withdrawn"), ("open", "missed"), ("withdrawn", "open"), ("missed", "open")}
)


def submit(entry: Entry, record: Record, scene: Scene, person: Person) -> None:
    """Check the one entry of a maintenance record."""
    if scene.record is not None or entry.kind not in {"edit", "decide"}:
        raise EntryInvalidError(reason="append_only")
    if record.text("by") != person.person_id or record.text("state") != "submitted":
        raise NotAllowedError(action=DO, person=person.person_id)
    task = scene.record_of(record.text("task"))
    if task is None or (task.type, task.text("kind")) != ("task", "maintenance"):
        raise EntryInvalidError(reason="task")
    for cell in ("asset", "area", "unit", "plan", "work"):
        if record.text(cell) != task.text(cell):
            raise EntryInvalidError(reason="task")
    if record.whole("submitted_ms") is None or len(record.text("note")) > NOTE_MAX:
        raise EntryInvalidError(reason="fields")
    _parts(record.get("parts"), scene)
    found = scene.definitions
    if not may(found.access, found.plant, person, DO, subject_of(task)):
        raise NotAllowedError(action=DO, person=person.person_id)
    if task.text("evidence") == "always" and not _photographed(record, scene, person):
        raise EntryInvalidError(reason="evidence")


def finish(entry: Entry, scene: Scene, person: Person) -> None:
    """Check that a maintenance task is done by the own record of that very task."""
    task = scene.record
    assert task is not None
    done = scene.record_of(str(entry.set.get("done_by")))
    if (
        done is None
        or (done.type, done.text("state")) != ("maintenance", "submitted")
        or done.text("task") != task.record_id
        or done.text("by") != person.person_id
    ):
        raise EntryInvalidError(reason="done_by")
    found = scene.definitions
    if not may(found.access, found.plant, person, DO, subject_of(task)):
        raise NotAllowedError(action=DO, person=person.person_id)


def replan(entry: Entry, scene: Scene, person: Person) -> None:
    """Check a change of an open task by who plans there: another person, or withdrawn."""
    task = scene.record
    assert task is not None
    if entry.set.keys() & _FIXED:
        raise EntryInvalidError(reason="fields")
    state = task.text("state")
    if state not in {"open", "withdrawn", "missed"}:
        raise EntryInvalidError(reason="append_only")
    if state == "missed" and entry.set.get("state") != "open":
        raise EntryInvalidError(reason="append_only")
    if "state" in entry.set and (state, entry.set["state"]) not in _STEPS:
        raise EntryInvalidError(reason="fields")
    found = scene.definitions
    if not may(found.access, found.plant, person, PLAN, subject_of(task)):
        raise NotAllowedError(action=PLAN, person=person.person_id)


def _parts(value: Value, scene: Scene) -> None:
    if not isinstance(value, list) or len(value) > PARTS_MAX:
        raise EntryInvalidError(reason="parts")
    for part in value:
        if not isinstance(part, dict) or part.keys() != {"zh", "en", "qty", "unit"}:
            raise EntryInvalidError(reason="parts")
        if not all(isinstance(text, str) and 0 < len(text) <= NAME_MAX for text in part.values()):
            raise EntryInvalidError(reason="parts")
        row = cast("dict[str, str]", part)
        if row["unit"] not in scene.definitions.plant.supply_units:
            raise EntryInvalidError(reason="parts")
        if not re.fullmatch(QUANTITY, row["qty"]):
            raise EntryInvalidError(reason="parts")


def _photographed(record: Record, scene: Scene, person: Person) -> bool:
    return any(
        photo.text("shot") == _SHOT
        and photo.text("by") == person.person_id
        and photo.get("withdrawn") is not True
        for photo in scene.photos_of(record.record_id)
    )
