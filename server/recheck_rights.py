"""What the server accepts about rechecks: its own tasks, the answers of people, the reopening.

The same functions of `domain.rechecks` drew the buttons on the device.
"""

from typing import Final

from domain import rechecks
from domain.changes import Entry, as_created
from domain.errors import EntryInvalidError, NotAllowedError
from domain.plant import Person
from domain.records import Record
from domain.used_photos import device_knew
from server.scene import Scene

_ANSWER: Final = frozenset({"state", "done_ms", "by", "result", "note", "site", "looks"})
_OWN: Final = frozenset({"owner", "state"})
_LOOKS: Final = (None, "changed", "unchanged", "unsure")
RULE: Final = "rule"


def is_recheck(entry: Entry, scene: Scene) -> bool:
    """Say whether an entry about a task is about a recheck."""
    kind = scene.record.text("kind") if scene.record else entry.set.get("kind")
    return kind == rechecks.KIND


def answer(entry: Entry, scene: Scene, person: Person) -> None:
    """Check the answer of a person: once, by who was asked, at the place, with photo and words."""
    task = scene.record
    if task is None:  # the server alone makes them
        raise NotAllowedError(action=rechecks.DO, person=person.person_id)
    if entry.kind != "decide" or entry.set.keys() - _ANSWER or entry.set.get("state") != "done":
        raise EntryInvalidError(reason="fields")
    if entry.set.get("by") != person.person_id or not isinstance(entry.set.get("done_ms"), int):
        raise EntryInvalidError(reason="fields")
    if entry.set.get("looks") not in _LOOKS:
        raise EntryInvalidError(reason="fields")
    # who did not know that somebody did is kept beside by the merge, and changes nothing
    if task.text("state") != "open" and scene.seen("state"):
        raise rechecks.RecheckOverError
    hazard = _hazard(scene, task)
    photos = scene.photos_of(hazard.record_id)
    rechecks.check_person(scene.definitions, task, hazard, photos, person.person_id)
    _site(entry, scene, task)
    note = entry.set.get("note")
    if not isinstance(note, str) or len(note) > rechecks.NOTE_MAX:
        raise EntryInvalidError(reason="size")
    pictures = rechecks.shown(scene.photos_of(task.record_id), person.person_id)
    # what this server found since, nobody could know there: that is for a person (`doubted`)
    rechecks.check_answer(str(entry.set.get("result")), note, pictures, device_knew)


def by_server(entry: Entry, scene: Scene) -> None:
    """Check what the product does by itself: the task, whose it is, the reopening of the hazard."""
    if entry.type == "task":
        _task(entry, scene)
    else:
        _hazard_by_rule(entry, scene)


def _task(entry: Entry, scene: Scene) -> None:
    task = scene.record
    if not is_recheck(entry, scene) or entry.kind != "edit":
        raise EntryInvalidError(reason="type")
    if task is None:
        made = as_created(entry)
        hazard = _hazard(scene, made)
        closed = hazard.text("state") == rechecks.CLOSED
        if not closed or not rechecks.is_of(hazard, made):
            raise EntryInvalidError(reason="task")
        owner = made.text("owner")
        if made.text("state") != "open" or made.get("done_by") is not None:
            raise EntryInvalidError(reason="fields")
    else:
        if not entry.set or entry.set.keys() - _OWN or task.text("state") != "open":
            raise EntryInvalidError(reason="fields")
        if "state" in entry.set and entry.set["state"] != "withdrawn":
            raise EntryInvalidError(reason="fields")
        hazard, owner = _hazard(scene, task), str(entry.set.get("owner", ""))
    photos = scene.photos_of(hazard.record_id)
    if owner and owner in rechecks.repairers(scene.definitions, hazard, photos):
        raise NotAllowedError(action=rechecks.DO, person=owner)


def _hazard_by_rule(entry: Entry, scene: Scene) -> None:
    """A hazard is opened by the rule alone, and only for the failed recheck of its closing."""
    hazard = scene.record
    if hazard is None:
        raise EntryInvalidError(reason="type")
    if entry.kind == "edit" and set(entry.set) == {"rechecker"}:
        return
    opened = entry.set.get("state") == rechecks.REOPENED and entry.set.get("action") == RULE
    if entry.kind != "decide" or not opened or entry.set.keys() - {"state", "action", "note"}:
        raise EntryInvalidError(reason="fields")
    known = [scene.record_of(one) for one in rechecks.ids_of(hazard)]
    if not any(one and rechecks.reopens(scene.definitions, hazard, one) for one in known):
        raise EntryInvalidError(reason="task")


def _hazard(scene: Scene, task: Record) -> Record:
    hazard = scene.record_of(task.text("hazard"))
    if hazard is None or hazard.type != "hazard":
        raise EntryInvalidError(reason="task")
    return hazard


def _site(entry: Entry, scene: Scene, task: Record) -> None:
    """What was scanned, by which state of its label; a position counts where there is no label."""
    site = entry.set.get("site")
    if not isinstance(site, dict) or site.keys() - {"spot", "label_state", "at_ms", "distance_m"}:
        raise EntryInvalidError(reason="place")
    spot, state = site.get("spot"), site.get("label_state")
    if state == rechecks.POSITION and not task.text("asset"):
        return  # the device measured it; its photo carries the position
    rechecks.check_place(
        scene.definitions,
        task,
        spot if isinstance(spot, str) else None,
        state if isinstance(state, str) else "",
        None,
    )
