"""The checklist promises: each answer saved at once, bad readings red at once, no dead end."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.field import FieldApp
from app.use_cases import inspections, reports, scan
from domain.plant import Person
from media.adapters.simulated import SimulatedCamera
from screens.context import Desk
from screens.sheet import SheetBody
from screens.sheet_model import SheetModel
from tests.helpers.fakeclient import FakeClient
from tests.helpers.field import desk_of, offline_field
from tests.helpers.render import rendered
from tests.media.pictures import jpeg, photo


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    built = offline_field(tmp_path)
    built.devices = replace(built.devices, camera=lambda: SimulatedCamera([jpeg(photo(640, 480))]))
    return built


def open_sheet(desk: Desk, asset_id: str) -> str:
    found = scan.by_id(desk.field, desk.signed_in, asset_id, None, via="typed")
    return inspections.open_sheet(desk.field, desk.signed_in, found, None).draft_id


def inspector(field: FieldApp) -> Person:
    return desk_of(field).signed_in


def value(field: FieldApp, draft_id: str, item_id: str) -> str:
    lines = inspections.sheet(field, inspector(field), draft_id).lines
    return next(row.line.value for row in lines if row.line.item.item_id == item_id)


async def ready(client: FakeClient, key: str) -> None:
    await client.until(lambda: client.has(key) and not client.one(key).disabled)


async def test_an_answer_is_on_the_device_before_the_next_one_is_asked(field: FieldApp) -> None:
    desk = desk_of(field)
    draft_id = open_sheet(desk, "TK-101")
    async with rendered(desk, lambda: SheetBody(draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("T01-ok"))
        await drawn.tap("T01-ok")
        await drawn.until(lambda: value(field, draft_id, "T01") == "ok")
        assert drawn.sees(desk.t("sheet.left", left=11, number=2))


async def test_a_reading_turns_amber_then_red_while_it_is_typed(field: FieldApp) -> None:
    desk = desk_of(field)
    draft_id = open_sheet(desk, "TK-101")
    async with rendered(desk, lambda: SheetBody(draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("T03-field"))
        await drawn.write("T03-field", "11")
        await drawn.until(
            lambda: drawn.sees(desk.t("judgement.above_warn", limit="11.0", unit="m"))
        )
        await drawn.write("T03-field", "11.8")
        await drawn.until(lambda: drawn.sees(desk.t("judgement.above_max", limit="11.5", unit="m")))
        assert drawn.one("T03-field").value == "11.8"
        await drawn.write("T03-field", "11.8x")  # not a number: said at once, the old answer stays
        await drawn.until(lambda: any("11.8" in text for text in drawn.texts()))
        assert value(field, draft_id, "T03") == "11.8"


async def test_only_the_latest_of_several_quick_answers_counts(field: FieldApp) -> None:
    desk = desk_of(field)
    model = SheetModel(desk, open_sheet(desk, "TK-101"))
    await model.load()
    await asyncio.gather(*(model.typed("T03", text) for text in ("1", "10", "10.", "10.5")))
    assert value(field, model.draft_id, "T03") == "10.5"
    assert not model.saving


async def test_after_an_answer_the_next_open_question_is_aimed_at(field: FieldApp) -> None:
    desk = desk_of(field)
    model = SheetModel(desk, open_sheet(desk, "TK-101"))
    await model.load()
    await model.answer("T02", "ok")
    assert model.goal is not None
    assert model.goal.focus == "T03"  # a number gets the keyboard
    await model.answer("T01", "ng")
    assert model.goal.scroll_to == "T01"  # a bad answer still needs its photo: stay there


async def test_a_save_that_takes_long_says_so(
    field: FieldApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.sheet_model.SLOW_S", 0.0)
    desk = desk_of(field)
    draft_id = open_sheet(desk, "TK-101")
    async with rendered(desk, lambda: SheetBody(draft_id)) as drawn:
        await ready(drawn, "T01-ok")
        with field.store.session() as session:  # the disk is busy with something else
            session.connection()
            tap = asyncio.create_task(drawn.tap("T01-ok"))
            await drawn.until(lambda: drawn.sees(desk.t("sheet.saving")))
        await tap
        await drawn.until(lambda: not drawn.sees(desk.t("sheet.saving")))


async def test_out_of_use_needs_a_reason_and_makes_the_sheet_complete(field: FieldApp) -> None:
    desk = desk_of(field)
    went: list[str] = []
    desk.navigate = went.append
    draft_id = open_sheet(desk, "TK-101")
    desk.arrive(f"/sheet/{draft_id}")
    async with rendered(desk, lambda: SheetBody(draft_id)) as drawn:
        await ready(drawn, "still")
        await drawn.tap("still")
        assert drawn.one("still-do").disabled
        await drawn.tap("still-stopped")
        await drawn.tap("still-do")
        await ready(drawn, "hand-in")
        await drawn.tap("hand-in")
        await drawn.until(lambda: went == ["/"])


async def test_a_hazard_from_a_failed_item_with_a_photo_takes_four_taps(field: FieldApp) -> None:
    from screens.report import ReportBody

    desk = desk_of(field)
    went: list[str] = []
    desk.navigate = went.append
    draft_id = open_sheet(desk, "TK-101")
    async with rendered(desk, lambda: SheetBody(draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("T01-ng"))
        await drawn.tap("T01-ng")  # 1
        await ready(drawn, "T01-report")
        await drawn.tap("T01-report")  # 2
        await drawn.until(lambda: went)
    report_id = went.pop().removeprefix("/report/")
    async with rendered(desk, lambda: ReportBody(report_id)) as drawn:
        await ready(drawn, "shutter")  # the camera is open already
        await drawn.tap("shutter")  # 3
        await ready(drawn, "report-send")
        assert len(reports.draft(field, inspector(field), report_id).photos) == 1
        await drawn.tap("report-send")  # 4
        await drawn.until(lambda: went)
    row = inspections.sheet(field, inspector(field), draft_id).lines[0]
    assert row.hazard is not None


async def test_without_a_camera_a_photo_can_be_chosen_from_the_files(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    desk = desk_of(field)
    draft_id = open_sheet(desk, "TK-101")
    async with rendered(desk, lambda: SheetBody(draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("T03-shoot"))
        await drawn.tap("T03-shoot")
        await drawn.until(lambda: drawn.has("refused"))
        assert drawn.one("capture-choose").action is not None
        assert not drawn.has("shutter")
        await drawn.tap("capture-away")  # and a way back
        await drawn.until(lambda: drawn.has("jump"))


async def test_a_photo_that_cannot_be_taken_takes_a_reason_and_the_sheet_goes_on(
    field: FieldApp,
) -> None:
    desk = desk_of(field)
    draft_id = open_sheet(desk, "C-401")
    async with rendered(desk, lambda: SheetBody(draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("A01-field"))
        assert not drawn.has("A01-excuse")  # nothing to tap past while all goes well
        await drawn.write("A01-field", "0.7")
        await drawn.until(lambda: drawn.has("A01-excuse"))
        await drawn.tap("A01-excuse")
        await drawn.until(lambda: drawn.has("excuse-do"))
        assert drawn.one("excuse-do").disabled
        await drawn.tap("excuse-dark")
        await drawn.write("excuse-words", "灯坏了")
        await drawn.tap("excuse-do")
        await drawn.until(lambda: drawn.has("A01-excused"))
        assert not drawn.has("A01-excuse")
    line = inspections.sheet(field, inspector(field), draft_id).lines[0].line
    assert (line.complete, line.excused) == (True, True)
