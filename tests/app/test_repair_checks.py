"""A repair is checked on the device: what two photos show goes into the record, and stays there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.field import FieldApp
from app.use_cases import evidence, hazards, repair_checks, reports
from app.use_cases.evidence import EvidenceCard, Target
from domain.errors import EntryInvalidError, MoveRefusedError, NotAllowedError, PictureError
from domain.plant import Person
from domain.rectification import RegionMissingError
from domain.repair_checks import CHECK, Region, check_of
from domain.used_photos import PhotoUsedError
from media import images
from offline_store import blobs, records
from tests.helpers.field import ELECTRICIAN, offline_field
from tests.media.places import BOX, SIZE, Picture, file, grainy, second_shot, wall, with_defect

REPORTER, LEADER, VERIFIER = "U012", "U019", "U034"
MARKED = tuple(round(side * 1000 / whole) for side, whole in zip(BOX, (*SIZE, *SIZE), strict=True))


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    return offline_field(tmp_path)


def who(field: FieldApp, person_id: str) -> Person:
    return field.definitions.plant.people[person_id]


def shoot(field: FieldApp, person_id: str, record_id: str, shot: str, data: bytes) -> EvidenceCard:
    target = Target(record_id, "HZ-1", "DB-03", shot)
    return evidence.keep(field, who(field, person_id), target, data, source="camera", fix=None)


def given_out(field: FieldApp, *, seed: int = 1, region: bool = True) -> str:
    """A hazard with its marked photo, accepted and given to the electrician who began."""
    person = who(field, REPORTER)
    draft = reports.open_draft(field, person, asset_id="DB-03")
    card = shoot(field, REPORTER, draft.draft_id, "closeup", file(with_defect(wall(seed))))
    if region:
        reports.mark_region(field, person, draft.draft_id, Region(card.evidence_id, *MARKED))
    reports.change_draft(field, person, draft.draft_id, words="柜门没锁", grade="C", category="EL")
    record_id = reports.report(field, person, draft.draft_id, None)
    leader, fitter = who(field, LEADER), who(field, ELECTRICIAN)
    hazards.act(field, leader, record_id, "hazard.accept", "accepted")
    hazards.act(field, leader, record_id, "hazard.dispatch", "dispatched", assignee=ELECTRICIAN)
    hazards.act(field, fitter, record_id, "hazard.rectify", "rectifying")
    return record_id


def repaired(field: FieldApp, record_id: str, picture: Picture | bytes) -> str:
    data = picture if isinstance(picture, bytes) else file(picture)
    return shoot(field, ELECTRICIAN, record_id, "after", data).evidence_id


def test_a_repair_is_checked_and_what_was_found_stands_in_the_record(field: FieldApp) -> None:
    record_id = given_out(field)
    photo_id = repaired(field, record_id, second_shot(wall(1), 3))
    found = repair_checks.run(field, who(field, ELECTRICIAN), record_id)
    assert found is not None
    assert (found.outcome, found.basis) == ("passed", "original")
    with field.store.reading() as session:
        assert check_of(records.get(session, photo_id).get(CHECK)) == found
    view = hazards.view(field, who(field, VERIFIER), record_id)
    assert view.check is not None
    assert view.check.shown == found
    assert view.check.may_mark
    assert repair_checks.run(field, who(field, ELECTRICIAN), record_id) == found  # once is enough
    shown = repair_checks.pictures(field, record_id)
    sizes = {
        (one.width, one.height)
        for one in map(images.inspect, (shown.before, shown.after, shown.heat))
    }
    assert sizes == {SIZE}
    assert shown.registered


def test_nothing_fixed_is_refused_and_goes_on_only_with_a_reason(field: FieldApp) -> None:
    """S10: the same scene in other light; the person may insist, and says why."""
    record_id = given_out(field)
    shot = second_shot(with_defect(wall(1)), 4) * 0.6
    repaired(field, record_id, shot.clip(0, 255).astype(np.uint8))
    fitter = who(field, ELECTRICIAN)
    found = repair_checks.run(field, fitter, record_id)
    assert found is not None
    assert found.outcome == "refused"
    [move] = [one for one in hazards.view(field, fitter, record_id).moves if one.primary]
    assert "note" in move.needs
    with pytest.raises(MoveRefusedError):
        hazards.act(field, fitter, record_id, "hazard.rectify", "to_verify")
    hazards.act(field, fitter, record_id, "hazard.rectify", "to_verify", note="锁芯已换，外观没变")
    verifier = who(field, VERIFIER)
    with pytest.raises(MoveRefusedError):
        hazards.act(field, verifier, record_id, "hazard.verify", "closed")
    hazards.act(field, verifier, record_id, "hazard.verify", "closed", note="现场看过，锁好了")


def test_without_a_region_nothing_is_checked_and_nothing_is_held_up(field: FieldApp) -> None:
    record_id = given_out(field, region=False)
    repaired(field, record_id, second_shot(wall(1), 3))
    fitter = who(field, ELECTRICIAN)
    assert repair_checks.run(field, fitter, record_id) is None
    with pytest.raises(RegionMissingError):
        repair_checks.pictures(field, record_id)
    view = hazards.act(field, fitter, record_id, "hazard.rectify", "to_verify")
    assert view.check is not None
    assert view.check.region is None


def test_whoever_verifies_may_mark_anew_and_the_rectifier_may_not(field: FieldApp) -> None:
    record_id = given_out(field)
    view = hazards.view(field, who(field, ELECTRICIAN), record_id)
    assert view.region is not None
    wider = replace(view.region, right=view.region.right + 30)
    with pytest.raises(NotAllowedError):
        repair_checks.mark(field, who(field, ELECTRICIAN), record_id, wider)
    repaired(field, record_id, second_shot(wall(1), 3))
    repair_checks.run(field, who(field, ELECTRICIAN), record_id)
    repair_checks.mark(field, who(field, VERIFIER), record_id, wider)
    with pytest.raises(MoveRefusedError):
        repair_checks.mark(field, who(field, VERIFIER), record_id, wider)
    with pytest.raises(EntryInvalidError):
        repair_checks.mark(field, who(field, VERIFIER), record_id, replace(wider, left=999))
    found = hazards.view(field, who(field, VERIFIER), record_id).check
    assert found is not None
    assert found.stale
    again = repair_checks.run(field, who(field, ELECTRICIAN), record_id)
    assert again is not None
    assert again.region == wider


def test_where_the_original_is_gone_the_marked_copy_is_compared(field: FieldApp) -> None:
    record_id = given_out(field)
    with field.store.reading() as session:
        [before] = records.evidence_of(session, record_id)
    blobs.path(field.store, before.text("original")).unlink()
    repaired(field, record_id, second_shot(wall(1), 3))
    found = repair_checks.run(field, who(field, ELECTRICIAN), record_id)
    assert found is not None
    assert (found.outcome, found.basis) == ("passed", "copy")
    blobs.path(field.store, before.text("stamped")).unlink()
    with pytest.raises(PictureError):
        repair_checks.pictures(field, record_id)


def test_a_retaken_photo_of_a_draft_is_marked_anew(field: FieldApp) -> None:
    person = who(field, REPORTER)
    draft = reports.open_draft(field, person, asset_id="DB-03")
    card = shoot(field, REPORTER, draft.draft_id, "closeup", file(wall(1)))
    region = Region(card.evidence_id, *MARKED)
    assert reports.mark_region(field, person, draft.draft_id, region).region == region
    evidence.withdraw(field, person, card.evidence_id)
    assert reports.draft(field, person, draft.draft_id).region is None


# S08: photos that were used before

COPIES: dict[str, Callable[[Picture], bytes]] = {
    "the same file": file,
    "re-compressed": lambda one: file(grainy(one, 9, 1)),
    "cropped": lambda one: file(np.ascontiguousarray(one[36:-36, 48:-48])),
    "mirrored": lambda one: file(np.ascontiguousarray(one[:, ::-1])),
    "smaller": lambda one: file(cv2.resize(one, None, fx=0.5, fy=0.5).astype(np.uint8)),
}


@pytest.mark.parametrize("kind", sorted(COPIES))
def test_a_photo_used_before_closes_nothing_and_the_other_record_is_named(
    field: FieldApp, kind: str
) -> None:
    first = given_out(field)
    fixed = second_shot(wall(1), 3)
    repaired(field, first, fixed)
    code = hazards.view(field, who(field, LEADER), first).card.code
    other = given_out(field, seed=2)
    with pytest.raises(PhotoUsedError) as refused:
        repaired(field, other, COPIES[kind](fixed))
    assert refused.value.params == {"record": code}
    assert not hazards.view(field, who(field, LEADER), other).check
    # as a note beside the report it may stand, and says so
    card = shoot(field, REPORTER, other, "panorama", COPIES[kind](fixed))
    with field.store.reading() as session:
        found = records.get(session, card.evidence_id).get("reuse")
    assert isinstance(found, dict)
    assert found["how"] == "block"


def test_another_photo_of_the_same_place_and_a_retake_are_taken(field: FieldApp) -> None:
    record_id = given_out(field)
    repaired(field, record_id, second_shot(wall(1), 3))
    repaired(field, record_id, second_shot(wall(1), 5))
    person = who(field, REPORTER)
    draft = reports.open_draft(field, person, asset_id="DB-03")
    picture = file(wall(7))
    card = shoot(field, REPORTER, draft.draft_id, "closeup", picture)
    evidence.withdraw(field, person, card.evidence_id)
    repaired(field, record_id, picture)  # what was taken back was never used
