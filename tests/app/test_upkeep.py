"""Maintenance promises: nothing typed is lost, no photo is left out, the next date is right."""

import pytest

from app.use_cases import documents, evidence, inspections, scan, tasks, upkeep
from app.use_cases.evidence import Target
from app.use_cases.upkeep import Upkeep
from domain.errors import (
    AnswerInvalidError,
    NotAllowedError,
    RecordMissingError,
    UpkeepPhotoError,
)
from domain.plant import Person
from offline_store import records
from tests.helpers.plant import Device, PlantSite

DAY_MS = 86_400_000


def opened(device: Device, person: Person, asset_id: str = "C-401") -> Upkeep:
    (card,) = upkeep.due_here(device.app, person, asset_id)
    return upkeep.open_upkeep(device.app, person, card.task_id)


def photograph(device: Device, person: Person, work: Upkeep, picture: bytes) -> None:
    target = Target(work.draft_id, work.code, work.asset.asset_id, upkeep.SHOT)
    evidence.keep(device.app, person, target, picture, source="camera", fix=None)


async def test_what_is_due_stands_on_the_home_screen_as_maintenance(site: PlantSite) -> None:
    device = await site.device()
    cards = tasks.today(device.app, device.person("U040"), None).cards
    (late,) = [card for card in cards if card.asset_id == "C-401"]
    assert late.maintenance
    assert late.overdue
    assert late.form.in_("en") == "Replace the air filter"
    assert "P-201A" not in [card.asset_id for card in cards if card.overdue]


async def test_a_draft_survives_a_flat_battery(site: PlantSite) -> None:
    device = await site.device()
    person = device.person("U040")
    work = opened(device, person)
    upkeep.set_quantity(device.app, person, work.draft_id, 0, " ２，5")
    upkeep.add_part(device.app, person, work.draft_id, "密封圈", "3", "pc")
    upkeep.write_note(device.app, person, work.draft_id, "旧滤芯很脏")
    device = site.restart(device)
    again = opened(device, person)
    assert again.draft_id == work.draft_id
    assert [(part.name.in_("zh"), part.quantity) for part in again.supplies] == [
        ("空气滤芯", "2.5"),
        ("密封圈", "3"),
    ]
    assert again.note == "旧滤芯很脏"


@pytest.mark.parametrize("text", ["", "0", "-1", "1,000,000.1234", "viel", "1e3", "9" * 500])
async def test_what_is_no_amount_is_refused_and_the_old_one_stays(
    site: PlantSite, text: str
) -> None:
    device = await site.device()
    person = device.person("U040")
    work = opened(device, person)
    with pytest.raises(AnswerInvalidError):
        upkeep.set_quantity(device.app, person, work.draft_id, 0, text)
    with pytest.raises(AnswerInvalidError):
        upkeep.add_part(device.app, person, work.draft_id, "x", text, "pc")
    kept = upkeep.upkeep(device.app, person, work.draft_id)
    assert [part.quantity for part in kept.supplies] == ["1"]


async def test_a_part_without_name_or_of_an_unknown_unit_is_refused(site: PlantSite) -> None:
    device = await site.device()
    person = device.person("U040")
    work = opened(device, person)
    for name, unit in (("  ", "pc"), ("x" * 61, "pc"), ("x", "truck")):
        with pytest.raises(AnswerInvalidError):
            upkeep.add_part(device.app, person, work.draft_id, name, "1", unit)


async def test_it_is_handed_in_with_its_photo_and_finishes_its_task(site: PlantSite) -> None:
    device = await site.device()
    person = device.person("U040")
    work = opened(device, person)
    with pytest.raises(UpkeepPhotoError):
        upkeep.hand_in(device.app, person, work.draft_id, None)
    photograph(device, person, work, site.label("C-401"))
    upkeep.remove_part(device.app, person, work.draft_id, 0)
    record_id = upkeep.hand_in(device.app, person, work.draft_id, None)
    with device.app.store.reading() as session:
        record, task = records.get(session, record_id), records.get(session, work.task_id)
    assert (task.text("state"), task.text("done_by")) == ("done", record_id)
    assert (record.text("by"), record.text("plan"), record.get("parts")) == ("U040", "MT03", [])
    days = ((record.whole("next_due_ms") or 0) - (record.whole("submitted_ms") or 0)) // DAY_MS
    assert days in (89, 90)  # the end of the ninetieth day
    with pytest.raises(RecordMissingError):
        upkeep.upkeep(device.app, person, work.draft_id)


async def test_nobody_opens_or_hands_in_what_is_somebody_elses(site: PlantSite) -> None:
    device = await site.device()
    mine, other = device.person("U040"), device.person("U041")
    work = opened(device, mine)
    assert upkeep.due_here(device.app, other, "C-401") == ()
    with pytest.raises(NotAllowedError):
        upkeep.open_upkeep(device.app, other, work.task_id)
    with pytest.raises(RecordMissingError):
        upkeep.hand_in(device.app, other, work.draft_id, None)


async def test_maintenance_that_is_due_is_no_reason_to_fill_in_a_checklist(site: PlantSite) -> None:
    device = await site.device()
    person = device.person("U040")
    asset = device.app.definitions.plant.assets["C-401"]
    assert upkeep.due_here(device.app, person, "C-401")
    assert not scan.may_inspect(device.app, person, asset)


async def test_the_record_says_which_drawing_lay_before_the_person(site: PlantSite) -> None:
    device = await site.device()
    fitter, inspector = device.person("U040"), device.person("U003")
    work = opened(device, fitter)
    drawing = documents.of_asset(device.app, "C-401").drawing
    assert drawing
    documents.looked_at(device.app, fitter, work.draft_id, drawing.definition)
    photograph(device, fitter, work, site.label("C-401"))
    record_id = upkeep.hand_in(device.app, fitter, work.draft_id, None)
    found = scan.by_id(device.app, inspector, "TK-101", None, via="typed")
    sheet = inspections.open_sheet(device.app, inspector, found, None)
    documents.looked_at(device.app, inspector, sheet.draft_id, "DWG-TK-101@2")
    inspections.stand_still(device.app, inspector, sheet.draft_id, "停机")
    inspections.hand_in(device.app, inspector, sheet.draft_id, None)
    with device.app.store.reading() as session:
        assert records.get(session, record_id).get("drawing_version") == "DWG-C-401@1"
        assert records.get(session, sheet.draft_id).get("drawing_version") == "DWG-TK-101@2"
    with pytest.raises(RecordMissingError):
        documents.looked_at(device.app, fitter, work.draft_id, drawing.definition)
