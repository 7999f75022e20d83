"""A finished inspection on paper: every question with its answer, its limits and its photos."""

from collections.abc import Mapping
from typing import Final

from domain.definitions import Definitions
from domain.errors import AnswerInvalidError
from domain.forms import Form, check
from domain.forms import Line as Asked
from domain.questions import KINDS, Item, Limits, limits
from domain.records import Record, Value
from media.papers.answers import answer_words, limit_words
from media.papers.deeds import Names, history
from media.papers.facts import Shot, Told
from media.papers.photos import Photos, position
from media.papers.sheet import SMALL, Line, Sheet, Tone
from media.papers.wording import Wording, when

_TONES: Final[dict[str, Tone]] = {"bad": "stop", "warn": "mind", "good": "good"}
Rows = list[tuple[str, str]]


def form_of(definitions: Definitions, record: Record) -> Form | None:
    """Return the version of the checklist that was filled in; None where this store lacks it."""
    code, _, version = record.definition.partition("@")
    return definitions.form(code, int(version)) if version.isdecimal() else None


def lines_of(
    definitions: Definitions, record: Record, photos: Mapping[str, int]
) -> tuple[Asked, ...]:
    """Return the questions that were asked, with their answers; `photos` counts by question.

    Empty where this store lacks the version of the checklist, or it takes the answers no more.
    """
    form = form_of(definitions, record)
    if form is None:
        return ()
    asset = definitions.plant.assets.get(record.text("asset"))
    answers, excused = texts_of(record.get("answers")), texts_of(record.get("excused"))
    facts = {"asset": asset.facts if asset else None}
    try:
        return check(form, answers, photos, facts, excused).lines
    except AnswerInvalidError:
        return ()


def limits_of(definitions: Definitions, record: Record, item: Item) -> Limits | None:
    """Return the limits of a reading at this equipment; None where the question has none."""
    asset = definitions.plant.assets.get(record.text("asset"))
    facts = {"asset": asset.facts if asset else None}
    return limits(item, facts) if KINDS[item.kind].limited else None


def texts_of(value: Value) -> dict[str, str]:
    """Return the texts of a cell that maps questions to texts."""
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(text, str)}


def facts(t: Wording, told: Told) -> Rows:
    """Return what stands at the top: names and values."""
    record, names = told.record, Names(told.definitions, t)
    form = form_of(told.definitions, record)
    state = record.text("label_state")
    opened, done = record.whole("opened_ms"), record.whole("submitted_ms")
    return [
        (t("report.fact.asset"), names.asset(record.text("asset"))),
        (t("report.fact.area"), names.of(record.text("area"))),
        (t("report.fact.form"), f"{t.of(form.name) if form else ''} ({record.definition})".strip()),
        (t("report.fact.found"), found_words(t, record)),
        (t("report.fact.inspector"), names.person(record.text("inspector"))),
        (t("report.fact.unit"), names.of(record.text("unit"))),
        (t("report.fact.opened"), when(t, opened) if opened is not None else ""),
        (t("report.fact.submitted"), when(t, done) if done is not None else ""),
        (t("report.fact.label"), t.known(f"label_state.{state}", state)),
        (t("report.fact.position"), position(t, record.get("fix"))),
        (t("report.fact.drawing"), record.text("drawing_version")),
        (t("report.fact.note"), record.text("note")),
    ]


def found_words(t: Wording, record: Record) -> str:
    """Return how many questions there were, and how many were bad or near their limit."""
    judged = texts_of(record.get("judged"))
    counts = {name: sum(one == name for one in judged.values()) for name in ("bad", "warn")}
    return t("report.found", **counts, n=len(judged))


def excuse_words(t: Wording, definitions: Definitions, record: Record, item_id: str) -> str:
    """Return why a question has no photo; empty where nobody gave a reason."""
    code = texts_of(record.get("excused")).get(item_id)
    if not code:
        return ""
    why = t.of(definitions.excuses.get(code)) or code
    own = texts_of(record.get("excuse_words")).get(item_id)
    return t("question.excused", reason=f"{why}: {own}" if own else why)


def draw(sheet: Sheet, t: Wording, told: Told, photos: Photos) -> None:
    """Print the parts below the facts."""
    lines = lines_of(told.definitions, told.record, _counts(told.shots))
    _answers(sheet, t, told, lines)
    names = {one.item.item_id: f"{one.number}. {t.of(one.item.name)}" for one in lines}
    left = list(told.shots)
    if left:
        sheet.heading(t("report.photos"), room=112)
    tiles = [(names.get(one.record.text("item"), ""), one) for one in left]
    for first in range(0, len(tiles), 2):
        pair = tiles[first : first + 2]
        sheet.tiles([photos.tile(shot, title=title) for title, shot in pair])
    history(sheet, t, told)


def _answers(sheet: Sheet, t: Wording, told: Told, lines: tuple[Asked, ...]) -> None:
    record = told.record
    if not lines:  # a version of the checklist that this store never had
        sheet.heading(t("report.answers"))
        sheet.lines([Line(t("report.form_unknown", form=record.definition), "mind")])
        rows = sorted(texts_of(record.get("answers")).items())
        sheet.facts(rows)
        return
    sheet.heading(t("report.answers"), room=30)
    head = [t(f"report.answers.{name}") for name in ("number", "question", "answer", "judged")]
    judged, hazards = texts_of(record.get("judged")), texts_of(record.get("hazards"))
    sheet.table(
        head,
        [_row(t, told, one, judged, hazards) for one in lines],
        (0.06, 0.44, 0.24, 0.26),
    )


def _row(
    t: Wording, told: Told, one: Asked, judged: dict[str, str], hazards: dict[str, str]
) -> list[list[Line]]:
    item = one.item
    limit = limit_words(t, limits_of(told.definitions, told.record, item))
    state = judged.get(item.item_id, one.judgement.state)
    question = [Line(t.of(item.name), size=SMALL + 0.5)]
    if limit:
        question.append(Line(limit, "faint", SMALL))
    said = [Line(t(f"report.judged.{state}"), _TONES.get(state, "plain"), SMALL + 0.5)]
    if one.judgement.state == state and one.judgement.reason not in ("", "failed"):
        key = f"judgement.{one.judgement.reason}"
        said.append(Line(t.known(key, "", one.judgement.params), "faint", SMALL))
    said += _beside(t, told, item.item_id, hazards)
    answer = answer_words(t, item, one.value) or t("report.none")
    return [
        [Line(str(one.number), "faint", SMALL + 0.5)],
        question,
        [Line(answer, _TONES.get(state, "plain") if state != "good" else "plain", SMALL + 1)],
        said,
    ]


def _beside(t: Wording, told: Told, item_id: str, hazards: dict[str, str]) -> list[Line]:
    """Return why there is no photo, and which hazard was reported."""
    found = list[Line]()
    if excuse := excuse_words(t, told.definitions, told.record, item_id):
        found.append(Line(excuse, "mind", SMALL))
    if item_id in hazards:
        name = told.hazards.get(hazards[item_id], "")
        found.append(Line(t("question.reported", code=name), "mind", SMALL))
    return found


def _counts(shots: tuple[Shot, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in shots:
        if not one.is_clip:
            item = one.record.text("item")
            found[item] = found.get(item, 0) + 1
    return found
