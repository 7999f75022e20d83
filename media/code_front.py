"""One front with several engines behind it: quick looks first, slower ones for what they miss.

Which engine looks at what, and in which order, was measured (ADR 0016): what reads most for its
time comes first, and every step stands there because it reads pictures that none before it reads. A
search ends with the first text that the caller accepts, or with the time that it may take.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from media import vision
from media.codes import Code, CodeEngine, nearest_first
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

    def read(self, picture: bytes, fast: bool = False) -> list[Code]:
        """Return the codes in view, nearest to the middle first; `fast`: of a live frame.

        Codes that no check accepted come when all looks are through: the caller can still say what
        is wrong with them. Raises PictureError for bytes that are no picture.
        """
        return self._of_frame(picture) if fast else self._of_picture(picture)

    def _of_picture(self, data: bytes) -> list[Code]:
        ends_ms = self._now_ms() + PICTURE_MS
        look = _Look(vision.gray(data), data)
        refused: list[Code] = []
        for step in self._steps:
            found = self._try(step, look)
            if self._good(found):
                return nearest_first(found)
            refused += found
            if self._now_ms() >= ends_ms:
                break
        return nearest_first(refused)

    def _of_frame(self, data: bytes) -> list[Code]:
        """Look quickly, then in one slower way: another one at each frame, as time allows."""
        began_ms = self._now_ms()
        look = _Look(vision.centre(vision.gray(data)))
        quick, *slow = (step for step in self._steps if step.sight != "fine")
        found = self._try(quick, look)
        if self._good(found) or not slow:
            self._empty = 0
            return nearest_first(found)
        self._empty += 1
        left_ms = FRAME_MS - (self._now_ms() - began_ms)
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

    def _good(self, found: Sequence[Code]) -> bool:
        return any(self._accept is None or self._accept(code.text) for code in found)


class _Look:
    """A picture and what was made of it, each only once."""

    def __init__(self, plain: Gray, data: bytes | None = None) -> None:
        self._plain = plain
        self._data = data
        self._made: dict[str, Gray] = {}

    def sight(self, name: str) -> Gray | None:
        """Return the picture as this step wants it; None where there is nothing more to see."""
        if name == "fine":
            if self._data is None or not vision.shows_more(self._data):
                return None
            return vision.gray(self._data, vision.FINE_PIXELS_MIN)
        if name == "double" and self._plain.size > DOUBLE_PIXELS_MAX:
            return None
        if name not in self._made:
            self._made[name] = SIGHTS[name](self._plain)
        return self._made[name]
