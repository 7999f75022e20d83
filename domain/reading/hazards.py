"""Reading `hazards.yaml`, `lexicon.yaml` and `demo/hazards.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time, timedelta

from domain.demo import DemoHazard
from domain.expressions import Expression, parse
from domain.hazards import (
    ROUTE_TO_AREA_UNIT,
    ROUTE_TO_ASSET_OWNER,
    Category,
    FindingRow,
    Grade,
    HazardVocabulary,
    Route,
    Sla,
)
from domain.levels import Reminder
from domain.plans import local_ms
from domain.reading.nagging import read_nagging, read_recheck
from domain.reading.source import Part, named
from domain.words import Words

MAJOR = "matches_major_criterion"


@dataclass(frozen=True, slots=True)
class HazardExample:
    """Words and a place, and what must be proposed from them."""

    path: str
    line: int
    said: Words
    area: str | None
    asset: str | None
    category: str
    grade: str
    unit: str


def read_hazards(
    part: Part, misheard: Mapping[str, str]
) -> tuple[HazardVocabulary, tuple[HazardExample, ...]]:
    """Return the vocabulary with its examples; `misheard` comes from the lexicon."""
    factors = named(part, "hazard_factors", "factor")
    elements = named(part, "five_elements", "element")
    for row in part.parts("recheck_states"):
        row.code("code", "recheck_state")
        row.words()
        row.flag("final")
    categories = {row.code: row for row in map(_category, part.parts("hazard_categories"))}
    findings = tuple(_finding(row, row.text("name")) for row in part.parts("finding_words"))
    known = {MAJOR, *(row.name for row in findings)}
    recheck, nagging = read_recheck(part), read_nagging(part)
    before = Reminder("recheck", "due", recheck.remind_h * 60)
    shots = named(part, "shots", "shot")
    demanded = part.part("shots_before_dispatch")
    vocabulary = HazardVocabulary(
        categories=categories,
        factors=factors,
        elements=elements,
        grades={row.code: row for row in (_grade(p, known) for p in part.parts("grades"))},
        criteria=tuple(_criterion(row) for row in part.parts("major_criteria")),
        finding_words=findings,
        routing=_routes(part),
        otherwise=_otherwise(part),
        sla=dict(map(_sla, part.parts("sla"))),
        shots=shots,
        shots_before_dispatch={
            grade: demanded.refs(grade, "shot") for grade in (demanded.names() if demanded else ())
        }
        if demanded
        else {},
        misheard=misheard,
        recheck=recheck,
        nagging=replace(nagging, reminders=(*nagging.reminders, before)),
    )
    for grade in vocabulary.grades.keys() - vocabulary.sla.keys():
        part.problem("sla", "reference.unknown", kind="sla", code=grade)
    return vocabulary, tuple(map(_example, part.parts("examples")))


def read_lexicon(part: Part) -> dict[str, str]:
    """Return what a recogniser writes, and what was said."""
    found: dict[str, str] = {}
    for row in part.parts("lexicon"):
        row.text("en")
        found |= dict.fromkeys(row.texts("misheard"), row.text("zh"))
    return found


def read_demo_hazards(part: Part, timezone: str) -> tuple[DemoHazard, ...]:
    """Return the hazards of the demo store, their times in the plant's time zone."""
    return tuple(_demo_hazard(row, timezone) for row in part.parts("demo_hazards"))


def _category(row: Part) -> Category:
    heard = row.part("misheard")
    return Category(
        code=row.code("code", "category"),
        name=row.words(),
        factor=row.ref("factor", "factor"),
        element=row.ref("element", "element"),
        spoken=(*row.texts("zh_words"), *row.texts("en_words")),
        misheard={key: heard.text(key) for key in heard.names()} if heard else {},
    )


def _finding(row: Part, name: str) -> FindingRow:
    return FindingRow(
        name=name,
        explanation=row.words(),
        groups=(row.groups("words_zh"), row.groups("words_en")),
        when=row.expression("when"),
    )


def _criterion(row: Part) -> FindingRow:
    row.code("id", "criterion")
    return _finding(row, MAJOR)


def _grade(row: Part, findings: set[str]) -> Grade:
    explain = row.part("explain")
    when = row.expression("when")
    if when is None:
        row.problem("when", "key.missing")
    for name in sorted(when.names) if when else ():
        root, _, rest = name.partition(".")
        if root == "finding" and rest not in findings:
            row.problem("when", "reference.unknown", kind="finding", code=rest)
    return Grade(
        code=row.code("code", "grade"),
        name=row.words(),
        when=when or _never(),
        explanation=explain.words() if explain else row.words(),
    )


def _never() -> Expression:
    return parse("false")


def _routes(part: Part) -> tuple[Route, ...]:
    routing = part.part("routing")
    return tuple(
        Route(
            categories=frozenset(row.refs("cats", "category")),
            areas=frozenset(row.refs("areas", "area")),
            unit=row.ref("unit", "unit"),
            name=row.words(),
        )
        for row in (routing.parts("rows") if routing else ())
    )


def _otherwise(part: Part) -> tuple[str, ...]:
    routing = part.part("routing")
    if routing is None:
        part.problem("routing", "key.missing")
        return ()
    routing.skip("rows")
    ways = routing.texts("else")
    if not ways:
        routing.problem("else", "key.missing")
    for way in ways:
        if way not in (ROUTE_TO_ASSET_OWNER, ROUTE_TO_AREA_UNIT):
            part.reading.use("unit", way, part.path, routing.line_at("else"))
    return ways


def _sla(row: Part) -> tuple[str, Sla]:
    row.skip("escalate_unaccepted", "escalate_open")  # domain.reading.nagging
    sla = Sla(
        accept_min=row.whole("accept_min"),
        interim_h=row.whole_or_none("interim_h"),
        rectify_d=row.whole_or_none("rectify_d"),
        by_plan=row.flag("by_plan"),
        same_shift=row.flag("same_shift"),
    )
    return row.ref("grade", "grade"), sla


def _example(row: Part) -> HazardExample:
    return HazardExample(
        path=row.path,
        line=row.line,
        said=Words({"zh": row.text("say"), "en": row.text("say_en")}),
        area=row.ref_or_none("area", "area"),
        asset=row.ref_or_none("asset", "asset"),
        category=row.ref("cat", "category"),
        grade=row.ref("grade", "grade"),
        unit=row.ref("unit", "unit"),
    )


def _demo_hazard(row: Part, timezone: str) -> DemoHazard:
    reported = row.moment("reported")
    day = row.reading.day0 + timedelta(days=reported.day)
    return DemoHazard(
        hazard_id=row.code("id", "demo_hazard"),
        area=row.ref("area", "area"),
        asset=row.ref("asset", "asset"),
        category=row.ref("cat", "category"),
        grade=row.ref("grade", "grade"),
        state=row.ref("state", "state of hazard"),
        reporter=row.ref("reporter", "person"),
        reported_ms=local_ms(day, reported.at or time(0), timezone),
        owner=row.ref_or_none("owner", "person"),
        rectifier=row.ref_or_none("rectifier", "person"),
        said=Words({"zh": row.text("say"), "en": row.text("say_en")}),
    )
