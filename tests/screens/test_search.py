"""The search screen promises: hits while one types, with what fits marked, and a way to each."""

from pathlib import Path

import flet as ft
import pytest

from app.field import FieldApp
from app.use_cases import hazards, reports
from screens.hazards import Hazards
from screens.search import SearchScreen
from tests.helpers.fakeclient import FakeClient
from tests.helpers.field import MANAGER, desk_of, offline_field
from tests.helpers.render import rendered

OPERATOR = "U012"


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    return offline_field(tmp_path)


def reported(field: FieldApp, words: str, asset_id: str = "DB-03") -> str:
    desk = desk_of(field, OPERATOR)
    draft = reports.open_draft(field, desk.signed_in, asset_id=asset_id)
    reports.change_draft(field, desk.signed_in, draft.draft_id, words=words)
    return reports.report(field, desk.signed_in, draft.draft_id, None)


async def typed(drawn: FakeClient, words: str) -> None:
    await drawn.until(lambda: drawn.has("search-words"))
    await drawn.write("search-words", words)


async def test_a_hit_shows_what_fits_and_opens(field: FieldApp) -> None:
    record_id, desk = reported(field, "三号柜门没锁"), desk_of(field, MANAGER)
    went: list[str] = []
    desk.navigate = went.append
    async with rendered(desk, SearchScreen) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("search.hint")))
        await typed(drawn, "柜门")
        await drawn.until(lambda: drawn.has(f"hit-{record_id}"))
        title = next(one for one in drawn.kind(ft.Text) if one.spans)
        marked = [one.text for one in title.spans or [] if one.style and one.style.bgcolor]
        assert marked == ["柜门"]
        assert drawn.sees("三号柜门没锁")
        await drawn.tap(f"hit-{record_id}")
    assert went == [f"/hazard/{record_id}"]


async def test_nothing_found_says_what_to_do(field: FieldApp) -> None:
    desk = desk_of(field, MANAGER)
    async with rendered(desk, SearchScreen) as drawn:
        await typed(drawn, "没有的词")
        await drawn.until(lambda: drawn.sees(desk.t("search.none.detail")))


async def test_chips_narrow_and_a_second_tap_drops_them(field: FieldApp) -> None:
    one, two = reported(field, "漏水一处"), reported(field, "漏水两处", "TK-101")
    desk = desk_of(field, MANAGER)
    async with rendered(desk, SearchScreen) as drawn:
        await typed(drawn, "漏水")
        await drawn.until(lambda: drawn.has(f"hit-{one}") and drawn.has(f"hit-{two}"))
        await drawn.tap("search-narrow")
        await drawn.tap("search-which")
        await drawn.until(lambda: drawn.has("asset-TK-101"))
        await drawn.tap("asset-TK-101")
        await drawn.until(lambda: drawn.has(f"hit-{two}") and not drawn.has(f"hit-{one}"))
        await drawn.tap("search-which")
        await drawn.until(lambda: drawn.has(f"hit-{one}"))
        await drawn.tap("search-who")
        await drawn.until(lambda: drawn.has(f"pick-{OPERATOR}"))
        await drawn.tap(f"pick-{OPERATOR}")
        await drawn.tap("search-kind-task")
        await drawn.until(lambda: drawn.sees(desk.t("search.none")))


async def test_the_question_is_still_there_on_the_way_back(field: FieldApp) -> None:
    record_id, desk = reported(field, "漏水一处"), desk_of(field, MANAGER)
    async with rendered(desk, SearchScreen) as drawn:
        await typed(drawn, "漏水")
        await drawn.until(lambda: drawn.has(f"hit-{record_id}"))
    async with rendered(desk, SearchScreen) as drawn:
        await drawn.until(lambda: drawn.has(f"hit-{record_id}"))
        assert drawn.one("search-words").value == "漏水"


async def test_a_row_of_a_list_is_drawn_anew_when_its_hazard_changed(field: FieldApp) -> None:
    record_id, desk = reported(field, "漏水"), desk_of(field, OPERATOR)
    desk.at.place = "/hazards"
    leader = desk_of(field, "U019")
    async with rendered(desk, Hazards) as drawn:
        await drawn.until(lambda: drawn.has(f"hazard-{record_id}"))
        before = drawn.texts()
        hazards.act(field, leader.signed_in, record_id, "hazard.accept", "accepted")
        desk.changed()
        await drawn.until(lambda: drawn.texts() != before)
        words = field.definitions.workflows["hazard"].states["accepted"].name
        assert drawn.sees(desk.t.of(words))


async def test_a_list_grows_by_pages_and_keeps_them_when_something_changes(
    field: FieldApp,
) -> None:
    made = [reported(field, f"漏水 {number}") for number in range(55)]
    desk = desk_of(field, OPERATOR)
    desk.at.place = "/hazards"
    async with rendered(desk, Hazards) as drawn:
        await drawn.until(lambda: drawn.has(f"hazard-{made[-1]}"))
        assert not drawn.has(f"hazard-{made[0]}")
        await drawn.tap("more")
        await drawn.until(lambda: drawn.has(f"hazard-{made[0]}"))
        assert not drawn.has("more")
        newest = reported(field, "又漏了")
        desk.changed()
        await drawn.until(lambda: drawn.has(f"hazard-{newest}"))
        assert drawn.has(f"hazard-{made[1]}"), "what was read stays read"
