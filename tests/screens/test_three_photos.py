"""The three photos before the dispatch of grade B: named, taken, told, asked for, waived."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.field import FieldApp
from app.use_cases import evidence, hazards, three_photos
from app.use_cases.evidence import Target
from media.adapters.simulated import SimulatedCamera
from offline_store import entries, records, removals
from screens.context import Desk
from screens.dispatch import DispatchBody
from screens.hazard import HazardBody
from tests.helpers.fakeclient import FakeClient
from tests.helpers.field import ELECTRICIAN, desk_of, offline_field
from tests.helpers.render import rendered
from tests.media.pictures import jpeg, photo
from tests.screens.test_hazard import LEADER, accept, reported

REPORTER = "U012"
DISPATCH = "do-hazard.dispatch-dispatched"


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    built = offline_field(tmp_path)
    built.devices = replace(built.devices, camera=lambda: SimulatedCamera([jpeg(photo(640, 480))]))
    return built


def at_hand(field: FieldApp, *shots: str) -> tuple[str, Desk]:
    """A grade B hazard, accepted, with photos of its report; and the desk of who dispatches."""
    record_id = reported(field, grade="B")
    person = desk_of(field, REPORTER).signed_in
    for number, shot in enumerate(shots):
        target = Target(record_id, "HZ-1", "DB-03", shot)
        picture = jpeg(photo(640, 480, seed=number))
        evidence.keep(field, person, target, picture, source="camera", fix=None)
    return record_id, accept(field, record_id)


def state(field: FieldApp, desk: Desk, record_id: str) -> str:
    return hazards.view(field, desk.signed_in, record_id).card.state


async def take(drawn: FakeClient, key: str) -> None:
    await drawn.tap(key)
    await drawn.press_shutter()
    await drawn.until(lambda: not drawn.has("shutter"))


async def test_which_of_the_three_are_there_is_seen_and_a_photo_is_told_in_two_taps(
    field: FieldApp,
) -> None:
    record_id, desk = at_hand(field, "closeup", "closeup")
    first = hazards.view(field, desk.signed_in, record_id).photos[0]
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("three"))
        assert drawn.sees("派单前还缺：全景（含区域标识）")
        assert drawn.sees("派单时写姓名，不用拍")
        await drawn.tap("three-panorama")
        await drawn.tap(f"tag-{first.evidence_id}")
        await drawn.until(lambda: not drawn.has("missing"))
        await drawn.until(lambda: drawn.has(DISPATCH) and not drawn.one(DISPATCH).disabled)
        assert "全景" in drawn.texts(), "who reviews reads on the tile what it shows"
    with field.store.reading() as session:
        (said,) = entries.of_record(session, first.evidence_id)[1:]
        kept = records.get(session, first.evidence_id)
    assert dict(said.entry.set) == {"role": "panorama"}
    assert said.entry.person_id == LEADER
    assert kept.text("shot") == "closeup", "what was taken stays as it was signed"


async def test_the_person_is_asked_before_the_camera_opens_and_the_badge_asks_nobody(
    field: FieldApp,
) -> None:
    record_id, desk = at_hand(field, "panorama", "closeup")
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("three"))
        await drawn.tap("three-responsible")
        await drawn.tap("take-responsible")
        await drawn.until(lambda: drawn.has("consent-yes"))
        assert not drawn.has("shutter"), "nobody is looked at before they agreed"
        await drawn.tap("consent-no")
        await drawn.until(lambda: not drawn.has("consent-no"))
        await drawn.tap("three-responsible")
        await take(drawn, "take-badge")
        await drawn.until(lambda: drawn.sees("工牌（证据"))
        await drawn.tap(DISPATCH)
    view = hazards.view(field, desk.signed_in, record_id)
    assert view.three is not None
    assert [(one.code, one.way) for one in view.three.shots] == [
        ("panorama", "photo"), ("closeup", "photo"), ("responsible", "instead"),
    ]  # fmt: skip


async def test_the_photo_of_a_person_says_that_they_agreed(field: FieldApp) -> None:
    record_id, desk = at_hand(field, "panorama", "closeup")
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("three"))
        await drawn.tap("three-responsible")
        await drawn.tap("take-responsible")
        await drawn.until(lambda: drawn.has("consent-yes"))
        await drawn.tap("consent-yes")
        await drawn.press_shutter()
        await drawn.until(lambda: drawn.sees("责任人（证据"))
    (shown,) = [
        one
        for one in hazards.view(field, desk.signed_in, record_id).photos
        if one.shot == "responsible"
    ]
    with field.store.reading() as session:
        assert records.get(session, shown.evidence_id).text("consent") == "face"


async def test_somebody_is_asked_for_what_is_missing_and_the_photos_answer(
    field: FieldApp,
) -> None:
    record_id, desk = at_hand(field, "closeup")
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("ask-photos"))
        await drawn.tap("ask-photos")
        await drawn.tap(f"ask-{REPORTER}")
        await drawn.until(lambda: drawn.has("asked"))
    theirs = desk_of(field, REPORTER)
    async with rendered(theirs, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("asked"))
        assert drawn.sees("请您补拍：全景（含区域标识）")
        assert not drawn.has("dispatch-now")
        await take(drawn, "shoot-panorama")
        await drawn.until(lambda: not drawn.has("asked"))
    view = hazards.view(field, desk.signed_in, record_id)
    assert view.three is not None
    assert view.three.missing == ()
    assert view.three.asked is None


async def test_danger_waits_for_no_photo_but_for_what_keeps_people_safe(field: FieldApp) -> None:
    record_id, desk = at_hand(field)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        went: list[str] = []
        desk.navigate = went.append
        await drawn.until(lambda: drawn.has("dispatch-now"))
        await drawn.tap("dispatch-now")
        assert went == [f"/hazard/{record_id}/dispatch"]
    async with rendered(desk, lambda: DispatchBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has(f"candidate-{ELECTRICIAN}"))
        await drawn.tap(f"candidate-{ELECTRICIAN}")
        assert drawn.one("dispatch-do").disabled
        await drawn.write("dispatch-reason", "柜内进水，有人触电危险")
        assert drawn.one("dispatch-do").disabled, "measures first"
        await drawn.write("dispatch-measures", "已断电挂牌，拉警戒带")
        await drawn.tap("dispatch-do")
        await drawn.until(lambda: state(field, desk, record_id) == "dispatched")
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("three"))
        assert drawn.sees("派单时没有，还要补：全景（含区域标识） · 近照（含比例尺）")
        assert drawn.sees("先派单的原因：柜内进水，有人触电危险")
    with field.store.reading() as session:
        record = records.get(session, record_id)
    assert record.text("interim") == "已断电挂牌，拉警戒带"
    assert record.text("responsible") == ELECTRICIAN


async def test_grade_c_asks_for_none(field: FieldApp) -> None:
    record_id = reported(field)
    desk = accept(field, record_id)
    assert hazards.view(field, desk.signed_in, record_id).three is None


async def test_a_person_is_no_role_that_a_photo_gets_later(field: FieldApp) -> None:
    record_id, desk = at_hand(field, "closeup", "closeup")
    view = hazards.view(field, desk.signed_in, record_id)
    assert view.three is not None
    person_shot = view.three.shots[-1]
    assert three_photos.tags_of(field, person_shot) == ("badge",)


async def test_a_face_that_was_removed_is_not_there_any_more(field: FieldApp) -> None:
    record_id, desk = at_hand(field, "panorama", "closeup", "responsible")
    view = hazards.view(field, desk.signed_in, record_id)
    assert view.three is not None
    assert view.three.shots[-1].way == "photo"
    face = view.photos[-1]
    with field.store.session() as session:
        removals.mark(session, [records.get(session, face.evidence_id).text("original")])
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("three"))
        assert drawn.sees("派单时写姓名，不用拍")
        await drawn.tap("three-panorama")
        assert not drawn.has(f"tag-{face.evidence_id}"), "nothing is to be seen on it"
