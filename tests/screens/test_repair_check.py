"""Marking the defect, the verdict on a repair, both photos on one view (pictures 05, 07, 12)."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.field import FieldApp
from app.use_cases import hazards, reports
from domain.repair_checks import Region
from media.adapters.simulated import SimulatedCamera
from screens.hazard import HazardBody
from screens.report import ReportBody
from tests.app.test_repair_checks import VERIFIER, given_out, repaired, who
from tests.helpers.fakeclient import FakeClient
from tests.helpers.field import ELECTRICIAN, desk_of, offline_field
from tests.helpers.render import rendered
from tests.media.places import file, second_shot, wall, with_defect


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    return offline_field(tmp_path)


async def touch(drawn: FakeClient, event: str, share: tuple[float, float]) -> None:
    """Touch the picture at a share of its sides."""
    pad = drawn.one("mark-pad")
    at = {"x": share[0] * pad.content.width, "y": share[1] * pad.content.height}
    position: dict[str, object] = {"l": at, "g": at}
    position |= {"v": {"x": 0, "y": 0}} if event == "pan_end" else {"k": "touch"}
    await drawn.fire(pad, event, position)


async def test_two_taps_mark_the_defect_of_a_report(field: FieldApp) -> None:
    desk = desk_of(field, "U012")
    picture = file(with_defect(wall(1)))
    field.devices = replace(field.devices, camera=lambda: SimulatedCamera([picture]))
    draft = reports.open_draft(field, desk.signed_in, asset_id="DB-03")
    async with rendered(desk, lambda: ReportBody(draft.draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("shutter") and not drawn.one("shutter").disabled)
        assert not drawn.has("mark")
        await drawn.tap("shutter")
        await drawn.until(lambda: drawn.has("mark"))
        await drawn.tap("mark")
        await drawn.until(lambda: drawn.has("mark-pad"))
        assert drawn.one("mark-keep").disabled
        await touch(drawn, "tap_up", (0.6, 0.6))
        assert drawn.sees(desk.t("mark.region.second"))
        await touch(drawn, "tap_up", (0.4, 0.35))  # whichever corner comes first
        assert drawn.sees(desk.t("mark.region.loose"))
        await drawn.tap("mark-keep")
        await drawn.until(lambda: not drawn.has("mark-pad"))
        assert drawn.sees(desk.t("check.remark"))
    found = reports.draft(field, desk.signed_in, draft.draft_id)
    [photo] = found.photos
    assert found.region == Region(photo.evidence_id, 400, 350, 600, 600)
    record_id = reports.report(field, desk.signed_in, draft.draft_id, None)
    assert hazards.view(field, desk.signed_in, record_id).region == found.region


async def test_a_drag_marks_too_and_a_slip_of_the_finger_is_no_box(field: FieldApp) -> None:
    record_id = given_out(field, region=False)
    desk = desk_of(field, VERIFIER)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("mark"))
        await drawn.tap("mark")
        await drawn.until(lambda: drawn.has("mark-pad"))
        await touch(drawn, "pan_start", (0.5, 0.5))
        await touch(drawn, "pan_update", (0.505, 0.505))
        await touch(drawn, "pan_end", (0.505, 0.505))
        assert drawn.sees(desk.t("mark.region.small"))
        await touch(drawn, "pan_start", (0.2, 0.3))
        await touch(drawn, "pan_update", (0.5, 0.4))
        await touch(drawn, "pan_update", (1.4, 0.6))  # the finger leaves the picture
        await drawn.tap("mark-keep")
        await drawn.until(lambda: not drawn.has("mark-pad"))
    region = hazards.view(field, desk.signed_in, record_id).region
    assert region is not None
    assert region.box == (200, 300, 1000, 600)


async def test_the_rectifier_sees_the_verdict_before_handing_in(field: FieldApp) -> None:
    record_id = given_out(field)
    picture = file(second_shot(wall(1), 3))
    field.devices = replace(field.devices, camera=lambda: SimulatedCamera([picture]))
    desk = desk_of(field, ELECTRICIAN)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        finish = "do-hazard.rectify-to_verify"  # the same button: first the photo, then this
        await drawn.until(lambda: drawn.has(finish))
        await drawn.tap(finish)
        await drawn.press_shutter()
        await drawn.until(lambda: drawn.has("check-verdict"))
        assert drawn.sees(desk.t("check.outcome.passed"))
        await drawn.tap(finish)
        await drawn.until(lambda: drawn.has("waits"))
    assert hazards.view(field, desk.signed_in, record_id).card.state == "to_verify"


async def test_the_reviewer_sees_what_decides_and_both_photos_on_one_view(field: FieldApp) -> None:
    record_id = given_out(field)
    repaired(field, record_id, second_shot(with_defect(wall(1)), 4))
    desk = desk_of(field, VERIFIER)
    fitter = desk_of(field, ELECTRICIAN)
    async with rendered(fitter, lambda: HazardBody(record_id)) as drawn:
        finish = "do-hazard.rectify-to_verify"
        await drawn.until(lambda: drawn.has(finish))
        await drawn.tap(finish)  # before anything was compared: handing in does not wait
        await drawn.until(lambda: drawn.has("check-verdict"))
    found = hazards.view(field, who(field, VERIFIER), record_id)
    assert found.card.state == "to_verify"
    assert found.check is not None
    assert found.check.check is not None
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("check-figures"))
        assert drawn.sees(desk.t("check.outcome.refused"))
        for name in ("probability", "scene", "reuse", "region", "full_frame"):
            assert drawn.sees(desk.t(f"rectify.figure.{name}"))
        await drawn.tap("compare")
        await drawn.until(lambda: drawn.has("compare-line"))
        await drawn.fire(drawn.one("compare-line"), "change", 0.25, value=0.25)
        assert drawn.one("compare-line").value == 0.25
        await drawn.tap("compare-heat")
        assert drawn.sees(desk.t("compare.heat.says"))
        await drawn.tap("compare-side")
        assert not drawn.has("compare-line")
        assert not drawn.has("compare-back"), "who decides does so here"
        await drawn.tap("back")
        await drawn.until(lambda: drawn.has("do-hazard.verify-closed"))
        await drawn.tap("do-hazard.verify-closed")  # over a refusal only with a word why
        await drawn.until(lambda: drawn.has("move-note"))
        assert drawn.has("refused-why")
        assert drawn.one("move-do").disabled
        await drawn.write("move-note", "现场看过，已换锁芯")
        await drawn.tap("move-do")
        await drawn.until(lambda: not drawn.has("move-note"))
    assert hazards.view(field, desk.signed_in, record_id).card.state == "closed"
