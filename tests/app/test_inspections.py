"""Checklists promise: a draft is its person's alone, and no bad answer goes without its photo."""

import pytest

from app.use_cases import inspections, scan
from app.use_cases.inspections import Sheet
from domain.errors import NotAllowedError, RecordMissingError, SheetIncompleteError
from domain.plant import Person
from tests.helpers.plant import Device, PlantSite


def opened(device: Device, person: Person, asset_id: str) -> Sheet:
    found = scan.by_id(device.app, person, asset_id, None, via="typed")
    return inspections.open_sheet(device.app, person, found, None)


async def test_nobody_opens_or_hands_in_the_draft_of_somebody_else(site: PlantSite) -> None:
    device = await site.device()
    mine, other = device.person("U003"), device.person("U034")
    sheet = opened(device, mine, "TK-101")
    inspections.answer(device.app, mine, sheet.draft_id, "T01", "ok")
    for use in (
        lambda: inspections.sheet(device.app, other, sheet.draft_id),
        lambda: inspections.answer(device.app, other, sheet.draft_id, "T01", "ng"),
        lambda: inspections.hand_in(device.app, other, sheet.draft_id, None),
    ):
        with pytest.raises(RecordMissingError):
            use()
    kept = inspections.sheet(device.app, mine, sheet.draft_id)
    assert kept.lines[0].line.value == "ok"


async def test_out_of_service_does_not_excuse_the_photo_of_a_bad_answer(site: PlantSite) -> None:
    device = await site.device()
    person = device.person("U003")
    sheet = opened(device, person, "TK-101")
    inspections.answer(device.app, person, sheet.draft_id, "T01", "ng")
    stopped = inspections.stand_still(device.app, person, sheet.draft_id, "检修中")
    assert stopped.next_item == "T01"
    with pytest.raises(SheetIncompleteError):
        inspections.hand_in(device.app, person, sheet.draft_id, None)
    inspections.answer(device.app, person, sheet.draft_id, "T01", "ok")
    assert inspections.hand_in(device.app, person, sheet.draft_id, None) == sheet.draft_id


async def test_a_sheet_of_another_area_can_be_read_but_not_handed_in(site: PlantSite) -> None:
    device = await site.device()
    person = device.person("U003")  # looks after A01, A05, A10, A12
    sheet = opened(device, person, "TK-102")  # stands in A02
    assert not sheet.own_area
    with pytest.raises(NotAllowedError):
        inspections.hand_in(device.app, person, sheet.draft_id, None)


async def test_who_may_not_inspect_anywhere_opens_no_checklist(site: PlantSite) -> None:
    device = await site.device()
    with pytest.raises(NotAllowedError):
        opened(device, device.person("U012"), "DB-03")
