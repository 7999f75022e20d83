"""Several codes in view: which one is meant, and when a person is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.field import FieldApp
from app.use_cases import scan
from domain.errors import LabelError
from domain.words import Words
from media import codes, labels, vision
from media.codes import Code

CENTRED = 0.15  # of the shorter side: no other label has room between this one and the middle
# why a person is asked: several in view; an id without a signature; a label outside of the frame,
# or farther from the middle than a code that nobody can read
Why = Literal["several", "typed", "aside", "unread"]


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
    """The text to go on with, which may still be refused; or else what a person is asked, and why.

    Not `sure`: another look might show something better.
    """

    text: str | None
    asked: tuple[Candidate, ...] = ()
    sure: bool = True
    why: Why = "several"


def reach(picture: bytes, view: tuple[float, float], edge: float) -> float:
    """Return how far the frame to aim with reaches from the middle of a live picture.

    In shorter sides of the picture, which fills the `view` and is cut at two of its sides. The
    frame is a square in the middle of the view; all three are drawn in the same unit.
    """
    width, height = vision.size(picture)
    drawn = max(view[0] / width, view[1] / height)
    return edge / 2 / (min(width, height) * drawn)


def aim(field: FieldApp, found: Sequence[Code], picture: bytes, frame: float | None = None) -> Aim:
    """Decide among the codes of one picture, nearest to the middle first; there is at least one.

    Other people's codes do not count beside one of ours. An id in a plain code (a bar code on a
    plate) counts as typed, and is shown before it is taken; beside the signed label of the same
    thing it says nothing new. Labels that are no good are only chosen when they are aimed at. Whom
    nobody aims at is asked about by name, even if it is alone: what is outside of the `frame` of a
    live picture (a picture from a file has none), and what has a code nearer to the middle beside
    it that cannot be read.
    """
    known = {code.text: _candidate(field, code) for code in found}
    signed = {one.spot_id for one in known.values() if one and one.signed}
    ours = [code for code in found if _counts(code, known[code.text], signed)]
    if not ours:
        return Aim(found[0].text, sure=False)
    good = tuple(one for one in (known[code.text] for code in ours) if one)
    meant = codes.aimed(ours)
    if meant is None and len(good) > 1:
        return Aim(None, good, sure=False)
    meant = meant or next((code for code in ours if _signed(known[code.text])), ours[0])
    one = known[meant.text]
    if one is not None and not one.signed:
        return Aim(None, (one,), sure=False, why="typed")
    why = _not_aimed(field, meant, found, picture, frame)
    if why is None:
        return Aim(meant.text)
    if not good:
        return Aim(meant.text, sure=False)
    return Aim(None, good, sure=False, why=why)


def _not_aimed(
    field: FieldApp, meant: Code, found: Sequence[Code], picture: bytes, frame: float | None
) -> Why | None:
    """Return why a label is not taken by itself; None: it is aimed at."""
    if frame is not None and not meant.within(frame):
        return "aside"
    if meant.within(CENTRED):
        return None
    unread = field.devices.reader.unread(picture, found)
    return "unread" if any(code.away < meant.away for code in unread) else None


def _signed(one: Candidate | None) -> bool:
    return one is not None and one.signed


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
