"""Whatever a changed app writes about a photo, everybody else can open the record and print it."""

from pathlib import Path

import pytest

from app.field import FieldApp
from app.translate import translator
from app.use_cases import hazards, papers, repair_checks
from app.use_cases.evidence import DEFINITION
from domain.capture_trust import Challenge
from domain.records import Value
from domain.repair_checks import CHECK
from screens.hazard import HazardBody
from tests.app.test_repair_checks import ELECTRICIAN, VERIFIER, given_out, repaired, who
from tests.helpers.field import desk_of, offline_field
from tests.helpers.paper import Paper
from tests.helpers.render import rendered
from tests.media.places import second_shot, wall

REASONS: list[Value] = [
    [["x"]],
    [[]],
    [["position_far", True, {}]],  # its sentence wants numbers
    [["screen", False, {"rate": "a lot"}], ["live", "yes", {}], "live"],
    [["live", True, {"key": 1, "self": 2}]],
    "live",
    {"live": True},
]
SENTENCES: list[Value] = [
    [["rectify.passed", {"x": 1}]],
    [["rectify.passed", {"key": 1}]],
    [["rectify.passed", {"self": 1, "percent": 2**53 - 1}]],
]


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    return offline_field(tmp_path)


def writes(field: FieldApp, photo_id: str, cells: dict[str, Value]) -> None:
    """As an entry that a server of the version before let pass."""
    with field.store.session() as session:
        field.write(
            session, ELECTRICIAN, kind="edit", record_id=photo_id, type="evidence",
            definition=DEFINITION, set=cells,
        )  # fmt: skip


async def opened_and_printed(field: FieldApp, record_id: str) -> str:
    """Open the hazard as its verifier, then print it; returns what stands on the paper."""
    assert hazards.view(field, who(field, VERIFIER), record_id).photos
    async with rendered(desk_of(field, VERIFIER), lambda: HazardBody(record_id)) as drawn:
        await drawn.until(lambda: drawn.sees("柜门没锁"))
    t = translator(field.catalogs, "zh", field.definitions.plant.timezone)
    return Paper(
        papers.make(field, who(field, VERIFIER), record_id, t, 1_790_000_000_000).data
    ).flat


@pytest.mark.parametrize("reasons", REASONS)
async def test_malformed_grounds_of_a_grade_hide_no_record(field: FieldApp, reasons: Value) -> None:
    record_id = given_out(field)
    photo_id = repaired(field, record_id, second_shot(wall(1), 3))
    writes(field, photo_id, {"reasons": reasons})
    assert await opened_and_printed(field, record_id)


@pytest.mark.parametrize("said", SENTENCES)
async def test_a_check_with_a_sentence_nobody_can_say_hides_no_record(
    field: FieldApp, said: Value
) -> None:
    record_id = given_out(field)
    photo_id = repaired(field, record_id, second_shot(wall(1), 3))
    found = repair_checks.run(field, who(field, ELECTRICIAN), record_id)
    assert found is not None
    writes(field, photo_id, {CHECK: {**found.value(), "reasons": said}})
    assert await opened_and_printed(field, record_id)


async def test_paper_shows_the_grade_that_counts(field: FieldApp) -> None:
    record_id = given_out(field)
    photo_id = repaired(field, record_id, second_shot(wall(1), 3))
    failed = Challenge("shake", "failed", "other_place").value()
    writes(field, photo_id, {"grade": "A", "challenge": failed})
    view = hazards.view(field, who(field, VERIFIER), record_id)
    shown = next(one for one in view.photos if one.evidence_id == photo_id)
    t = translator(field.catalogs, "zh", field.definitions.plant.timezone)
    paper = await opened_and_printed(field, record_id)
    assert shown.grade == "C"
    assert "".join(t("evidence.reason.challenge_failed").split()) in paper
    said = t("report.evidence", grade="C", name=t("evidence.grade.C"))
    assert "".join(said.split()) in paper
