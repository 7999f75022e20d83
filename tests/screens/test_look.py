"""What stands on a screen once: times as people say them, a photo as one line, a hazard beside."""

from pathlib import Path

import pytest

from app.use_cases import evidence, outbox, reports
from app.use_cases.timeline import Step
from domain.words import Words
from screens.hazards import Hazards
from screens.outbox import Outbox
from screens.parts_work import step_times
from tests.helpers.field import desk_of, offline_field
from tests.helpers.render import rendered
from tests.media.pictures import jpeg, photo

NOON = 1_792_555_200_000  # 2026-10-21 12:00 in the plant
MINUTE = 60_000
DAY = 1440 * MINUTE


@pytest.mark.parametrize(
    ("at_ms", "received_ms", "said"),
    [
        (NOON, NOON + 20_000, ["12:00"]),
        (NOON, NOON + 17 * MINUTE, ["12:00", "当时离线，12:17 送达"]),
        (NOON - DAY, NOON - DAY, ["10-20 12:00"]),
        (NOON - DAY, NOON, ["10-20 12:00", "当时离线，10-21 12:00 送达"]),
        (NOON, None, ["12:00", "还未发出"]),
    ],
)
def test_a_step_tells_when_and_that_it_came_late(
    tmp_path: Path, at_ms: int, received_ms: int | None, said: list[str]
) -> None:
    t = desk_of(offline_field(tmp_path)).t
    words = Words({"zh": "已上报", "en": "Reported"})
    sent = received_ms is not None
    step = Step("reported", words, None, None, at_ms, received_ms, "", "now", sent)
    assert step_times(t, step, NOON + 30 * MINUTE) == said


async def test_a_photo_and_its_files_are_one_line_of_the_outbox(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    desk = desk_of(field)
    draft = reports.open_draft(field, desk.signed_in, asset_id="TK-101")
    target = evidence.Target(draft.draft_id, draft.code, "TK-101", "closeup", None, "typed")
    picture = jpeg(photo(640, 480))
    evidence.keep(field, desk.signed_in, target, picture, source="camera", fix=None)
    async with rendered(desk, Outbox) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("shot.closeup.short")))
        assert not drawn.sees(desk.t("outbox.kind.stamped"))
        (line,) = outbox.bundles(outbox.view(field).items)
        assert len(line.items) == 4
        await drawn.tap(f"photo-{line.first.item_id}")
        await drawn.until(lambda: drawn.sees(desk.t("outbox.kind.stamped")))


async def test_a_tablet_shows_the_hazard_beside_the_list(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    desk = desk_of(field)
    desk.width, desk.height = 1280.0, 800.0
    draft = reports.open_draft(field, desk.signed_in, asset_id="TK-101")
    reports.change_draft(field, desk.signed_in, draft.draft_id, words="跨接线断")
    reports.report(field, desk.signed_in, draft.draft_id, None)
    went: list[str] = []
    desk.navigate = went.append
    async with rendered(desk, Hazards) as drawn:
        await drawn.until(lambda: drawn.has("open-hazard"))
        assert drawn.sees(desk.t("hazard.quote", words="跨接线断"))
        await drawn.tap("open-hazard")
        await drawn.until(lambda: went)
    assert went[0].startswith("/hazard/")


async def test_what_was_sent_is_opened_from_its_line_of_the_outbox(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    desk = desk_of(field)
    draft = reports.open_draft(field, desk.signed_in, asset_id="TK-101")
    reports.change_draft(field, desk.signed_in, draft.draft_id, words="跨接线断")
    hazard = reports.report(field, desk.signed_in, draft.draft_id, None)
    [item] = [one for one in outbox.view(field).items if one.kind == "hazard"]
    assert item.opens == f"/hazard/{hazard}"
