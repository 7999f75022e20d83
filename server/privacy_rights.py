"""What the server accepts about personal media: requests, decisions, and consent of one's own."""

from collections.abc import Mapping

from domain import privacy
from domain.access import may, subject_of
from domain.changes import Entry
from domain.errors import EntryInvalidError, MoveRefusedError, NotAllowedError
from domain.plant import Person
from domain.records import Value
from server.scene import Scene


def removal(entry: Entry, scene: Scene, person: Person) -> None:
    """Ask for the removal of files, or decide about such a request; the server carries it out."""
    if scene.record is None:
        _ask(entry, scene, person)
    else:
        _decide(entry, scene, person)


def consent(entry: Entry, scene: Scene, person: Person) -> None:
    """Everybody declares for themselves, each time in a record of its own."""
    if scene.record is not None or entry.kind != "decide":
        raise EntryInvalidError(reason="append_only")
    cells = dict[str, Value](entry.set)
    purposes = scene.definitions.privacy.purposes
    if frozenset(cells) != privacy.DECLARES or cells["purpose"] not in purposes:
        raise EntryInvalidError(reason="fields")
    if cells["state"] not in (privacy.GIVEN, privacy.WITHDRAWN):
        raise EntryInvalidError(reason="fields")
    if cells["person"] != person.person_id or cells["by"] != person.person_id:
        raise NotAllowedError(action="consent", person=person.person_id)


def _ask(entry: Entry, scene: Scene, person: Person) -> None:
    cells = dict[str, Value](entry.set)
    if entry.kind != "decide" or frozenset(cells) != privacy.ASKS:
        raise EntryInvalidError(reason="fields")
    if (cells["state"], cells["why"], cells["by"]) != (
        privacy.ASKED, privacy.BY_REQUEST, person.person_id,
    ):  # fmt: skip
        raise EntryInvalidError(reason="fields")
    _note(cells["note"], needed=False)
    evidence = scene.record_of(str(cells["evidence"]))
    if evidence is None:
        # it may come before its evidence, as a photo before its record: a server that was copied
        # back gets both again, from several devices; the duty looks whether the files are of it
        _alone(cells)
        return
    if evidence.type != "evidence" or evidence.text("of") != cells["of"]:
        raise EntryInvalidError(reason="fields")
    kind = scene.definitions.privacy.kind_of(evidence)
    if kind is None or kind.code != cells["kind"]:
        raise EntryInvalidError(reason="fields")
    if cells["files"] != privacy.files_of(kind, evidence):
        raise EntryInvalidError(reason="hash")
    parent = scene.record_of(evidence.text("of"))
    theirs = person.person_id in (evidence.text("by"), privacy.person_of(kind, evidence, parent))
    if not theirs and not _may(scene, person):
        raise NotAllowedError(action=privacy.REMOVE, person=person.person_id)


def _alone(cells: Mapping[str, Value]) -> None:
    """Check that a request is well formed, as far as can be said without its evidence."""
    files = cells["files"]
    if not all(isinstance(cells[name], str) for name in ("of", "evidence", "kind")):
        raise EntryInvalidError(reason="fields")
    if not isinstance(files, list) or not 0 < len(files) <= privacy.FILES_MAX:
        raise EntryInvalidError(reason="fields")
    if not all(isinstance(one, str) and privacy.is_hash(one) for one in files):
        raise EntryInvalidError(reason="hash")


def _decide(entry: Entry, scene: Scene, person: Person) -> None:
    cells, record = dict[str, Value](entry.set), scene.record
    assert record is not None
    if entry.kind != "decide" or frozenset(cells) != privacy.DECIDES:
        raise EntryInvalidError(reason="fields")
    if cells["state"] not in (privacy.APPROVED, privacy.DECLINED):
        raise EntryInvalidError(reason="fields")
    if cells["decided_by"] != person.person_id:
        raise EntryInvalidError(reason="fields")
    if not _may(scene, person):
        raise NotAllowedError(action=privacy.REMOVE, person=person.person_id)
    _note(cells["note"], needed=cells["state"] == privacy.DECLINED)
    if record.text("state") != privacy.ASKED and scene.seen("state"):
        raise EntryInvalidError(reason="append_only")


def _may(scene: Scene, person: Person) -> bool:
    found, record = scene.definitions, scene.record
    if record is None:
        return any(
            privacy.REMOVE in permission.actions
            for role in person.roles
            for permission in found.access.permissions.get(role, ())
        )
    return may(found.access, found.plant, person, privacy.REMOVE, subject_of(record))


def _note(note: Value, *, needed: bool) -> None:
    if not isinstance(note, str) or len(note) > privacy.NOTE_MAX:
        raise EntryInvalidError(reason="size")
    if needed and not note.strip():
        raise MoveRefusedError(reason="needs", need="note")
