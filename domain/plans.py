"""Inspection plans: which checks are due when, in the plant's own time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.plant import Plant, Shift


@dataclass(frozen=True, slots=True)
class DueTask:
    """One round of a plan: it starts and is due at these times (ms)."""

    plan_id: str
    asset: str
    template: str
    owner: str
    start_ms: int
    due_ms: int


def due_tasks(plant: Plant, day0: date, timezone: str) -> list[DueTask]:
    """Return the rounds of all plans around `day0`, earliest first.

    A time before the day shift begins belongs to the night that began on that day: 03:00 of day
    -1 is on the calendar day 0.
    """
    tasks: list[DueTask] = []
    begins = day_begins(plant.shifts)
    for plan in plant.plans:
        for offset in plan.days:
            for text in plan.times:
                at = time.fromisoformat(text)
                day = day0 + timedelta(days=offset + (at < begins))
                start_ms = local_ms(day, at, timezone)
                due_ms = start_ms + plan.due_min * 60_000
                row = DueTask(plan.plan_id, plan.asset, plan.template, plan.owner, start_ms, due_ms)
                tasks.append(row)
    return sorted(tasks, key=lambda task: (task.start_ms, task.plan_id))


def day_begins(shifts: tuple[Shift, ...]) -> time:
    """Return when the first shift of the day begins that does not run over midnight."""
    starts = [shift.begins for shift in shifts if shift.begins < shift.ends]
    return time.fromisoformat(min(starts)) if starts else time(0)


def local_ms(day: date, at: time, timezone: str) -> int:
    """Return the instant of a local day and time, in ms since 1970 UTC."""
    moment = datetime.combine(day, at, ZoneInfo(timezone)).astimezone(UTC)
    return int(moment.timestamp() * 1000)
