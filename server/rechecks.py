"""The server's duty about rechecks: make the task of a closing, hand it on, draw the consequence.

A hazard that was closed gets one task (`domain.rechecks`). While it is open, its person follows the
rule of the data; when the hazard is opened again by somebody, it is withdrawn. One that failed
opens the hazard, in the name of nobody: the workflow's own rule. All is found anew from the records
each time and written in one transaction, so a restart or a second process does nothing twice.
"""

import logging
from collections.abc import Iterator
from typing import Final

from sqlmodel import Session

from domain import rechecks
from domain.definitions import Definitions
from domain.notices import REMINDER, TYPE, Due
from domain.rechecks import Coming
from domain.records import Record, Value
from offline_store import records, stories
from offline_store.database import lock_feed
from server import own_entries
from server.own_entries import OwnStep
from server.rights import RULE
from server.site import Site

_log = logging.getLogger(__name__)
BACK_MS: Final = 14 * 86_400_000  # a device may come back that late with a closing


def run(here: Site, now_ms: int) -> int:
    """Write what is due, once; returns how many entries that took. Call it in a thread."""
    with here.store.reading() as session:  # mostly there is nothing to do: no lock for that
        if not list(due(here, session, now_ms)):
            return 0

    def write(session: Session) -> int:
        lock_feed(session)
        steps = list(due(here, session, now_ms))
        written = own_entries.write_within(here, session, steps)
        return sum(1 for one in written if one.verdict != "refused")

    count = here.store.run(write)
    if count:
        here.hints.announce()
        _log.info("rechecks", extra={"entries": count})
    return count


def due(here: Site, session: Session, now_ms: int) -> Iterator[OwnStep]:
    """Yield the entries that bring the rechecks in step with the hazards at this time."""
    found = here.pack.definitions
    closed = records.find(
        session, "hazard", state=rechecks.CLOSED, changed_from_ms=now_ms - BACK_MS,
        limit=records.ALL,
    )  # fmt: skip
    for hazard in closed:
        task = next(iter(records.lookup_all(session, rechecks.ids_of(hazard))), None)
        if task is None:
            yield from _made(found, session, hazard, now_ms)
        elif task.text("kind") != rechecks.KIND:
            _log.error("id of a recheck is held", extra={"record": task.record_id})
        elif task.text("state") == "open":
            yield from _handed_on(found, session, hazard, task, now_ms)
        elif rechecks.reopens(found, hazard, task):
            yield _reopened(hazard, task)
    for task in records.find(session, "task", state="open", limit=records.ALL):
        if task.text("kind") == rechecks.KIND:
            yield from _withdrawn(session, task)


def _made(found: Definitions, session: Session, hazard: Record, now_ms: int) -> Iterator[OwnStep]:
    turn = stories.story(session, hazard).last(rechecks.CLOSED)
    if turn is None or turn.captured_ms < now_ms - BACK_MS:
        return
    photos = records.evidence_of(session, hazard.record_id)
    # whose it is at first: the handing over at the reminder comes after the reporter was asked
    one = rechecks.coming(found, hazard, photos, turn.captured_ms, turn.captured_ms)
    if one.owner is None:
        _log.warning("nobody can recheck", extra={"hazard": hazard.record_id})
        return
    cells = rechecks.cells_of(hazard, one, one.owner)
    yield OwnStep(RULE, one.task_id, "task", cells)
    yield from _told(hazard, one, one.owner, now_ms)


def _handed_on(
    found: Definitions, session: Session, hazard: Record, task: Record, now_ms: int
) -> Iterator[OwnStep]:
    """Yield the change of the person, where the rule asks somebody else by now.

    It is never handed back: whoever was asked last keeps it, unless they may not or have left.
    """
    owner, start_ms = task.text("owner"), task.whole("start_ms") or 0
    due_ms = task.whole("due_ms") or 0
    photos = records.evidence_of(session, hazard.record_id)
    barred = rechecks.repairers(found, hazard, photos)
    first = owner == task.text("reporter")
    if not first and owner not in barred and not rechecks.has_left(found.plant, owner):
        return
    wanted = rechecks.asked(found, hazard, barred, start_ms, due_ms, now_ms)
    if wanted is None or wanted == owner:
        return
    yield OwnStep(RULE, task.record_id, "task", {"owner": wanted})
    one = Coming(task.record_id, wanted, start_ms, due_ms)
    yield from _told(hazard, one, wanted, now_ms)


def _told(hazard: Record, one: Coming, owner: str, now_ms: int) -> Iterator[OwnStep]:
    """Let the delegate have the hazard on the device, and tell the reporter who was asked."""
    reporter = hazard.text("reporter")
    if owner == reporter:
        return
    yield OwnStep(RULE, hazard.record_id, "hazard", {"rechecker": owner})
    names = ("code", "asset", "area")
    params: dict[str, Value] = {name: hazard.text(name) for name in names if hazard.text(name)}
    due = Due(
        rule=REMINDER,
        step=f"recheck_handed:{owner}:{one.due_ms}",
        about=hazard.record_id,
        about_type="hazard",
        to=reporter,
        at_ms=now_ms,
        captured_ms=now_ms,
        counted_ms=now_ms,
        params={**params, "owner": owner, "due_ms": one.due_ms},
    )
    yield OwnStep(RULE, due.notice_id, TYPE, due.cells(now_ms))


def _reopened(hazard: Record, task: Record) -> OwnStep:
    """What a failed recheck brings about, with the words; the task says whose they are."""
    cells: dict[str, Value] = {
        "state": rechecks.REOPENED,
        "action": RULE,
        "note": task.text("note"),
    }
    return OwnStep(RULE, hazard.record_id, "hazard", cells, kind="decide")


def _withdrawn(session: Session, task: Record) -> Iterator[OwnStep]:
    hazard = records.lookup(session, task.text("hazard"))
    still = (
        hazard is not None
        and hazard.text("state") == rechecks.CLOSED
        and rechecks.is_of(hazard, task)
    )
    if not still:
        yield OwnStep(RULE, task.record_id, "task", {"state": "withdrawn"})
