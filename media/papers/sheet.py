"""A4 pages with head and foot, on which texts, tables and photos flow from page to page."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Self, cast

import segno
from fpdf import FPDF
from fpdf.fonts import TTFFont
from PIL import Image

from media.papers.lines import Cleaner, wrap

PAGE: Final = (210.0, 297.0)  # mm
MARGIN: Final = 16.0
TOP, BOTTOM = 22.0, 277.0  # where what flows begins and ends
WIDTH: Final = PAGE[0] - 2 * MARGIN
SMALL, PLAIN, STRONG, TITLE = 8.0, 9.5, 12.0, 17.0  # points
LEADING: Final = 1.42
_POINT_MM: Final = 25.4 / 72
_FONT: Final = "paper"
_HEAD_LINES_MAX: Final = 3  # of the title in the head of each page; the first page has it whole
INK, FAINT, RULE = (20, 24, 28), (92, 100, 108), (205, 210, 214)
Tone = Literal["plain", "faint", "good", "mind", "stop"]
TONES: Final[dict[Tone, tuple[int, int, int]]] = {
    "plain": INK,
    "faint": FAINT,
    "good": (22, 110, 60),
    "mind": (150, 90, 0),
    "stop": (170, 30, 30),
}
QR_MM: Final = 30.0
SHRINK: Final = 0.75
LABEL_MM: Final = 38.0  # of the names beside values


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands on every page; `page` words "page {n} of {all}" with those two placeholders."""

    plant: str
    title: str
    foot: str
    page: str
    language: str
    made_ms: int


@dataclass(frozen=True, slots=True)
class Line:
    """A text to print, of one size and colour; it wraps where it must."""

    text: str
    tone: Tone = "plain"
    size: float = PLAIN


@dataclass(frozen=True, slots=True)
class Tile:
    """A photo with what is said of it; `picture` None: there is none to show, `lines` say why."""

    picture: bytes | None
    lines: tuple[Line, ...]


class Sheet:
    """The pages of one report, filled from the top; use it in a `with`, it holds the font open."""

    def __init__(self, frame: Frame, font: Path) -> None:
        """Begin the first page."""
        self.frame = frame
        self._pdf = pdf = FPDF(unit="mm", format="A4")
        pdf.set_auto_page_break(auto=False)
        pdf.set_margins(0, 0, 0)
        pdf.c_margin = 0
        pdf.add_font(_FONT, fname=str(font))
        pdf.set_font(_FONT, size=PLAIN)
        self.clean = Cleaner(frozenset(cast("TTFFont", pdf.fonts[_FONT]).cmap))
        self._widths: dict[str, float] = {}
        self.y = TOP
        self._turn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the font, also where a page could not be finished."""
        cast("TTFFont", self._pdf.fonts[_FONT]).close()

    def output(self) -> bytes:
        """Put heads and feet on all pages and return the file."""
        pdf, frame = self._pdf, self.frame
        pages = len(pdf.pages)
        for number in range(1, pages + 1):
            pdf.page = number
            pdf.set_font_size(TITLE)  # a page remembers its own last size, fpdf2 only one for all
            self._frame(number, pages)
        pdf.set_creation_date(datetime.fromtimestamp(frame.made_ms / 1000, UTC))
        pdf.set_title(self.clean(frame.title))
        pdf.set_lang(frame.language)
        pdf.set_producer("Anshao")
        return bytes(pdf.output())

    def heading(self, text: str, room: float = 18.0) -> None:
        """Begin a part; never as the last thing on a page (`room` mm stay together with it)."""
        self.y += 3.5
        self._need(room)
        self.lines([Line(text, size=STRONG)])
        self._rule(self.y + 0.4)
        self.y += 2

    def lines(self, some: Sequence[Line], left: float = MARGIN, width: float = WIDTH) -> None:
        """Print texts below each other."""
        for one in some:
            for row in self._wrapped(one, width):
                self._need(_height(one.size))
                self._put(row, left, self.y, one)
                self.y += _height(one.size)

    def facts(self, rows: Sequence[tuple[str, str]], width: float = WIDTH) -> None:
        """Print names and values in two columns; those without a value are left out."""
        kept = [row for row in rows if row[1].strip()]
        label = LABEL_MM / width
        cells = [[Line(name, "faint"), Line(value)] for name, value in kept]
        self.table((), cells, (label, 1 - label), width, ruled=False)

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[Line | Sequence[Line]]],
        shares: Sequence[float],
        width: float = WIDTH,
        *,
        ruled: bool = True,
    ) -> None:
        """Print rows of cells; a row longer than the page goes on on the next one."""
        gap = 2.5
        lefts = [MARGIN + sum(shares[:n]) * width for n in range(len(shares))]
        widths = [share * width - gap for share in shares]
        titles = [Line(text, "faint", SMALL) for text in head]
        if titles:
            self._need(2 * _height(SMALL) + 3 * _height(PLAIN))
            self._row([self._wrapped(*pair) for pair in zip(titles, widths, strict=True)], lefts)
            self._rule(self.y + 0.2)
            self.y += 1.2
        for cells in rows:
            columns: list[list[tuple[str, Line]]] = []
            for cell, room in zip(cells, widths, strict=True):
                some = [cell] if isinstance(cell, Line) else cell
                columns.append([(row, one) for one in some for row in self._wrapped(one, room)])
            self._cells(columns, lefts)
            if ruled:
                self._rule(self.y + 0.6)
            self.y += 1.6 if ruled else 0.6

    def tiles(self, some: Sequence[Tile], tall: float = 62.0) -> None:
        """Print photos side by side in two columns, each with its lines below."""
        gap = 6.0
        width = (WIDTH - gap) / 2
        for first in range(0, len(some), 2):
            pair = some[first : first + 2]
            texts = [
                [(row, line) for line in one.lines for row in self._wrapped(line, width)]
                for one in pair
            ]
            below = max(sum(_height(line.size) for _, line in text) for text in texts) + 5.5
            left = BOTTOM - self.y - below  # a little smaller rather than on the next page
            room = left if SHRINK * tall <= left < tall else tall
            sizes = [_fitted(one.picture, width, room) for one in pair]
            high = max(size[1] for size in sizes)
            self._need(min(high + below, BOTTOM - TOP))
            lefts = [MARGIN + number * (width + gap) for number in range(len(pair))]
            for one, size, left in zip(pair, sizes, lefts, strict=True):
                if one.picture is not None:
                    top = self.y + high - size[1]
                    self._pdf.image(io.BytesIO(one.picture), left, top, size[0], size[1])
            self.y += high + 1.5
            self._cells(texts, lefts)
            self.y += 4

    def qr(self, text: str, below: str) -> None:
        """Print a code at the top right of the first page, beside the title and the facts."""
        code = segno.make(text, error="q", micro=False, boost_error=False)
        out = io.BytesIO()
        code.save(out, kind="png", scale=8, border=4)
        left = PAGE[0] - MARGIN - QR_MM
        self._pdf.image(io.BytesIO(out.getvalue()), left, TOP - 2, QR_MM, QR_MM)
        top = TOP - 2 + QR_MM
        line = Line(below, "faint", SMALL)
        for row in self._wrapped(line, QR_MM + 4)[:3]:
            self._put(row, left, top, line)
            top += _height(SMALL)

    def past(self, y: float) -> None:
        """Go on no higher than `y` (mm from the top of the page)."""
        self.y = max(self.y, y)

    def _cells(self, columns: Sequence[Sequence[tuple[str, Line]]], lefts: Sequence[float]) -> None:
        """Print columns of lines beside each other, from page to page while any is left."""
        left = [list(column) for column in columns]
        first = max((sum(_height(line.size) for _, line in col[:2]) for col in left), default=0)
        self._need(first)
        while any(left):
            bottom = self.y
            for column, x in zip(left, lefts, strict=True):
                y = self.y
                while column and y + _height(column[0][1].size) <= BOTTOM + 0.01:
                    row, line = column.pop(0)
                    self._put(row, x, y, line)
                    y += _height(line.size)
                bottom = max(bottom, y)
            self.y = bottom
            if any(left):
                self._turn()

    def _row(self, columns: Sequence[Sequence[str]], lefts: Sequence[float]) -> None:
        line = Line("", "faint", SMALL)
        self._cells([[(row, line) for row in column] for column in columns], lefts)

    def _wrapped(self, line: Line, width: float) -> list[str]:
        scale = line.size * _POINT_MM
        return wrap(self.clean(line.text), lambda sign: self._width(sign) * scale, width)

    def _width(self, sign: str) -> float:
        """Return the width of a sign in its font size."""
        found = self._widths.get(sign)
        if found is None:
            self._pdf.set_font_size(100)
            found = self._pdf.get_string_width(sign) / (100 * _POINT_MM)
            self._widths[sign] = found
        return found

    def _put(self, text: str, x: float, y: float, line: Line) -> None:
        if not text:
            return
        pdf = self._pdf
        pdf.set_font_size(line.size)
        pdf.set_text_color(*TONES[line.tone])
        pdf.text(x, y + line.size * _POINT_MM * 1.02, text)

    def _rule(self, y: float) -> None:
        self._pdf.set_draw_color(*RULE)
        self._pdf.set_line_width(0.2)
        self._pdf.line(MARGIN, y, PAGE[0] - MARGIN, y)

    def _need(self, height: float) -> None:
        if self.y + height > BOTTOM + 0.01:
            self._turn()

    def _turn(self) -> None:
        self._pdf.add_page()
        self.y = TOP

    def _frame(self, number: int, pages: int) -> None:
        frame = self.frame
        if number > 1:
            self._side(frame.plant, MARGIN, 11)
            title = self._cut(frame.title, WIDTH / 2)
            self._side(title, PAGE[0] - MARGIN - self._long(title), 11)
        else:
            self._side(frame.plant, MARGIN, 11)
        self._rule(16.5)
        self._rule(282)
        page = frame.page.format(n=number, all=pages)
        foot = Line(frame.foot, "faint", SMALL)
        y = 283.5
        for row in self._wrapped(foot, WIDTH - self._long(page) - 8)[:_HEAD_LINES_MAX]:
            self._put(row, MARGIN, y, foot)
            y += _height(SMALL)
        self._side(page, PAGE[0] - MARGIN - self._long(page), 283.5)

    def _side(self, text: str, x: float, y: float) -> None:
        self._put(self.clean(text).replace("\n", " "), x, y, Line(text, "faint", SMALL))

    def _long(self, text: str) -> float:
        return sum(self._width(sign) for sign in self.clean(text)) * SMALL * _POINT_MM

    def _cut(self, text: str, width: float) -> str:
        """Return what fits of a text that stands whole elsewhere."""
        if self._long(text) <= width:
            return text
        kept = text
        while kept and self._long(kept + "…") > width:
            kept = kept[:-1]
        return kept + "…"


def _height(size: float) -> float:
    return size * _POINT_MM * LEADING


def _fitted(picture: bytes | None, width: float, tall: float) -> tuple[float, float]:
    """Return the size in mm at which a picture fits."""
    if picture is None:
        return (width, 0.0)
    with Image.open(io.BytesIO(picture)) as opened:
        across, down = opened.size
    scale = min(width / across, tall / down)
    return (across * scale, down * scale)
