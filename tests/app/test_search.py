"""Search promises: any word of what one may read, in both languages, without a server."""

from dataclasses import replace

import pytest

from app.use_cases import hazards, reports, search, upkeep
from app.use_cases.search import Question
from domain.plant import Person
from offline_store import records
from tests.helpers.plant import Device, PlantSite

OPERATOR, LEADER, MANAGER = "U012", "U019", "U001"


def reported(device: Device, person: Person, words: str, asset: str = "DB-03") -> str:
    draft = reports.open_draft(device.app, person, asset_id=asset)
    reports.change_draft(device.app, person, draft.draft_id, words=words)
    return reports.report(device.app, person, draft.draft_id, None)


def found(device: Device, person: str, question: Question) -> list[str]:
    hits = search.ask(device.app, device.person(person), question).hits
    return [hit.record_id for hit in hits]


async def test_words_in_both_languages_find_the_same_hazard(site: PlantSite) -> None:
    device = await site.device()
    device.wire.up = False
    operator = device.person(OPERATOR)
    one = reported(device, operator, "三号柜门没锁里头有水")
    two = reported(device, operator, "Belt guard missing on the compressor", "C-401")
    code = hazards.view(device.app, device.person(MANAGER), one).card.code
    for words in (
        "柜门", "锁", "没锁 有水", "DB03", "db-03", "DB", code, code.replace("-", ""),
        "电气 柜门", "Electrical 柜门", "操作工 柜门", "已上报 柜门", "reported 柜门",
        "变配电 柜门",
    ):  # fmt: skip
        assert one in found(device, MANAGER, Question(words)), words
        assert two not in found(device, MANAGER, Question(words)), words
    for words in ("belt", "BELT gua", "guard compressor", "C401", "机械防护"):
        assert two in found(device, MANAGER, Question(words)), words
    assert found(device, MANAGER, Question("没有这样的词")) == []


async def test_nobody_finds_what_they_may_not_read(site: PlantSite) -> None:
    device = await site.device()
    mine = reported(device, device.person(OPERATOR), "配电房漏水")
    assert found(device, OPERATOR, Question("配电房漏水")) == [mine], "the own report"
    assert found(device, LEADER, Question("配电房漏水")) == [mine], "of the own unit"
    assert found(device, "U044", Question("配电房漏水")) == []
    assert found(device, "U014", Question("配电房漏水")) == [], "administrators read nothing"


async def test_who_what_which_and_when_narrow_it(site: PlantSite) -> None:
    device = await site.device()
    mine = reported(device, device.person(OPERATOR), "漏水一处")
    other = reported(device, device.person("U042"), "漏水两处", "TK-101")
    both = Question("漏水", kind="hazard", days=1)
    assert set(found(device, MANAGER, both)) == {mine, other}
    assert found(device, MANAGER, replace(both, person=OPERATOR)) == [mine]
    assert found(device, MANAGER, replace(both, asset="TK-101")) == [other]
    assert found(device, MANAGER, replace(both, area="A06")) == [mine]
    assert found(device, MANAGER, replace(both, kind="task")) == []
    assert mine in found(device, MANAGER, Question(person=OPERATOR)), "without any word"
    assert found(device, MANAGER, Question()) == [], "nothing asked, nothing found"


async def test_a_change_of_state_is_found_at_once(site: PlantSite) -> None:
    device = await site.device()
    one = reported(device, device.person(OPERATOR), "插座烧了一个")
    assert found(device, MANAGER, Question("已受理 插座")) == []
    hazards.act(device.app, device.person(LEADER), one, "hazard.accept", "accepted")
    assert found(device, MANAGER, Question("已受理 插座")) == [one]
    assert found(device, MANAGER, Question("已上报 插座")) == []


@pytest.mark.parametrize("words", ['"', "*", "(", "NEAR(", "a OR", "-", "'; DROP", "%_"])
async def test_signs_mean_nothing_but_themselves(site: PlantSite, words: str) -> None:
    device = await site.device()
    reported(device, device.person(OPERATOR), "漏水")
    found(device, MANAGER, Question(words))
    assert found(device, MANAGER, Question("漏水")), "the store is as it was"


async def test_a_page_is_full_though_others_may_not_be_read(site: PlantSite) -> None:
    device = await site.device()
    operator, other = device.person(OPERATOR), device.person("U042")
    mine = {reported(device, operator, f"渗漏 {number}", "TK-101") for number in range(60)}
    for number in range(130):
        reported(device, other, f"渗漏 {number}", "TK-101")
    first = search.ask(device.app, operator, Question("渗漏"))
    assert len(first.hits) == search.PAGE
    assert first.after is not None
    second = search.ask(device.app, operator, Question("渗漏"), first.after)
    assert {hit.record_id for hit in (*first.hits, *second.hits)} >= mine
    assert second.after is None


async def test_what_waits_comes_first_and_duties_of_others_stay_out(site: PlantSite) -> None:
    device = await site.device()
    one = reported(device, device.person("U003"), "空压机漏油", "C-401")
    hits = search.ask(device.app, device.person("U003"), Question("空压机")).hits
    place, now_ms = [hit.record_id for hit in hits].index(one), device.app.clock.now_ms()
    # the index keeps the order of minutes: what fell due in this one may stand before it
    assert all(0 < now_ms - hit.at_ms <= 60_000 for hit in hits[:place])
    assert any(hit.at_ms > now_ms for hit in hits[place:]), "before what is due later"
    (late,) = upkeep.due_here(device.app, device.person("U040"), "C-401")
    assert late.task_id in found(device, "U040", Question("空压机")), "an own overdue task"
    every = set(found(device, MANAGER, Question("空压机", kind="task")))
    assert every, "asked for, all tasks are found"
    assert every.isdisjoint(found(device, MANAGER, Question("空压机"))), "none is the manager's"


async def test_an_own_task_of_another_day_is_left_out_until_tasks_are_asked_for(
    site: PlantSite,
) -> None:
    device = await site.device()
    now_ms = device.app.clock.now_ms()
    every = found(device, "U003", Question(asset="C-401", kind="task"))
    shown = set(found(device, "U003", Question(asset="C-401")))
    with device.app.store.reading() as session:
        begins = {
            one.record_id: one.whole("start_ms") or 0 for one in records.lookup_all(session, every)
        }
    later = {one for one, begin_ms in begins.items() if begin_ms > now_ms + search.SOON_MS}
    assert later
    assert later.isdisjoint(shown)
    assert shown & begins.keys(), "what begins soon is found"
