"""One front with several engines behind it: quick looks first, slower ones for what they miss.

Which engine looks at what, and in which order, was measured (ADR 0016): what reads most for its
time comes first, and every step stands there because it reads pictures that none before it reads. A
search ends with the first code that the caller wants, or with the time that it may take; what else
was read is covered, and the steps that follow look at the rest of the picture.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from media import code_signs, vision
from media.codes import Code, CodeEngine, Wanted, nearest_first
from media.vision import Gray

Accept = Callable[[str], bool]
PICTURE_MS = 5000  # for a picture that somebody chose, and waits for
FRAME_MS = 66  # for a live frame, at 15 in a second
DOUBLE_PIXELS_MAX = 1_000_000  # a larger picture has pixels enough for each module
PATIENCE = 5  # so many empty frames get a slower look whatever it takes


@dataclass(frozen=True, slots=True)
class Step:
    """One look: an engine, a way of showing it the picture, and whether it shall try hard."""

    engine: str
    sight: str = "plain"
    thorough: bool = True


# `sight` -> what the engine is shown; "fine" is the picture with more of its pixels
SIGHTS: Mapping[str, Callable[[Gray], Gray]] = {
    "plain": lambda picture: picture,
    "fine": lambda picture: picture,
    "half": vision.half,
    "double": vision.double,
    "sharp": vision.sharpened,
    "half_sharp": lambda picture: vision.sharpened(vision.half(picture)),
    "half_bright": lambda picture: vision.brightened(vision.half(picture)),
    "level": vision.levelled,
    "soft_binary": vision.soft_binary,
    "binary": lambda picture: vision.binary(picture, 25),
    "fine_binary": lambda picture: vision.binary(picture, 15),
}
DESKTOP = (
    Step("zxing", thorough=False),
    Step("zxing"),
    Step("zxing", "fine"),
    Step("zbar", "soft_binary"),
    Step("zxing", "sharp", thorough=False),
    Step("zxing", "half_bright"),
    Step("zbar", "half"),
    Step("zxing", "binary", thorough=False),
    Step("zbar", "half_sharp"),
    Step("zbar"),
)
PHONE = (
    Step("zbar", "half"),
    Step("zbar", "soft_binary"),
    Step("zbar"),
    Step("zbar", "fine"),
    Step("zbar", "half_sharp"),
    Step("zbar", "fine_binary"),
    Step("zbar", "level"),
    Step("zbar", "double"),
    Step("opencv", "double"),
    Step("opencv"),
)


class CodeFront:
    """Implements the port CodeReader with the engines that this machine has."""

    def __init__(
        self,
        engines: Sequence[CodeEngine],
        accept: Accept | None = None,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        """Take the engines, the check that a good text passes (None: any), a monotonic clock.

        With a check, what one look read wrongly does not hide what the next one reads right.
        Without a clock every look is taken.
        """
        self._engines = {engine.name: engine for engine in engines}
        steps = DESKTOP if "zxing" in self._engines else PHONE
        self._steps = tuple(step for step in steps if step.engine in self._engines)
        self._now_ms = now_ms or (lambda: 0)
        self._accept = accept
        self._cost_ms: dict[Step, int] = {}  # of a live frame, as it was last
        self._turn = self._empty = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The engines that are here."""
        return tuple(self._engines)

    def read(self, picture: bytes, fast: bool = False, wanted: Wanted | None = None) -> list[Code]:
        """Return the codes in view, nearest to the middle first; `fast`: of a live frame.

        The search ends with a code that is `wanted` (None: with any). All that was read comes when
        all looks are through, also what no check accepted: the caller can still say what is wrong
        with it. Raises PictureError for bytes that are no picture.
        """
        found = self._of_frame if fast else self._of_picture
        return found(picture, wanted or _any)

    def unread(self, picture: bytes, found: Sequence[Code]) -> list[Code]:
        """Return what looks like codes beside the found ones and is not read, nearest first."""
        rest = vision.covered(vision.gray(picture), (code.outline for code in found))
        return sorted(code_signs.signs(rest), key=lambda code: code.away)

    def _of_picture(self, data: bytes, wanted: Wanted) -> list[Code]:
        ends_ms = self._now_ms() + PICTURE_MS
        look = _Look(vision.gray(data), data)
        kept: list[Code] = []
        refused: list[Code] = []
        for step in self._steps:
            found = self._try(step, look)
            good = self._good(found)
            if any(map(wanted, good)):
                return nearest_first([*kept, *found])
            kept += good
            refused += found
            look.cover(good)
            if self._now_ms() >= ends_ms:
                break
        return nearest_first([*kept, *refused])

    def _of_frame(self, data: bytes, wanted: Wanted) -> list[Code]:
        """Look quickly, then in one slower way: another one at each frame, as time allows."""
        began_ms = self._now_ms()
        look = _Look(vision.centre(vision.gray(data)))
        quick, *slow = (step for step in self._steps if step.sight != "fine")
        found = self._try(quick, look)
        good = self._good(found)
        if any(map(wanted, good)) or not slow:
            self._empty = 0
            return nearest_first(found)
        self._empty += 1
        look.cover(good)
        # Beside a code that is read but not wanted somebody holds still, and soon hears so: until
        # then each of the looks shall have had its turn, also one that does not fit.
        left_ms = PICTURE_MS if good else FRAME_MS - (self._now_ms() - began_ms)
        turn = self._next(slow, left_ms)
        if turn is None:
            return nearest_first(found)
        self._turn = turn + 1
        step, started_ms = slow[turn % len(slow)], self._now_ms()
        more = self._try(step, look)
        self._cost_ms[step] = self._now_ms() - started_ms
        return nearest_first([*found, *more])

    def _next(self, slow: Sequence[Step], left_ms: int) -> int | None:
        """Return whose turn it is among those that fit; anybody's when patience is at its end."""
        if self._empty % PATIENCE == 0:
            return self._turn
        turns = range(self._turn, self._turn + len(slow))
        return next(
            (at for at in turns if self._cost_ms.get(slow[at % len(slow)], 0) <= left_ms), None
        )

    def _try(self, step: Step, look: "_Look") -> list[Code]:
        shown = look.sight(step.sight)
        if shown is None:
            return []
        return self._engines[step.engine].find(shown, thorough=step.thorough)

    def _good(self, found: Sequence[Code]) -> list[Code]:
        return [code for code in found if self._accept is None or self._accept(code.text)]


def _any(_code: Code) -> bool:
    return True


class _Look:
    """A picture and what was made of it, each only once."""

    def __init__(self, plain: Gray, data: bytes | None = None) -> None:
        self._plain = plain
        self._data = data
        self._made: dict[str, Gray] = {}
        self._covered: list[Code] = []

    def cover(self, codes: Sequence[Code]) -> None:
        """Show only the rest from now on."""
        if codes:
            self._covered += codes
            self._plain = vision.covered(self._plain, (code.outline for code in codes))
            self._made.clear()

    def sight(self, name: str) -> Gray | None:
        """Return the picture as this step wants it; None where there is nothing more to see."""
        if name == "fine":
            if self._data is None or not vision.shows_more(self._data):
                return None
            fine = vision.gray(self._data, vision.FINE_PIXELS_MIN)
            return vision.covered(fine, (code.outline for code in self._covered))
        if name == "double" and self._plain.size > DOUBLE_PIXELS_MAX:
            return None
        if name not in self._made:
            self._made[name] = SIGHTS[name](self._plain)
        return self._made[name]
