"""What the server accepts about hazards: a report, a move of the workflow, a correction."""

from typing import Final

from domain.access import may, subject_of
from domain.changes import Entry
from domain.definitions import Definitions
from domain.errors import EntryInvalidError, MoveRefusedError, NotAllowedError
from domain.evidence import shots_now
from domain.plant import Person
from domain.records import Record
from domain.workflow import Workflow, clash, decide, rows_of, signature
from server.scene import Scene

REPORT: Final = "hazard.report"
DOWNGRADE: Final = "hazard.downgrade"
DISPATCH: Final = "hazard.dispatch"
MERGE: Final = "hazard.merge"
CODE_MAX = 40
WORDS_MAX = 2000
# what the reporter said and saw; it travels unchanged (F035)
FIXED: Final = frozenset(
    {"code", "words", "language", "reporter", "reported_ms", "proposed", "source", "fix"}
)
# set by moves alone; each of these by the one move that it belongs to
DECIDED: Final = frozenset(
    {"state", "action", "owner", "assignee", "rectifier", "verifier", "merged_into"}
)
_TRIAGE: Final = ("hazard.accept", DISPATCH, "hazard.verify")
_OPEN_CELLS: Final = frozenset({"responsible", "note", "place_note"})


def report(entry: Entry, record: Record, definitions: Definitions, person: Person) -> None:
    """Check the first entry of a hazard: anybody may report, in the own name, about this plant."""
    if (
        entry.kind != "decide"
        or record.text("action") != REPORT
        or record.text("state") != "reported"
    ):
        raise MoveRefusedError(reason="state", state=record.text("state"), target="reported")
    if record.text("reporter") != person.person_id:
        raise NotAllowedError(action=REPORT, person=person.person_id)
    if any(record.get(cell) is not None for cell in DECIDED - {"state", "action"}):
        raise EntryInvalidError(reason="fields")
    if not 0 < len(record.text("code")) <= CODE_MAX or len(record.text("words")) > WORDS_MAX:
        raise EntryInvalidError(reason="size")
    _place_and_kind(record, definitions)
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
    _unchanged(entry, record, definitions, person)
    _signed(entry, record, workflow, person)
    if scene.seen("state"):
        # what a move sets must take effect with it: no cell that the merge would hold back
        if not all(scene.seen(name) for name in entry.set.keys() & DECIDED):
            raise EntryInvalidError(reason="fields")
        into = entry.set.get("merged_into")
        facts = {
            "shots": shots_now(record, scene.photos_of(record.record_id)),
            "merge_into": scene.record_of(into) if isinstance(into, str) else None,
        }
        decide(workflow, record, action, target, person, access, plant, facts, entry.set)
        return
    ways = rows_of(workflow, action, target)
    if not ways:
        raise MoveRefusedError(reason="state", state=record.text("state"), target=target)
    subject = subject_of(record)
    if not any(may(access, plant, person, row.right, subject) for row in ways):
        raise NotAllowedError(action=action, person=person.person_id)
    if clash(workflow, record, access, action, person.person_id):
        raise MoveRefusedError(reason="incompatible")


def _signed(entry: Entry, record: Record, workflow: Workflow, person: Person) -> None:
    """Whoever acts signs with the own name, for this action and no other.

    Only a dispatch names somebody else, and only a merge another hazard.
    """
    action = str(entry.set["action"])
    signed = signature(workflow, action, person.person_id)
    for cell in workflow.acted.values():
        wanted = signed.get(cell, record.get(cell))
        if entry.set.get(cell, record.get(cell)) != wanted or (
            cell in signed and cell not in entry.set
        ):
            raise NotAllowedError(action=action, person=person.person_id)
    if "assignee" in entry.set and action != DISPATCH:
        raise EntryInvalidError(reason="fields")
    if "merged_into" in entry.set and action != MERGE:
        raise EntryInvalidError(reason="fields")


def edit(entry: Entry, record: Record, definitions: Definitions, person: Person) -> None:
    """Check a correction: never of what was said or decided; of the rest by those who triage."""
    if entry.set.keys() & DECIDED:
        raise EntryInvalidError(reason="fields")
    _unchanged(entry, record, definitions, person)
    subject = subject_of(record)
    access, plant = definitions.access, definitions.plant
    own = record.text("reporter") == person.person_id and not entry.set.keys() - _OPEN_CELLS
    if not own and not any(may(access, plant, person, action, subject) for action in _TRIAGE):
        raise NotAllowedError(action="hazard.accept", person=person.person_id)


def _unchanged(entry: Entry, record: Record, definitions: Definitions, person: Person) -> None:
    changed = {name for name in entry.set if entry.set[name] != record.get(name)}
    if changed & FIXED:
        raise EntryInvalidError(reason="append_only")
    if "grade" in changed and _is_downgrade(
        record.text("grade"), str(entry.set["grade"]), definitions
    ):
        subject = subject_of(record)
        if not may(definitions.access, definitions.plant, person, DOWNGRADE, subject):
            raise NotAllowedError(action=DOWNGRADE, person=person.person_id)
        flow = definitions.workflows["hazard"]
        if clash(flow, record, definitions.access, DOWNGRADE, person.person_id):
            raise MoveRefusedError(reason="incompatible")


def _is_downgrade(before: str, after: str, definitions: Definitions) -> bool:
    grades = list(definitions.hazards.grades)  # worst first
    if after not in grades:
        raise EntryInvalidError(reason="grade")
    return before in grades and grades.index(after) > grades.index(before)


def _place_and_kind(record: Record, definitions: Definitions) -> None:
    plant, vocabulary = definitions.plant, definitions.hazards
    asset, area = record.get("asset"), record.get("area")
    if asset is not None and plant.assets.get(record.text("asset")) is None:
        raise EntryInvalidError(reason="place")
    if area is not None and record.text("area") not in plant.areas:
        raise EntryInvalidError(reason="place")
    if record.get("category") is not None and record.text("category") not in vocabulary.categories:
        raise EntryInvalidError(reason="category")
    if record.text("grade") not in list(vocabulary.grades):
        raise EntryInvalidError(reason="grade")
