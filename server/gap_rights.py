"""What the server accepts about management gaps, about excuses in checks, and about exports."""

from domain import gaps
from domain.access import reaches
from domain.changes import Entry
from domain.errors import EntryInvalidError, MoveRefusedError, NotAllowedError
from domain.forms import Form
from domain.plant import Asset, Person
from domain.records import Record
from server.scene import Scene

_SETTLED = frozenset({"state", "settled_by", "settled_ms", "note"})
_EXPORTED = frozenset(
    ("what", "by", "figure", "days", "area", "unit", "grade", "format", "rows", "at_ms")
)
_KEY_MAX = 200


def settle(entry: Entry, scene: Scene, person: Person) -> None:
    """A gap is raised by the rule and settled once, by its owner, with words."""
    if scene.record is None or entry.kind != "decide" or frozenset(entry.set) != _SETTLED:
        raise EntryInvalidError(reason="fields")
    if scene.record.text("owner") != person.person_id:
        raise NotAllowedError(action="gap.settle", person=person.person_id)
    note = entry.set["note"]
    if not isinstance(note, str) or not note.strip() or len(note) > gaps.NOTE_MAX:
        raise MoveRefusedError(reason="needs", need="note")
    if (entry.set["state"], entry.set["settled_by"]) != (gaps.SETTLED, person.person_id):
        raise EntryInvalidError(reason="fields")
    if scene.record.text("state") == gaps.SETTLED and scene.seen("state"):
        raise EntryInvalidError(reason="append_only")


def judge(record: Record, form: Form, asset: Asset, scene: Scene) -> None:
    """A check is judged here too: answers that fit, and reasons only where one is taken."""
    gaps.check_sheet(form, asset, record)
    if not gaps.excuses_fit(form, record, scene.definitions.excuses.keys()):
        raise EntryInvalidError(reason="excuse")


def export(record: Record, scene: Scene, person: Person) -> None:
    """Who took what out of the product is logged by whoever may do so, in these words alone."""
    if not reaches(scene.definitions.access, person, "export"):
        raise NotAllowedError(action="export", person=person.person_id)
    whole = [record.whole(name) for name in ("days", "rows")]
    texts = [record.get(name) for name in ("figure", "area", "unit", "grade", "format")]
    if (
        record.cells.keys() - _EXPORTED
        or any(one is None or one < 0 for one in whole)
        or any(not isinstance(one, str | None) for one in texts)
        or any(len(one) > _KEY_MAX for one in texts if isinstance(one, str))
    ):
        raise EntryInvalidError(reason="fields")
