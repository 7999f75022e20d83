"""Pages for print: every text fits and none is lost, whatever somebody wrote."""

import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from domain.repair_checks import Region
from media.papers.lines import MISSING, Cleaner, wrap
from media.papers.pictures import fitting
from media.papers.sheet import BOTTOM, TOP, Frame, Line, Sheet, Tile
from tests.helpers.paper import Paper
from tests.media.pictures import FONT, jpeg, photo

FRAME = Frame("示例", "报告", "脚注", "{n}/{all}", "zh", 1_790_000_000_000)
ANYTHING = st.text(max_size=400)


def width_of(sign: str) -> float:
    return 2.0 if ord(sign) >= 0x2E80 else 1.0


@given(ANYTHING, st.integers(4, 60))
def test_wrapped_lines_fit_and_keep_every_sign(text: str, width: int) -> None:
    clean = Cleaner(range(0x110000))(text)
    lines = wrap(clean, width_of, width)
    assert all(sum(map(width_of, line)) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == clean.replace("\n", "").replace(" ", "")


@given(ANYTHING)
def test_clean_texts_move_no_cursor_and_name_what_they_lack(text: str) -> None:
    clean = Cleaner(frozenset(range(32, 127)))
    found = clean(text)
    assert all(
        sign == "\n" or sign in f"{MISSING}·\u3000" or 32 <= ord(sign) < 127 for sign in found
    )
    assert found.count(MISSING) == 0 or clean.lacking


@settings(max_examples=15)
@given(st.lists(ANYTHING, min_size=1, max_size=4))
def test_any_texts_make_a_page_that_can_be_read_back(texts: list[str]) -> None:
    with Sheet(FRAME, FONT) as sheet:
        sheet.heading(texts[0])
        sheet.facts([(text, text) for text in texts])
        sheet.table(["a", "b"], [[Line(text), Line(text)] for text in texts], (0.3, 0.7))
        assert TOP <= sheet.y <= BOTTOM + 30
        data = sheet.output()
    assert Paper(data).text


def test_a_row_longer_than_a_page_goes_on_on_the_next_and_loses_nothing() -> None:
    long = "".join(f"{n}号；" for n in range(2000))
    bare = Frame("", "", "", "", "zh", FRAME.made_ms)  # a number may be cut by the end of a page
    with Sheet(bare, FONT) as sheet:
        sheet.table(["a", "b"], [[Line("x"), Line(long)]], (0.2, 0.8))
        paper = Paper(sheet.output())
    assert paper.size > 2
    assert all(f"{n}号；" in paper.flat for n in range(2000))
    for number in range(paper.size):  # nothing stands in the foot or beyond the margins
        ink = np.asarray(paper.page(number, 72).convert("L")) < 128
        assert not ink[:, :40].any()
        assert not ink[:, -40:].any()


def test_pages_are_numbered_and_titled_on_each() -> None:
    with Sheet(FRAME, FONT) as sheet:
        sheet.lines([Line("一行") for _ in range(150)])
        paper = Paper(sheet.output())
    assert paper.size == 3
    for number in range(3):
        assert f"{number + 1}/3" in paper.text
    assert paper.text.count("示例") == 3
    assert paper.text.count("脚注") == 3


def test_a_picture_taller_than_wide_keeps_its_shape_and_its_place() -> None:
    with Sheet(FRAME, FONT) as sheet:
        sheet.tiles([Tile(jpeg(photo(300, 900)), (Line("高"),)), Tile(None, (Line("无"),))])
        paper = Paper(sheet.output())
    (picture,) = paper.pictures()
    assert picture.size == (300, 900)
    assert paper.has("高", "无")


def test_a_region_is_drawn_on_what_is_the_photo_and_not_on_the_band_below_it() -> None:
    original = Image.new("RGB", (800, 600), "gray")
    banded = Image.new("RGB", (800, 900), "gray")
    region = Region("p", 100, 500, 900, 1000)
    found = np.asarray(Image.open(io.BytesIO(fitting(jpeg(banded), 90_000, region, original.size))))
    red = (found[:, :, 0].astype(int) - found[:, :, 1]) > 80
    assert red[590:606].any()
    assert not red[620:].any()
