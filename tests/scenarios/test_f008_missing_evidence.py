"""F008: a compressor checked three times without the photo of its gauge is a management gap."""

import io

import pytest
from PIL import Image

from app.use_cases import evidence, gaps, inspections, scan, statistics
from app.use_cases.evidence import Target
from domain.errors import (
    AnswerInvalidError,
    MoveRefusedError,
    NotAllowedError,
    SheetIncompleteError,
)
from offline_store import records
from server import gaps as duty
from server.own_entries import write_own
from server.site import Site
from tests.helpers.plant import Device, PlantSite

INSPECTOR, COMPRESSOR = "U003", "C-401"
ANSWERS = {
    "A01": "0.7", "A02": "80", "A03": "200", "A04": "ok", "A05": "ok", "A06": "ok",
    "A07": "ok", "A08": "ok",
}  # fmt: skip


def check(device: Device, *, gauge: bool, reason: str | None = "dark") -> str:
    """Fill in and hand in the compressor's checklist; without the gauge, say why."""
    app, person = device.app, device.person(INSPECTOR)
    found = scan.by_id(app, person, COMPRESSOR, None, via="typed")
    sheet = inspections.open_sheet(app, person, found, None)
    for item, value in ANSWERS.items():
        inspections.answer(app, person, sheet.draft_id, item, value)
    for item in ("A01", "A04") if gauge else ("A04",):
        target = Target(sheet.draft_id, sheet.code, COMPRESSOR, "item", item, "verified")
        evidence.keep(app, person, target, picture(), source="camera", fix=None)
    if not gauge:
        inspections.excuse(app, person, sheet.draft_id, "A01", reason, "灯坏了")
    return inspections.hand_in(app, person, sheet.draft_id, None)


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (64, 48), "grey").save(made, "JPEG")
    return made.getvalue()


def raised(site: PlantSite) -> list[str]:
    """Let the server do its duty twice, as two processes or a restart would; return the gaps."""
    here: Site = site.server.state.site
    steps = duty.due(here, here.now_ms())
    write_own(here, steps, only_new=True)
    write_own(here, steps, only_new=True)
    write_own(here, duty.due(here, here.now_ms()), only_new=True)
    with here.store.reading() as session:
        return [gap.record_id for gap in records.find(session, "gap")]


async def test_the_third_check_without_the_gauge_raises_one_gap(site: PlantSite) -> None:
    device = await site.device()
    sheets: list[str] = []
    for number in (1, 2, 3):
        sheets.append(check(device, gauge=False))
        await device.sync()
        assert len(raised(site)) == (1 if number == 3 else 0)
    await device.sync()
    (gap,) = gaps.listed(device.app, device.person("U001"))
    assert [sheet.record_id for sheet in gap.sheets] == sheets
    assert {sheet.said for sheet in gap.sheets} == {"灯坏了"}
    assert gap.asset_id == COMPRESSOR
    with device.app.store.reading() as session:
        told = [one for one in records.find(session, "notice") if one.text("about") == gap.gap_id]
        owner = records.get(session, gap.gap_id).text("owner")
    assert [one.text("to") for one in told] == [owner]


async def test_one_check_with_the_photo_in_between_and_there_is_no_gap(site: PlantSite) -> None:
    device = await site.device()
    for gauge in (False, False, True, False, False):
        check(device, gauge=gauge)
        await device.sync()
        assert raised(site) == []


async def test_its_owner_settles_it_with_words_and_it_can_come_again(site: PlantSite) -> None:
    device = await site.device()
    for _ in range(3):
        check(device, gauge=False)
    await device.sync()
    (gap_id,) = raised(site)
    await device.sync()
    with device.app.store.reading() as session:
        owner = device.person(records.get(session, gap_id).text("owner"))
    stranger = device.person("U001" if owner.person_id != "U001" else "U015")
    with pytest.raises(NotAllowedError):
        gaps.settle(device.app, stranger, gap_id, "好了")
    with pytest.raises(MoveRefusedError):
        gaps.settle(device.app, owner, gap_id, "  ")
    assert statistics.may_open(device.app, owner)
    assert gaps.settle(device.app, owner, gap_id, "换了照明").note == "换了照明"
    with pytest.raises(MoveRefusedError):
        gaps.settle(device.app, owner, gap_id, "再来一次")
    await device.sync()
    assert raised(site) == [gap_id]
    with site.server.state.site.store.reading() as session:
        assert records.get(session, gap_id).text("state") == "settled"
    for _ in range(3):
        check(device, gauge=False)
    await device.sync()
    assert len(raised(site)) == 2


async def test_a_photo_is_missing_only_with_a_reason_of_the_plant(site: PlantSite) -> None:
    device = await site.device()
    with pytest.raises(SheetIncompleteError):
        check(device, gauge=False, reason=None)
    with pytest.raises(AnswerInvalidError):
        check(device, gauge=False, reason="lazy")
    person = device.person(INSPECTOR)
    found = scan.by_id(device.app, person, "TK-101", None, via="typed")
    draft = inspections.open_sheet(device.app, person, found, None).draft_id
    with pytest.raises(AnswerInvalidError):  # the tank's level takes no excuse
        inspections.excuse(device.app, person, draft, "T03", "dark")


async def test_a_photo_taken_after_all_counts_and_the_reason_goes(site: PlantSite) -> None:
    device = await site.device()
    app, person = device.app, device.person(INSPECTOR)
    found = scan.by_id(app, person, COMPRESSOR, None, via="typed")
    sheet = inspections.open_sheet(app, person, found, None)
    for item, value in ANSWERS.items():
        inspections.answer(app, person, sheet.draft_id, item, value)
    excused = inspections.excuse(app, person, sheet.draft_id, "A01", "camera")
    assert excused.lines[0].line.excused
    for item in ("A01", "A04"):
        target = Target(sheet.draft_id, sheet.code, COMPRESSOR, "item", item, "verified")
        evidence.keep(app, person, target, picture(), source="camera", fix=None)
    record_id = inspections.hand_in(app, person, sheet.draft_id, None)
    with app.store.reading() as session:
        assert records.get(session, record_id).get("excused") is None
