"""The ghost of a photo: lines where the edges are, see-through elsewhere, quick, never a crash."""

import io
import time

import cv2
import numpy as np
import pytest
from PIL import Image

from domain.errors import PictureError
from media.outline import EDGE, INK, MARK, outline
from tests.media.pictures import jpeg
from tests.media.places import Picture, file, second_shot, wall


def drawn(data: bytes) -> Picture:
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return found.astype(np.uint8)


def lines(data: bytes) -> Picture:
    return (drawn(data)[:, :, 3] == INK[3]).astype(np.uint8)


def test_edges_are_lines_and_the_rest_can_be_seen_through() -> None:
    ground = np.full((720, 960, 3), 150, np.uint8)
    cv2.rectangle(ground, (200, 150), (700, 550), (30, 60, 90), -1)
    found = outline(file(ground))
    assert (found.width, found.height) == (720, 540)
    inked = lines(found.picture)
    assert found.helps
    assert inked[:, 145:156].any(axis=1).mean() > 0.5, "the left edge of the box"
    assert not inked[200:300, 250:400].any(), "nothing inside"
    assert (drawn(found.picture)[:, :, 3] == 0).mean() > 0.9, "see-through"


def test_the_same_place_gives_nearly_the_same_lines() -> None:
    one = lines(outline(file(wall(1))).picture)
    near = lines(outline(file(second_shot(wall(1), 3))).picture)
    other = lines(outline(file(wall(8))).picture)
    reach = np.ones((21, 21), np.uint8)

    def covered(two: Picture) -> float:
        return float(two[cv2.dilate(one, reach) > 0].sum() / max(1, two.sum()))

    assert covered(near) > 0.8
    assert covered(near) > covered(other) + 0.1


def test_the_marked_region_is_drawn_with_it() -> None:
    found = drawn(outline(file(wall(1)), (0.4, 0.35, 0.6, 0.6)).picture)
    height, width = found.shape[:2]
    edge = found[round(0.35 * height), round(0.45 * width) : round(0.55 * width)]
    assert (edge == MARK).all(axis=1).all()


@pytest.mark.parametrize("orientation", [1, 6])
def test_it_stands_as_the_photo_is_looked_at(orientation: int) -> None:
    picture = Image.fromarray(wall(2))
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = outline(jpeg(picture, exif=exif))
    assert (found.width > found.height) == (orientation == 1)


def test_a_flat_or_dark_scene_helps_nobody_and_says_so() -> None:
    noise = np.random.default_rng(5).normal(20, 3, (720, 960, 3)).clip(0, 255).astype(np.uint8)
    assert not outline(file(noise)).helps
    assert not outline(file(np.full((720, 960, 3), 128, np.uint8))).helps


def test_twelve_megapixels_take_no_more_than_a_moment() -> None:
    large = Image.fromarray(cv2.resize(wall(3), (4000, 3000)))
    data = jpeg(large, quality=90)
    begun = time.process_time()
    found = outline(data)
    print(f"outline of 12 MP: {time.process_time() - begun:.2f} s, {len(found.picture)} bytes")
    assert max(found.width, found.height) == EDGE
    assert len(found.picture) < 600_000


def test_damaged_pictures_are_refused_with_words() -> None:
    whole = file(wall(1))
    rng = np.random.default_rng(11)
    for cut in (0, 10, len(whole) // 2):
        with pytest.raises(PictureError):
            outline(whole[:cut])
    for _ in range(30):
        bad = bytearray(whole)
        for at in rng.integers(0, len(bad), 40):
            bad[at] = int(rng.integers(0, 256))
        try:
            outline(bytes(bad))
        except PictureError:
            continue
    with pytest.raises(PictureError):
        outline(io.BytesIO(b"no picture").getvalue())
