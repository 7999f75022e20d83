"""A code that nobody can read is seen all the same; where there is none, nothing is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from media import label_sheet, vision
from media.code_signs import signs
from tests.media.pictures import FONT, encoded, jpeg, opened, photo, printed


def worn(turn: float, blur_px: float, place: tuple[int, int]) -> bytes:
    """A label on a grey wall, 260 pixels wide."""
    plate = opened(label_sheet.picture(printed(), "zh", FONT)).convert("L")
    plate = plate.resize((260, 260 * plate.height // plate.width))
    plate = plate.rotate(turn, expand=True, fillcolor=150, resample=Image.Resampling.BILINEAR)
    scene = Image.new("L", (1200, 900), 150)
    scene.paste(plate.filter(ImageFilter.GaussianBlur(blur_px)), place)
    return encoded(scene, "PNG")


@pytest.mark.parametrize("turn", [0, 30, 45, 90])
@pytest.mark.parametrize("blur_px", [0, 1.0, 2.0])
def test_a_worn_label_is_seen_where_it_lies(turn: float, blur_px: float) -> None:
    seen = signs(vision.gray(worn(turn, blur_px, (60, 80))))
    assert seen
    for one in seen:
        x, y = one.middle
        assert one.text == ""
        assert -0.67 < x < -0.2
        assert -0.5 < y < 0.1


def test_half_of_a_code_torn_off_is_seen() -> None:
    torn = np.array(opened(worn(0, 0, (500, 300))))
    torn[300 + 150 :, :] = 150  # the corner below is gone
    assert signs(torn)


def test_a_picture_without_a_code_has_none() -> None:
    assert signs(vision.gray(jpeg(photo(1280, 960)))) == []
    for shape in ((1, 1), (3, 3000), (400, 400)):
        assert signs(np.full(shape, 90, np.uint8)) == []


@pytest.mark.slow
def test_photos_of_plants_have_none(shared: Path) -> None:
    """One in four; nobody shall be asked for nothing."""
    places = sorted((shared / "data/rectify_dev").rglob("*.jpg"))[::4]
    assert len(places) > 50
    assert [place.name for place in places if signs(vision.gray(place.read_bytes()))] == []
