"""What the server accepts about work under control: workflows that put safety first (`work:`).

The same functions of `domain.workflow` and `domain.corrections` drew the buttons on the device.
What needs a trusted time needs an entry that says how well its device knew it.
"""

from domain import corrections
from domain.access import Subject, may, subject_of
from domain.changes import Entry, as_created
from domain.control import SITE, flow_of, may_check_in, was_there
from domain.definitions import Definitions
from domain.errors import EntryInvalidError, MoveRefusedError, NotAllowedError
from domain.holds import ACTION, HOLDS, SLOT, STATE
from domain.plant import Person
from domain.records import Record, Value
from domain.trusted_time import TimeUntrustedError, is_trusted
from domain.work import CHECK_INS, Work, is_over, is_reading
from domain.workflow import RULE, Workflow, check_time, clash, decide, decided_cells, rows_of
from server.scene import Scene

APPLY, SETTLE, STOP = "permit.apply", "conflict.settle", "permit.stop"
_ATTACH = ("permit.approve", "permit.reject", "permit.joint_sign", "permit.accept")
STAMP_MS = 5_000  # a stamp and its entry were read from one clock, moments apart
CHECK_INS_MAX = 500


def judge(entry: Entry, scene: Scene, person: Person) -> None:
    """Check an entry of a person about a work; raises why it is refused."""
    flow = flow_of(scene.definitions, entry.type)
    assert flow is not None
    if scene.record is None:
        _apply(entry, scene, flow, person)
    elif entry.kind in {"decide", "lift"}:
        if scene.base_refused and entry.set.get(ACTION) != STOP:
            raise EntryInvalidError(reason="base_refused")
        _move(entry, scene.record, scene, flow, person)
    elif entry.kind == "resolve":
        _allow(scene, person, SETTLE, scene.record)
        _correct(entry, scene.record, scene, flow, person)
    elif entry.kind == "edit":
        _correct(entry, scene.record, scene, flow, person)
    else:
        raise EntryInvalidError(reason="kind")


def takes_part(person: Person, subject: Subject, scene: Scene) -> bool:
    """Say whether somebody may attach a photo: named on the work, or with a decision about it."""
    found = scene.definitions
    return person.person_id in subject.named | {subject.owner} or any(
        may(found.access, found.plant, person, action, subject) for action in _ATTACH
    )


def by_rule(entry: Entry, scene: Scene) -> None:
    """Check what the product did by itself, on a device or here: letting a work expire.

    It counts only once the approval is over by the trusted time of the entry, and by this server's.
    """
    flow = flow_of(scene.definitions, entry.type)
    record = scene.record
    if flow is None or flow.work is None or record is None or entry.kind != "decide":
        raise NotAllowedError(action=RULE, person=entry.person_id)
    work = flow.work
    if entry.set != {STATE: work.expired, ACTION: RULE}:
        raise EntryInvalidError(reason="fields")
    now = min(entry.wall_ms, scene.received_ms)
    if not is_trusted(entry.time.uncertainty_ms) or not is_over(work, record, now):
        raise TimeUntrustedError(action=RULE)
    state = record.text(STATE)
    ways = rows_of(flow, RULE, work.expired)
    if scene.seen(STATE) and not any(state in row.sources for row in ways):
        raise MoveRefusedError(reason="state", state=state, target=work.expired)


def is_late(entry: Entry, record: Record | None, definitions: Definitions) -> bool:
    """Say whether something was done on a work after its end: it counts, and somebody is told."""
    flow = flow_of(definitions, entry.type)
    if flow is None or flow.work is None or record is None or entry.kind != "edit":
        return False
    return is_over(flow.work, record, entry.wall_ms)


def _facts(entry: Entry, record: Record, scene: Scene) -> dict[str, object]:
    return {
        "trusted": is_trusted(entry.time.uncertainty_ms),
        "now_ms": entry.wall_ms,
        "on_site": _on_site(entry, record, scene),
    }


def _on_site(entry: Entry, record: Record, scene: Scene) -> bool:
    """Whether the entry says which label of that area its author had scanned just before."""
    proof = entry.set.get(SITE)
    if not isinstance(proof, dict):
        return False
    asset, scanned = proof.get("asset"), proof.get("scanned_ms")
    return was_there(scene.definitions, record, asset, scanned, entry.wall_ms)


def _apply(entry: Entry, scene: Scene, flow: Workflow, person: Person) -> None:
    cells = {name: value for name, value in entry.set.items() if name not in decided_cells(flow)}
    record = as_created(entry)
    if entry.kind != "decide" or entry.set.get(ACTION) != APPLY:
        raise MoveRefusedError(reason="state", state="", target=record.text(STATE))
    found = scene.definitions
    if not rows_of(flow, APPLY, record.text(STATE)) or entry.set.get("by") != person.person_id:
        raise MoveRefusedError(reason="state", state=flow.initial, target=record.text(STATE))
    if entry.set.keys() & (decided_cells(flow) - {STATE, ACTION}):
        raise EntryInvalidError(reason="fields")
    corrections.check_first(flow, cells, person, found)
    hours = record.whole(flow.work.hours) if flow.work else None
    if hours is None or not 0 < hours <= 24 * 14:
        raise EntryInvalidError(reason="fields")
    asset = found.plant.assets.get(record.text("asset"))
    if not record.text("area") or (asset and asset.area != record.text("area")):
        raise EntryInvalidError(reason="place")
    _readings(entry, flow)
    _allow(scene, person, APPLY, record)


def _move(entry: Entry, record: Record, scene: Scene, flow: Workflow, person: Person) -> None:
    """Check a decision: rights, state, time, and that it brings along nothing but its own."""
    action, target = entry.set.get(ACTION), entry.set.get(STATE)
    if not isinstance(action, str) or action == RULE:
        raise EntryInvalidError(reason="fields")
    _brought_along(entry, flow, action, person)
    facts = _facts(entry, record, scene)
    found = scene.definitions
    if entry.kind == "lift" and target is None:  # which holds one may lift is the merge's to say
        _allow(scene, person, action, record)
        return
    if not isinstance(target, str):
        raise EntryInvalidError(reason="fields")
    if scene.seen(STATE):
        decide(flow, record, action, target, person, found.access, found.plant, facts, entry.set)
        return
    ways = rows_of(flow, action, target)
    if not ways:
        raise MoveRefusedError(reason="state", state=record.text(STATE), target=target)
    subject = subject_of(record, on_site=facts["on_site"] is True)
    if not any(may(found.access, found.plant, person, row.right, subject) for row in ways):
        raise NotAllowedError(action=action, person=person.person_id)
    if clash(flow, record, found.access, action, person.person_id):
        raise MoveRefusedError(reason="incompatible")
    check_time(flow, ways[0], record, facts)


def _brought_along(entry: Entry, flow: Workflow, action: str, person: Person) -> None:
    work = flow.work
    assert work is not None
    slot, stamp = work.slot(action), work.stamps.get(action)
    allowed = {STATE, ACTION, "note", SITE} | {one for one in (slot, stamp) if one}
    if entry.kind == "lift":
        allowed |= {HOLDS}
    if entry.set.keys() - allowed:
        raise EntryInvalidError(reason="fields")
    if slot and entry.set.get(slot) != person.person_id:  # nobody signs for another
        raise NotAllowedError(action=action, person=person.person_id)
    at = entry.set.get(stamp) if stamp else None
    if stamp and not (isinstance(at, int) and abs(at - entry.wall_ms) <= STAMP_MS):
        raise EntryInvalidError(reason="time")


def _correct(entry: Entry, record: Record, scene: Scene, flow: Workflow, person: Person) -> None:
    if any(name in decided_cells(flow) or name.startswith(SLOT) for name in entry.set):
        raise EntryInvalidError(reason="fields")
    trusted = is_trusted(entry.time.uncertainty_ms)
    needing = [name for name in entry.set if name in flow.cells and flow.cells[name].trusted]
    if needing and not trusted:
        raise TimeUntrustedError(action=needing[0])
    _readings(entry, flow)
    changes = dict(entry.set)
    if CHECK_INS in changes:
        _check_in(changes.pop(CHECK_INS), record, scene, flow, person)
    corrections.check(flow, record, changes, person, scene.definitions)


def _check_in(value: Value, record: Record, scene: Scene, flow: Workflow, person: Person) -> None:
    """Somebody is there: by who is named on the work, in the own name; also after its end."""
    if not isinstance(value, list) or len(value) > CHECK_INS_MAX or CHECK_INS not in flow.cells:
        raise EntryInvalidError(reason="fields")
    known = record.get(CHECK_INS)
    fresh = [one for one in value if not isinstance(known, list) or one not in known]
    for one in fresh:
        if not isinstance(one, dict) or one.get("by") != person.person_id:
            raise NotAllowedError(action=CHECK_INS, person=person.person_id)
    if not may_check_in(scene.definitions, flow, record, person):
        raise NotAllowedError(action=CHECK_INS, person=person.person_id)


def _readings(entry: Entry, flow: Workflow) -> None:
    """A measured value says when its sample was taken, and that is over: never in the future."""
    work: Work | None = flow.work
    for name in work.measured if work else ():
        value: Value = entry.set.get(name)
        if value is None:
            continue
        if not is_reading(value):
            raise EntryInvalidError(reason="fields")
        assert isinstance(value, dict)
        sampled = value["sampled_ms"]
        assert isinstance(sampled, int)
        if sampled > entry.wall_ms + STAMP_MS:
            raise EntryInvalidError(reason="time")


def _allow(scene: Scene, person: Person, action: str, record: Record) -> None:
    found = scene.definitions
    if not may(found.access, found.plant, person, action, subject_of(record)):
        raise NotAllowedError(action=action, person=person.person_id)
