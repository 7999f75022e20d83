"""Plans promise: every round once, at the plant's own time, day after day."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.plans import DueTask, due_tasks, due_upkeep, local_ms
from domain.plant import InspectionPlan, MaintenancePlan, Plant, Rhythm, Stop
from tests.helpers.definitions import DAY0, demo_definitions

PLANT = demo_definitions().plant
DAY_MS = 86_400_000
STOP = Stop("TK-101", "TANK-D")


def at(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%m-%d %H:%M")


def midnight(day: date, timezone: str = PLANT.timezone) -> int:
    return local_ms(day, time(0), timezone)


def rounds(plant: Plant, days_before: int, days_after: int) -> list[DueTask]:
    since = midnight(DAY0 - timedelta(days=days_before), plant.timezone)
    until = midnight(DAY0 + timedelta(days=days_after), plant.timezone)
    return due_tasks(plant, DAY0, since, until)


def planned(rhythm: Rhythm, *times: str, timezone: str = PLANT.timezone) -> Plant:
    plan = InspectionPlan("PX", (STOP,), "", "U003", "", "", rhythm, times, 60)
    return replace(PLANT, plans=(plan,), timezone=timezone)


def days(plant: Plant, days_after: int = 60) -> list[str]:
    found = rounds(plant, 30, days_after)
    return [
        datetime.fromtimestamp(task.start_ms / 1000 + 8 * 3600, UTC).strftime("%m-%d")
        for task in found
    ]


def test_the_night_before_gives_inspector_03_ten_tasks() -> None:
    night = local_ms(date(2026, 10, 19), time(19, 30), PLANT.timezone)
    morning = local_ms(DAY0, time(7, 30), PLANT.timezone)
    tasks = [task for task in due_tasks(PLANT, DAY0, night, morning) if task.plan.owner == "U003"]
    assert len(tasks) == 10
    assert [at(task.start_ms) for task in tasks if task.stop.asset == "TK-101"] == [
        "10-19 14:00",  # 22:00 in Shanghai
        "10-19 19:00",  # 03:00 of the next day belongs to the same night
    ]


def test_a_round_at_the_beginning_of_the_shift_stays_on_its_day() -> None:
    task = next(task for task in rounds(PLANT, 2, 2) if task.plan.plan_id == "PL12")
    assert (at(task.start_ms), at(task.due_ms)) == ("10-19 23:30", "10-20 00:30")


def test_tasks_come_in_the_order_in_which_they_start() -> None:
    starts = [task.start_ms for task in rounds(PLANT, 2, 15)]
    assert starts == sorted(starts)


def test_a_daily_round_goes_on_day_after_day() -> None:
    found = [task for task in rounds(PLANT, 5, 14) if task.plan.plan_id == "PL04"]
    assert [at(task.start_ms) for task in found[:3]] == [
        "10-19 14:00",
        "10-20 14:00",
        "10-21 14:00",
    ]
    assert len(found) == 15


def test_single_days_stand_by_themselves() -> None:
    assert days(planned(Rhythm(days=(-1, 3)), "12:00")) == ["10-19", "10-23"]


def test_weekly_monthly_and_weekday_rounds() -> None:
    monday, thursday = 0, 3
    assert days(planned(Rhythm(every="week"), "12:00"), 16) == ["10-20", "10-27", "11-03"]
    twice = Rhythm(every="week", weekdays=(monday, thursday), ends=8)
    assert days(planned(twice, "12:00")) == ["10-22", "10-26"]
    assert days(planned(Rhythm(every="day", weekdays=(thursday,), ends=10), "12:00")) == [
        "10-22",
        "10-29",
    ]
    assert days(planned(Rhythm(every="month", month_day=31), "12:00"), 75) == [
        "10-31",
        "11-30",  # a month without that day: its last one
        "12-31",
    ]


def test_a_round_per_shift_starts_with_the_shift() -> None:
    plant = planned(Rhythm(every="shift", shifts=("day", "night")))
    found = rounds(plant, 0, 1)
    assert [at(task.start_ms) for task in found] == ["10-19 23:30", "10-20 11:30"]


def test_a_route_is_walked_in_its_order() -> None:
    route = PLANT.routes["RT01"]
    assert [route.number(stop.asset) for stop in route.stops] == [1, 2, 3]
    plan = next(plan for plan in PLANT.plans if plan.plan_id == "PL13")
    assert [stop.asset for stop in plan.stops] == ["FX-05", "HY-21"]


def test_times_that_a_change_of_clocks_skips_or_repeats_make_one_round_each() -> None:
    berlin = "Europe/Berlin"  # forward on 2027-03-28 at 02:00, back on 2026-10-25 at 03:00
    plant = planned(Rhythm(every="day"), "02:30", "03:30", "08:00", timezone=berlin)
    plant = replace(plant, shifts=())

    def on(day: date) -> list[str]:
        found = due_tasks(plant, DAY0, midnight(day, berlin), midnight(day + timedelta(1), berlin))
        return [at(task.start_ms) for task in found]

    assert on(date(2026, 10, 25)) == ["10-25 00:30", "10-25 02:30", "10-25 07:00"]
    assert on(date(2027, 3, 28)) == ["03-28 01:30", "03-28 06:00"]  # 02:30 is 03:30 that day


@given(st.integers(0, 40 * DAY_MS), st.integers(1, 20 * DAY_MS), st.integers(1, 20 * DAY_MS))
def test_any_two_neighbouring_looks_see_every_round_once(since: int, one: int, two: int) -> None:
    start = midnight(DAY0) + since
    middle, end = start + one, start + one + two
    apart = [*due_tasks(PLANT, DAY0, start, middle), *due_tasks(PLANT, DAY0, middle, end)]
    whole = due_tasks(PLANT, DAY0, start, end)
    assert [task.task_id for task in apart] == [task.task_id for task in whole]
    assert len({task.task_id for task in whole}) == len(whole)


def plan(code: str) -> MaintenancePlan:
    return next(row for row in PLANT.maintenance if row.plan_id == code)


def test_upkeep_is_due_so_long_after_it_was_last_done() -> None:
    late = due_upkeep(plan("MT03"), DAY0, PLANT.timezone, None)
    assert at(late.due_ms) == "10-15 15:59"  # the end of day -5 in Shanghai
    assert at(late.start_ms) == "10-07 16:00"  # seven days before, from midnight on
    done_ms = local_ms(DAY0, time(10, 0), PLANT.timezone)
    following = due_upkeep(plan("MT03"), DAY0, PLANT.timezone, done_ms)
    assert at(following.due_ms) == "01-18 15:59"
    assert following.task_id != late.task_id


def test_an_old_record_does_not_make_upkeep_due_again() -> None:
    old = local_ms(DAY0 - timedelta(days=400), time(8), PLANT.timezone)
    without = due_upkeep(plan("MT01"), DAY0, PLANT.timezone, None)
    assert due_upkeep(plan("MT01"), DAY0, PLANT.timezone, old) == without
