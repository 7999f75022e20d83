"""Several codes in view: which one is meant, and when a person is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.field import FieldApp
from app.use_cases import scan
from domain.errors import LabelError
from domain.words import Words
from media import codes, labels
from media.codes import Code


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code that leads to equipment or a checkpoint; unsigned ones only say an id."""

    text: str
    spot_id: str
    name: Words
    area: Words
    signed: bool


@dataclass(frozen=True, slots=True)
class Aim:
    """The text to go on with, which may still be refused; or else what a person is asked.

    Not `sure`: another look might show something better.
    """

    text: str | None
    asked: tuple[Candidate, ...] = ()
    sure: bool = True


def aim(field: FieldApp, found: Sequence[Code]) -> Aim:
    """Decide among the codes of one picture, nearest to the middle first; there is at least one.

    Other people's codes do not count beside one of ours. An id in a plain code (a bar code on a
    plate) counts as typed, and is shown before it is taken; beside the signed label of the same
    thing it says nothing new. Labels that are no good are only chosen when they are aimed at.
    """
    known = {code.text: _candidate(field, code) for code in found}
    signed = {one.spot_id for one in known.values() if one and one.signed}
    ours = [code for code in found if _counts(code, known[code.text], signed)]
    if not ours:
        return Aim(found[0].text, sure=False)
    meant = codes.aimed(ours)
    if meant is not None:
        one = known[meant.text]
        return Aim(None, (one,), sure=False) if one and not one.signed else Aim(meant.text)
    good = [one for one in (known[code.text] for code in ours) if one]
    if len(good) > 1:
        return Aim(None, tuple(good), sure=False)
    return Aim(good[0].text) if good and good[0].signed else Aim(ours[0].text)


def _counts(code: Code, one: Candidate | None, signed: set[str]) -> bool:
    """Whether a code is ours: any label, also a bad one, and the id of something without one."""
    if one is None:
        return code.text.startswith(labels.PREFIX)
    return one.signed or one.spot_id not in signed


def _candidate(field: FieldApp, code: Code) -> Candidate | None:
    signed = code.text.startswith(labels.PREFIX)
    try:
        spot = (scan.signed_spot if signed else scan.spot_of)(field, code.text)
    except LabelError:
        return None
    area = field.definitions.plant.areas[spot.area].name
    return Candidate(code.text, scan.id_of(spot), spot.name, area, signed)
