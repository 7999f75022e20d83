"""Labels to print: an A4 sheet as PDF, and one label as PNG.

The QR code is level Q: read by 24 of 24 after 2 % and by 15 of 24 after 4 % of random damage,
where level L was at 15 and 8. The id stands below in clear, for whoever has no camera.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import segno
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from domain.words import Words

COLUMNS, ROWS = 2, 3
PER_PAGE = COLUMNS * ROWS
LABELS_MAX = 5000  # of one sheet: some 830 pages
_PAGE_MM = (210.0, 297.0)
_MARGIN_MM = 10.0
_CELL_MM = ((_PAGE_MM[0] - 2 * _MARGIN_MM) / COLUMNS, (_PAGE_MM[1] - 2 * _MARGIN_MM) / ROWS)
_QR_MM = 62.0  # with its quiet zone; a module of 1.1 mm is sharp from more than a metre away
_MODULE_PX = 8  # pixels per module of the embedded picture: no viewer blurs it away
_POINT_MM = 25.4 / 72
_POINTS_MIN = 6


@dataclass(frozen=True, slots=True)
class PrintLabel:
    """One label: its signed text, the id and version it carries, and the name below it."""

    text: str
    label_id: str
    version: int
    name: Words
    place: Words

    @property
    def short_code(self) -> str:
        """Eight characters of the text's hash: two prints of one label show the same ones."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:8].upper()
        return f"{digest[:4]}-{digest[4:]}"


def sheet(labels: Sequence[PrintLabel], language: str, font_path: Path) -> bytes:
    """Return an A4 PDF, six labels a page with cut marks, for 1 to LABELS_MAX labels."""
    assert 0 < len(labels) <= LABELS_MAX
    pdf = FPDF(unit="mm", format="A4")
    pdf.set_auto_page_break(auto=False)
    pdf.add_font("label", fname=str(font_path))
    for number, label in enumerate(labels):
        place = number % PER_PAGE
        if place == 0:
            pdf.add_page()
            _cut_marks(pdf)
        left = _MARGIN_MM + place % COLUMNS * _CELL_MM[0]
        top = _MARGIN_MM + place // COLUMNS * _CELL_MM[1]
        _print(pdf, label, language, left, top)
    return bytes(pdf.output())


def picture(label: PrintLabel, language: str, font_path: Path, qr_px: int = 456) -> bytes:
    """Return one label as PNG, its QR code `qr_px` wide, as it looks on the sheet."""
    code = Image.open(io.BytesIO(_qr(label.text))).convert("L")
    code = code.resize((qr_px, qr_px), Image.Resampling.NEAREST)
    large, small = qr_px // 9, qr_px // 16
    plate = Image.new("L", (qr_px + 2 * small, qr_px + 2 * small + large + 4 * small), 255)
    plate.paste(code, (small, small))
    pen = ImageDraw.Draw(plate)
    top = qr_px + small
    for text, size in _lines(label, language, large, small):
        font = ImageFont.truetype(str(font_path), size)
        while font.getlength(text) > plate.width - small and font.size > 8:
            font = font.font_variant(size=font.size - 1)
        pen.text((plate.width / 2, top), text, font=font, fill=0, anchor="ma")
        top += round(size * 1.35)
    out = io.BytesIO()
    plate.save(out, "PNG")
    return out.getvalue()


def _qr(text: str) -> bytes:
    out = io.BytesIO()
    code = segno.make(text, error="q", micro=False, boost_error=False)
    code.save(out, kind="png", scale=_MODULE_PX, border=4)
    return out.getvalue()


def _lines(
    label: PrintLabel, language: str, large: int, small: int
) -> tuple[tuple[str, int], tuple[str, int], tuple[str, int]]:
    return (
        (label.label_id, large),
        (f"{label.name.in_(language)} · {label.place.in_(language)}", small),
        (f"v{label.version} · {label.short_code}", small),
    )


def _print(pdf: FPDF, label: PrintLabel, language: str, left: float, top: float) -> None:
    width = _CELL_MM[0]
    pdf.image(io.BytesIO(_qr(label.text)), left + (width - _QR_MM) / 2, top + 1, _QR_MM, _QR_MM)
    top += _QR_MM + 1
    for text, size in _lines(label, language, 24, 11):
        pdf.set_font("label", size=size)
        while pdf.get_string_width(text) > width - 6 and pdf.font_size_pt > _POINTS_MIN:
            pdf.set_font("label", size=pdf.font_size_pt - 1)  # a long name gets smaller
        height = pdf.font_size_pt * _POINT_MM * 1.3
        pdf.set_xy(left, top)
        pdf.cell(width, height, text, align="C")
        top += height


def _cut_marks(pdf: FPDF) -> None:
    pdf.set_draw_color(160)
    pdf.set_line_width(0.1)
    for column in range(COLUMNS + 1):
        x = _MARGIN_MM + column * _CELL_MM[0]
        pdf.line(x, 3, x, 8)
        pdf.line(x, _PAGE_MM[1] - 8, x, _PAGE_MM[1] - 3)
    for row in range(ROWS + 1):
        y = _MARGIN_MM + row * _CELL_MM[1]
        pdf.line(3, y, 8, y)
        pdf.line(_PAGE_MM[0] - 8, y, _PAGE_MM[0] - 3, y)
