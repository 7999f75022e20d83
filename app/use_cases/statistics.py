"""Hazard statistics of what a person may read: loaded in few queries, counted by `domain`.

A person's own reports elsewhere do not count: the numbers are those of the team, the areas or the
plant that the person is there for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases.hazard_views import NOBODY, category_words
from domain import statistics
from domain.access import Subject, may, reaches
from domain.breakpoints import DAY_MS, HOUR_MS, Thresholds, thresholds
from domain.errors import NotAllowedError
from domain.evidence import AFTER
from domain.figures import Decided, Fact, Figure, way_of
from domain.hazards import deadlines, next_deadline
from domain.plant import Person
from domain.records import Record
from domain.statistics import Period, Statistics
from domain.words import Words
from offline_store import history

READ, EXPORT = "read", "export"
PERIODS = (7, 30, 90, 365)  # days
DAYS = 30  # before somebody chose
_SEPARATOR = "~"  # no code of the plant has it
_PARTS_MAX = 200  # characters of a route


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: the last `days`, and what to narrow it to; empty: everything."""

    days: int = DAYS
    area: str = ""
    unit: str = ""  # with all below it
    grade: str = ""

    def route(self, key: str = "") -> str:
        """Return it as a part of a route, with the figure whose records are wanted."""
        return _SEPARATOR.join((str(self.days), self.area, self.unit, self.grade, key))


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to narrow the question to."""

    code: str
    words: Words


@dataclass(frozen=True, slots=True)
class StatisticsView:
    """The figures of a question with the names they are shown by."""

    asked: Asked
    numbers: Statistics
    limits: Thresholds
    names: Mapping[str, Mapping[str, Words]]  # kind (state, area, ...) -> code -> name
    areas: tuple[Choice, ...]
    units: tuple[Choice, ...]
    grades: tuple[str, ...]
    counted_ms: int
    may_export: bool


@dataclass(frozen=True, slots=True)
class HazardLine:
    """One hazard behind a number, as a list or an export shows it."""

    record_id: str
    code: str
    words: str
    state: Words
    grade: str
    category: Words
    element: Words
    area: Words
    asset_id: str
    asset: Words
    unit: Words
    reporter: Words
    assignee: Words
    fact: Fact


@dataclass(frozen=True, slots=True)
class Loaded:
    """The hazards of a question: facts to count, and the records they were read from."""

    facts: tuple[Fact, ...]
    records: Mapping[str, Record]
    period: Period
    limits: Thresholds
    now_ms: int


def may_open(field: FieldApp, person: Person) -> bool:
    """Say whether the page is for this person: they read more than their own records."""
    return reaches(field.definitions.access, person, READ)


def may_export(field: FieldApp, person: Person) -> bool:
    """Say whether this person may take numbers out of the product."""
    return reaches(field.definitions.access, person, EXPORT)


def asked_of(route: str) -> tuple[Asked, str]:
    """Read a question and the key of a figure from a route; what makes no sense is left out."""
    parts = route[:_PARTS_MAX].split(_SEPARATOR, 4)
    parts += [""] * (5 - len(parts))
    days = int(parts[0]) if parts[0].isascii() and parts[0].isdigit() else 0
    asked = Asked(days if days in PERIODS else DAYS, *parts[1:4])
    return asked, parts[4]


def view(field: FieldApp, person: Person, asked: Asked, *, action: str = READ) -> StatisticsView:
    """Return the figures of a question; raises NotAllowedError for who reads only own records."""
    _allow(field, person)
    plant, grades = field.definitions.plant, field.definitions.hazards.grades
    with field.store.reading() as session:
        anywhere = replace(asked, area="", unit="", grade="")
        everything = load(field, session, person, anywhere, action=action)
    facts = [fact for fact in everything.facts if _fits(field, fact, asked)]
    areas = {fact.area for fact in everything.facts} | {asked.area}
    units = {unit for fact in everything.facts for unit in plant.unit_line(fact.unit)}
    return StatisticsView(
        asked=asked,
        numbers=_count(field, everything, facts),
        limits=everything.limits,
        names=names(field),
        areas=tuple(
            Choice(one.code, one.name) for one in plant.areas.values() if one.code in areas
        ),
        units=tuple(
            Choice(one.code, one.name)
            for one in plant.units.values()
            if one.code in units | {asked.unit} and (one.parent or one.code == asked.unit)
        ),
        grades=tuple(grades),
        counted_ms=everything.now_ms,
        may_export=may_export(field, person),
    )


def lines(
    field: FieldApp, person: Person, asked: Asked, key: str, *, action: str = READ
) -> tuple[Figure, list[HazardLine]]:
    """Return a figure and the hazards behind it, oldest first; an unknown figure has none."""
    _allow(field, person)
    with field.store.reading() as session:
        loaded = load(field, session, person, asked, action=action)
    numbers = _count(field, loaded, loaded.facts)
    figure = numbers.figures().get(key, Figure(key, ()))
    facts = {fact.record_id: fact for fact in loaded.facts}
    known = names(field)
    return figure, [
        _line(field, known, loaded.records[record_id], facts[record_id]) for record_id in figure.ids
    ]


def load(
    field: FieldApp, session: Session, person: Person, asked: Asked, *, action: str = READ
) -> Loaded:
    """Load the hazards of a question that the person may read (and may do `action` with)."""
    definitions = field.definitions
    now_ms = field.clock.now_ms()
    limits = thresholds(definitions.defaults)
    period = statistics.period(now_ms, asked.days, definitions.plant.timezone)
    since_ms = period.begin_ms - limits.hotspot_days * DAY_MS
    found = [
        record
        for record in history.changed_since(session, "hazard", since_ms)
        if _readable(field, person, record, action)
    ]
    steps = history.decisions(session, "hazard", since_ms)
    finished = history.with_shot(session, "hazard", since_ms, AFTER)
    rounds = _rounds(session, period, limits)
    checks = _checks(session, period, limits)
    facts: list[Fact] = []
    for record in found:
        fact = _fact(field, record, steps.get(record.record_id, ()))
        if _fits(field, fact, asked):
            fact = replace(
                fact,
                after_photo=fact.record_id in finished,
                missed=_missed(fact, rounds.get(fact.asset, ()), limits),
                passed=_passed(fact, checks.get(fact.asset, ()), limits),
            )
            facts.append(fact)
    by_id = {record.record_id: record for record in found}
    return Loaded(tuple(facts), by_id, period, limits, now_ms)


def names(field: FieldApp) -> dict[str, dict[str, Words]]:
    """Return the names of all codes that figures are about."""
    definitions = field.definitions
    plant, vocabulary = definitions.plant, definitions.hazards
    return {
        "state": {code: row.name for code, row in definitions.workflows["hazard"].states.items()},
        "grade": {code: row.name for code, row in vocabulary.grades.items()},
        "category": {code: row.name for code, row in vocabulary.categories.items()},
        "element": dict(vocabulary.elements),
        "area": {code: row.name for code, row in plant.areas.items()},
        "unit": {
            **{code: row.name for code, row in plant.contractors.items()},
            **{code: row.name for code, row in plant.units.items()},
        },
        "asset": {code: row.name for code, row in plant.assets.items()},
    }


def department_of(field: FieldApp, unit: str) -> str:
    """Return the department of a unit: the one right below the top of the tree."""
    line = field.definitions.plant.unit_line(unit)
    return line[-2] if len(line) > 1 else unit


def _allow(field: FieldApp, person: Person) -> None:
    if not may_open(field, person):
        raise NotAllowedError(action=READ, person=person.person_id)


def _readable(field: FieldApp, person: Person, record: Record, action: str) -> bool:
    subject = Subject(record.text("area") or None, record.text("unit") or None)
    access, plant = field.definitions.access, field.definitions.plant
    wanted = (READ,) if action == READ else (READ, action)
    return all(may(access, plant, person, one, subject) for one in wanted)


def _fits(field: FieldApp, fact: Fact, asked: Asked) -> bool:
    below = not asked.unit or asked.unit in field.definitions.plant.unit_line(fact.unit)
    return (
        (below or fact.unit == asked.unit)
        and asked.area in ("", fact.area)
        and asked.grade in ("", fact.grade)
    )


def _count(field: FieldApp, loaded: Loaded, facts: Iterable[Fact]) -> Statistics:
    def department(unit: str) -> str:
        return department_of(field, unit)

    return statistics.count(facts, loaded.period, loaded.limits, loaded.now_ms, department)


def _fact(field: FieldApp, record: Record, steps: Sequence[Decided]) -> Fact:
    vocabulary = field.definitions.hazards
    reported, state = record.whole("reported_ms") or 0, record.text("state")
    grade = record.text("grade")
    category = vocabulary.categories.get(record.text("category"))
    way = way_of(state, steps)
    until = deadlines(vocabulary, grade, reported, way.accepted_ms)
    since = steps[-1].at_ms if steps and state != "reported" else reported
    source = record.get("source")
    return Fact(
        record_id=record.record_id,
        state=state,
        grade=grade,
        category=category.code if category else "",
        element=record.text("element") or (category.element if category else ""),
        area=record.text("area"),
        unit=record.text("unit"),
        asset=record.text("asset"),
        assignee=record.text("assignee"),
        reported_ms=reported,
        accept_by_ms=until.accept_by_ms,
        rectify_by_ms=until.rectify_by_ms,
        due_ms=next_deadline(vocabulary, grade, state, since, way.accepted_ms),
        way=way,
        by_check=isinstance(source, dict) and bool(source.get("inspection")),
    )


_Round = tuple[str, int, int | None]  # task, due, done


def _rounds(session: Session, period: Period, limits: Thresholds) -> dict[str, list[_Round]]:
    """Return the rounds that were due, by equipment."""
    since_ms = period.begin_ms - limits.missed_days * DAY_MS
    found: dict[str, list[_Round]] = {}
    for task in history.due_between(session, "task", since_ms, period.end_ms):
        if task.text("kind") in ("", "inspection"):
            row = (task.record_id, task.whole("due_ms") or 0, task.whole("done_ms"))
            found.setdefault(task.text("asset"), []).append(row)
    return found


def _missed(fact: Fact, rounds: Iterable[_Round], limits: Thresholds) -> tuple[str, ...]:
    found, back_ms = fact.reported_ms, limits.missed_days * DAY_MS
    return tuple(
        task
        for task, due, done in rounds
        if found - back_ms <= due < found and (done is None or done > due)
    )


def _checks(
    session: Session, period: Period, limits: Thresholds
) -> dict[str, list[tuple[str, int]]]:
    """Return the checks handed in, by equipment, with their times."""
    since_ms = period.begin_ms - limits.passed_h * HOUR_MS
    found: dict[str, list[tuple[str, int]]] = {}
    for sheet in history.changed_since(session, "inspection", since_ms):
        at_ms = sheet.whole("submitted_ms")
        if at_ms is not None:
            found.setdefault(sheet.text("asset"), []).append((sheet.record_id, at_ms))
    return found


def _passed(fact: Fact, checks: Iterable[tuple[str, int]], limits: Thresholds) -> tuple[str, ...]:
    found, back_ms = fact.reported_ms, limits.passed_h * HOUR_MS
    return tuple(sheet for sheet, at_ms in checks if found - back_ms <= at_ms < found)


def _line(
    field: FieldApp, known: Mapping[str, Mapping[str, Words]], record: Record, fact: Fact
) -> HazardLine:
    people = field.definitions.plant.people

    def named(kind: str, code: str) -> Words:
        return known[kind].get(code, NOBODY)

    def person(cell: str) -> Words:
        who = people.get(record.text(cell))
        return who.name if who else NOBODY

    return HazardLine(
        record_id=record.record_id,
        code=record.text("code"),
        words=record.text("words"),
        state=named("state", fact.state),
        grade=fact.grade,
        category=category_words(field.definitions, fact.category) or NOBODY,
        element=named("element", fact.element),
        area=named("area", fact.area),
        asset_id=fact.asset,
        asset=named("asset", fact.asset),
        unit=named("unit", fact.unit),
        reporter=person("reporter"),
        assignee=person("assignee"),
        fact=fact,
    )
