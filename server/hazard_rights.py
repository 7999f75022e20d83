"""What the server accepts about hazards: a report, a move of the workflow, a correction."""

from collections.abc import Mapping
from typing import Final

from domain import corrections
from domain.access import may, subject_of
from domain.capture_trust import from_album
from domain.changes import Entry
from domain.definitions import Definitions
from domain.errors import EntryInvalidError, MoveRefusedError, NotAllowedError
from domain.evidence import shots_now
from domain.photo_roles import check_asking
from domain.plant import Person
from domain.records import Record, Value
from domain.repair_checks import is_refused, last_after
from domain.workflow import (
    Workflow,
    actors,
    clash,
    decide,
    decided_cells,
    rows_of,
    signature,
)
from server.scene import Scene

REPORT: Final = "hazard.report"
DISPATCH: Final = "hazard.dispatch"
MERGE: Final = "hazard.merge"
RETURNED: Final = "returned"
ALWAYS: Final = ("code", "grade", "reporter", "reported_ms")  # what a report has in any case


def report(entry: Entry, record: Record, definitions: Definitions, person: Person) -> None:
    """Check the first entry of a hazard: anybody may report, in the own name, about this plant."""
    if (
        entry.kind not in {"edit", "decide"}  # "decide": of versions that signed reports singly
        or record.text("action") != REPORT
        or record.text("state") != "reported"
    ):
        raise MoveRefusedError(reason="state", state=record.text("state"), target="reported")
    if record.text("reporter") != person.person_id:
        raise NotAllowedError(action=REPORT, person=person.person_id)
    flow = definitions.workflows["hazard"]
    decided = decided_cells(flow)
    own = {"state", "action", flow.acted.get(REPORT, "")}
    if any(record.get(cell) is not None for cell in decided - own):
        raise EntryInvalidError(reason="fields")
    if any(record.get(cell) in (None, "") for cell in ALWAYS):
        raise EntryInvalidError(reason="fields")
    given = {name: value for name, value in entry.set.items() if name not in decided}
    corrections.check_first(flow, given, person, definitions)
    _place(record, entry.set, definitions)
    if not may(definitions.access, definitions.plant, person, REPORT, subject_of(record)):
        raise NotAllowedError(action=REPORT, person=person.person_id)


def move(entry: Entry, record: Record, scene: Scene, person: Person) -> None:
    """Check a decision: the right to it, the state it starts from, and what it has to bring along.

    A decision made without knowing of another one is not refused for its state: the merge keeps it
    beside the one that came first. The right to it, and that there is such a move, are checked.
    """
    definitions = scene.definitions
    workflow, access, plant = definitions.workflows["hazard"], definitions.access, definitions.plant
    action, target = entry.set.get("action"), entry.set.get("state")
    if not isinstance(action, str) or not isinstance(target, str) or action == REPORT:
        raise EntryInvalidError(reason="fields")
    seen = scene.seen("state")
    _signed(entry, record, workflow, person, seen=seen)
    _brought_along(entry, record, definitions, person, target)
    if seen:
        # what a move sets must take effect with it: no cell that the merge would hold back
        if not all(scene.seen(name) for name in entry.set.keys() & decided_cells(workflow)):
            raise EntryInvalidError(reason="fields")
        into = entry.set.get("merged_into")
        other = scene.record_of(into) if isinstance(into, str) else None
        photos = scene.photos_of(record.record_id)
        shots, refused = shots_now(record, photos, scene.gone), is_refused(photos)
        album = from_album(last_after(photos))
        facts = {"shots": shots, "merge_into": other, "refused": refused, "album": album}
        decide(workflow, record, action, target, person, access, plant, facts, entry.set)
        if other is not None:
            corrections.check_merge(workflow, record, other, person, definitions)
        return
    ways = rows_of(workflow, action, target)
    if not ways:
        raise MoveRefusedError(reason="state", state=record.text("state"), target=target)
    subject = subject_of(record)
    if not any(may(access, plant, person, row.right, subject) for row in ways):
        raise NotAllowedError(action=action, person=person.person_id)
    if clash(workflow, record, access, action, person.person_id):
        raise MoveRefusedError(reason="incompatible")


def _signed(
    entry: Entry, record: Record, workflow: Workflow, person: Person, *, seen: bool
) -> None:
    """Whoever acts signs with the own name, for this action and no other.

    Only a dispatch names somebody else, and only a merge another hazard.
    """
    action = str(entry.set["action"])
    signed = signature(workflow, record, action, person.person_id)
    for cell in workflow.acted.values():
        wanted = signed.get(cell, record.get(cell))
        if entry.set.get(cell, record.get(cell)) != wanted or (
            cell in signed and cell not in entry.set
        ):
            raise NotAllowedError(action=action, person=person.person_id)
    for doing, cell in workflow.all_acted.items():
        if seen and not _lists_all(entry, record, workflow, doing, person):
            raise NotAllowedError(action=action, person=person.person_id)
        if cell in entry.set and doing != action:
            raise EntryInvalidError(reason="fields")
    if "assignee" in entry.set and action != DISPATCH:
        raise EntryInvalidError(reason="fields")
    if "merged_into" in entry.set and action != MERGE:
        raise EntryInvalidError(reason="fields")


def _lists_all(
    entry: Entry, record: Record, workflow: Workflow, action: str, person: Person
) -> bool:
    """Say whether nobody who ever did `action` is forgotten, and nobody added who did not.

    The list may be left out while it says no more than the name of who acted last.
    """
    if entry.set["action"] != action:
        return True
    cell = workflow.all_acted[action]
    wanted = {*actors(workflow, record, action), person.person_id}
    if cell in entry.set:
        return entry.set[cell] == sorted(wanted)
    listed = record.get(cell)
    kept = listed if isinstance(listed, list) else []
    return all(one == person.person_id or one in kept for one in wanted)


def _brought_along(
    entry: Entry, record: Record, definitions: Definitions, person: Person, target: str
) -> None:
    """Check what a move sets beside itself: its words, and what its author may correct anyway.

    What was not accepted goes back to those who triage.
    """
    flow = definitions.workflows["hazard"]
    beside = {name: entry.set[name] for name in entry.set.keys() - decided_cells(flow) - {"note"}}
    triage = definitions.hazards.otherwise[-1]
    if target == RETURNED and beside.get("unit") == triage:
        del beside["unit"]
    note = {name: entry.set[name] for name in entry.set.keys() & {"note"}}
    corrections.check_values(flow, note, person, definitions)
    corrections.check(flow, record, beside, person, definitions)
    _place(record, beside, definitions)


def edit(entry: Entry, record: Record, definitions: Definitions, person: Person) -> None:
    """Check a correction: never of what was said or decided; of the rest by who may (`cells`)."""
    flow = definitions.workflows["hazard"]
    if entry.set.keys() & decided_cells(flow):
        raise EntryInvalidError(reason="fields")
    corrections.check(flow, record, entry.set, person, definitions)
    check_asking(definitions, record, entry.set)
    _place(record, entry.set, definitions)


def _place(record: Record, changes: Mapping[str, Value], definitions: Definitions) -> None:
    """Equipment stands in its area: the two cells never tell of different places."""
    if not changes.keys() & {"asset", "area"}:
        return
    asset = definitions.plant.assets.get(str(changes.get("asset", record.get("asset"))))
    if asset is not None and changes.get("area", record.get("area")) != asset.area:
        raise EntryInvalidError(reason="place")
