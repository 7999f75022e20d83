"""The stamp can be read on a phone, on every picture, and hides no more than a third of it."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

from media import images, watermark
from tests.media.pictures import FONT, encoded, jpeg, opened, photo

LINES = [
    "2026-11-22 22:13:05 ±1 s · 巡检员03",
    "甲醇储罐 TK-101 · 30.0010900, 122.5008440 ±6 m WGS-84",
    "HZ-3F2A-0007",
]


def white_rows(copy: Image.Image) -> tuple[int, int]:
    """First and last row with stamped text (near white over the dark band)."""
    bright = np.asarray(copy.convert("L")) > 235
    rows = np.flatnonzero(bright.any(axis=1))
    return int(rows[0]), int(rows[-1])


def dark(width: int, height: int) -> Image.Image:
    """A picture with no white of its own: upper half 90, lower half 60."""
    levels = np.full((height, width, 3), 60, dtype=np.uint8)
    levels[: height // 2] = 90
    return Image.fromarray(levels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_and_stamp_are_upright_for_every_orientation(orientation: int) -> None:
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    seen = dark(640, 480)
    lying = seen if back is None else seen.transpose(Image.Transpose(back))
    block = Image.Exif()
    block[0x0112] = orientation
    data = jpeg(lying, exif=block.tobytes())
    copy = opened(images.stamp(data, LINES, FONT))
    assert copy.size == (640, 480)
    assert copy.getexif().get(0x0112, 1) == 1
    assert np.asarray(copy.convert("L"))[5, 5] > 80  # the light half is on top
    first, last = white_rows(copy)
    assert first > 320
    assert last < 480


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (1600, 1200), (515, 386)])
def test_letters_are_at_least_a_28th_of_the_width(size: tuple[int, int]) -> None:
    copy = opened(images.stamp(jpeg(dark(*size)), ["国国国国"], FONT))
    first, last = white_rows(copy)
    # This character fills 86 % of its font height.
    assert (last - first + 1) / 0.86 >= copy.width / 28 * 0.97


@pytest.mark.parametrize("size", [(40, 30), (64, 2000), (5000, 120), (1, 1), (420, 300)])
def test_small_and_narrow_pictures_get_the_band_below(size: tuple[int, int]) -> None:
    copy = opened(images.stamp(encoded(dark(*size), "PNG"), LINES * 3, FONT))
    first, _ = white_rows(copy)
    assert copy.width >= watermark.WIDTH_MIN
    assert first >= size[1] // 8  # a large picture is reduced, at most by 8
    assert copy.height > size[1] // 8


def test_the_band_darkens_what_is_below_it_and_nothing_else() -> None:
    source = Image.new("RGB", (1600, 1200), (200, 200, 200))
    copy = np.asarray(opened(images.stamp(jpeg(source), ["国"], FONT)).convert("L"))
    assert abs(int(copy[10, 10]) - 200) <= 2
    assert abs(int(copy[1195, 1590]) - 90) <= 3  # 200 less 55 %


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=120))
def test_wrapping_loses_no_character(line: str) -> None:
    font = ImageFont.truetype(str(FONT), 20)
    rows = watermark.wrap(line, font, 200)
    assert "".join(rows).replace(" ", "") == "".join(line.split())
    assert all(font.getlength(row) <= 200 or len(row) == 1 for row in rows)


def test_words_stay_whole_and_a_row_never_begins_with_a_comma() -> None:
    font = ImageFont.truetype(str(FONT), 20)
    rows = watermark.wrap("Methanol tank farm east side TK-101", font, 200)
    assert rows == ["Methanol tank farm", "east side TK-101"]
    assert not any(row[0] in "，。" for row in watermark.wrap("甲醇储罐，" * 9, font, 210))


def test_a_real_photograph_keeps_its_pixels_outside_the_band(shared: Path) -> None:
    source = next((shared / "data/rectify_dev/pairs").glob("*_before.jpg")).read_bytes()
    copy = np.asarray(opened(images.stamp(source, LINES, FONT)), dtype=np.int16)
    before = np.asarray(Image.open(io.BytesIO(source)).convert("RGB"), dtype=np.int16)
    half = before.shape[0] // 2
    assert np.abs(copy[:half, : before.shape[1]] - before[:half]).mean() < 3


def test_no_lines_no_band() -> None:
    source = jpeg(photo(640, 480))
    assert opened(images.stamp(source, ["", " "], FONT)).size == (640, 480)
