"""What the server accepts of one entry: who, about what, in which state.

Pure: everything it asks about the rest of the store comes through `Scene`. Refusals are
FieldErrors, so that the device can word them like its own.
"""

from collections.abc import Callable, Mapping

from domain.access import Subject, may, subject_of
from domain.capture_trust import CHALLENGE
from domain.carried import CELL, inside
from domain.changes import Entry, as_created
from domain.control import flow_of, stops
from domain.errors import EntryInvalidError, FieldError, NotAllowedError
from domain.photo_roles import ROLE
from domain.plant import Person
from domain.records import Record, Value, type_names
from domain.repair_checks import CHECK
from domain.trusted_time import CLOCK
from server import (
    evidence_rights,
    gap_rights,
    hazard_rights,
    notice_rights,
    privacy_rights,
    quarantine_rights,
    recheck_rights,
    register_rights,
    task_rights,
    time_rights,
    upkeep_rights,
    work_rights,
)
from server.certificates import Standing
from server.scene import Scene
from server.site import SERVER_DEVICE

CELLS_MAX = 64
NAME_MAX = 64
TIME_MIN_MS = 1_577_836_800_000  # 2020: before this product, so a clock that was never set
AHEAD_MAX_MS = 400 * 86_400_000  # plans reach a year ahead; a clock that far off is wrong
ID_MAX = 64
RULE = "rule"  # signs what no person did, on the device "server"
OWN_TYPES = frozenset({"device", "notice", "gap", "event", "quarantine", "removal"})
_KIND_OF_EVENT = frozenset({"edit", "anchor", "clock_jump"})
_EVENT_TEXT_MAX = 200
_NESTS = frozenset({dict, list})
_SHA_CELLS = ("original", "stamped", "thumb")


def check(entry: Entry, scene: Scene, standing: Standing | None = None) -> FieldError | None:
    """Return why this entry is refused, or None: by what holds now, and by what held then.

    `standing` has the certificates of its device, where the server made any.
    """
    try:
        _shape(entry, scene)
        _times(entry, scene.received_ms)
        if entry.person_id == RULE:
            _definition(entry, scene)
            _by_itself(entry, scene)
            return None
        notice_rights.check_id(entry)
        person = scene.definitions.plant.people.get(entry.person_id)
        if person is None:
            raise EntryInvalidError(reason="person")
        _definition(entry, scene)
        _judge(entry, scene, person)
        then = standing.person_then(entry, scene, person) if standing else person
        if then != person:
            people = {**scene.definitions.plant.people, person.person_id: then}
            _judge(entry, scene.with_people(people), then)
    except FieldError as error:
        return error
    return None


def _judge(entry: Entry, scene: Scene, person: Person) -> None:
    acting = register_rights.acting(entry, scene, person)
    if entry.kind == "resolve" and not entry.set and scene.record:  # what stands is to stand
        _allow(scene, acting, "conflict.settle", subject_of(scene.record))
    else:
        _rule_of(entry)(entry, scene, acting)


def _rule_of(entry: Entry) -> Callable[[Entry, Scene, Person], None]:
    if entry.type == CLOCK:  # written in nobody's name
        raise EntryInvalidError(reason="person")
    return _RULES.get(entry.type, work_rights.judge)


def _by_itself(entry: Entry, scene: Scene) -> None:
    """What no person did: a work expires, a device tells of its clock, the rest is the server's."""
    if CELL in entry.set:  # only the server carries, and it has proved and judged what it carries
        if not _carries_a_stop(entry, scene):
            raise EntryInvalidError(reason="fields")
    elif entry.type not in type_names:
        work_rights.by_rule(entry, scene)
    elif entry.device_id != SERVER_DEVICE:
        time_rights.told(entry, scene)
    elif entry.type == "evidence":
        evidence_rights.by_server(entry, scene)
    elif entry.type in {"task", "hazard"}:
        recheck_rights.by_server(entry, scene)
    elif entry.type == "register":
        register_rights.first_pin(entry, scene)
    elif entry.type not in OWN_TYPES:
        raise EntryInvalidError(reason="type")


def _carries_a_stop(entry: Entry, scene: Scene) -> bool:
    """Whether what an entry of the server carries makes work stop."""
    found = inside(entry)
    policies = scene.definitions.policies
    return found is not None and stops(policies, found.type, found.set)


def _shape(entry: Entry, scene: Scene) -> None:
    work = flow_of(scene.definitions, entry.type)
    if entry.type not in type_names and work is None:
        raise EntryInvalidError(reason="type")
    texts = (entry.entry_id, entry.record_id, entry.definition, entry.person_id)
    if max(map(len, texts)) > ID_MAX or len(entry.set) > CELLS_MAX:
        raise EntryInvalidError(reason="size")
    sizes = {*map(len, entry.set), *map(len, entry.base)}
    if len(entry.base) > CELLS_MAX or max(sizes, default=1) > NAME_MAX or 0 in sizes:
        raise EntryInvalidError(reason="fields")

    # nothing in this product is deleted: what went wrong stays, with who did it
    if entry.kind == "delete" or "deleted" in entry.set:
        raise EntryInvalidError(reason="kind")


def _times(entry: Entry, received_ms: int) -> None:
    """No time before there was a product, none far ahead: lists and deadlines go by them."""
    values: list[tuple[str, Value]] = [("hlc_ms", entry.wall_ms)]
    for named in entry.set.items():
        if type(named[1]) in _NESTS or named[0].endswith("_ms"):
            values.append(named)
    while values:  # bounded: an entry has 64 KiB and is nested at most 8 deep
        name, value = values.pop()
        if isinstance(value, dict):
            values += value.items()
        elif isinstance(value, list):
            values += [(name, part) for part in value]
        elif name.endswith("_ms") and value is not None:
            if not isinstance(value, int) or isinstance(value, bool):
                raise EntryInvalidError(reason="time")
            if not TIME_MIN_MS <= value <= received_ms + AHEAD_MAX_MS:
                raise EntryInvalidError(reason="time")


def _definition(entry: Entry, scene: Scene) -> None:
    name, _, version = entry.definition.rpartition("@")
    if not (version.isascii() and version.isdigit() and len(version) <= 6):
        raise EntryInvalidError(reason="definition")
    if entry.type == "inspection":
        known = scene.definitions.form(name, int(version)) is not None
    else:
        known = entry.definition == f"{entry.type}@1"
    if not known:
        raise EntryInvalidError(reason="definition")
    if scene.record and (scene.record.type, scene.record.definition) != (
        entry.type,
        entry.definition,
    ):
        raise EntryInvalidError(reason="type")


def _inspection(entry: Entry, scene: Scene, person: Person) -> None:
    """A sheet is handed in once, by the person who filled it in; it never changes afterwards."""
    if scene.record is not None or entry.kind not in {"edit", "decide"}:
        raise EntryInvalidError(reason="append_only")
    record = as_created(entry)
    if record.text("inspector") != person.person_id or record.text("state") != "submitted":
        raise NotAllowedError(action="inspect.do", person=person.person_id)
    plant = scene.definitions.plant
    asset = plant.assets.get(record.text("asset"))
    if asset is None or record.text("area") != asset.area:
        raise EntryInvalidError(reason="place")
    code, _, version = entry.definition.rpartition("@")
    form = scene.definitions.form(code, int(version))
    answers = record.get("answers")
    assert form is not None
    items = {item.item_id for item in form.items}
    if not isinstance(answers, dict) or answers.keys() - items:
        raise EntryInvalidError(reason="answers")
    gap_rights.judge(record, form, asset, scene)
    task = scene.record_of(record.text("task")) if record.text("task") else None
    assignee = task.text("owner") if task and task.text("asset") == asset.asset_id else None
    subject = Subject(asset.area, asset.owner, person.person_id, assignee, on_site=True)
    _allow(scene, person, "inspect.do", subject)


def _task(entry: Entry, scene: Scene, person: Person) -> None:
    """Tasks come from plans; a device only reports one as done, by its own sheet of that asset."""
    if entry.kind not in {"edit", "decide"}:
        raise EntryInvalidError(reason="kind")
    if recheck_rights.is_recheck(entry, scene):
        recheck_rights.answer(entry, scene, person)
        return
    if scene.record is None:
        record = as_created(entry)
        if entry.device_id != SERVER_DEVICE:  # a person signs for the plan, the server makes it
            raise NotAllowedError(action="inspect.plan", person=person.person_id)
        if record.text("state") != "open" or record.get("done_by") is not None:
            raise EntryInvalidError(reason="fields")
        _allow(scene, person, "inspect.plan", subject_of(record))
        return
    if "done_by" not in entry.set and entry.set.get("state") != "done":
        upkeep_rights.replan(entry, scene, person)
        return
    if entry.set.keys() - {"state", "done_by", "done_ms"} or entry.set.get("state") != "done":
        raise EntryInvalidError(reason="fields")
    # who did not know that it is done is kept beside by the merge, and changes nothing
    if scene.record.text("state") == "done" and scene.seen("state"):
        raise EntryInvalidError(reason="append_only")
    if scene.record.text("kind") == "maintenance":
        upkeep_rights.finish(entry, scene, person)
        return
    sheet = scene.record_of(str(entry.set.get("done_by")))
    if sheet is None or not task_rights.finishes(sheet, scene.record, person, scene):
        raise EntryInvalidError(reason="done_by")
    _allow(scene, person, "inspect.do", subject_of(scene.record))


def _maintenance(entry: Entry, scene: Scene, person: Person) -> None:
    upkeep_rights.submit(entry, as_created(entry), scene, person)


def _evidence(entry: Entry, scene: Scene, person: Person) -> None:
    """A photo is attached by who took it, to a record they take part in, and never changes.

    Who took it may withdraw it (a retake) until its record is there; the picture itself stays.
    """
    if scene.record is not None and entry.set == {"withdrawn": True}:
        taken_back = scene.record_of(scene.record.text("of")) is None
        if not taken_back or scene.record.text("by") != person.person_id:
            raise NotAllowedError(action="evidence.withdraw", person=person.person_id)
        return
    if scene.record is not None and set(entry.set) == {CHECK}:
        evidence_rights.check(entry, scene.record, person)
        return
    if scene.record is not None and set(entry.set) == {ROLE}:
        evidence_rights.role(entry, scene.record, scene, person)
        return
    if scene.record is not None and set(entry.set) == {CHALLENGE}:
        evidence_rights.challenge(entry, scene.record, person, scene)
        return
    if scene.record is not None or entry.kind != "attach":
        raise EntryInvalidError(reason="append_only")
    record = as_created(entry)
    evidence_rights.first(record)
    if entry.device_id != SERVER_DEVICE:  # the demo plant's own photos are drawn
        evidence_rights.claims(record)
    if record.text("by") != person.person_id:
        raise NotAllowedError(action="evidence.attach", person=person.person_id)
    if not all(_is_sha(record.get(cell)) for cell in _SHA_CELLS if record.get(cell) is not None):
        raise EntryInvalidError(reason="hash")
    if not _is_sha(record.get("original")):
        raise EntryInvalidError(reason="hash")
    target = scene.record_of(record.text("of"))
    # a photo may come before its record: ids cannot be guessed, and `by` says whose it is
    if target is not None and not _takes_part(target, scene, person):
        raise NotAllowedError(action="evidence.attach", person=person.person_id)


def _event(entry: Entry, scene: Scene, person: Person) -> None:
    if scene.record is not None or entry.kind not in _KIND_OF_EVENT:
        raise EntryInvalidError(reason="append_only")
    record = as_created(entry)
    if record.text("by") != person.person_id:
        raise NotAllowedError(action="event", person=person.person_id)
    if record.text("what") == "export":
        gap_rights.export(record, scene, person)
    if len(record.text("text")) > _EVENT_TEXT_MAX:
        raise EntryInvalidError(reason="size")


def _hazard(entry: Entry, scene: Scene, person: Person) -> None:
    if scene.record is None:
        hazard_rights.report(entry, as_created(entry), scene.definitions, person)
    elif entry.kind == "decide":
        if scene.base_refused:  # it decides about a state that never was
            raise EntryInvalidError(reason="base_refused")
        hazard_rights.move(entry, scene.record, scene, person)
    elif entry.kind == "resolve":
        _allow(scene, person, "conflict.settle", subject_of(scene.record))
        hazard_rights.edit(entry, scene.record, scene.definitions, person)
    elif entry.kind == "edit":
        hazard_rights.edit(entry, scene.record, scene.definitions, person)
    else:
        raise EntryInvalidError(reason="kind")


def _allow(scene: Scene, person: Person, action: str, subject: Subject) -> None:
    found = scene.definitions
    if not may(found.access, found.plant, person, action, subject):
        raise NotAllowedError(action=action, person=person.person_id)


def _takes_part(record: Record, scene: Scene, person: Person) -> bool:
    if person.person_id in {
        record.text(cell) for cell in ("reporter", "owner", "assignee", "verifier", "inspector")
    }:
        return True
    found = scene.definitions
    subject = subject_of(record)
    if flow_of(found, record.type):
        return work_rights.takes_part(person, subject, scene)
    actions = (action for action in found.access.actions if action.startswith(f"{record.type}."))
    own = f"{record.type}.report"  # everybody has that one, everywhere
    return any(
        may(found.access, found.plant, person, action, subject)
        for action in actions
        if action != own
    )


def _is_sha(value: Value) -> bool:
    return (
        isinstance(value, str)
        and len(value) == 64
        and all(sign in "0123456789abcdef" for sign in value)
    )


_RULES: Mapping[str, Callable[[Entry, Scene, Person], None]] = {
    "inspection": _inspection,
    "task": _task,
    "maintenance": _maintenance,
    "evidence": _evidence,
    "event": _event,
    "hazard": _hazard,
    "notice": notice_rights.notice,
    "gap": gap_rights.settle,
    "register": register_rights.register,
    "device": register_rights.device,
    "quarantine": quarantine_rights.settle,
    "removal": privacy_rights.removal,
    "consent": privacy_rights.consent,
}
