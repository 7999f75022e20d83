"""What happened to a hazard, step by step, and what comes next: read from its entries."""

from dataclasses import dataclass, replace

from sqlmodel import Session

from app.field import FieldApp
from domain.records import Record
from domain.words import Words
from offline_store import journal
from offline_store.journal import Logged

MAIN_WAY = ("reported", "accepted", "dispatched", "rectifying", "to_verify", "to_review", "closed")
SERVER = "server"  # device id of what the server writes by itself: it never waited on a phone


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the timeline: done, going on, or to come."""

    state: str
    words: Words
    action: str | None
    person: Words | None
    at_ms: int | None
    received_ms: int | None  # when the server got it, if later
    note: str
    status: str  # "done" | "now" | "next"
    sent: bool
    change: tuple[str, str] | None = None  # the grade before and after, where only that changed


@dataclass(frozen=True, slots=True)
class Moment:
    """When a record changed last, and when it was accepted last (None: never)."""

    changed_ms: int
    accepted_ms: int | None


def steps(field: FieldApp, session: Session, record: Record) -> list[Step]:
    """Return the steps taken, oldest first, and the main way still ahead.

    Steps that were refused or overtaken by another decision are not part of the way.
    """
    flow = field.definitions.workflows["hazard"]
    done = _taken(field, journal.of_record(session, record.record_id))
    at = next((i for i in reversed(range(len(done))) if done[i].change is None), None)
    if at is not None and record.text("state") not in ("closed", "merged", "void"):
        done[at] = replace(done[at], status="now")
    ahead: list[Step] = []
    state = record.text("state")
    if state in MAIN_WAY:
        for code in MAIN_WAY[MAIN_WAY.index(state) + 1 :]:
            if code != "to_review" or record.text("grade") == "A":
                words = flow.states[code].name
                ahead.append(Step(code, words, None, None, None, None, "", "next", True))
    return [*done, *ahead]


def moment_of(record: Record) -> Moment:
    """Return when a hazard came to its state and when it was accepted last.

    Each move writes `state`, and whoever accepts signs as `owner`: their cells know the time, so a
    list need not read the journal.
    """
    state, owner = record.cells.get("state"), record.cells.get("owner")
    accepted = owner.wall_ms if owner and owner.value is not None else None
    return Moment(state.wall_ms if state else 0, accepted)


def _taken(field: FieldApp, rows: list[Logged]) -> list[Step]:
    """Return the moves that count, and between them each change of the grade alone."""
    done: list[Step] = []
    grade = ""
    for row in rows:
        if row.verdict in ("refused", "conflict", "quarantined"):
            continue
        before, after = grade, row.entry.set.get("grade")
        grade = after if isinstance(after, str) else grade
        if "state" in row.entry.set:  # the report, and each move after it
            step = _step(field, row)
        elif before and grade != before:
            step = _regraded(field, row, (before, grade))
        else:
            step = None
        if step is not None:
            done.append(step)
    return done


def _at(row: Logged) -> int:
    """When a step was taken; a clock that ran ahead cannot put it after its arrival."""
    wall_ms = row.entry.wall_ms
    return wall_ms if row.received_ms is None else min(wall_ms, row.received_ms)


def _regraded(field: FieldApp, row: Logged, change: tuple[str, str]) -> Step:
    grade = field.definitions.hazards.grades.get(change[1])
    name = grade.name if grade else Words({"zh": change[1], "en": change[1]})
    return replace(_line(field, row, "", name), change=change)


def _step(field: FieldApp, row: Logged) -> Step | None:
    states = field.definitions.workflows["hazard"].states
    state = states.get(str(row.entry.set.get("state")))
    return None if state is None else _line(field, row, state.code, state.name)


def _line(field: FieldApp, row: Logged, state: str, words: Words) -> Step:
    entry = row.entry
    person = field.definitions.plant.people.get(entry.person_id)
    note = entry.set.get("note")
    action = entry.set.get("action")
    return Step(
        state=state,
        words=words,
        action=action if isinstance(action, str) else None,
        person=person.name if person else None,
        at_ms=_at(row),
        received_ms=None if entry.device_id == SERVER else row.received_ms,
        note=note if isinstance(note, str) else "",
        status="done",
        sent=row.feed is not None,
    )
