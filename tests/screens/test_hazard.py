"""The hazard screen promises: own words unchanged, the next step big, a repair in four taps."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.field import FieldApp
from app.use_cases import evidence, hazards, reports
from app.use_cases.evidence import Target
from domain.errors import FieldError
from media.adapters.simulated import SimulatedCamera
from screens.context import Desk
from screens.dispatch import DispatchBody
from screens.hazard import HazardBody
from screens.hazards import Hazards
from tests.helpers.field import ELECTRICIAN, desk_of, offline_field
from tests.helpers.render import rendered
from tests.media.pictures import jpeg, photo

LEADER = "U019"
WORDS = "配电房三号柜门没锁里头有水"


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    built = offline_field(tmp_path)
    built.devices = replace(built.devices, camera=lambda: SimulatedCamera([jpeg(photo(640, 480))]))
    return built


def reported(field: FieldApp, *, grade: str = "C", asset_id: str | None = "DB-03") -> str:
    """Report a hazard of the switchboard as operator 12 would."""
    desk = desk_of(field, "U012")
    draft = reports.open_draft(field, desk.signed_in, asset_id=asset_id)
    reports.change_draft(
        field, desk.signed_in, draft.draft_id, words=WORDS, grade=grade, category="EL"
    )
    return reports.report(field, desk.signed_in, draft.draft_id, None)


def accept(field: FieldApp, record_id: str) -> Desk:
    desk = desk_of(field, LEADER)
    hazards.act(field, desk.signed_in, record_id, "hazard.accept", "accepted")
    return desk


async def test_who_may_only_wait_sees_for_whom(field: FieldApp) -> None:
    record_id = reported(field)
    desk = desk_of(field, "U012")
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("waits"))
        assert drawn.one("words").value == desk.t("hazard.quote", words=WORDS)
        assert not drawn.has("do-hazard.accept-accepted")


async def test_missing_shots_are_named_each_with_the_way_to_take_it(field: FieldApp) -> None:
    record_id = reported(field, grade="B")
    desk = accept(field, record_id)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("missing"))
        for way in ("shoot-closeup", "do-hazard.dispatch-dispatched"):  # in any order; the big one
            await drawn.until(lambda: not drawn.has("shutter"))
            await drawn.tap(way)
            await drawn.press_shutter()
            await drawn.until(lambda: not drawn.has("shutter"))
        await drawn.until(lambda: not drawn.has("missing"))


async def test_dispatching_names_the_person_on_the_button(field: FieldApp) -> None:
    record_id = reported(field)
    desk = accept(field, record_id)
    async with rendered(desk, lambda: DispatchBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has(f"candidate-{ELECTRICIAN}"))
        await drawn.tap(f"candidate-{ELECTRICIAN}")
        name = field.definitions.plant.people[ELECTRICIAN].name
        assert drawn.sees(desk.t("dispatch.do", person=name))
        await drawn.tap("dispatch-do")
        view = hazards.view(field, desk.signed_in, record_id)
        await drawn.until(
            lambda: hazards.view(field, desk.signed_in, record_id).card.state == "dispatched"
        )
    assert view.card.words == WORDS


async def test_a_repair_with_its_photo_takes_three_taps_on_the_card(field: FieldApp) -> None:
    record_id, desk = assigned(field)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        start, finish = "do-hazard.rectify-rectifying", "do-hazard.rectify-to_verify"
        await drawn.until(lambda: drawn.has(start))
        await drawn.tap(start)  # the repair begins with the photo
        await drawn.press_shutter()
        await drawn.until(lambda: drawn.has(finish) and not drawn.one(finish).disabled)
        await drawn.tap(finish)
        await drawn.until(lambda: drawn.has("waits"))
    assert hazards.view(field, desk.signed_in, record_id).card.state == "to_verify"


def assigned(field: FieldApp) -> tuple[str, Desk]:
    """A hazard given to the electrician, and their screen."""
    record_id = reported(field)
    leader = accept(field, record_id)
    hazards.act(
        field, leader.signed_in, record_id, "hazard.dispatch", "dispatched", assignee=ELECTRICIAN
    )
    return record_id, desk_of(field, ELECTRICIAN)


async def test_a_camera_closed_without_a_photo_has_begun_nothing(field: FieldApp) -> None:
    record_id, desk = assigned(field)
    start = "do-hazard.rectify-rectifying"

    def state() -> str:
        return hazards.view(field, desk.signed_in, record_id).card.state

    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has(start))
        await drawn.tap(start)
        await drawn.until(lambda: drawn.has("shutter") and not drawn.one("shutter").disabled)
        assert state() == "dispatched"
        await drawn.tap("capture-away")
        await drawn.until(lambda: drawn.has(start))
        assert state() == "dispatched"
        await drawn.tap(start)
        await drawn.press_shutter()
        await drawn.until(lambda: drawn.has("do-hazard.rectify-to_verify"))
        assert state() == "rectifying"


async def test_a_photo_is_kept_though_the_repair_was_given_to_another_meanwhile(
    field: FieldApp,
) -> None:
    record_id, desk = assigned(field)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        start = "do-hazard.rectify-rectifying"
        await drawn.until(lambda: drawn.has(start))
        await drawn.tap(start)
        await drawn.until(lambda: drawn.has("shutter") and not drawn.one("shutter").disabled)
        leader = desk_of(field, LEADER)
        hazards.act(
            field, leader.signed_in, record_id, "hazard.return", "returned", note="不是本班设备"
        )
        await drawn.tap("shutter")
        await drawn.until(lambda: not drawn.has("shutter"))
        await drawn.until(lambda: desk.notice is not None)  # and the person is told
    found = hazards.view(field, desk.signed_in, record_id)
    assert [photo.shot for photo in found.photos] == ["after"]
    assert found.card.state == "returned"


async def test_a_photo_is_kept_though_the_step_asks_for_more(field: FieldApp) -> None:
    """Workflows are data: a step that asks for photos first may still be begun by one."""
    record_id, desk = assigned(field)
    assert field.pack is not None
    flow = field.definitions.workflows["hazard"]
    asking = tuple(
        replace(one, requires=("shots",)) if one.target == "rectifying" else one
        for one in flow.transitions
    )
    workflows = {**field.definitions.workflows, "hazard": replace(flow, transitions=asking)}
    definitions = replace(field.definitions, workflows=workflows)
    field.pack = replace(field.pack, definitions=definitions)
    with field.store.session() as session:
        field.write(
            session, LEADER, kind="edit", record_id=record_id, type="hazard",
            definition="hazard@1", set={"grade": "A"},
        )  # fmt: skip
    refused: list[FieldError] = []
    first = hazards.begun_by_photo(
        field, desk.signed_in, record_id, "hazard.rectify", "rectifying", refused.append
    )
    target = Target(record_id, "HZ-1", "DB-03", "after", first=first)
    evidence.keep(field, desk.signed_in, target, jpeg(photo(640, 480)), source="file", fix=None)
    assert [one.code for one in refused] == ["shots.missing"]
    assert len(hazards.view(field, desk.signed_in, record_id).photos) == 1


async def test_beside_the_list_stands_what_the_list_holds_now(field: FieldApp) -> None:
    first, second = reported(field), reported(field)
    desk = desk_of(field, LEADER)  # reported nothing: sees what waits
    desk.width, desk.height, desk.at.place = 1280, 800, "/hazards"
    async with rendered(desk, Hazards) as drawn:

        def beside() -> list[str]:
            """Return the edges of the rows: the chosen one is marked."""
            return [one for one in (first, second) if drawn.has(f"beside-{one}")]

        await drawn.until(lambda: len(beside()) == 1)
        gone = beside()[0]
        hazards.act(field, desk.signed_in, gone, "hazard.accept", "accepted")
        hazards.act(
            field, desk.signed_in, gone, "hazard.dispatch", "dispatched", assignee=ELECTRICIAN
        )
        desk.changed()
        await drawn.until(lambda: not drawn.has(f"hazard-{gone}"))
        await drawn.until(lambda: len(beside()) == 1 and beside()[0] != gone)


async def test_sending_back_asks_for_the_reason_and_can_be_left(field: FieldApp) -> None:
    record_id = reported(field)
    desk = accept(field, record_id)
    key = "do-hazard.return-returned"
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has(key) or drawn.has("more"))
        if not drawn.has(key):
            await drawn.tap("more")
        await drawn.tap(key)
        assert drawn.one("move-do").disabled
        await drawn.tap("move-cancel")
        await drawn.until(lambda: not drawn.has("move-note"))
        if not drawn.has(key):
            await drawn.tap("more")
        await drawn.tap(key)
        await drawn.write("move-note", "不是本班设备")
        await drawn.tap("move-do")
        await drawn.until(
            lambda: hazards.view(field, desk.signed_in, record_id).card.state == "returned"
        )


async def test_a_hazard_that_is_not_here_says_so_and_leads_back(field: FieldApp) -> None:
    async with rendered(desk_of(field), lambda: HazardBody("nothing")) as drawn:
        await drawn.until(lambda: drawn.has("gone-back"))
