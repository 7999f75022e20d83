"""The recheck promises: the right person, never who repaired it; the right place; one task."""

from dataclasses import replace
from datetime import time

import pytest

from domain import rechecks
from domain.definitions import Definitions
from domain.places import Fix
from domain.plans import local_ms, task_id
from domain.plant import RosterRow
from domain.rechecks import (
    HOUR_MS,
    RecheckAlbumError,
    RecheckAreaError,
    RecheckElsewhereError,
    RecheckError,
    RecheckLabelError,
    RecheckOwnWorkError,
    RecheckPhotoError,
    RecheckUsedError,
    RecheckWordsError,
)
from domain.records import Cell, Record, Value
from tests.helpers.definitions import DAY0, demo_definitions

FOUND = demo_definitions()
CLOSED_MS = local_ms(DAY0, time(17), FOUND.plant.timezone)
REPORTER, FITTER, VERIFIER, LEADER = "U012", "U009", "U034", "U021"


def record(record_id: str, type: str, **cells: Value) -> Record:
    made = {name: Cell(value, "d:1", CLOSED_MS, 0) for name, value in cells.items()}
    return Record(record_id, type, f"{type}@1", made)


def hazard(**cells: Value) -> Record:
    known: dict[str, Value] = {
        "state": "closed", "code": "HZ-1", "asset": "DB-03", "area": "A06", "unit": "T-ELE",
        "grade": "C", "reporter": REPORTER, "rectifier": FITTER, "rectifiers": [FITTER],
        "verifier": VERIFIER,
    }  # fmt: skip
    return record("HZ-1", "hazard", **{**known, **cells})


def after(by: str, *, withdrawn: bool = False) -> Record:
    return record("EV-1", "evidence", shot="after", by=by, withdrawn=withdrawn)


def asked(one: Record, *photos: Record, hours: float = 0, found: Definitions = FOUND) -> str | None:
    due_ms = CLOSED_MS + 72 * HOUR_MS
    barred = rechecks.repairers(found, one, photos)
    now_ms = CLOSED_MS + round(hours * HOUR_MS)
    return rechecks.asked(found, one, barred, CLOSED_MS, due_ms, now_ms)


def rostered(*rows: RosterRow) -> Definitions:
    return replace(FOUND, plant=replace(FOUND.plant, roster=rows))


def left(*people: str) -> Definitions:
    gone = {one: replace(FOUND.plant.people[one], retired_ms=CLOSED_MS) for one in people}
    return replace(FOUND, plant=replace(FOUND.plant, people={**FOUND.plant.people, **gone}))


def test_the_reporter_is_asked_until_the_reminder_and_a_delegate_from_then_on() -> None:
    assert asked(hazard()) == REPORTER
    assert asked(hazard(), hours=47.9) == REPORTER
    assert asked(hazard(), hours=48) == LEADER
    assert asked(hazard(), hours=100) == LEADER


def test_a_delegate_is_neither_who_repaired_nor_who_verified() -> None:
    leads = hazard(rectifier=LEADER, rectifiers=[LEADER], verifier="U019")
    assert asked(leads, hours=48) == VERIFIER, "the next of the rule: inspector of the area"
    shot = asked(hazard(verifier="U019"), after(LEADER), hours=48)
    assert shot == VERIFIER, "who photographed the repair repaired it"
    assert asked(hazard(), after(LEADER, withdrawn=True), hours=48) == LEADER
    earlier = hazard(rectifier=FITTER, rectifiers=[FITTER, LEADER], verifier="U019")
    assert asked(earlier, hours=48) == VERIFIER, "nor who began the repair"


def test_a_reporter_who_repaired_it_or_left_is_replaced_at_once() -> None:
    assert asked(hazard(reporter=FITTER)) == "U019", "the leader of the fitter's own team"
    assert asked(hazard(), found=left(REPORTER)) == LEADER
    assert asked(hazard(reporter="nobody")) not in ("nobody", None, FITTER, VERIFIER)


def test_where_no_candidate_is_left_it_goes_up_the_levels() -> None:
    rules = replace(FOUND.hazards, recheck=replace(FOUND.hazards.recheck, to=()))
    bare = replace(FOUND, hazards=rules)
    assert asked(hazard(), hours=60, found=bare) == REPORTER, "else it stays with the reporter"
    upward = asked(hazard(reporter=FITTER), found=bare)
    assert upward == "U019", "never the rectifier: the lowest level that somebody holds"


def test_the_roster_says_who_is_away_only_where_it_says_anything() -> None:
    on = [RosterRow(day, "day", "A06", (VERIFIER,)) for day in range(4)]
    before = RosterRow(-3, "day", "A02", (REPORTER,))
    assert asked(hazard(), found=rostered(*on, before)) == LEADER
    assert asked(hazard(), found=rostered(*on)) == REPORTER, "works outside the shifts"
    assert asked(hazard(), found=rostered(*on[:2], before)) == REPORTER, "a roster with gaps"
    back = RosterRow(3, "day", "A02", (REPORTER,))
    assert asked(hazard(), found=rostered(*on, before, back)) == REPORTER, "back in time"
    # a delegate who is away is passed over
    more = (RosterRow(-3, "day", "A02", (REPORTER, LEADER)),)
    one = hazard(verifier="U019")
    assert asked(one, found=rostered(*on, *more)) == VERIFIER


def task(**cells: Value) -> Record:
    known: dict[str, Value] = {
        "kind": "recheck", "state": "open", "hazard": "HZ-1", "asset": "DB-03", "area": "A06",
        "reporter": REPORTER, "owner": REPORTER, "due_ms": CLOSED_MS + 72 * HOUR_MS,
    }  # fmt: skip
    return record(rechecks.id_of(hazard()), "task", **{**known, **cells})


def test_only_the_label_of_the_same_equipment_opens_it() -> None:
    rechecks.check_place(FOUND, task(), "DB-03", "verified", None)
    with pytest.raises(RecheckElsewhereError) as other:
        rechecks.check_place(FOUND, task(), "TK-101", "verified", None)
    assert other.value.params["name"] == FOUND.plant.assets["TK-101"].name
    for spot, state in (("DB-03", "typed"), ("DB-03", "mismatch"), (None, "position")):
        with pytest.raises(RecheckLabelError):
            rechecks.check_place(FOUND, task(), spot, state, None)


def test_without_equipment_a_label_of_the_area_or_a_position_in_it_will_do() -> None:
    one, area = task(asset=None), FOUND.plant.areas["A06"]
    rechecks.check_place(FOUND, one, "DB-03", "verified", None)
    rechecks.check_place(FOUND, one, None, "", Fix(area.place, 500, CLOSED_MS))
    far = FOUND.plant.areas["A01"].place
    for spot, state, fix in (
        ("TK-101", "verified", None),
        ("DB-03", "typed", None),
        (None, "", None),
        (None, "", Fix(far, 500, CLOSED_MS)),
        (None, "", replace(Fix(area.place, 500, CLOSED_MS), mocked=True)),
    ):
        with pytest.raises(RecheckAreaError):
            rechecks.check_place(FOUND, one, spot, state, fix)
    rechecks.check_place(FOUND, task(asset=None, area=None), None, "", None)  # place unknown


def test_who_was_asked_may_answer_and_who_repaired_never() -> None:
    handed = task(owner=LEADER)
    for person in (REPORTER, LEADER):
        rechecks.check_person(FOUND, handed, hazard(), (), person)
    with pytest.raises(RecheckOwnWorkError):
        rechecks.check_person(FOUND, task(owner=FITTER), hazard(), (), FITTER)
    with pytest.raises(RecheckOwnWorkError):
        rechecks.check_person(FOUND, handed, hazard(), (after(REPORTER),), REPORTER)


def test_a_closing_has_one_recheck_and_the_next_closing_another() -> None:
    again = closing("d:9", CLOSED_MS + 1)
    assert rechecks.id_of(hazard()) == rechecks.id_of(hazard(grade="B"))
    assert rechecks.id_of(again) != rechecks.id_of(hazard())
    assert rechecks.reopens(FOUND, hazard(), task(state="done", result="failed"))
    assert not rechecks.reopens(FOUND, hazard(), task(state="done", result="passed"))
    assert not rechecks.reopens(FOUND, hazard(), task(result="failed"))
    assert not rechecks.reopens(FOUND, again, task(state="done", result="failed"))
    assert not rechecks.reopens(
        FOUND, hazard(state="reopened"), task(state="done", result="failed")
    )


def closing(writer: str, at_ms: int) -> Record:
    return replace(hazard(), cells={"state": Cell("closed", writer, at_ms, 0)})


def test_a_closing_whose_time_is_corrected_keeps_its_recheck() -> None:
    first, later = closing("d:8", CLOSED_MS), closing("d:8", CLOSED_MS + 5 * HOUR_MS)
    assert rechecks.id_of(first) == rechecks.id_of(later)
    known = task(state="done", result="failed")
    made = replace(known, record_id=rechecks.id_of(first))
    assert rechecks.reopens(FOUND, later, made)
    twice = closing("d:9", CLOSED_MS)  # closed again at the same time of another clock
    assert rechecks.id_of(twice) != rechecks.id_of(first)
    assert not rechecks.reopens(FOUND, twice, made)


def test_a_task_known_by_the_time_of_its_closing_is_still_its_recheck() -> None:
    one = closing("d:8", CLOSED_MS)
    former = task_id("recheck", "HZ-1", CLOSED_MS)
    assert rechecks.ids_of(one) == (rechecks.id_of(one), former)
    known = task(state="done", result="failed")
    assert rechecks.reopens(FOUND, one, replace(known, record_id=former))
    assert not rechecks.reopens(
        FOUND, closing("d:9", CLOSED_MS + 1), replace(known, record_id=former)
    )


USED: Value = {"how": "block", "of": "EV-9"}


def shot(**cells: Value) -> Record:
    known: dict[str, Value] = {"shot": "recheck", "by": REPORTER, "taken_ms": 10}
    return record("EV-2", "evidence", **{**known, **cells})


@pytest.mark.parametrize(
    ("result", "note", "photos", "error"),
    [
        ("passed", "", [shot(source="camera")], None),
        ("passed", "", [shot(source="file"), shot(source="camera")], None),
        ("passed", "", [shot(source="file")], RecheckAlbumError),
        ("passed", "", [], RecheckPhotoError),
        ("failed", "坏了", [shot(source="file")], None),  # nothing is lost by looking again
        ("failed", " ", [shot(source="camera")], RecheckWordsError),
        ("maybe", "", [shot(source="camera")], RecheckError),
        ("passed", "", [shot(source="camera", server_reuse=USED)], RecheckUsedError),
        ("passed", "", [shot(source="camera", reuse=USED), shot(source="file")], RecheckUsedError),
        ("passed", "", [shot(reuse={"how": "hint", "of": "EV-9"})], None),  # a likeness is no proof
        ("passed", "", [shot(reuse=USED), shot(source="camera")], None),  # taken again
        ("failed", "坏了", [shot(server_reuse=USED)], None),
    ],
)
def test_only_a_photo_of_the_camera_confirms_a_repair(
    result: str, note: str, photos: list[Record], error: type[RecheckError] | None
) -> None:
    if error is None:
        rechecks.check_answer(result, note, photos)
        return
    with pytest.raises(error):
        rechecks.check_answer(result, note, photos)


@pytest.mark.parametrize("how", ["same", "block", "hint"])
def test_a_recheck_that_passed_with_a_photo_that_stands_elsewhere_too_is_doubted(how: str) -> None:
    site: Value = {"spot": "DB-03", "label_state": "verified", "at_ms": 10, "distance_m": None}
    done = task(state="done", result="passed", by=REPORTER, site=site)
    used, fine = shot(server_reuse={"how": how, "of": "EV-9"}), shot(taken_ms=11)
    expected = "passed" if how == "hint" else "doubted"
    assert rechecks.state_of(done, 0, [used]) == expected
    assert rechecks.state_of(done, 0, [used, fine]) == "passed"
    before = shot(taken_ms=9)
    assert rechecks.state_of(done, 0, [before, used]) == expected, "of before they came there"
    for other in (task(state="done", result="failed", by=REPORTER), task(state="open")):
        assert rechecks.state_of(other, 0, [used]) != "doubted"
    odd_sites: list[Value] = [None, "x", {"at_ms": "x"}]
    for rubbish in odd_sites:
        odd = task(state="done", result="passed", by=REPORTER, site=rubbish)
        assert rechecks.state_of(odd, 0, [used]) == expected


def test_a_clip_a_withdrawn_photo_and_one_of_before_show_nothing_of_now() -> None:
    good = shot()
    others = [
        shot(media="video"), shot(withdrawn=True), shot(taken_ms=9), shot(by=LEADER),
        shot(shot="after"),
    ]  # fmt: skip
    assert rechecks.shown([*others, good], REPORTER, 10) == [good]
