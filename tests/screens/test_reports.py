"""The report is one tap away on a hazard and on a finished inspection, and goes out as any file."""

from pathlib import Path
from typing import Any

import pytest

from app.field import FieldApp
from app.use_cases import evidence, inspections, scan
from app.use_cases.evidence import Target
from offline_store import records
from screens.hazard import HazardBody
from screens.inspection import InspectionBody
from screens.reconnect import controls_in
from tests.app.test_papers import inspected, reported
from tests.app.test_repair_checks import who
from tests.helpers.fakeclient import FakeClient
from tests.helpers.field import ELECTRICIAN, INSPECTOR, desk_of, offline_field
from tests.helpers.paper import Paper
from tests.helpers.render import rendered
from tests.media.pictures import jpeg, photo

PHONE, TABLET = (412, 915), (1280, 800)


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    return offline_field(tmp_path)


async def saved(drawn: FakeClient) -> tuple[str, Paper]:
    """Tap the button; what is handed to the platform's dialog."""
    await drawn.until(lambda: drawn.has("report-pdf"))
    await drawn.tap("report-pdf")
    await drawn.until(lambda: any(name == "save_file" for _, name, _ in drawn.calls))
    asked: Any = next(args for _, name, args in drawn.calls if name == "save_file")
    return asked["file_name"], Paper(bytes(asked["src_bytes"]))


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_hazard_is_printed_in_the_language_of_the_tab(
    field: FieldApp, language: str
) -> None:
    record_id = reported(field, "柜门没锁", pictures=1)
    desk = desk_of(field, "U012")
    desk.language = language
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        name, paper = await saved(drawn)
        t = desk.t
        assert name.endswith(f"-{language}.pdf")
        assert paper.has("柜门没锁", t("report.history"), t("report.worth"))
        await drawn.until(lambda: desk.told == t("report.saved", name=name))


@pytest.mark.parametrize("size", [PHONE, TABLET], ids=["phone", "tablet"])
async def test_a_finished_inspection_has_a_page_with_its_report(
    field: FieldApp, size: tuple[int, int]
) -> None:
    record_id = inspected(field)
    desk = desk_of(field, INSPECTOR)
    desk.width, desk.height = size
    async with rendered(desk, lambda: InspectionBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("line-T01"))
        t = desk.t
        assert drawn.sees(t("report.judged.bad"))
        assert drawn.sees("50 kPa")
        _, paper = await saved(drawn)
        assert paper.has("50 kPa", t("report.title.inspection", code="").strip())
        (photo, *_) = evidence.of_record(field, record_id)
        await drawn.tap(f"photo-{photo.evidence_id}")
        await drawn.until(lambda: drawn.has("evidence-back"))
        await drawn.tap("evidence-back")
        await drawn.until(lambda: drawn.has("report-pdf"))


async def test_a_photo_an_excuse_and_a_hazard_stand_at_their_question(field: FieldApp) -> None:
    person = who(field, INSPECTOR)
    hazard = reported(field, "急停按了没反应")
    opened = scan.by_id(field, person, "C-401", None, via="typed")
    sheet = inspections.open_sheet(field, person, opened, None)
    readings = {"A01": "0.7", "A02": "80", "A03": "200", "A08": "ng"}
    for item in sheet.form.items:
        answer = readings.get(item.item_id, "ok")
        inspections.answer(field, person, sheet.draft_id, item.item_id, answer)
    inspections.excuse(field, person, sheet.draft_id, "A01", "dark", "灯坏了")
    for item_id in ("A04", "A08"):
        target = Target(sheet.draft_id, sheet.code, "C-401", "item", item_id)
        evidence.keep(field, person, target, jpeg(photo(64, 48)), source="camera", fix=None)
    with field.store.session() as session:
        code = records.get(session, hazard).text("code")
        inspections.link_hazard(session, sheet.draft_id, "A08", hazard, code)
    record_id = inspections.hand_in(field, person, sheet.draft_id, None)
    desk, went = desk_of(field, INSPECTOR), list[str]()
    desk.navigate = went.append
    async with rendered(desk, lambda: InspectionBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("line-A08"))
        for photo_of in evidence.of_record(field, record_id):
            line = controls_in(drawn.one(f"line-{photo_of.item_id}"), shown=True)
            assert drawn.one(f"photo-{photo_of.evidence_id}") in line
        assert drawn.sees("灯坏了")
        assert drawn.sees(desk.t("report.found", n=8, bad=1, warn=0))
        assert drawn.sees(desk.t("question.reported", code=code))
        await drawn.tap("line-A08")
        assert went == [f"/hazard/{hazard}"]


async def test_who_may_not_read_an_inspection_does_not_see_it(field: FieldApp) -> None:
    record_id = inspected(field)
    desk = desk_of(field, ELECTRICIAN)
    async with rendered(desk, lambda: InspectionBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("inspection.gone")))
        assert not drawn.has("report-pdf")


async def test_no_inspection_at_all_says_so(field: FieldApp) -> None:
    desk = desk_of(field, INSPECTOR)
    async with rendered(desk, lambda: InspectionBody("nothing")) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("inspection.gone.detail")))
