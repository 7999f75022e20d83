"""Checklists: which questions are asked, what an answer means, what is still missing.

Answers are texts: 'ok', 'ng' or 'na'; a decimal text for numbers ("11.80" keeps its digits); the
value of an option; free text; 'done' for a photo or a signature.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from domain.errors import AnswerInvalidError
from domain.expressions import Expression, Facts, holds
from domain.words import Words

Kind = Literal["ok", "num", "choice", "text", "photo", "signature"]
Evidence = Literal["always", "ng", "none"]
State = Literal["open", "good", "warn", "bad", "na", "filled"]

KINDS: tuple[Kind, ...] = ("ok", "num", "choice", "text", "photo", "signature")
DONE = "done"  # the answer of a photo or signature question that has its evidence
DIGITS_MAX = 12
TEXT_MAX = 2000
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a number; the first of several whose `when` holds counts."""

    value: Decimal
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Passes:
    """The options that pass; the first of several whose `when` holds counts."""

    values: frozenset[str]
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a choice."""

    value: str
    name: Words


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `grade` and `category` are proposed for the hazard of a bad answer.

    `evidence`: photo always, only for a bad answer ('ng'), or none. `relevant`: asked only while
    it holds. `warn` is amber from there on: upwards, or downwards where there is no maximum.
    """

    item_id: str
    kind: Kind
    name: Words
    unit: str
    evidence: Evidence
    grade: str
    category: str
    minimum: tuple[Limit, ...] = ()
    maximum: tuple[Limit, ...] = ()
    warn: tuple[Limit, ...] = ()
    options: tuple[Option, ...] = ()
    passes: tuple[Passes, ...] = ()
    relevant: Expression | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A checklist: one version of a template; `applies` is the kind of equipment."""

    code: str
    version: int
    name: Words
    applies: str
    items: tuple[Item, ...]

    @property
    def definition(self) -> str:
        """Name of this version in records: "TANK-D@7"."""
        return f"{self.code}@{self.version}"

    def item(self, item_id: str) -> Item | None:
        """Return the question of that id, if the form has it."""
        return next((item for item in self.items if item.item_id == item_id), None)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer means.

    Reasons: above_max, below_min, above_warn, below_warn, failed, not_pass.
    """

    state: State
    reason: str = ""
    params: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a number here and now, for the limit bar."""

    minimum: Decimal | None
    maximum: Decimal | None
    warn: Decimal | None


@dataclass(frozen=True, slots=True)
class Line:
    """A question that is asked, with its number from 1, its answer and what is missing."""

    item: Item
    number: int
    value: str
    judgement: Judgement
    photo_needed: bool
    photo_missing: bool
    complete: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """The questions that are asked, and the first that is not complete."""

    lines: tuple[Line, ...]
    done: int
    total: int
    next_item_id: str | None


def limits(item: Item, facts: Facts) -> Limits:
    """Return the limits that hold for these facts; an unknown condition goes on to the next one."""
    return Limits(*(_limit(rows, facts) for rows in (item.minimum, item.maximum, item.warn)))


def judge(item: Item, value: str, facts: Facts) -> Judgement:
    """Return what `value` means; raises AnswerInvalidError if the question cannot take it."""
    if not value:
        return Judgement("open")
    match item.kind:
        case "ok":
            return _judge_ok(item, value)
        case "num":
            return _judge_number(item, parse_answer(item, value), facts)
        case "choice":
            return _judge_choice(item, value, facts)
        case _:
            return Judgement("filled")


def check(
    form: Form, answers: Mapping[str, str], photos: Mapping[str, int], facts: Facts
) -> Progress:
    """Return the questions asked for these answers, in order, and how far the sheet is.

    `photos` counts the evidence of each question. Whether a question is asked may depend on
    earlier answers, never on one to a question that is not asked itself.
    """
    known: dict[str, object] = {}
    scene = {**facts, "answer": known}
    lines: list[Line] = []
    for item in form.items:
        if not holds(item.relevant, scene):
            continue
        count = photos.get(item.item_id, 0)
        value = answers.get(item.item_id, "")
        if item.kind in ("photo", "signature"):
            value = DONE if count or (value and item.kind == "signature") else ""
        line = _line(item, len(lines) + 1, value, count, scene)
        known[item.item_id] = (
            Decimal(parse_answer(item, value)) if _is_number(item, value) else (value or None)
        )
        lines.append(line)
    done = sum(line.complete for line in lines)
    pending = next((line.item.item_id for line in lines if not line.complete), None)
    return Progress(tuple(lines), done, len(lines), pending)


def parse_answer(item: Item, text: str) -> str:
    """Return what a person typed as an answer; raises AnswerInvalidError (number, choice, size).

    Numbers take full-width digits, a comma as decimal point, and spaces.
    """
    match item.kind:
        case "num":
            return _parse_number(item, text)
        case "text":
            text = text.strip()
            if len(text) > TEXT_MAX:
                raise AnswerInvalidError(item=item.item_id, reason="size")
            return text
        case "ok":
            allowed = frozenset(("ok", "ng", "na"))
        case "choice":
            allowed = frozenset(option.value for option in item.options)
        case _:
            allowed = frozenset((DONE,))
    if text not in allowed:
        raise AnswerInvalidError(item=item.item_id, reason="choice")
    return text


def _parse_number(item: Item, text: str) -> str:
    if len(text) > 10 * DIGITS_MAX:  # before any work on it
        raise AnswerInvalidError(item=item.item_id, reason="size")
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    plain = plain.replace("\N{MINUS SIGN}", "-").replace("。", ".").replace("、", ".")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise AnswerInvalidError(item=item.item_id, reason="number")
    sign, digits = ("-", plain[1:]) if plain[0] == "-" else ("", plain.lstrip("+"))
    if sum(character.isdigit() for character in digits) > DIGITS_MAX:
        raise AnswerInvalidError(item=item.item_id, reason="size")
    whole, point, part = digits.partition(".")
    return sign + (whole.lstrip("0") or "0") + point + part


def _is_number(item: Item, value: str) -> bool:
    return item.kind == "num" and bool(value)


def _line(item: Item, number: int, value: str, photos: int, facts: Facts) -> Line:
    judgement = judge(item, value, facts)
    needed = judgement.state != "na" and (
        item.evidence == "always" or (item.evidence == "ng" and judgement.state == "bad")
    )
    missing = needed and photos == 0
    complete = judgement.state != "open" and not missing
    return Line(item, number, value, judgement, needed, missing, complete)


def _judge_ok(item: Item, value: str) -> Judgement:
    match parse_answer(item, value):
        case "na":
            return Judgement("na")
        case "ok":
            return Judgement("good")
        case _:
            return Judgement("bad", "failed")


def _judge_choice(item: Item, value: str, facts: Facts) -> Judgement:
    chosen = parse_answer(item, value)
    row = next((row for row in item.passes if holds(row.when, facts)), None)
    if row is None:
        return Judgement("filled")
    return Judgement("good") if chosen in row.values else Judgement("bad", "not_pass")


def _judge_number(item: Item, value: str, facts: Facts) -> Judgement:
    number, here = Decimal(value), limits(item, facts)

    def judged(state: State, reason: str, limit: Decimal) -> Judgement:
        return Judgement(state, reason, {"limit": str(limit), "unit": item.unit})

    if here.maximum is not None and number > here.maximum:
        return judged("bad", "above_max", here.maximum)
    if here.minimum is not None and number < here.minimum:
        return judged("bad", "below_min", here.minimum)
    if here.warn is not None and here.maximum is None and number <= here.warn:
        return judged("warn", "below_warn", here.warn)
    if here.warn is not None and here.maximum is not None and number >= here.warn:
        return judged("warn", "above_warn", here.warn)
    limited = any(limit is not None for limit in (here.minimum, here.maximum, here.warn))
    return Judgement("good" if limited else "filled")


def _limit(rows: tuple[Limit, ...], facts: Facts) -> Decimal | None:
    return next((row.value for row in rows if holds(row.when, facts)), None)
