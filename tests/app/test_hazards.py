"""Hazard lists promise: nothing open is ever cut off, and each step keeps its own name."""

from app.use_cases import hazards, outbox, reports
from domain.plant import Person
from tests.helpers.plant import Device, PlantSite

MANY = 205  # more than the list of finished ones shows


def reported(device: Device, person: Person, words: str) -> str:
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    reports.change_draft(device.app, person, draft.draft_id, words=words)
    return reports.report(device.app, person, draft.draft_id, None)


async def test_an_open_hazard_stays_in_the_list_behind_many_newer_ones(site: PlantSite) -> None:
    device = await site.device()
    operator, leader = device.person("U012"), device.person("U019")
    first = reported(device, operator, "漏电")
    for number in range(MANY):
        reported(device, operator, f"柜门没锁 {number}")
    waiting = {card.record_id for card in hazards.cards(device.app, leader, "todo")}
    assert first in waiting
    assert len(waiting) > MANY


async def test_the_outbox_names_each_step_by_what_was_done_then(site: PlantSite) -> None:
    device = await site.device()
    hazard = reported(device, device.person("U012"), "柜门没锁")
    hazards.act(device.app, device.person("U019"), hazard, "hazard.accept", "accepted")
    names = {
        item.action.in_("en") for item in outbox.view(device.app).items if item.action is not None
    }
    assert names == {"Report a hazard", "Accept"}
