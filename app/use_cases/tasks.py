"""What a person has to do today: overdue first, nearest next."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.field import FieldApp
from app.use_cases import hazards, inspections, upkeep
from app.use_cases.hazard_views import HazardCard
from app.use_cases.task_cards import TaskCard, cards_of
from domain import rechecks
from domain.places import Fix
from domain.plans import day_begins
from domain.plant import Person, Shift
from domain.words import Words
from offline_store import drafts, records

HAZARDS_SHOWN = 3  # the rest is one tap away, so that the tasks stay in view


@dataclass(frozen=True, slots=True)
class Today:
    """The home screen: open tasks in order, progress, and the hazards that wait for this person."""

    shift: Words | None
    cards: tuple[TaskCard, ...]
    done: int
    total: int
    hazards: tuple[HazardCard, ...]  # the most urgent that wait for a step of this person
    waiting: int  # how many hazards wait


def today(field: FieldApp, person: Person, fix: Fix | None) -> Today:
    """Return what the person has to do now.

    Open tasks of this person that have begun or begin within a day; `done` counts those finished
    since the working day began (its first shift).
    """
    plant = field.definitions.plant
    now = field.clock.now_ms()
    since = _day_began_ms(now, plant.timezone, plant.shifts)
    with field.store.reading() as session:
        mine = [
            task
            for task in (
                *records.find(
                    session, "task", state="open", person=person.person_id, limit=records.ALL
                ),
                # what was done before the day began did not change since
                *records.find(
                    session,
                    "task",
                    state="done",
                    person=person.person_id,
                    changed_from_ms=since,
                    limit=records.ALL,
                ),
            )
            if task.text("asset") in plant.assets or task.text("kind") == rechecks.KIND
        ]
        started = {
            str(found.body.get("task"))
            for kind in (inspections.KIND, upkeep.KIND)
            for found in drafts.find(session, kind, person.person_id)
            if found.body.get("answers") or kind == upkeep.KIND
        }
        findings = hazards.open_counts(field, session)
        urgent = hazards.waiting(field, session, person, HAZARDS_SHOWN)
    cards = cards_of(field, mine, fix, started, findings)
    done = sum(
        (task.whole("done_ms") or 0) >= since for task in mine if task.text("state") == "done"
    )
    return Today(
        shift=_shift(now, plant.timezone, plant.shifts),
        cards=cards,
        done=done,
        total=done + len(cards),
        hazards=urgent.cards,
        waiting=urgent.total,
    )


def _local(at_ms: int, timezone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(ZoneInfo(timezone))


def _day_began_ms(now_ms: int, timezone: str, shifts: tuple[Shift, ...]) -> int:
    now = _local(now_ms, timezone)
    began = datetime.combine(now.date(), day_begins(shifts), now.tzinfo)
    if began > now:
        began -= timedelta(days=1)
    return int(began.timestamp() * 1000)


def _shift(now_ms: int, timezone: str, shifts: tuple[Shift, ...]) -> Words | None:
    """Return the shift that is on, the one that runs over midnight included."""
    clock = _local(now_ms, timezone).time()
    for shift in shifts:
        begins, ends = time.fromisoformat(shift.begins), time.fromisoformat(shift.ends)
        on = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
        if on:
            return shift.name
    return None
