"""Rounds promise: every task once, whatever happens to server, clock and plans."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest

from domain.access import Subject, may, subject_of
from domain.plans import local_ms
from domain.plant import Plant
from domain.records import Record
from offline_store import entries, records
from server import main, rounds
from server.own_entries import OwnStep, write_own
from server.site import SERVER_DEVICE, Site
from tests.server.phone import Bench

DAY_MS = 86_400_000


def tasks(here: Site, **wanted: str) -> list[Record]:
    with here.store.reading() as session:
        found = records.find(session, "task", limit=records.ALL)
    return [one for one in found if all(one.text(cell) == value for cell, value in wanted.items())]


def change(here: Site, edit: Callable[[Plant], Plant]) -> None:
    """Give the running server another plan, as an administrator's change does."""
    found = here.pack.definitions
    here.pack = replace(here.pack, definitions=replace(found, plant=edit(found.plant)))


def written(here: Site) -> int:
    with here.store.reading() as session:
        last = entries.last_of_device(session, SERVER_DEVICE)
    return last[0] if last else 0


async def test_two_weeks_of_tasks_are_there_on_the_first_day(bench: Bench) -> None:
    here = bench.site
    now, zone = here.now_ms(), here.pack.definitions.plant.timezone
    today = here.pack.definitions.day0
    for days in range(13):
        starts = {task.whole("start_ms") for task in tasks(here, plan="PL01")}
        night = local_ms(today + timedelta(days=days), time(22), zone)
        assert night in starts
    assert max(task.whole("start_ms") or 0 for task in tasks(here)) < now + 14 * DAY_MS


async def test_the_next_days_bring_new_rounds_and_nothing_twice(bench: Bench) -> None:
    here, now = bench.site, bench.site.now_ms()
    assert rounds.run(here, now) == 0
    before = {task.record_id for task in tasks(here)}
    for day in (1, 2, 3, 2, 3):  # the clock jumps back, too
        rounds.run(here, now + day * DAY_MS)
    later = tasks(here)
    assert len(later) > len(before)
    assert before <= {task.record_id for task in later}
    once = Counter(
        (task.text("plan"), task.text("asset"), task.whole("start_ms")) for task in later
    )
    assert set(once.values()) == {1}
    assert {task.text("state") for task in later} == {"open"}


async def test_a_clock_before_there_was_a_plan_does_nothing(bench: Bench) -> None:
    assert rounds.run(bench.site, 0) == 0


async def test_a_second_process_on_the_same_store_adds_nothing(bench: Bench) -> None:
    other = main.prepare(bench.settings)
    later = bench.site.now_ms() + 5 * DAY_MS
    assert rounds.run(bench.site, later) > 0
    assert rounds.run(other, later) == 0
    other.store.close()


async def test_rounds_are_made_up_after_the_server_stood_still_but_not_for_ever(
    bench: Bench,
) -> None:
    here = bench.site
    later = here.now_ms() + 60 * DAY_MS
    rounds.run(here, later)
    known = here.now_ms() + 14 * DAY_MS
    starts = [task.whole("start_ms") or 0 for task in tasks(here, plan="PL04")]
    made_up = [start for start in starts if known <= start < later]
    assert len(made_up) == 2
    assert min(made_up) >= later - 2 * DAY_MS


async def test_a_plan_that_was_taken_back_withdraws_what_has_not_begun(bench: Bench) -> None:
    here, now = bench.site, bench.site.now_ms()
    begun = {t.record_id for t in tasks(here, plan="PL04") if (t.whole("start_ms") or 0) <= now}
    full = here.pack
    change(here, lambda p: replace(p, plans=tuple(x for x in p.plans if x.plan_id != "PL04")))
    rounds.run(here, now)
    states = {task.record_id: task.text("state") for task in tasks(here, plan="PL04")}
    assert {record for record, state in states.items() if state == "open"} == begun
    assert set(states.values()) == {"open", "withdrawn"}
    here.pack = full  # and back again: the same tasks, open
    rounds.run(here, now)
    again = tasks(here, plan="PL04")
    assert {task.record_id for task in again} == states.keys()
    assert {task.text("state") for task in again} == {"open"}


async def test_another_person_takes_over_what_has_not_begun(bench: Bench) -> None:
    here, now = bench.site, bench.site.now_ms()

    def hand_over(plant: Plant) -> Plant:
        return replace(plant, plans=tuple(
            replace(x, owner="U042") if x.plan_id == "PL04" else x for x in plant.plans
        ))  # fmt: skip

    change(here, hand_over)
    rounds.run(here, now)
    for task in tasks(here, plan="PL04"):
        begun = (task.whole("start_ms") or 0) <= now
        assert task.text("owner") == ("U003" if begun else "U042")


async def test_a_round_that_nobody_did_is_missed_after_devices_had_their_time(
    bench: Bench,
) -> None:
    here, now = bench.site, bench.site.now_ms()
    oldest = min(tasks(here, kind="inspection"), key=lambda task: task.whole("due_ms") or 0)
    due = oldest.whole("due_ms") or 0
    rounds.run(here, due + 14 * DAY_MS)
    assert _state(here, oldest) == "open"
    rounds.run(here, due + 15 * DAY_MS + 1)
    assert _state(here, oldest) == "missed"
    assert all(task.text("state") == "open" for task in tasks(here, kind="maintenance"))
    assert due + 14 * DAY_MS > now


def _state(here: Site, task: Record) -> str:
    with here.store.reading() as session:
        return records.get(session, task.record_id).text("state")


async def test_maintenance_is_seeded_by_the_same_duty_with_what_it_needs(bench: Bench) -> None:
    (task,) = tasks(bench.site, plan="MT03")
    assert (task.text("owner"), task.text("kind")) == ("U040", "maintenance")
    assert (task.whole("due_ms") or 0) < bench.site.now_ms()  # overdue on the first day
    assert task.get("parts") == [
        {"zh": "空气滤芯", "en": "Air filter element", "qty": "1", "unit": "pc"}
    ]


async def test_every_entry_of_the_duty_is_accepted_by_the_rules(bench: Bench) -> None:
    here = bench.site
    first = written(here)
    for day in (3, 9, 20, 21):
        rounds.run(here, here.now_ms() + day * DAY_MS)
    with here.store.reading() as session:
        found = entries.of_device(session, SERVER_DEVICE, first + 1, 2000)
    assert found
    assert {one.verdict for one in found} == {"accepted"}


async def test_a_clock_that_ran_ahead_and_is_right_again_leaves_nothing_missed(
    bench: Bench,
) -> None:
    here, now = bench.site, bench.site.now_ms()

    def ahead() -> dict[str, str]:
        found = {one.record_id: one for one in tasks(here, kind="inspection")}
        return {
            record_id: one.text("state")
            for record_id, one in found.items()
            if now < (one.whole("start_ms") or 0) < now + 14 * DAY_MS
        }

    before = ahead()
    rounds.run(here, now + 400 * DAY_MS)
    assert set(ahead().values()) == {"missed"}
    rounds.run(here, now)
    assert ahead() == before
    assert set(before.values()) == {"open"}


async def test_a_plan_where_nobody_may_plan_stops_no_other(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    here, later = bench.site, bench.site.now_ms() + 5 * DAY_MS
    before = Counter(task.text("plan") for task in tasks(here))
    plant = here.pack.definitions.plant
    plan = next(one for one in plant.plans if one.plan_id == "PL01")
    left = {
        person_id: replace(person, retired_ms=1)
        if may(here.pack.definitions.access, plant, person, rounds.PLAN, _about(here, plan.plan_id))
        else person
        for person_id, person in plant.people.items()
    }
    change(here, lambda p: replace(p, people=left))
    rounds.run(here, later)
    after = Counter(task.text("plan") for task in tasks(here))
    assert "nobody may plan there" in caplog.text
    assert after["PL01"] == before["PL01"]
    assert sum(after.values()) > sum(before.values())


def _about(here: Site, plan_id: str) -> Subject:
    return subject_of(tasks(here, plan=plan_id)[0])


async def test_an_id_held_by_another_type_stops_neither_rounds_nor_what_the_server_says(
    bench: Bench,
) -> None:
    here, later = bench.site, bench.site.now_ms() + DAY_MS
    with here.store.reading() as session:
        wanted = [one.record_id for one in rounds.due(here, session, later) if one.kind == "edit"]
    held, others = wanted[0], wanted[1:]
    old = replace(await bench.phone(), store=here.store)  # taken before such ids were reserved
    old.write("U012", "event", {"what": "x", "by": "U012"}, kind="edit", record_id=held)
    rounds.run(here, later)
    made = {task.record_id for task in tasks(here)}
    assert set(others) <= made
    assert held not in made
    assert rounds.run(here, later) == 0  # it is not tried again and again
    step = OwnStep("U001", held, "task", {"state": "open"})
    before = written(here)
    assert write_own(here, [step], only_new=True) == [("refused", "entry.invalid")]
    assert written(here) == before
