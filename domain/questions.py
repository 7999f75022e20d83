"""Questions: what each kind asks, what it takes as an answer, and what an answer means.

`KINDS` is the one table: a new kind is a row here, an input in `screens/questions.py`, and its
words in the catalogs. Answers are texts: 'ok', 'ng' or 'na'; a decimal text for numbers ("11.80"
keeps its digits); the value of an option; free text; 'done' for a photo or a signature.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from domain.errors import AnswerInvalidError
from domain.expressions import Expression, Facts, holds
from domain.words import Words

Evidence = Literal["always", "ng", "none"]
State = Literal["open", "good", "warn", "bad", "na", "filled"]

DONE = "done"  # the answer of a question that has its evidence
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

    `evidence`: photo always, only for a bad answer ('ng'), or none. `excusable`: a reason may stand
    in for the photo that is always demanded. `relevant`: asked only while it holds. `warn` is amber
    from there on: upwards, or downwards where there is no maximum.
    """

    item_id: str
    kind: str
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
    excusable: bool = False


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
class QuestionKind:
    """One kind of question.

    `parse` returns what a person typed as an answer or raises AnswerInvalidError; `judge` says what
    a parsed answer means here; `fact` is what later conditions read as `answer.ID`. `keys` are the
    keys of forms/*.yaml that only some kinds have: unit, min, max, warn; options, pass. `proof`:
    its evidence is the answer. `for_all`: one tap answers all of this kind as not applicable when
    the equipment is out of service. `limited`: its limits are drawn beside it. `signed`: a drawn
    signature stays the answer until it is taken back.
    """

    code: str
    parse: Callable[[Item, str], str]
    judge: Callable[[Item, str, Facts], Judgement]
    fact: Callable[[str], object] = str
    keys: tuple[str, ...] = ()
    proof: bool = False
    signed: bool = False
    for_all: bool = False
    limited: bool = False

    @property
    def is_photo(self) -> bool:
        """Say whether a photo is the answer."""
        return self.proof and not self.signed


def limits(item: Item, facts: Facts) -> Limits:
    """Return the limits that hold for these facts; an unknown condition goes on to the next one."""
    return Limits(*(_limit(rows, facts) for rows in (item.minimum, item.maximum, item.warn)))


def judge(item: Item, value: str, facts: Facts) -> Judgement:
    """Return what `value` means; raises AnswerInvalidError if the question cannot take it."""
    if not value:
        return Judgement("open")
    kind = KINDS[item.kind]
    return kind.judge(item, kind.parse(item, value), facts)


def parse_answer(item: Item, text: str) -> str:
    """Return what a person typed as an answer; raises AnswerInvalidError (number, choice, size)."""
    return KINDS[item.kind].parse(item, text)


def _one_of(*values: str) -> Callable[[Item, str], str]:
    """Return a parser that takes these answers only."""

    def parse(item: Item, text: str) -> str:
        if text not in values:
            raise AnswerInvalidError(item=item.item_id, reason="choice")
        return text

    return parse


def _option(item: Item, text: str) -> str:
    return _one_of(*(option.value for option in item.options))(item, text)


def _text(item: Item, text: str) -> str:
    text = text.strip()
    if len(text) > TEXT_MAX:
        raise AnswerInvalidError(item=item.item_id, reason="size")
    return text


def _number(item: Item, text: str) -> str:
    """Take full-width digits, a comma as decimal point, and spaces."""
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


def _filled(_item: Item, _value: str, _facts: Facts) -> Judgement:
    return Judgement("filled")


def _judge_ok(_item: Item, value: str, _facts: Facts) -> Judgement:
    match value:
        case "na":
            return Judgement("na")
        case "ok":
            return Judgement("good")
        case _:
            return Judgement("bad", "failed")


def _judge_choice(item: Item, value: str, facts: Facts) -> Judgement:
    row = next((row for row in item.passes if holds(row.when, facts)), None)
    if row is None:
        return Judgement("filled")
    return Judgement("good") if value in row.values else Judgement("bad", "not_pass")


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


KINDS: Mapping[str, QuestionKind] = {
    kind.code: kind
    for kind in (
        QuestionKind("ok", _one_of("ok", "ng", "na"), _judge_ok, for_all=True),
        QuestionKind(
            "num", _number, _judge_number, Decimal, ("unit", "min", "max", "warn"), limited=True
        ),
        QuestionKind("choice", _option, _judge_choice, keys=("options", "pass")),
        QuestionKind("text", _text, _filled),
        QuestionKind("photo", _one_of(DONE), _filled, proof=True),
        QuestionKind("signature", _one_of(DONE), _filled, proof=True, signed=True),
    )
}
