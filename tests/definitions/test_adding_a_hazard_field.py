"""Adding a field of a hazard, with its rule, is adding one row to hazards.yaml: no code."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.field import FieldApp
from app.use_cases import hazard_fields, hazards, reports
from domain.definitions import Definitions, load, read
from domain.errors import AnswersMissingError, NotAllowedError
from domain.examples import failures
from domain.records import Record, Value
from offline_store import journal, records
from screens.context import Desk
from screens.hazard import HazardBody
from screens.report import ReportBody
from tests.helpers.definitions import DAY0, definition_files
from tests.helpers.field import ELECTRICIAN, desk_of, offline_field
from tests.helpers.plant import Device, PlantSite, plant
from tests.helpers.render import rendered

FILE = "hazards.yaml"
ROW = """fields:
  - id: crew_size
    t: num
    zh: 需要几个人
    en: How many people does it take?
    unit: 人
    min: 1
    relevant: asset.kind == 'switchboard'
    required_before: [hazard.dispatch]
    when: hazard.grade != 'D'
    by: [hazard.accept, hazard.dispatch]
    own: true
    first: true
"""
LEADER, REPORTER = "U019", "U012"
DISPATCH = ("hazard.dispatch", "dispatched")


def files_with(row: str) -> dict[str, str]:
    """Return the definition files with one more row in hazards.yaml, and nothing else changed."""
    files = dict(definition_files())
    assert files[FILE].count("\nfields:\n") == 1
    files[FILE] = files[FILE].replace("\nfields:\n", f"\n{row}", 1)
    return files


@pytest.fixture(scope="module")
def found() -> Definitions:
    definitions = load(files_with(ROW), DAY0)
    assert failures(definitions) == ()
    return definitions


@pytest.fixture
def field(found: Definitions, tmp_path: Path) -> FieldApp:
    built = offline_field(tmp_path)
    assert built.pack
    built.pack = replace(built.pack, definitions=found)
    return built


def reported(field: FieldApp, answers: dict[str, str] | None = None) -> str:
    desk = desk_of(field, REPORTER)
    draft = reports.open_draft(field, desk.signed_in, asset_id="DB-03")
    reports.change_draft(
        field, desk.signed_in, draft.draft_id, words="柜门没锁", grade="C", category="EL"
    )
    if answers:
        reports.answer_fields(field, desk.signed_in, draft.draft_id, answers)
    return reports.report(field, desk.signed_in, draft.draft_id, None)


def accepted(field: FieldApp, answers: dict[str, str] | None = None) -> tuple[Desk, str]:
    record_id = reported(field, answers)
    desk = desk_of(field, LEADER)
    hazards.act(field, desk.signed_in, record_id, "hazard.accept", "accepted")
    return desk, record_id


def crafted(device: Device, who: str, record_id: str, kind: str, cells: dict[str, Value]) -> None:
    """Write an entry that no screen would write."""
    with device.app.store.session() as session:
        device.app.write(
            session, who, kind=kind, record_id=record_id, type="hazard", definition="hazard@1",
            set=cells,
        )  # fmt: skip


def on_the_server(site: PlantSite, record_id: str) -> Record:
    with site.server.state.site.store.reading() as session:
        return records.get(session, record_id)


def test_a_step_waits_for_the_answer_and_takes_it(field: FieldApp) -> None:
    desk, record_id = accepted(field)
    with pytest.raises(AnswersMissingError) as refused:
        hazards.act(field, desk.signed_in, record_id, *DISPATCH, assignee=ELECTRICIAN)
    said = " ".join(desk.t.error(refused.value))
    assert "需要几个人" in said

    hazard_fields.record_fields(field, desk.signed_in, record_id, {"crew_size": "2"})
    view = hazards.act(field, desk.signed_in, record_id, *DISPATCH, assignee=ELECTRICIAN)
    assert view.card.state == "dispatched"


def test_a_report_may_answer_it_already(field: FieldApp) -> None:
    desk, record_id = accepted(field, {"crew_size": "３"})
    shown = hazards.view(field, desk.signed_in, record_id)
    assert [one.value for one in shown.fields if one.item.item_id == "crew_size"] == ["3"]
    view = hazards.act(field, desk.signed_in, record_id, *DISPATCH, assignee=ELECTRICIAN)
    assert view.card.state == "dispatched"


def test_nobody_else_may_answer_it(field: FieldApp) -> None:
    _, record_id = accepted(field)
    electrician = desk_of(field, ELECTRICIAN)
    with pytest.raises(NotAllowedError):
        hazard_fields.record_fields(field, electrician.signed_in, record_id, {"crew_size": "2"})


def test_it_is_not_asked_where_it_is_not_relevant(field: FieldApp) -> None:
    desk = desk_of(field, REPORTER)
    draft = reports.open_draft(field, desk.signed_in, asset_id="TK-101")
    assert all(one.item.item_id != "crew_size" for one in draft.fields)


async def test_the_server_reads_the_same_file_and_refuses_what_the_device_would(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "definitions"
    for path, text in files_with(ROW).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    async with plant(tmp_path, definitions=folder) as site:
        device = await site.device()
        _, record_id = accepted(device.app)
        await device.sync()
        move: dict[str, Value] = {
            "state": "dispatched", "action": "hazard.dispatch", "assignee": ELECTRICIAN,
            "responsible": ELECTRICIAN,
        }  # fmt: skip
        crafted(device, LEADER, record_id, "decide", move)
        crafted(device, LEADER, record_id, "edit", {"crew_size": "two"})
        crafted(device, ELECTRICIAN, record_id, "edit", {"crew_size": "2"})
        await device.sync()
        here = on_the_server(site, record_id)
        assert (here.text("state"), here.get("crew_size")) == ("accepted", None)
        with device.app.store.reading() as session:
            codes = [one.code for one in journal.of_record(session, record_id)]
        assert codes[-3:] == ["answers.missing", "entry.invalid", "access.denied"]

        leader = device.person(LEADER)
        hazard_fields.record_fields(device.app, leader, record_id, {"crew_size": "2"})
        hazards.act(device.app, leader, record_id, *DISPATCH, assignee=ELECTRICIAN)
        await device.sync()
        here = on_the_server(site, record_id)
        assert (here.text("state"), here.get("crew_size")) == ("dispatched", "2")


async def test_the_screen_asks_it_before_the_step_and_shows_the_answer(field: FieldApp) -> None:
    desk, record_id = accepted(field)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("field-crew_size"))
        await drawn.tap("do-hazard.dispatch-dispatched")  # opens the question instead
        await drawn.until(lambda: drawn.has("crew_size-field"))
        await drawn.write("crew_size-field", "x")
        await drawn.tap("fields-save")
        assert drawn.sees(desk.t("reason.number"))
        await drawn.write("crew_size-field", "2")
        await drawn.tap("fields-save")
        await drawn.until(lambda: drawn.has("field-crew_size"))
        assert drawn.one("field-crew_size").value == "2 人"
        assert drawn.sees("需要几个人")
        assert not drawn.has("crew_size-needed")


async def test_the_report_asks_it_on_its_screen(field: FieldApp) -> None:
    desk = desk_of(field, REPORTER)
    draft = reports.open_draft(field, desk.signed_in, asset_id="DB-03")
    async with rendered(desk, lambda: ReportBody(draft.draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("fields-edit"))
        await drawn.tap("fields-edit")
        await drawn.until(lambda: drawn.has("crew_size-field"))
        await drawn.write("crew_size-field", "4")
        await drawn.tap("fields-save")
        await drawn.until(lambda: drawn.has("field-crew_size"))
        assert drawn.one("field-crew_size").value == "4 人"


def test_a_problem_in_a_row_is_named_with_its_line() -> None:
    clash = ROW.replace("crew_size", "words").replace("hazard.grade", "hazard.graed")
    _, problems = read(files_with(clash), DAY0)
    lines = files_with(clash)[FILE].splitlines()
    at = {one.code: one for one in problems if one.path == FILE}
    assert "id: words" in lines[at["code.duplicate"].line - 1]
    assert "graed" in lines[at["reference.unknown"].line - 1]

    photo = ROW.replace("t: num", "t: photo").replace("    unit: 人\n    min: 1\n", "")
    _, problems = read(files_with(photo), DAY0)
    assert [one.code for one in problems] == ["value.choice"]


def test_a_cell_that_only_moves_set_cannot_be_a_field() -> None:
    _, problems = read(files_with(ROW.replace("crew_size", "assignee")), DAY0)
    assert {one.code for one in problems} == {"code.duplicate"}
    assert {one.path for one in problems} == {FILE}
