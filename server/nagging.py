"""The server's duty to tell people: reminders, escalation, copies, and an answer to every reporter.

One round looks at what the feed brought since the last one and at the open records whose next step
has come. `domain.escalation` and `domain.answers` say what is due; each notice has an id that
follows from what it says, and is written only if it is not here. So a restart, a second process and
a clock that jumps forward or back say nothing twice, and nothing that is due is left out: what a
round could not write, the next one finds due again.

The cursor of the feed is kept in the store, in the transaction that writes the answers. A store
that never had a cursor (an older version, the demo's first day) begins at its end: what happened
before nobody is told anew; what is open is looked at whatever the cursor says.
"""

import logging
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from domain import answers, escalation
from domain.definitions import Definitions
from domain.errors import StoreError
from domain.notices import TYPE, Due, due_now
from domain.photo_roles import ASKED_OF
from domain.records import Record
from domain.story import Story, Turn
from offline_store import entries, journal, keep, reach, records, stories
from offline_store.entries import Logged
from offline_store.reach import Reach
from server import own_entries
from server.own_entries import OwnStep
from server.rights import RULE
from server.site import SERVER_DEVICE, Site
from server.watching import Watch, Watched

_log = logging.getLogger(__name__)
CURSOR: Final = "server.told_to"
PAGE: Final = 500
WATCHED: Final = ("hazard", "task")
LOOK_AGAIN_MS: Final = 600_000  # deliveries and people change without an entry of the record
_OPEN: Final = {"hazard": (*escalation.WAITING, *escalation.WORKING), "task": ("open",)}


def begin(here: Site) -> None:
    """Set the cursor of a store that has none: what happened so far is not told anew."""

    def first(session: Session) -> None:
        if keep.get(session, CURSOR) is None:
            keep.put(session, CURSOR, journal.last_feed(session))

    here.store.run(first)


def escalate(here: Site, now_ms: int) -> int:
    """Remind and escalate, once; returns how many notices that took. Call it in a thread."""
    watch = here.watch
    with watch.one_at_a_time:
        found = here.pack.definitions
        _store_reads(here, watch)
        _catch_up(here, watch)
        told = _escalate(here, found, watch, now_ms)
        watch.now_ms, watch.version = now_ms, found.version
    if told:
        _log.info("told", extra={"notices": told})
    return told


def answer(here: Site, _now_ms: int) -> int:
    """Answer reporters, once; returns how many notices that took. Call it in a thread."""
    found, told, more = here.pack.definitions, 0, True
    while more:
        kept, _ = _cursor(here)
        with here.store.reading() as session:
            page, end, more = entries.page(session, kept, PAGE)
            dues = _answers(session, found, page)
        if page:
            told += _tell(here, dues, page, end)
    if told:
        _log.info("answered", extra={"notices": told})
    return told


def _store_reads(here: Site, watch: Watch) -> None:
    read = watch.reads()
    if read:
        here.store.run(lambda session: reach.note(session, read))
        watch.forget(read)


def _cursor(here: Site) -> tuple[int, int]:
    """Return how far the feed is answered, and its end."""
    with here.store.reading() as session:
        kept = keep.get(session, CURSOR)
        last = journal.last_feed(session)
    if isinstance(kept, int) and kept <= last:
        return kept, last
    begin_at = 0 if isinstance(kept, int) else last  # copied back, or never begun
    here.store.run(lambda session: keep.put(session, CURSOR, begin_at))
    return begin_at, last


def _catch_up(here: Site, watch: Watch) -> None:
    """Take in what the feed brought since: the watched records, and who uses which device."""
    kept, last = _cursor(here)
    if watch.cursor is None or watch.cursor > last:
        with here.store.reading() as session:
            _load(session, watch)
        watch.cursor = kept
    more = True
    while more:
        with here.store.reading() as session:
            page, end, more = entries.page(session, watch.cursor, PAGE)
            _follow(session, watch, page)
        users = _users(page)
        if users:
            here.store.run(lambda session, users=users: reach.note_users(session, users))
        watch.cursor = end


def _users(page: Sequence[Logged]) -> set[tuple[str, str]]:
    return {
        (one.entry.person_id, one.entry.device_id)
        for one in page
        if one.entry.device_id != SERVER_DEVICE
    }


@contextmanager
def _apart(record_id: str) -> Generator[None]:
    """Let a record that cannot be worked with fail alone; a store that fails stops the round."""
    try:
        yield
    except (SQLAlchemyError, StoreError):  # the next round tries again, and nothing is lost
        raise
    except Exception:  # noqa: BLE001 - a broken record must not silence the others
        _log.exception("broken record %s", record_id)


def _load(session: Session, watch: Watch) -> None:
    watch.watched.clear()
    for type in WATCHED:
        open_ones = records.find(session, type, state=_OPEN[type], limit=records.ALL)
        for story in stories.stories(session, open_ones):
            watch.watched[story.record.record_id] = Watched(story)


def _follow(session: Session, watch: Watch, page: Sequence[Logged]) -> None:
    """Read the open records anew that a page of the feed touched; forget those that are closed."""
    touched = dict.fromkeys(one.entry.record_id for one in page if one.entry.type in WATCHED)
    for record_id, story in stories.of_ids(session, list(touched)).items():
        if story.record.text("state") in _OPEN[story.record.type]:
            before = watch.watched.get(record_id)
            watch.watched[record_id] = Watched(story, told=before.told if before else set())
        else:
            watch.watched.pop(record_id, None)


def _answers(session: Session, found: Definitions, page: Sequence[Logged]) -> list[Due]:
    """Return the answers and copies that a page brings about, and who is asked for photos."""
    changes = [
        one
        for one in page
        if one.entry.type == "hazard"
        and one.entry.set.keys() & {"state", ASKED_OF}
        and stories.counts(one)
    ]
    if not changes:
        return []
    merged = _merged(session)
    known = stories.of_ids(session, list(dict.fromkeys(one.entry.record_id for one in changes)))
    dues: list[Due] = []
    for one in changes:
        story = known.get(one.entry.record_id)
        if story is None:
            continue
        with _apart(one.entry.record_id):
            dues += _of_turn(session, found, story, stories.turn(one), merged)
    return dues


def _of_turn(
    session: Session,
    found: Definitions,
    story: Story,
    turn: Turn,
    merged: dict[str, list[Record]],
) -> list[Due]:
    asked = answers.asked(found, story, turn)
    if not turn.state:
        return asked
    inside = _inside(story.record.record_id, merged)
    into = None
    if turn.state == answers.MERGED:
        into = _survivor(session, story.record)
    reporters = [one.text("reporter") for one in (story.record, *inside)]
    told = [person for person in reporters if person in found.plant.people]
    everything = (story, *stories.stories(session, inside))
    return [
        *asked,
        *answers.answers(story, turn, told, into),
        *answers.copies(found, everything, turn),
    ]


def _merged(session: Session) -> dict[str, list[Record]]:
    """Return the merged hazards, by the one that each went into."""
    into: dict[str, list[Record]] = {}
    for record in records.find(session, "hazard", state=answers.MERGED, limit=records.ALL):
        into.setdefault(record.text("merged_into"), []).append(record)
    return into


def _inside(record_id: str, merged: dict[str, list[Record]]) -> list[Record]:
    """Return the hazards that went into one, directly or through others."""
    found: dict[str, Record] = {}
    asked = [record_id]
    while asked:
        for record in merged.get(asked.pop(), ()):
            if record.record_id not in found:
                found[record.record_id] = record
                asked.append(record.record_id)
    return list(found.values())


def _survivor(session: Session, record: Record) -> Record | None:
    """Return the hazard that goes on in the end; None where it is not here."""
    met: set[str] = set()
    while record.text("state") == answers.MERGED:
        met.add(record.record_id)
        into = records.lookup(session, record.text("merged_into"))
        if into is None or into.record_id in met:
            return None
        record = into
    return record


def _tell(here: Site, dues: Iterable[Due], page: Sequence[Logged], end: int) -> int:
    """Write answers, who uses which device, and how far the feed is answered, all or nothing."""
    wrote = _users(page)
    steps = _steps(here, dues)

    def write(session: Session) -> int:
        written = own_entries.write_within(here, session, steps, only_new=True)
        reach.note_users(session, wrote)
        kept = keep.get(session, CURSOR)
        if not isinstance(kept, int) or kept < end:
            keep.put(session, CURSOR, end)
        return sum(1 for one in written if one.verdict != own_entries.KNOWN)

    told = here.store.run(write)
    if told:
        here.hints.announce()
    return told


def _escalate(here: Site, found: Definitions, watch: Watch, now_ms: int) -> int:
    """Say what is due about open records; only those are looked at for which something may be."""
    everything = (
        found.version != watch.version
        or now_ms < watch.now_ms  # the clock went back: what we thought of as next is not
        or now_ms - watch.looked_ms >= LOOK_AGAIN_MS
    )
    ready = [one for one in watch.watched.values() if everything or one.next_ms <= now_ms]
    if everything:
        watch.looked_ms = now_ms
    if not ready:
        return 0
    with here.store.reading() as session:
        reached = reach.load(session)
    due_of: list[tuple[Watched, list[Due]]] = []
    for one in ready:
        with _apart(one.story.record.record_id):
            due_of.append((one, _look(found, one, reached, now_ms)))
    dues = [due for _, some in due_of for due in some]
    steps = _steps(here, dues)
    written = own_entries.write_own(here, steps, only_new=True)
    for one, some in due_of:
        one.told |= {due.notice_id for due in some}
    if reached.rows > reach.ROWS_MAX:
        asked = {turn.feed or 0 for one in watch.watched.values() for turn in one.story.turns}
        here.store.run(lambda session: reach.thin(session, asked))
    return sum(1 for one in written if one.verdict != own_entries.KNOWN)


def _look(found: Definitions, one: Watched, reached: Reach, now_ms: int) -> list[Due]:
    """Return what is due now about a record, and note when there is something next."""
    of = escalation.of_task if one.story.record.type == "task" else escalation.of_hazard
    one.next_ms = now_ms + LOOK_AGAIN_MS  # should it fail
    dues = of(found, one.story, reached.delivered)
    ahead = (due.at_ms for due in dues if due.at_ms > now_ms)
    one.next_ms = min(ahead, default=now_ms + LOOK_AGAIN_MS)
    return [due for due in due_now(dues, now_ms) if due.notice_id not in one.told]


def _steps(here: Site, dues: Iterable[Due]) -> list[OwnStep]:
    now = here.now_ms()
    return [OwnStep(RULE, due.notice_id, TYPE, due.cells(now)) for due in dues]
