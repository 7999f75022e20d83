"""What is due to be said about open hazards and tasks: reminders, and escalation level by level.

Pure: the story of a record, the definitions and what is known of deliveries go in, notices with the
moment at which each is due come out, also those that lie ahead. Nothing is remembered in between.

Two clocks. A hazard nobody has accepted counts from when one of those who may accept it could have
known (`domain.story.counted_ms`). An accepted one counts from its acceptance, so that handing it
from one to the next wins no time; but nobody is told before whoever has to act now could know.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from domain.access import may, subject_of
from domain.definitions import Definitions
from domain.hazards import ACCEPT
from domain.levels import MINUTE_MS, Mark, Reminder, Told, ladder, told_for
from domain.notices import ESCALATION, REMINDER, Due
from domain.records import Record, Value
from domain.story import Delivered, Story, Turn, counted_ms

WAITING: Final = ("reported", "returned", "reopened")  # for somebody who accepts
WORKING: Final = ("accepted", "dispatched", "rectifying")
_HOUR_MS: Final = 60 * MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of time that somebody has: from `begins_ms`, `whole_ms` long.

    Nobody is told before `floor_ms`; `period` names which stretch it is, so that the next one (a
    hazard reported anew) is told of again.
    """

    period: str
    begins_ms: int
    whole_ms: int
    floor_ms: int
    captured_ms: int

    @property
    def due_ms(self) -> int:
        return self.begins_ms + self.whole_ms


def of_hazard(found: Definitions, story: Story, delivered: Delivered) -> list[Due]:
    """Return what is or will be due to be said about a hazard as it stands."""
    record, state = story.record, story.record.text("state")
    entered = _entered(story)
    if entered is None or record.text("grade") not in found.hazards.sla:
        return []
    if state in WAITING:
        return list(_unaccepted(found, story, entered, delivered))
    if state in WORKING:
        return list(_working(found, story, entered, delivered))
    return []


def of_task(found: Definitions, story: Story, delivered: Delivered) -> list[Due]:
    """Return what is or will be due to be said about a task: to its owner, then up the levels.

    A task that its owner could only have later than it begins is escalated so much later.
    """
    task = story.record
    owner = found.plant.people.get(task.text("owner"))
    due_ms, start_ms = task.whole("due_ms"), task.whole("start_ms")
    if task.text("state") != "open" or not story.turns or due_ms is None or owner is None:
        return []
    start_ms = min(due_ms, due_ms if start_ms is None else start_ms)
    floor_ms = counted_ms(story.turns[0], (owner.person_id,), delivered)
    late_ms = max(0, floor_ms - start_ms)
    span = _Span(str(due_ms), start_ms, due_ms - start_ms, floor_ms, start_ms)
    kind = task.text("kind") or "inspection"
    rules = found.hazards.nagging
    say = _about(task) | {"due_ms": due_ms}
    dues = list(_reminders(rules.reminders_of(kind), span, task, (owner.person_id,), say))
    but = frozenset({owner.person_id})
    rungs = ladder(rules, found.plant, owner.unit, task.text("area"), but)
    counted = replace(span, floor_ms=max(start_ms, floor_ms))
    for mark in rules.tasks.get(kind, ()):
        at_ms = due_ms + late_ms + mark.after_ms(span.whole_ms)
        told = told_for(rules, rungs, mark.to)
        step = f"overdue:{_label(mark)}:{span.period}"
        dues += _told(task, told, step, at_ms, counted, say | {"owner": owner.person_id})
    return dues


def must_act(found: Definitions, record: Record) -> tuple[str, ...]:
    """Return who has to act on a hazard as it stands, by id.

    The assignee or whoever accepted it; before that those of its unit who may accept it, or, where
    there are none, whoever may accept it at all.
    """
    if record.text("state") in WORKING:
        person = record.text("assignee") or record.text("owner")
        return (person,) if person else ()
    subject = subject_of(record)
    able = [
        person
        for person in found.plant.people.values()
        if may(found.access, found.plant, person, ACCEPT, subject)
    ]
    near = [person for person in able if person.unit == record.text("unit")]
    return tuple(sorted(person.person_id for person in near or able))


def interim_recorded(story: Story) -> bool:
    """Return whether an interim control stands: recorded, and not before it was reopened."""
    cell, reopened = story.record.cells.get("interim"), story.last("reopened")
    if cell is None or not story.record.text("interim").strip():
        return False
    return reopened is None or cell.wall_ms >= reopened.captured_ms


def accepted_turn(story: Story) -> Turn | None:
    """Return the turn from which the time to repair counts: the acceptance, or a reopening."""
    return story.last("accepted", "reopened")


def _entered(story: Story) -> Turn | None:
    """Return the turn that brought the hazard to the state it is in."""
    cell = story.record.cells.get("state")
    if cell is None:
        return None
    turns = (turn for turn in story.turns if turn.writer == cell.writer)
    return next(turns, None) or story.last(story.record.text("state"))


def _unaccepted(
    found: Definitions, story: Story, entered: Turn, delivered: Delivered
) -> Iterator[Due]:
    record, rules = story.record, found.hazards.nagging
    grade = record.text("grade")
    people = must_act(found, record)
    counted = counted_ms(entered, people, delivered)
    whole_ms = found.hazards.sla[grade].accept_min * MINUTE_MS
    span = _Span(entered.writer, counted, whole_ms, counted, entered.captured_ms)
    say = _about(record) | {"since_ms": counted, "due_ms": span.due_ms}
    rows = [row for row in rules.reminders_of("accept") if whole_ms or row.at == "start"]
    yield from _reminders(rows, span, record, people, say)
    rungs = ladder(rules, found.plant, record.text("unit"), record.text("area"))
    for mark in rules.unaccepted.get(grade, ()):
        told = told_for(rules, rungs, mark.to)
        step = f"unaccepted:{_label(mark)}:{span.period}"
        yield from _told(record, told, step, counted + mark.after_ms(whole_ms), span, say)


def _working(
    found: Definitions, story: Story, entered: Turn, delivered: Delivered
) -> Iterator[Due]:
    record, hazards = story.record, found.hazards
    sla = hazards.sla[record.text("grade")]
    base = accepted_turn(story) or entered
    people = must_act(found, record)
    floor_ms = max(base.captured_ms, counted_ms(entered, people, delivered))
    whole_ms = (sla.rectify_d or 0) * _DAY_MS
    span = _Span(base.writer, base.captured_ms, whole_ms, floor_ms, base.captured_ms)
    say = _about(record) | {"since_ms": base.captured_ms}
    rules = hazards.nagging
    controlled = interim_recorded(story)
    if sla.interim_h is not None and not controlled:
        interim = replace(span, whole_ms=sla.interim_h * _HOUR_MS)
        yield from _reminders(
            rules.reminders_of("interim"), interim, record, people, say | {"due_ms": interim.due_ms}
        )
    if sla.rectify_d is not None:
        say |= {"due_ms": span.due_ms}
    asked = rules.reminders_of("rectify")
    rows = [row for row in asked if sla.rectify_d is not None or row.at == "start"]
    given = span if not record.text("assignee") else _given(story, span)
    yield from _reminders(rows, given, record, people, say)
    yield from _open(found, story, span, say, controlled=controlled)


def _given(story: Story, span: _Span) -> _Span:
    """The same stretch for whoever it was given to: being given it anew is told anew."""
    turn = story.last("dispatched")
    return replace(span, period=turn.writer) if turn else span


def _open(
    found: Definitions, story: Story, span: _Span, say: dict[str, Value], *, controlled: bool
) -> Iterator[Due]:
    """Escalate what is accepted and not yet repaired."""
    record, rules = story.record, found.hazards.nagging
    rungs = ladder(rules, found.plant, record.text("unit"), record.text("area"))
    for mark in rules.open.get(record.text("grade"), ()):
        if mark.every_min is not None:
            if controlled:
                continue
            steps = _above(rungs, record.text("owner"))
            for number, told in enumerate(steps, 1):
                at_ms = span.begins_ms + number * mark.every_min * MINUTE_MS
                step = f"uncontrolled:{number}:{span.period}"
                yield from _told(record, told, step, at_ms, span, say)
        else:
            told = told_for(rules, rungs, mark.to)
            at_ms = span.begins_ms + mark.after_ms(span.whole_ms)
            step = f"unrepaired:{_label(mark)}:{span.period}"
            yield from _told(record, told, step, at_ms, span, say)


def _above(rungs: tuple[Told, ...], owner: str) -> list[Told]:
    """Return the levels above whoever accepted it; all of them where that person holds none."""
    held = [index for index, rung in enumerate(rungs) if owner in rung.people]
    return list(rungs[max(held, default=-1) + 1 :])


def _reminders(
    rows: Iterable[Reminder],
    span: _Span,
    record: Record,
    people: Iterable[str],
    say: dict[str, Value],
) -> Iterator[Due]:
    people = tuple(people)
    for row in rows:
        if row.at == "due":
            at_ms = span.due_ms - row.before_min * MINUTE_MS
            until_ms = span.due_ms if row.before_min else None
        else:
            at_ms, until_ms = span.begins_ms, None
        when = row.at if not row.before_min else "before"
        for person in people:
            yield Due(
                rule=REMINDER,
                step=f"{row.of}_{when}:{row.before_min}:{span.period}",
                about=record.record_id,
                about_type=record.type,
                to=person,
                at_ms=max(at_ms, span.floor_ms),
                captured_ms=span.captured_ms,
                counted_ms=max(span.captured_ms, span.floor_ms),
                params=say,
                until_ms=until_ms,
            )


def _told(
    record: Record,
    told: Told | None,
    step: str,
    at_ms: int,
    span: _Span,
    say: dict[str, Value],
) -> Iterator[Due]:
    """Tell everybody of a level."""
    for person in told.people if told else ():
        yield Due(
            rule=ESCALATION,
            step=step,
            about=record.record_id,
            about_type=record.type,
            to=person,
            at_ms=max(at_ms, span.floor_ms),
            captured_ms=span.captured_ms,
            counted_ms=max(span.captured_ms, span.floor_ms),
            params=say,
            level=told.level if told else "",
        )


def _label(mark: Mark) -> str:
    return str(mark.after_min if mark.after_share is None else mark.after_share)


def _about(record: Record) -> dict[str, Value]:
    """Return what a sentence says about the record, as far as it is known."""
    names = ("code", "grade", "asset", "area", "template", "work", "plan")
    return {name: record.text(name) for name in names if record.text(name)}
