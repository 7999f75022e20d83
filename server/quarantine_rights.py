"""What the server accepts about a quarantine: its release or its refusal, once, with words."""

from domain import quarantine
from domain.access import may, subject_of
from domain.changes import Entry
from domain.errors import EntryInvalidError, MoveRefusedError, NotAllowedError
from domain.plant import Person
from server.scene import Scene


def settle(entry: Entry, scene: Scene, person: Person) -> None:
    """Whoever has the right lets held entries in or turns them down; only the server holds any."""
    record = scene.record
    said = frozenset(entry.set)
    if record is None or entry.kind != "decide" or said - {quarantine.BEFORE} != quarantine.SETTLED:
        raise EntryInvalidError(reason="fields")
    action = quarantine.ACTION_OF.get(str(entry.set["state"]))
    if quarantine.BEFORE in said and (
        action != quarantine.RELEASE or not isinstance(entry.set[quarantine.BEFORE], int)
    ):
        raise EntryInvalidError(reason="fields")
    if action is None or entry.set["settled_by"] != person.person_id:
        raise EntryInvalidError(reason="fields")
    found = scene.definitions
    if not may(found.access, found.plant, person, action, subject_of(record)):
        raise NotAllowedError(action=action, person=person.person_id)
    note = entry.set["note"]
    if not isinstance(note, str) or not note.strip() or len(note) > quarantine.NOTE_MAX:
        raise MoveRefusedError(reason="needs", need="note")
    if record.text("state") != quarantine.HELD:
        raise EntryInvalidError(reason="append_only")
    if action == quarantine.RELEASE and record.text("why") in quarantine.NEVER:
        raise MoveRefusedError(
            reason="state", state=record.text("why"), target=str(entry.set["state"])
        )
