"""Changing a grade promises: only what one may choose is offered, and never without its reason."""

from pathlib import Path

import pytest

from app.field import FieldApp
from app.use_cases import hazards, reports
from screens.hazard import HazardBody
from tests.helpers.field import MANAGER, desk_of, offline_field
from tests.helpers.render import rendered

LEADER, OPERATOR = "U019", "U012"


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    return offline_field(tmp_path)


def reported(field: FieldApp, grade: str) -> str:
    desk = desk_of(field, OPERATOR)
    draft = reports.open_draft(field, desk.signed_in, asset_id="DB-03")
    changes = {"words": "联锁旁路没恢复", "grade": grade, "category": "EL"}
    reports.change_draft(field, desk.signed_in, draft.draft_id, **changes)
    return reports.report(field, desk.signed_in, draft.draft_id, None)


async def test_a_safety_manager_lowers_a_grade_and_the_timeline_says_why(field: FieldApp) -> None:
    record_id, desk = reported(field, "A"), desk_of(field, MANAGER)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("assess"))
        await drawn.tap("assess")
        assert drawn.one("assess-do").disabled, "nothing was changed yet"
        await drawn.tap("grade-B")
        assert drawn.one("assess-do").disabled, "no reason yet"
        assert drawn.sees(desk.t("hazard.assess.why", before="A", after="B"))
        await drawn.write("assess-note", "只是信号线")
        await drawn.tap("assess-do")
        await drawn.until(lambda: drawn.has("timeline"))
        assert drawn.sees(desk.t("timeline.grade", before="A", after="B"))
        assert drawn.sees("只是信号线")
    assert hazards.view(field, desk.signed_in, record_id).card.grade == "B"


async def test_who_triages_may_choose_a_worse_grade_only(field: FieldApp) -> None:
    record_id, desk = reported(field, "B"), desk_of(field, LEADER)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("assess"))
        await drawn.tap("assess")
        assert drawn.has("grade-A")
        assert drawn.has("grade-B"), "what it is now"
        assert not drawn.has("grade-C")
        assert not drawn.has("grade-D")
        await drawn.tap("assess-cancel")
        await drawn.until(lambda: drawn.has("timeline"))


async def test_the_element_is_corrected_without_a_reason(field: FieldApp) -> None:
    record_id, desk = reported(field, "C"), desk_of(field, LEADER)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        machine = field.definitions.hazards.elements["machine"]
        proposed = desk.t("hazard.element.proposed", element=machine)
        await drawn.until(lambda: drawn.sees(proposed))
        await drawn.tap("assess")
        await drawn.tap("element-method")
        await drawn.tap("assess-do")
        method = field.definitions.hazards.elements["method"]
        await drawn.until(lambda: drawn.sees(desk.t("hazard.element", element=method)))


async def test_who_may_change_nothing_has_no_way_there(field: FieldApp) -> None:
    record_id, desk = reported(field, "C"), desk_of(field, OPERATOR)
    async with rendered(desk, lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.has("facts"))
        assert not drawn.has("assess")
