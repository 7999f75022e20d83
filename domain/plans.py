"""Plans: which checks and which upkeep are due when, in the plant's own time.

The same plan, equipment and start give the same task id, whoever counts and however often: that is
why a second process, a restart or a clock that jumps makes no second task.
"""

import hashlib
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.plant import InspectionPlan, MaintenancePlan, Plant, Rhythm, Shift, Stop

_ID_DIGITS: Final = 32  # 128 bits: no two of all plants are the same by chance
_END_OF_DAY: Final = time(23, 59)  # a day without time counts to its end


@dataclass(frozen=True, slots=True)
class DueTask:
    """One stop of a round: it starts and is due at these times (ms)."""

    plan: InspectionPlan
    stop: Stop
    start_ms: int
    due_ms: int

    @property
    def task_id(self) -> str:
        """The id of its task, always the same."""
        return task_id(self.plan.plan_id, self.stop.asset, self.start_ms)


@dataclass(frozen=True, slots=True)
class DueUpkeep:
    """The next time that upkeep is due; from `start_ms` on it is shown."""

    plan: MaintenancePlan
    start_ms: int
    due_ms: int

    @property
    def task_id(self) -> str:
        """The id of its task, always the same."""
        return task_id(self.plan.plan_id, self.plan.asset, self.due_ms)


def task_id(plan_id: str, asset: str, turn: int | str) -> str:
    """Return the id of the task that a plan makes for equipment.

    `turn` tells one from the next: when it starts or is due (ms), or the entry that called for it.
    """
    about = f"task|{plan_id}|{asset}|{turn}".encode()  # codes hold no bar
    return hashlib.sha256(about).hexdigest()[:_ID_DIGITS]


def is_task_id(record_id: str) -> bool:
    """Return whether an id has the form of a task's: every other id has a prefix or hyphens."""
    return len(record_id) == _ID_DIGITS and set(record_id) <= set("0123456789abcdef")


def due_tasks(plant: Plant, day0: date, since_ms: int, until_ms: int) -> list[DueTask]:
    """Return the rounds that start from `since_ms` on and before `until_ms`, earliest first.

    A time before the day shift begins belongs to the night that began on that day: 03:00 of day
    -1 is on the calendar day 0. Where clocks jump, two times of a plan may be one: one round.
    """
    begins = day_begins(plant.shifts)
    found: dict[str, DueTask] = {}
    # a working day reaches into the next calendar day, and zones reach around the date line
    first = _local(since_ms, plant.timezone).date() - timedelta(days=1)
    last = _local(until_ms, plant.timezone).date()
    for plan in plant.plans:
        times = _times(plan, plant.shifts)
        for day in _days(plan.rhythm, day0, first, last):
            for at in times:
                start_ms = local_ms(day + timedelta(days=at < begins), at, plant.timezone)
                if since_ms <= start_ms < until_ms:
                    due_ms = start_ms + plan.due_min * 60_000
                    tasks = (DueTask(plan, stop, start_ms, due_ms) for stop in plan.stops)
                    found |= {task.task_id: task for task in tasks}
    return sorted(found.values(), key=lambda task: (task.start_ms, task.plan.plan_id))


def due_upkeep(plan: MaintenancePlan, day0: date, timezone: str, done_ms: int | None) -> DueUpkeep:
    """Return when upkeep is due next: `every_d` days after it was last done.

    `done_ms` is when a record says so, None without one; the plan's own `last_done` counts where it
    is later (done without this product, written down by a manager).
    """
    last = day0 + timedelta(days=plan.last_done)
    if done_ms is not None:
        last = max(last, _local(done_ms, timezone).date())
    day = last + timedelta(days=plan.every_d)
    shown = day - timedelta(days=plan.remind_before_d)
    return DueUpkeep(plan, local_ms(shown, time(0), timezone), local_ms(day, _END_OF_DAY, timezone))


def _times(plan: InspectionPlan, shifts: tuple[Shift, ...]) -> list[time]:
    texts = list(plan.times)
    if plan.rhythm.every == "shift":
        texts += [shift.begins for shift in shifts if shift.code in plan.rhythm.shifts]
    return [time.fromisoformat(text) for text in texts]


def _days(rhythm: Rhythm, day0: date, first: date, last: date) -> Iterator[date]:
    """Yield the working days on which rounds start."""
    begins = day0 + timedelta(days=rhythm.begins)
    ends = date.max if rhythm.ends is None else day0 + timedelta(days=rhythm.ends)
    single = {day0 + timedelta(days=offset) for offset in rhythm.days}
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if day in single or (begins <= day <= ends and _turn(rhythm, begins, day)):
            yield day


def _turn(rhythm: Rhythm, begins: date, day: date) -> bool:
    """Whether it is the turn of this day; a month without that day ends on its last one."""
    match rhythm.every:
        case "day" | "shift":
            return not rhythm.weekdays or day.weekday() in rhythm.weekdays
        case "week":
            return day.weekday() in (rhythm.weekdays or (begins.weekday(),))
        case "month":
            wanted = rhythm.month_day or begins.day
            return day.day == min(wanted, monthrange(day.year, day.month)[1])
        case _:
            return False


def day_begins(shifts: tuple[Shift, ...]) -> time:
    """Return when the first shift of the day begins that does not run over midnight."""
    starts = [shift.begins for shift in shifts if shift.begins < shift.ends]
    return time.fromisoformat(min(starts)) if starts else time(0)


def local_ms(day: date, at: time, timezone: str) -> int:
    """Return the instant of a local day and time, in ms since 1970 UTC.

    A time that does not exist that day (clocks went forward) is as much later; of one that comes
    twice the first counts.
    """
    moment = datetime.combine(day, at, ZoneInfo(timezone)).astimezone(UTC)
    return int(moment.timestamp() * 1000)


def _local(at_ms: int, timezone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(ZoneInfo(timezone))
