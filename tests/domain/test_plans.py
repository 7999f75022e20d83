"""Plans promise: every round once, at the plant's own time."""

from datetime import UTC, date, datetime, time

from domain.plans import due_tasks, local_ms
from tests.helpers.definitions import DAY0, demo_definitions

PLANT = demo_definitions().plant


def at(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%m-%d %H:%M")


def test_the_night_before_gives_inspector_03_ten_tasks() -> None:
    night = local_ms(date(2026, 10, 19), time(19, 30), PLANT.timezone)
    morning = local_ms(DAY0, time(7, 30), PLANT.timezone)
    tasks = [
        task
        for task in due_tasks(PLANT, DAY0, PLANT.timezone)
        if task.owner == "U003" and night <= task.start_ms < morning
    ]
    assert len(tasks) == 10
    assert [at(task.start_ms) for task in tasks if task.asset == "TK-101"] == [
        "10-19 14:00",  # 22:00 in Shanghai
        "10-19 19:00",  # 03:00 of the next day belongs to the same night
    ]


def test_a_round_at_the_beginning_of_the_shift_stays_on_its_day() -> None:
    task = next(task for task in due_tasks(PLANT, DAY0, PLANT.timezone) if task.plan_id == "PL12")
    assert (at(task.start_ms), at(task.due_ms)) == ("10-19 23:30", "10-20 00:30")


def test_tasks_come_in_the_order_in_which_they_start() -> None:
    starts = [task.start_ms for task in due_tasks(PLANT, DAY0, PLANT.timezone)]
    assert starts == sorted(starts)
