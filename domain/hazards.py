"""Hazards: what is proposed from a person's words, who accepts it, and by when."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from domain.access import Access, Subject, may
from domain.expressions import Expression, Facts, evaluate, holds
from domain.levels import Nagging, RecheckRules
from domain.plant import Area, Asset, Plant
from domain.questions import Item
from domain.words import Words

ACCEPT = "hazard.accept"
ROUTE_TO_ASSET_OWNER = "asset.owner"
ROUTE_TO_AREA_UNIT = "area.unit"


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of hazard. `spoken` are site words for it; `misheard` what a recogniser writes.

    `factor` (GB/T 13861) and `element` (man, machine, material, method, environment) are proposals.
    """

    code: str
    name: Words
    factor: str
    element: str
    spoken: tuple[str, ...]
    misheard: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FindingRow:
    """Words that decide `finding.<name>`: one of each group must occur, and `when` hold."""

    name: str
    explanation: Words
    groups: tuple[tuple[tuple[str, ...], ...], ...]  # per language: the groups of words
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade; the first whose `when` holds is proposed."""

    code: str
    name: Words
    when: Expression
    explanation: Words


@dataclass(frozen=True, slots=True)
class Route:
    """Hazards of these categories (in these areas, if any are named) go to `unit`."""

    categories: frozenset[str]
    areas: frozenset[str]
    unit: str
    name: Words


@dataclass(frozen=True, slots=True)
class Sla:
    """Deadlines of a grade: minutes to accept, hours to an interim control, days to rectify."""

    accept_min: int
    interim_h: int | None
    rectify_d: int | None
    by_plan: bool
    same_shift: bool


@dataclass(frozen=True, slots=True)
class HazardVocabulary:
    """All data about hazards."""

    categories: Mapping[str, Category]
    factors: Mapping[str, Words]  # GB/T 13861
    elements: Mapping[str, Words]  # man, machine, material, method, environment
    grades: Mapping[str, Grade]
    criteria: tuple[FindingRow, ...]
    finding_words: tuple[FindingRow, ...]
    routing: tuple[Route, ...]
    otherwise: tuple[str, ...]
    sla: Mapping[str, Sla]
    shots: Mapping[str, Words]
    shots_before_dispatch: Mapping[str, tuple[str, ...]]
    misheard: Mapping[str, str]  # of the lexicon, beside those of the categories
    recheck: RecheckRules
    nagging: Nagging


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is proposed: kind item, word, criterion, finding or grade."""

    kind: str
    words: Words


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed; a person decides. No category: nothing pointed to one."""

    category: str | None
    grade: str
    reasons: tuple[Reason, ...]
    findings: frozenset[str]
    element: str | None = None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Until when (ms) it must be accepted, under interim control, rectified; None: not set."""

    accept_by_ms: int
    interim_by_ms: int | None
    rectify_by_ms: int | None


def propose(
    vocabulary: HazardVocabulary,
    words: str,
    asset: Asset | None,
    area: Area | None,
    item: Item | None,
    ticked: Mapping[str, bool] | None = None,
) -> Proposal:
    """Propose category and grade from what the person said, the place, and the failed question.

    `ticked` are findings that the person set or cleared; they win over the words.
    """
    heard = _heard(vocabulary, words)
    place: dict[str, object] = {
        "asset": asset.facts if asset else None,
        "area": area_facts(area) if area else None,
    }
    category, reasons = _category(vocabulary, heard, item)
    findings = dict.fromkeys((row.name for row in vocabulary.finding_words), False)
    findings["matches_major_criterion"] = False
    for row in (*vocabulary.criteria, *vocabulary.finding_words):
        if _fits(row, heard) and holds(row.when, place):
            findings[row.name] = True
            reasons.append(Reason("finding", row.explanation))
    findings |= ticked or {}
    facts: Facts = {
        **place,
        "finding": findings,
        "category": {"code": category},
        "item": {"g": item.grade, "cat": item.category} if item else None,
    }
    grade = next(row for row in vocabulary.grades.values() if evaluate(row.when, facts).holds)
    reasons.append(Reason("grade", grade.explanation))
    found = frozenset(name for name, holding in findings.items() if holding)
    element = element_of(vocabulary, category)
    return Proposal(category, grade.code, tuple(reasons), found, element)


def element_of(vocabulary: HazardVocabulary, category: str | None) -> str | None:
    """Return the element (man, machine, ...) that a category points to; None without one."""
    found = vocabulary.categories.get(category or "")
    return found.element if found else None


def route(
    vocabulary: HazardVocabulary,
    plant: Plant,
    access: Access,
    category: str | None,
    area: Area | None,
    asset: Asset | None,
) -> str:
    """Return the unit that accepts: the first row that fits, then the other ways.

    A unit in which nobody may accept a hazard of that area is passed over; if none is left, the
    last of the other ways keeps it.
    """
    area_code = area.code if area else None
    units = [
        row.unit
        for row in vocabulary.routing
        if category in row.categories and (not row.areas or area_code in row.areas)
    ]
    for way in vocabulary.otherwise:
        if way == ROUTE_TO_ASSET_OWNER:
            units += [asset.owner] if asset else []
        elif way == ROUTE_TO_AREA_UNIT:
            units += [area.unit] if area else []
        else:
            units.append(way)
    able = (unit for unit in units if _can_accept(plant, access, unit, area_code))
    return next(able, units[-1])


def deadlines(
    vocabulary: HazardVocabulary, grade: str, reported_ms: int, accepted_ms: int | None
) -> Deadlines:
    """Return the deadlines of a hazard; interim control and repair count from its acceptance."""
    sla = vocabulary.sla[grade]
    accept_by = reported_ms + sla.accept_min * 60_000
    if accepted_ms is None:
        return Deadlines(accept_by, None, None)
    interim = None if sla.interim_h is None else accepted_ms + sla.interim_h * 3_600_000
    rectify = None if sla.rectify_d is None else accepted_ms + sla.rectify_d * 86_400_000
    return Deadlines(accept_by, interim, rectify)


def next_deadline(
    vocabulary: HazardVocabulary, grade: str, state: str, since_ms: int, accepted_ms: int | None
) -> int | None:
    """Return until when (ms) the next step is due: acceptance, then the repair; None: none is set.

    `since_ms` is when the hazard got into `state`. Grade A is repaired by a plan of its own and D
    within the shift: both have no date that could be overdue here.
    """
    if state in ("reported", "returned", "reopened"):
        return since_ms + vocabulary.sla[grade].accept_min * 60_000
    if state in ("accepted", "dispatched", "rectifying"):
        return deadlines(vocabulary, grade, since_ms, accepted_ms).rectify_by_ms
    return None


def area_facts(area: Area) -> Facts:
    """Return what expressions read as `area.*`."""
    return {
        "code": area.code,
        "risk": area.risk,
        "fire_explosion": area.fire_explosion,
        "toxic": area.toxic,
        "major_hazard": area.major_hazard,
        "radius_m": area.radius_m,
        "unit": area.unit,
        "lat_e7": area.place.lat_e7,
        "lon_e7": area.place.lon_e7,
        "floor": area.place.floor,
    }


def _heard(vocabulary: HazardVocabulary, words: str) -> tuple[str, ...]:
    """The words as said, and with misheard words put right; never shown instead of the original."""
    said = words.casefold()
    corrected = said
    rows = [vocabulary.misheard, *(row.misheard for row in vocabulary.categories.values())]
    for misheard, meant in (pair for row in rows for pair in row.items()):
        corrected = corrected.replace(misheard.casefold(), meant.casefold())
    return (said,) if corrected == said else (said, corrected)


def _category(
    vocabulary: HazardVocabulary, heard: tuple[str, ...], item: Item | None
) -> tuple[str | None, list[Reason]]:
    if item is not None and item.category in vocabulary.categories:
        return item.category, [Reason("item", item.name)]
    best: tuple[int, str, list[str]] = (0, "", [])
    for category in vocabulary.categories.values():
        for text in heard:
            found = [word for word in category.spoken if _occurs(word, text)]
            covered = _covered(found, text)
            if covered > best[0]:  # on a tie the earlier category stays
                best = (covered, category.code, found)
    words = [Reason("word", Words({"zh": word, "en": word})) for word in best[2]]
    return best[1] or None, words


def _covered(words: list[str], text: str) -> int:
    """How many characters of the text the words cover; words inside words count once."""
    places: set[int] = set()
    for word in words:
        for found in _pattern(word).finditer(text):
            places.update(range(*found.span()))
    return len(places)


def _fits(row: FindingRow, heard: tuple[str, ...]) -> bool:
    return any(
        all(any(_occurs(word, text) for word in group) for group in groups)
        for groups in row.groups
        for text in heard
    )


def _occurs(word: str, text: str) -> bool:
    return _pattern(word).search(text) is not None


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    """English words begin at a word's beginning and may go on ("leak" in "leaking")."""
    boundary = r"(?<![a-z0-9])" if word[:1].isascii() else ""
    return re.compile(boundary + re.escape(word.casefold()))


def _can_accept(plant: Plant, access: Access, unit: str, area: str | None) -> bool:
    subject = Subject(area=area, unit=unit)
    return any(
        person.unit == unit and may(access, plant, person, ACCEPT, subject)
        for person in plant.people.values()
    )
