"""Checklists: which questions are asked for these answers, and what is still missing.

What a question asks and what an answer means is in `domain.questions`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from domain.expressions import Facts, holds
from domain.questions import DONE, KINDS, Item, Judgement, judge, parse_answer
from domain.words import Words

EXCUSE_MAX = 200  # own words beside the reason why a photo is missing


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
class Line:
    """A question that is asked, with its number from 1, its answer and what is missing.

    `excused`: its photo cannot be taken, and the person said why.
    """

    item: Item
    number: int
    value: str
    judgement: Judgement
    photo_needed: bool
    photo_missing: bool
    complete: bool
    excused: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """The questions that are asked, and the first that is not complete."""

    lines: tuple[Line, ...]
    done: int
    total: int
    next_item_id: str | None


def check(
    form: Form,
    answers: Mapping[str, str],
    photos: Mapping[str, int],
    facts: Facts,
    excused: Collection[str] = (),
) -> Progress:
    """Return the questions asked for these answers, in order, and how far the sheet is.

    `photos` counts the evidence of each question; `excused` names those whose photo cannot be
    taken, for a reason that was given. Whether a question is asked may depend on
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
        kind = KINDS[item.kind]
        if kind.proof:
            value = DONE if count or (value and kind.signed) else ""
        reason = item.item_id in excused and item.excusable
        line = _line(item, len(lines) + 1, value, _Proof(count, reason), scene)
        known[item.item_id] = kind.fact(parse_answer(item, value)) if value else None
        lines.append(line)
    done = sum(line.complete for line in lines)
    pending = next((line.item.item_id for line in lines if not line.complete), None)
    return Progress(tuple(lines), done, len(lines), pending)


class _Proof(NamedTuple):
    """How many photos a question has, and whether a reason may stand in for them."""

    photos: int
    reason: bool


def _line(item: Item, number: int, value: str, proof: _Proof, facts: Facts) -> Line:
    judgement = judge(item, value, facts)
    needed = judgement.state != "na" and (
        item.evidence == "always" or (item.evidence == "ng" and judgement.state == "bad")
    )
    excused = needed and proof.photos == 0 and proof.reason
    missing = needed and proof.photos == 0 and not excused
    answered = judgement.state != "open" or (excused and KINDS[item.kind].is_photo)
    complete = answered and not missing
    return Line(item, number, value, judgement, needed, missing, complete, excused)
