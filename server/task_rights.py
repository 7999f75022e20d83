"""Whether a sheet finishes a task: the person's own, whole, of its checklist, made for it alone."""

from domain.errors import AnswerInvalidError
from domain.gaps import check_sheet
from domain.plant import Person
from domain.records import Record
from server.scene import Scene


def finishes(sheet: Record, task: Record, person: Person, scene: Scene) -> bool:
    """Return whether this sheet may close this task.

    It names the task it was filled in for: so no sheet closes a second one.
    """
    return (
        (sheet.type, sheet.text("state")) == ("inspection", "submitted")
        and sheet.text("asset") == task.text("asset")
        and sheet.text("inspector") == person.person_id
        and sheet.text("task") == task.record_id
        and sheet.definition.rpartition("@")[0] == task.text("template")
        and _whole(sheet, scene)
    )


def _whole(sheet: Record, scene: Scene) -> bool:
    """Judge a sheet as handing in does: out of service excuses open questions, never a photo."""
    code, _, version = sheet.definition.rpartition("@")
    form = scene.definitions.form(code, int(version))
    asset = scene.definitions.plant.assets.get(sheet.text("asset"))
    if form is None or asset is None:
        return False
    try:
        lines = check_sheet(form, asset, sheet).lines
    except AnswerInvalidError:  # from before such sheets were refused
        return False
    out_of_service = bool(sheet.text("note"))
    return all(
        line.complete or (out_of_service and line.judgement.state == "open") for line in lines
    )
