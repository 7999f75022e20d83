"""What a person has to do today: overdue first, nearest next."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.field import FieldApp
from app.use_cases import hazards, inspections
from app.use_cases.hazard_views import HazardCard
from domain.places import Fix, distance_m
from domain.plans import day_begins
from domain.plant import Person, Shift
from domain.records import Record
from domain.words import Words
from offline_store import drafts, records

AHEAD_MS = 24 * 3_600_000  # a round that begins later is not shown yet
FAR_M = 10**9


@dataclass(frozen=True, slots=True)
class TaskCard:
    """One task; `distance_m` from the last known position, None where there is none."""

    record_id: str
    asset_id: str
    asset: Words
    kind: str  # equipment kind, for the icon
    form: Words
    area: Words
    due_ms: int
    overdue: bool
    started: bool  # a draft with answers exists
    distance_m: int | None
    open_findings: int


@dataclass(frozen=True, slots=True)
class Today:
    """The home screen: open tasks in order, progress, and the hazards that wait for this person."""

    shift: Words | None
    cards: tuple[TaskCard, ...]
    done: int
    total: int
    hazards: tuple[HazardCard, ...]  # waiting for a step that this person may do, urgent first


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
                *records.find(session, "task", state="open", limit=records.ALL),
                *records.find(session, "task", state="done"),
            )
            if task.text("owner") == person.person_id and task.text("asset") in plant.assets
        ]
        started = {
            str(found.body.get("task"))
            for found in drafts.find(session, inspections.KIND, person.person_id)
            if found.body.get("answers")
        }
        findings = hazards.open_counts(field, session)
    cards = [
        _card(field, task, fix, now, task.record_id in started, findings)
        for task in mine
        if task.text("state") == "open" and (task.whole("start_ms") or 0) <= now + AHEAD_MS
    ]
    cards.sort(key=_urgency)
    done = sum(
        (task.whole("done_ms") or 0) >= since for task in mine if task.text("state") == "done"
    )
    return Today(
        shift=_shift(now, plant.timezone, plant.shifts),
        cards=tuple(cards),
        done=done,
        total=done + len(cards),
        hazards=tuple(
            sorted(
                hazards.cards(field, person, "todo"),
                key=lambda card: (card.grade, card.due_ms or 0),
            )
        ),
    )


def _urgency(card: TaskCard) -> tuple[bool, int, int]:
    """Overdue ones by how long, then the nearest, then what is due first."""
    far = FAR_M if card.distance_m is None else card.distance_m
    return (not card.overdue, 0 if card.overdue else far, card.due_ms)


def _card(
    field: FieldApp,
    task: Record,
    fix: Fix | None,
    now_ms: int,
    started: bool,
    findings: dict[str, int],
) -> TaskCard:
    plant = field.definitions.plant
    asset = plant.assets[task.text("asset")]
    form = field.definitions.forms[task.text("template")]
    due_ms = task.whole("due_ms") or 0
    return TaskCard(
        record_id=task.record_id,
        asset_id=asset.asset_id,
        asset=asset.name,
        kind=asset.kind,
        form=form.name,
        area=plant.areas[asset.area].name,
        due_ms=due_ms,
        overdue=due_ms < now_ms,
        started=started,
        distance_m=round(distance_m(asset.place, fix.place)) if fix else None,
        open_findings=findings.get(asset.asset_id, 0),
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
