"""Searching what this device knows: by words, and by who, what, which and when; offline."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import readable, upkeep
from app.use_cases.hazard_views import OPEN_ENDS
from domain.meanings import meant, spans
from domain.plant import Person
from domain.records import Record
from domain.words import Words
from offline_store import records, search

PAGE = 50  # hits on one page
STEP = PAGE + 1  # hits looked at at once: one more tells whether there is another page
LOOK_MAX = 3000  # hits looked at for one page: who may read few of many is told to go on
WORDS_MAX = 200
KINDS = ("hazard", "task", "inspection", "maintenance", "gap")
DAY_MS = 86_400_000
SOON_MS = DAY_MS  # a task that begins later is no answer yet
_NOTHING = Words({"zh": "", "en": ""})


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for; None and empty: whatever it is. `days`: of the last so many days."""

    words: str = ""
    kind: str | None = None
    person: str | None = None
    asset: str | None = None
    area: str | None = None
    days: int | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is asked."""
        return not self.words.strip() and self == Question(self.words)


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that fits. `own` are words of people, shown as said; `marks`: what fits in them."""

    record_id: str
    kind: str
    code: str
    own: str
    marks: tuple[tuple[int, int], ...]
    what: Words  # checklist, maintenance, category: beside or instead of own words
    asset_id: str | None
    place: Words
    who: Words
    state: Words | None
    grade: str
    at_ms: int
    opens: bool  # there is a page of its own


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits, newest first; `after` is where the next one begins, if there may be one.

    What waits for somebody (open hazards, the asker's overdue tasks) leads the first page.
    """

    hits: tuple[Hit, ...]
    after: int | None


def ask(field: FieldApp, person: Person, question: Question, after: int = 0) -> Found:
    """Return a page of what this person may read and that fits the question.

    Of tasks only the own ones that begin soon, unless tasks are what is asked for.
    """
    if question.empty:
        return Found((), None)
    now_ms = field.clock.now_ms()
    kept: list[Record] = []
    further: int | None = None
    _catch_up(field)
    with field.store.reading() as session:
        for place, record in _fitting(field, session, question, after):
            if len(kept) == PAGE or place - after >= LOOK_MAX:
                further = place
                break
            wanted = question.kind is not None or _concerns(record, person, now_ms)
            if wanted and readable.may_read(field, person, record):
                kept.append(record)
    if not after:  # the sort is stable: newest first within each part
        kept.sort(key=lambda record: not _waits(record, person, now_ms))
    return Found(tuple(_hit(field, record, question.words) for record in kept), further)


def _catch_up(field: FieldApp) -> None:
    """Have what came just now found, too; mostly the sync was here before."""
    with field.store.reading() as session:
        left = bool(search.due(session, 1))
    while left:
        with field.store.session() as session:
            left = records.index_due(session)


def _concerns(record: Record, person: Person, now_ms: int) -> bool:
    """Say whether a record is more than somebody else's duty, or one of a day to come."""
    if record.type != "task":
        return True
    begins_ms = record.whole("start_ms") or 0
    return record.text("owner") == person.person_id and begins_ms <= now_ms + SOON_MS


def _waits(record: Record, person: Person, now_ms: int) -> bool:
    """Say whether a record is an open hazard or an overdue task of this person."""
    if record.type == "hazard":
        return record.text("state") not in OPEN_ENDS
    if record.type != "task" or record.text("owner") != person.person_id:
        return False
    return record.text("state") != "done" and (record.whole("due_ms") or now_ms) < now_ms


def _fitting(
    field: FieldApp, session: Session, question: Question, after: int
) -> Iterator[tuple[int, Record]]:
    """Yield records that fit, each with its number among the hits."""
    since_ms = None
    if question.days is not None:
        since_ms = field.clock.now_ms() - question.days * DAY_MS
    words = question.words[:WORDS_MAX]
    while True:
        ids = search.find(
            session,
            words,
            types=(question.kind,) if question.kind else KINDS,
            person=question.person,
            asset=question.asset,
            area=question.area,
            since_ms=since_ms,
            meant=meant(field.definitions, words),
            limit=STEP,
            offset=after,
        )
        here = {record.record_id: record for record in records.lookup_all(session, ids)}
        for number, record_id in enumerate(ids, after):
            if record_id in here:
                yield number, here[record_id]
        if len(ids) < STEP:
            return
        after += STEP


def _hit(field: FieldApp, record: Record, words: str) -> Hit:
    definitions = field.definitions
    plant = definitions.plant
    asset = plant.assets.get(record.text("asset"))
    area = plant.areas.get(record.text("area"))
    when, who, own = _OF[record.type]
    person = plant.people.get(record.text(who))
    text = record.text(own) if own else ""
    return Hit(
        record_id=record.record_id,
        kind=record.type,
        code=record.text("code"),
        own=text,
        marks=tuple(spans(text, words)),
        what=_what(field, record),
        asset_id=asset.asset_id if asset else None,
        place=asset.name if asset else area.name if area else _NOTHING,
        who=person.name if person else _NOTHING,
        state=_state(field, record),
        grade=record.text("grade") if record.type == "hazard" else "",
        at_ms=record.whole(when) or 0,
        opens=record.type in ("hazard", "gap", "inspection"),
    )


# by kind of record: the cells of its time, of its person, and of the words somebody wrote
_OF = {
    "hazard": ("reported_ms", "reporter", "words"),
    "task": ("due_ms", "owner", ""),
    "inspection": ("submitted_ms", "inspector", "note"),
    "maintenance": ("submitted_ms", "by", "note"),
    "gap": ("raised_ms", "owner", "note"),
}


def _what(field: FieldApp, record: Record) -> Words:
    definitions = field.definitions
    if record.type == "hazard":
        category = definitions.hazards.categories.get(record.text("category"))
        return category.name if category else _NOTHING
    if record.type == "maintenance":
        return definitions.plant.works.get(record.text("work")) or _NOTHING
    if record.text("kind") == "maintenance":
        return upkeep.title_of(record)
    if record.text("kind") == "recheck":
        return definitions.access.actions["hazard.recheck"]
    name = record.text("template") or record.text("form") or record.definition
    form = definitions.forms.get(name.partition("@")[0])
    return form.name if form else _NOTHING


def _state(field: FieldApp, record: Record) -> Words | None:
    flow = field.definitions.workflows.get(record.type)
    state = flow.states.get(record.text("state")) if flow else None
    return state.name if state else None
