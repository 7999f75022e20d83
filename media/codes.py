"""Codes found in a picture, and which of several is meant: the one that is aimed at."""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from media.vision import Gray

Kind = Literal["qr", "datamatrix", "code128"]
Point = tuple[float, float]
CLEARLY = 2.0  # so many times nearer to the middle than the next one: no doubt which is meant
CHARSETS = ("utf-8", "shift_jis", "gb18030")  # what a code without a mark is tried as, in turn
TOUCHES = 0.1  # this near to the middle both could be meant


@dataclass(frozen=True, slots=True)
class Code:
    """One code. `outline` has its corners in order, seen from the middle of the picture.

    The unit is the picture's shorter side: (0, 0) is the middle, (0.5, 0) lies half a side to the
    right. An engine that does not know where a code lies gives no corners: it counts as centred.
    One without text was seen and not read.
    """

    text: str
    kind: Kind
    outline: tuple[Point, ...] = ()

    @property
    def middle(self) -> Point:
        """Its own middle."""
        count = len(self.outline) or 1
        return sum(x for x, _ in self.outline) / count, sum(y for _, y in self.outline) / count

    @property
    def away(self) -> float:
        """How far its own middle is from the picture's."""
        return math.hypot(*self.middle)

    @property
    def around_middle(self) -> bool:
        """Whether the middle of the picture lies inside the code."""
        inside = False
        for (x0, y0), (x1, y1) in zip(
            self.outline, (*self.outline[1:], *self.outline[:1]), strict=True
        ):
            if (y0 > 0) != (y1 > 0) and x0 - y0 * (x1 - x0) / (y1 - y0) > 0:
                inside = not inside
        return inside

    def within(self, half: float) -> bool:
        """Whether it is in a square around the picture's middle, which reaches so far each way.

        It is there with its own middle, or where it lies around the picture's.
        """
        return self.around_middle or max(map(abs, self.middle)) <= half


Wanted = Callable[[Code], bool]


def outline(corners: Iterable[Point], width: int, height: int) -> tuple[Point, ...]:
    """Return corners given in pixels of a picture as a code's outline."""
    side = min(width, height)
    return tuple(((x - width / 2) / side, (y - height / 2) / side) for x, y in corners)


def text_of(data: bytes) -> str:
    """Return the text of a code's bytes: UTF-8 where they are, else the likeliest of the old sets.

    Labels of ours are ASCII; this is for what is shown of other codes. Single letters above ASCII
    are European ones, pairs are Japanese or Chinese.
    """
    pairs = any(one > 0x7F and other > 0x7F for one, other in itertools.pairwise(data))
    for charset in CHARSETS if pairs else CHARSETS[:1]:
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def nearest_first(codes: Iterable[Code]) -> list[Code]:
    """Return the codes from the middle outwards, a text that stands there twice only once."""
    found: dict[str, Code] = {}
    for code in sorted(codes, key=lambda code: code.away):
        found.setdefault(code.text, code)
    return list(found.values())


def aimed(codes: Sequence[Code]) -> Code | None:
    """Return the code that is meant; None where there is none, or only a person can say.

    Meant is the only one, the only one around the middle, or one clearly nearer to it than any
    other.
    """
    if len(codes) < 2:
        return codes[0] if codes else None
    around = [code for code in codes if code.around_middle]
    if len(around) == 1:
        return around[0]
    first, second = sorted(codes, key=lambda code: code.away)[:2]
    clear = second.away > TOUCHES and first.away * CLEARLY <= second.away
    return first if clear and not around else None


class CodeEngine(Protocol):
    """One library that finds codes; `media.code_front` shows it one picture after the other."""

    name: str

    def find(self, picture: Gray, *, thorough: bool) -> list[Code]:
        """Return the codes in a grey picture, [] if none; `thorough` may take longer."""
        ...


class CodeReader(Protocol):
    """Reads QR and the like."""

    def read(self, picture: bytes, fast: bool = False, wanted: Wanted | None = None) -> list[Code]:
        """Return the codes in view, nearest to the middle first; `fast` is for live frames.

        The search ends with a code that is `wanted` (None: with any); where there is none, all
        that was found comes.
        """
        ...

    def unread(self, picture: bytes, found: Sequence[Code]) -> list[Code]:
        """Return what looks like codes beside the found ones and is not read, nearest first."""
        ...
