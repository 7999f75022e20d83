"""Hazards promise: no list is cut off, steps keep their names, grades and kinds their reasons."""

import pytest

from app.use_cases import hazards, outbox, reports, tasks
from domain.errors import MoveRefusedError, NotAllowedError
from domain.plant import Person
from tests.helpers.plant import Device, PlantSite

MANY = 120  # several pages
OPERATOR, LEADER, MANAGER, INSPECTOR = "U012", "U019", "U001", "U034"


def reported(
    device: Device, person: Person, words: str, asset: str = "DB-03", **changes: str
) -> str:
    draft = reports.open_draft(device.app, person, asset_id=asset)
    reports.change_draft(device.app, person, draft.draft_id, words=words, **changes)
    return reports.report(device.app, person, draft.draft_id, None)


def listed(device: Device, person: str, which: str) -> list[str]:
    """Return a whole list, page by page."""
    found: list[str] = []
    after: tuple[int, str] | None = None
    while True:
        page = hazards.page(device.app, device.person(person), which, after)
        assert len(page.cards) == hazards.PAGE or page.after is None, "a page is full or the last"
        found += [card.record_id for card in page.cards]
        after = page.after
        if after is None:
            return found


async def test_an_open_hazard_stays_in_the_list_behind_many_newer_ones(site: PlantSite) -> None:
    device = await site.device()
    operator, leader = device.person("U012"), device.person("U019")
    first = reported(device, operator, "漏电")
    for number in range(MANY):
        reported(device, operator, f"柜门没锁 {number}")
    waiting = listed(device, leader.person_id, "todo")
    assert waiting[-1] == first or first in waiting
    assert len(waiting) > MANY
    assert len(set(waiting)) == len(waiting), "each once"
    today = tasks.today(device.app, leader, None)
    assert today.waiting == len(waiting)
    assert len(today.hazards) == tasks.HAZARDS_SHOWN


async def test_each_filter_shows_what_its_name_says(site: PlantSite) -> None:
    device = await site.device()
    operator, leader = device.person(OPERATOR), device.person(LEADER)
    mine = reported(device, operator, "柜门没锁")
    other = reported(device, device.person("U042"), "配电柜漏水")
    void = reported(device, operator, "误报一处")
    note = "重复"
    hazards.act(device.app, device.person(MANAGER), void, "hazard.void", "void", note=note)
    hazards.act(device.app, leader, other, "hazard.accept", "accepted")
    assert set(listed(device, OPERATOR, "mine")) >= {mine, void}
    assert other not in listed(device, OPERATOR, "mine")
    assert set(listed(device, LEADER, "todo")) >= {mine, other}
    assert void not in listed(device, LEADER, "todo")
    assert listed(device, MANAGER, "open")[:2] == [other, mine], "latest change first"
    assert void in listed(device, MANAGER, "closed")
    assert not {mine, other} & set(listed(device, MANAGER, "closed"))
    assert set(listed(device, MANAGER, "all")) >= {mine, other, void}
    assert mine not in listed(device, "U044", "all"), "not of this unit, area or person"


async def test_the_most_urgent_hazards_stand_on_the_first_screen(site: PlantSite) -> None:
    device = await site.device()
    operator, leader = device.person(OPERATOR), device.person(LEADER)
    worst = reported(device, operator, "联锁旁路", grade="A", category="EL")
    for number in range(10):
        reported(device, operator, f"柜门没锁 {number}", grade="C")
    assert tasks.today(device.app, leader, None).hazards[0].record_id == worst


async def test_open_findings_are_counted_by_equipment(site: PlantSite) -> None:
    device = await site.device()
    operator = device.person(OPERATOR)
    with device.app.store.reading() as session:
        before = hazards.open_counts(device.app, session).get("C-401", 0)
    reported(device, operator, "皮带罩没装", "C-401")
    void = reported(device, operator, "误报", "C-401")
    hazards.act(device.app, device.person(MANAGER), void, "hazard.void", "void", note="x")
    with device.app.store.reading() as session:
        assert hazards.open_counts(device.app, session)["C-401"] == before + 1
        found = hazards.open_of_asset(device.app, session, "C-401")
    assert len(found) == before + 1


async def test_a_lower_grade_takes_the_safety_manager_and_a_reason(site: PlantSite) -> None:
    device = await site.device()
    hazard = reported(device, device.person(OPERATOR), "联锁旁路没恢复", grade="A")
    leader, manager = device.person(LEADER), device.person(MANAGER)
    with pytest.raises(NotAllowedError):
        hazards.set_grade(device.app, leader, hazard, "B", "已恢复")
    with pytest.raises(MoveRefusedError) as refused:
        hazards.set_grade(device.app, manager, hazard, "B", "  ")
    assert refused.value.params["reason"] == "needs"
    view = hazards.set_grade(device.app, manager, hazard, "B", "只是信号线")
    assert view.card.grade == "B"
    step = next(step for step in view.steps if step.change)
    assert (step.change, step.note) == (("A", "B"), "只是信号线")
    assert step.person == manager.name
    up = hazards.set_grade(device.app, leader, hazard, "A", "复查仍旁路")
    assert [step.change for step in up.steps if step.change] == [("A", "B"), ("B", "A")]
    assert up.card.state == "reported", "its state is as it was"
    await device.sync()
    other = await site.device("phone-2")
    seen = hazards.view(other.app, manager, hazard)
    assert [step.change for step in seen.steps if step.change] == [("A", "B"), ("B", "A")]
    assert outbox.view(device.app).refused == 0


async def test_a_grade_that_stays_is_no_change(site: PlantSite) -> None:
    device = await site.device()
    hazard = reported(device, device.person(OPERATOR), "柜门没锁", grade="C")
    with pytest.raises(MoveRefusedError) as refused:
        hazards.set_grade(device.app, device.person(MANAGER), hazard, "C", "x")
    assert refused.value.params["reason"] == "unchanged"


async def test_the_element_is_proposed_by_the_category_and_chosen_by_people(
    site: PlantSite,
) -> None:
    device = await site.device()
    operator, leader = device.person(OPERATOR), device.person(LEADER)
    draft = reports.open_draft(device.app, operator, asset_id="DB-03")
    shown = reports.change_draft(device.app, operator, draft.draft_id, words="配电箱漏电")
    assert (shown.category, shown.element) == ("EL", "machine")
    shown = reports.change_draft(device.app, operator, draft.draft_id, category="PP")
    assert shown.element == "man", "it follows the category while nobody chose it"
    hazard = reports.report(device.app, operator, draft.draft_id, None)
    view = hazards.view(device.app, leader, hazard)
    assert (view.element_code, view.element_proposed) == ("man", True)
    view = hazards.assess(device.app, leader, hazard, category="EL")
    assert (view.element_code, view.element_proposed) == ("machine", True)
    view = hazards.assess(device.app, leader, hazard, element="method")
    assert (view.element_code, view.element_proposed) == ("method", False)
    view = hazards.assess(device.app, leader, hazard, category="FP")
    assert view.element_code == "method", "what a person chose stays"
    with pytest.raises(NotAllowedError):
        hazards.assess(device.app, operator, hazard, element="man")


async def test_an_old_hazard_without_an_element_shows_the_proposal(site: PlantSite) -> None:
    device = await site.device()
    view = hazards.view(device.app, device.person(MANAGER), listed(device, MANAGER, "all")[-1])
    assert view.element is not None
    assert view.element_proposed


async def test_the_outbox_names_each_step_by_what_was_done_then(site: PlantSite) -> None:
    device = await site.device()
    hazard = reported(device, device.person("U012"), "柜门没锁")
    hazards.act(device.app, device.person("U019"), hazard, "hazard.accept", "accepted")
    names = {
        item.action.in_("en") for item in outbox.view(device.app).items if item.action is not None
    }
    assert names == {"Report a hazard", "Accept"}
