"""The inbox of a person: what the product told them, and what this device reminds them of itself.

Everything is read from this device, so it is there without a network: the last known, with the time
up to which it is known. A device that has been out of touch reminds its own person by the same pure
rules and the same ids as the server, which then does not say it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from app.field import FieldApp
from domain import escalation, rechecks
from domain.access import may, subject_of
from domain.answers import MERGED
from domain.notices import DEFINITION, REMINDER, TYPE, Due, due_now
from domain.plant import Person
from domain.records import Record, Value
from domain.story import nobody_known
from domain.words import Words
from offline_store import keep, records, stories

LIST_MAX: Final = 300
OUT_OF_TOUCH_MS: Final = 60_000  # sooner than that the server says it, and we hear of it
AHEAD_MS: Final = 2 * 86_400_000  # no reminder comes earlier than that before its time
NOTHING: Final = Words({"zh": "—", "en": "—"})

Shown = Words | int | str
_HERE: Final = ("hazard", "gap")  # what has a page of its own


@dataclass(frozen=True, slots=True)
class NoticeCard:
    """One notice in the inbox.

    `key` names its sentence, `params` are what that says: words, texts, and times (names ending in
    `_ms`). `captured_ms` is when it happened and `counted_ms` when it could be known; `opens` is
    the record to open, None where there is none that this person may read, and `place` what it is:
    hazard, gap or recheck.
    """

    notice_id: str
    rule: str
    key: str
    params: Mapping[str, Shown]
    note: str
    level: Words | None
    told_ms: int
    captured_ms: int
    counted_ms: int
    seen: bool
    about_type: str
    opens: str | None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Inbox:
    """What a person was told, latest first; `as_of_ms` is when the server was last heard of."""

    cards: tuple[NoticeCard, ...]
    unread: int
    as_of_ms: int | None


def inbox(field: FieldApp, person: Person) -> Inbox:
    """Return what this person was told, as this device knows it."""
    with field.store.reading() as session:
        found = _mine(session, person)
        cards = [_card(field, session, person, record) for record in found]
        as_of_ms = keep.as_of(session)
    cards.sort(key=lambda card: (-card.told_ms, card.notice_id))
    return Inbox(tuple(cards), sum(not card.seen for card in cards), as_of_ms)


def unread(field: FieldApp, person: Person) -> int:
    """Return how many notices this person has not seen."""
    with field.store.reading() as session:
        return sum(record.get("seen_ms") is None for record in _mine(session, person))


def mark_seen(field: FieldApp, person: Person, notice_id: str | None = None) -> int:
    """Note that this person has seen one notice, or all of them; returns how many were new."""
    now = field.clock.now_ms()
    with field.store.session() as session:
        fresh = [
            record
            for record in _mine(session, person)
            if record.get("seen_ms") is None and notice_id in (None, record.record_id)
        ]
        for record in fresh:
            _write(field, session, person, record.record_id, {"seen_ms": now})
    if fresh:
        field.nudge()
    return len(fresh)


def remind(field: FieldApp, person: Person) -> int:
    """Remind this person of what the server cannot say while it is out of reach.

    Only what fell due after the last word from the server: before that the server has said it.
    Returns how many reminders are new.
    """
    now = field.clock.now_ms()
    with field.store.session() as session:
        as_of_ms = keep.as_of(session)
        if as_of_ms is not None and 0 <= now - as_of_ms < OUT_OF_TOUCH_MS:
            return 0
        dues = [
            due
            for due in due_now(_dues(field, session, person, now), now)
            if due.rule == REMINDER
            and due.to == person.person_id
            and (as_of_ms is None or due.at_ms > as_of_ms)
            and records.lookup(session, due.notice_id) is None
        ]
        for due in dues:
            _write(field, session, person, due.notice_id, due.cells(now))
    if dues:
        field.nudge()
    return len(dues)


def _dues(field: FieldApp, session: Session, person: Person, now: int) -> list[Due]:
    """Return what is or will be due about this person's own open tasks and hazards."""
    found, mine = field.definitions, person.person_id
    tasks = records.find(
        session, "task", state="open", person=mine, due_before_ms=now + AHEAD_MS, by_due=True
    )
    given = records.find(session, "hazard", state=escalation.WORKING, person=mine)
    at_hand = (*escalation.WAITING, "accepted")
    near = records.find(session, "hazard", state=at_hand, unit=person.unit)
    hazards = {record.record_id: record for record in (*given, *near)}
    dues: list[Due] = []
    for story in stories.stories(session, tasks):
        dues += escalation.of_task(found, story, nobody_known)
    for story in stories.stories(session, list(hazards.values())):
        dues += escalation.of_hazard(found, story, nobody_known)
    return dues


def _mine(session: Session, person: Person) -> list[Record]:
    return records.find(session, TYPE, person=person.person_id, limit=LIST_MAX)


def _write(
    field: FieldApp,
    session: Session,
    person: Person,
    notice_id: str,
    cells: Mapping[str, Value],
) -> None:
    field.write(
        session,
        person.person_id,
        kind="edit",
        record_id=notice_id,
        type=TYPE,
        definition=DEFINITION,
        set=cells,
    )


def _card(field: FieldApp, session: Session, person: Person, record: Record) -> NoticeCard:
    given = record.get("params")
    params = given if isinstance(given, dict) else {}
    what = "into" if "into" in params else record.text("step").partition(":")[0]
    told = record.whole("told_ms") or 0
    captured = record.whole("captured_ms") or told
    level = field.definitions.access.roles.get(record.text("level"))
    place, opens = _leads(field, session, person, record)
    return NoticeCard(
        notice_id=record.record_id,
        rule=record.text("rule"),
        key=f"notice.{record.text('rule')}.{what}",
        params=_params(field, params),
        note=str(params.get("note") or ""),
        level=level,
        told_ms=told,
        captured_ms=captured,
        counted_ms=record.whole("counted_ms") or captured,
        seen=record.get("seen_ms") is not None,
        about_type=record.text("about_type"),
        opens=opens,
        place=place,
    )


def _params(field: FieldApp, params: Mapping[str, Value]) -> dict[str, Shown]:
    """Return what a sentence says, with names for codes; what is not known is a dash."""
    found = field.definitions
    plant, states = found.plant, found.workflows["hazard"].states

    def text(name: str) -> str:
        value = params.get(name)
        return value if isinstance(value, str) else ""

    def person(name: str) -> Words:
        one = plant.people.get(text(name))
        return one.name if one else NOTHING

    def state(name: str) -> Words:
        one = states.get(text(name))
        return one.name if one else NOTHING

    asset, area = plant.assets.get(text("asset")), plant.areas.get(text("area"))
    form = found.forms.get(text("template") or text("form"))
    named = [item.name for item in form.items if item.item_id == text("item")] if form else []
    other = found.access.actions["hazard.recheck"] if text("code") else NOTHING
    shown: dict[str, Shown] = {
        "code": text("code"),
        "grade": text("grade"),
        "was": text("was"),
        "into": text("into"),
        "place": _place(asset.asset_id, asset.name) if asset else area.name if area else NOTHING,
        "what": form.name if form else plant.works.get(text("work"), other),
        "item": next(iter(named), NOTHING),
        "by": person("by"),
        "owner": person("owner"),
        "state": state("state"),
        "into_state": state("into_state"),
        "shots": _shots(field, text("shots")),
    }
    return shown | {name: one for name, one in params.items() if isinstance(one, int)}


def _shots(field: FieldApp, codes: str) -> Words:
    """Return the names of photos, each once per language."""
    known = field.definitions.hazards.shots
    named = [known[code] for code in codes.split(",") if code in known]
    languages = {one for words in named for one in words.by_language}
    joined = {one: " · ".join(words.in_(one) for words in named) for one in languages}
    return Words(joined) if joined else NOTHING


def _place(asset_id: str, name: Words) -> Words:
    return Words({code: f"{asset_id} {text}" for code, text in name.by_language.items()})


def _leads(
    field: FieldApp, session: Session, person: Person, notice: Record
) -> tuple[str, str | None]:
    """Return what a tap opens: the recheck that waits for this person, else what it is about."""
    about = records.lookup(session, notice.text("about"))
    if about is not None and about.type == "task" and about.text("kind") == rechecks.KIND:
        asked = {about.text("owner"), about.text("reporter")}
        if about.text("state") == "open" and person.person_id in asked:
            return rechecks.KIND, about.record_id
        about = records.lookup(session, about.text("hazard"))  # done, or somebody else's by now
    if about is None or about.type not in _HERE:
        return "", None
    return about.type, _opens(field, session, person, about)


def _opens(field: FieldApp, session: Session, person: Person, about: Record) -> str | None:
    """Return the record that a tap opens: this one, or the own report merged into it."""
    found, mine = field.definitions, person.person_id
    named = {about.text(cell) for cell in ("assignee", "owner", "verifier")}
    if mine in named or may(found.access, found.plant, person, "read", subject_of(about)):
        return about.record_id
    own = records.find(session, about.type, state=MERGED, author=mine, limit=LIST_MAX)
    into = (record for record in own if record.text("merged_into") == about.record_id)
    return next((record.record_id for record in into), None)
