"""What the server accepts about hazards: a report, a move of the workflow, a correction."""

from typing import Final

from domain.access import may, subject_of
from domain.changes import Entry
from domain.definitions import Definitions
from domain.errors import EntryInvalidError, MoveRefusedError, NotAllowedError
from domain.plant import Person
from domain.records import Record
from domain.workflow import clash, decide

REPORT: Final = "hazard.report"
DOWNGRADE: Final = "hazard.downgrade"
DISPATCH: Final = "hazard.dispatch"
CODE_MAX = 40
WORDS_MAX = 2000
# what the reporter said and saw; it travels unchanged (F035)
FIXED: Final = frozenset(
    {"code", "words", "language", "reporter", "reported_ms", "proposed", "source", "fix"}
)
DECIDED: Final = frozenset({"state", "action", "owner", "assignee", "verifier", "merged_into"})
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
    if record.text("assignee") or record.text("verifier") or record.text("owner"):
        raise EntryInvalidError(reason="fields")
    if not 0 < len(record.text("code")) <= CODE_MAX or len(record.text("words")) > WORDS_MAX:
        raise EntryInvalidError(reason="size")
    _place_and_kind(record, definitions)
    if not may(definitions.access, definitions.plant, person, REPORT, subject_of(record)):
        raise NotAllowedError(action=REPORT, person=person.person_id)


def move(
    entry: Entry,
    record: Record,
    definitions: Definitions,
    person: Person,
    shots: frozenset[str],
) -> None:
    """Check a decision: the right to it, the state it starts from, and what it has to bring along.

    A decision made without knowing of another one (its base names an older state) is not refused
    for its state: the merge keeps it beside the one that came first. The right to it is checked.
    """
    action, target = entry.set.get("action"), entry.set.get("state")
    if not isinstance(action, str) or not isinstance(target, str) or action == REPORT:
        raise EntryInvalidError(reason="fields")
    _unchanged(entry, record, definitions, person)
    if "assignee" in entry.set and action != DISPATCH:
        raise EntryInvalidError(reason="fields")
    workflow, access, plant = definitions.workflows["hazard"], definitions.access, definitions.plant
    # nobody signs for another
    for actor in entry.set.keys() & (set(workflow.acted.values()) - {"assignee"}):
        if entry.set[actor] != person.person_id and entry.set[actor] != record.get(actor):
            raise NotAllowedError(action=action, person=person.person_id)
    seen = entry.base.get("state")
    if seen != record.cells["state"].writer:
        if not may(access, plant, person, action, subject_of(record)):
            raise NotAllowedError(action=action, person=person.person_id)
        if clash(workflow, record, access, action, person.person_id):
            raise MoveRefusedError(reason="incompatible")
        return
    decide(workflow, record, action, target, person, access, plant, {"shots": shots}, entry.set)


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
