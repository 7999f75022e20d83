"""What the server accepts about notices from devices: reminders of their own person, and "seen".

Everything else is said by the server itself (`server.rights`). Nobody keeps it from being said: the
id of a notice follows from what it says, and no other record may have such an id (`check_id`
keeps the other ids that can be worked out, too).
"""

from collections.abc import Mapping
from typing import Final

from domain import gaps, quarantine, registers
from domain.access import may, subject_of
from domain.changes import Entry
from domain.errors import EntryInvalidError, NotAllowedError
from domain.hazards import ACCEPT
from domain.notices import PARAMS_MAX, PREFIX, REMINDER, RULES, STATE, STEP_MAX, TYPE, notice_id
from domain.plans import is_task_id
from domain.plant import Person
from domain.records import Value
from server.scene import Scene

_TEXTS: Final = ("rule", "step", "to", "about", "about_type", "level")
_TIMES: Final = ("told_ms", "captured_ms", "counted_ms")
_CELLS: Final = frozenset({"state", "params", *_TEXTS, *_TIMES})
_TEXT_MAX: Final = 1000
_RESERVED: Final = {
    PREFIX: TYPE,
    gaps.PREFIX: gaps.TYPE,
    registers.PREFIX: "register",
    quarantine.PREFIX: quarantine.TYPE,
}
_STARTS: Final = tuple(_RESERVED)
_BARE: Final = frozenset({"task", "device"})  # the record of a device has the device's own id


def check_id(entry: Entry) -> None:
    """Keep ids that follow from what a record says for records of that type.

    Anybody can work such an id out; another record in its place would silence a notice, hide a gap
    or keep a round from being made.
    """
    if entry.type != TYPE and is_free(entry.record_id):
        return
    held = next(
        (kind for start, kind in _RESERVED.items() if entry.record_id.startswith(start)), ""
    )
    if held and held != entry.type:
        raise EntryInvalidError(reason="id")
    if entry.type == TYPE and held != TYPE:
        raise EntryInvalidError(reason="id")
    if is_task_id(entry.record_id) and entry.type not in _BARE:
        raise EntryInvalidError(reason="id")


def is_free(record_id: str) -> bool:
    """Whether an id follows from nothing: any record but a notice may have it."""
    return not record_id.startswith(_STARTS) and not is_task_id(record_id)


def notice(entry: Entry, scene: Scene, person: Person) -> None:
    """Check a notice, or that it was seen."""
    if entry.kind != "edit":
        raise EntryInvalidError(reason="kind")
    if scene.record is not None and set(entry.set) == {"seen_ms"}:
        if scene.record.text("to") != person.person_id or entry.set["seen_ms"] is None:
            raise NotAllowedError(action="notice.seen", person=person.person_id)
        return
    _whole(entry.set, scene)
    texts = {name: str(entry.set[name]) for name in _TEXTS}
    if entry.record_id != notice_id(*(texts[name] for name in ("rule", "about", "step", "to"))):
        raise EntryInvalidError(reason="id")
    _to_self(texts, scene, person)


def _whole(cells: Mapping[str, Value], scene: Scene) -> None:
    params = cells.get("params")
    if frozenset(cells) != _CELLS or cells["state"] != STATE or not isinstance(params, dict):
        raise EntryInvalidError(reason="fields")
    texts = [cells[name] for name in _TEXTS] + [
        value for value in params.values() if not isinstance(value, int)
    ]
    for text in texts:
        if not isinstance(text, str) or len(text) > _TEXT_MAX:
            raise EntryInvalidError(reason="fields")
    if len(params) > PARAMS_MAX or len(str(cells["step"])) > STEP_MAX:
        raise EntryInvalidError(reason="size")
    if cells["rule"] not in RULES or any(cells[name] is None for name in _TIMES):
        raise EntryInvalidError(reason="fields")
    if cells["to"] not in scene.definitions.plant.people:
        raise EntryInvalidError(reason="person")


def _to_self(texts: Mapping[str, str], scene: Scene, person: Person) -> None:
    """A device may remind its own person of what waits for them, and say nothing else."""
    about = scene.record_of(texts["about"])
    refused = NotAllowedError(action="notice", person=person.person_id)
    if texts["rule"] != REMINDER or texts["to"] != person.person_id or texts["level"]:
        raise refused
    if about is None or about.type != texts["about_type"]:
        raise refused
    found, subject = scene.definitions, subject_of(about)
    theirs = person.person_id in {about.text("owner"), about.text("assignee")}
    accepts = about.type == "hazard" and may(found.access, found.plant, person, ACCEPT, subject)
    if not theirs and not accepts:
        raise refused
