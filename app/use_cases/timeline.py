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
    taken = [_step(field, row) for row in _decisions(session, record.record_id)]
    done = [step for step in taken if step is not None]
    if done and record.text("state") not in ("closed", "merged", "void"):
        done[-1] = replace(done[-1], status="now")
    ahead: list[Step] = []
    state = record.text("state")
    if state in MAIN_WAY:
        for code in MAIN_WAY[MAIN_WAY.index(state) + 1 :]:
            if code != "to_review" or record.text("grade") == "A":
                words = flow.states[code].name
                ahead.append(Step(code, words, None, None, None, None, "", "next", True))
    return [*done, *ahead]


def last(session: Session, record_id: str) -> Moment:
    """Return when a record changed last and when it was accepted."""
    rows = _decisions(session, record_id)
    accepted = [_at(row) for row in rows if row.entry.set.get("state") == "accepted"]
    changed = max((_at(row) for row in rows), default=0)
    return Moment(changed, accepted[-1] if accepted else None)


def _at(row: Logged) -> int:
    """When a step was taken; a clock that ran ahead cannot put it after its arrival."""
    wall_ms = row.entry.wall_ms
    return wall_ms if row.received_ms is None else min(wall_ms, row.received_ms)


def _decisions(session: Session, record_id: str) -> list[Logged]:
    return [
        row
        for row in journal.of_record(session, record_id)
        if row.entry.kind == "decide" and row.verdict not in ("refused", "conflict", "quarantined")
    ]


def _step(field: FieldApp, row: Logged) -> Step | None:
    states = field.definitions.workflows["hazard"].states
    entry = row.entry
    state = states.get(str(entry.set.get("state")))
    if state is None:
        return None
    person = field.definitions.plant.people.get(entry.person_id)
    note = entry.set.get("note")
    action = entry.set.get("action")
    return Step(
        state=state.code,
        words=state.name,
        action=action if isinstance(action, str) else None,
        person=person.name if person else None,
        at_ms=_at(row),
        received_ms=None if entry.device_id == SERVER else row.received_ms,
        note=note if isinstance(note, str) else "",
        status="done",
        sent=row.feed is not None,
    )
