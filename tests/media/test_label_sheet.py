"""What is printed can be scanned: the PDF is rendered and read again, by every reader."""

import io
from typing import Any

import numpy as np
import pypdfium2 as pdfium  # pyright: ignore[reportMissingTypeStubs]
import pytest
from PIL import Image, ImageFilter

from media import label_sheet, labels
from tests.helpers.readers import READERS, reader, texts_of
from tests.media.pictures import FONT, KEYS, LABEL, encoded, jpeg, opened, printed

IDS = ["TK-101", "TK-102", "P-201A", "R-301", "C-401", "DB-03", "FX-05"]


def pages(pdf: bytes, dpi: int) -> list[Image.Image]:
    """Render a PDF as a printer does."""
    document = pdfium.PdfDocument(pdf)
    scale: Any = dpi / 72  # annotated as a whole number, which it need not be
    return [page.render(scale=scale).to_pil() for page in document]


def text_of(pdf: bytes) -> str:
    return "\n".join(page.get_textpage().get_text_bounded() for page in pdfium.PdfDocument(pdf))


@pytest.mark.parametrize("name", READERS)
def test_every_label_of_a_printed_sheet_reads_and_verifies(name: str) -> None:
    sheet = label_sheet.sheet([printed(asset_id) for asset_id in IDS], "zh", FONT)
    found = pages(sheet, 150)
    assert len(found) == 2
    texts = [text for page in found for text in texts_of(reader(name), encoded(page, "PNG"))]
    assert sorted(labels.read(text, KEYS).asset_id for text in texts) == sorted(IDS)


@pytest.mark.parametrize(("language", "name"), [("zh", "甲醇储罐"), ("en", "Methanol tank")])
def test_id_name_and_version_stand_in_clear_below(language: str, name: str) -> None:
    label = printed()
    text = text_of(label_sheet.sheet([label], language, FONT))
    for part in ("TK-101", name, "v2", label.short_code):
        assert part in text


def test_a_long_name_is_made_smaller_and_not_cut() -> None:
    label = printed()
    long = label_sheet.PrintLabel(
        label.text, "SC-12", 1, type(label.name)({"zh": "脚手架" * 8, "en": "x"}), label.place
    )
    sheet = label_sheet.sheet([long], "zh", FONT)
    assert "脚手架" * 8 in text_of(sheet)
    width = pages(sheet, 72)[0].width
    ink = np.asarray(pages(sheet, 72)[0].convert("L"))[40:300, width // 2 + 5 :] < 128
    assert not ink.any()  # it stays inside its half of the page


@pytest.mark.slow
def test_a_full_sheet_is_small_enough_to_mail() -> None:
    assert len(label_sheet.sheet([printed(f"EX-{n}") for n in range(60)], "zh", FONT)) < 400_000


@pytest.mark.parametrize("name", READERS)
def test_a_label_in_a_camera_frame_reads_at_once(name: str) -> None:
    """640 x 480, a label 40 % of the height, tilted, a little soft: what a scan polls."""
    plate = opened(label_sheet.picture(printed(), "zh", FONT)).convert("RGB")
    frame = Image.new("RGB", (640, 480), (120, 125, 118))
    small = plate.resize((230, 230 * plate.height // plate.width), Image.Resampling.BICUBIC)
    turned = small.rotate(12, expand=True, fillcolor=(120, 125, 118))
    frame.paste(turned, (190, 80))
    shot = jpeg(frame.filter(ImageFilter.GaussianBlur(0.6)), quality=80)
    texts = texts_of(reader(name), shot, fast=True)
    assert [labels.read(text, KEYS) for text in texts] == [LABEL]


def test_one_label_as_picture_is_one_grey_png() -> None:
    plate = Image.open(io.BytesIO(label_sheet.picture(printed(), "en", FONT, qr_px=300)))
    assert (plate.format, plate.mode) == ("PNG", "L")
    assert plate.width >= 300
