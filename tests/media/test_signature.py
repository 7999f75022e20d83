"""A signature is a picture of what was drawn, and nothing drawn is no signature."""

import numpy as np
import pytest

from domain.errors import PictureError
from media import signature
from tests.media.pictures import opened


def test_a_stroke_is_black_on_white_where_it_was_drawn() -> None:
    picture = opened(signature.draw([[(10, 40), (150, 40)], [(200, 20)]], 320, 160))
    assert picture.size == (640, 320)
    ink = np.asarray(picture.convert("L")) < 128
    assert ink[80, 160]
    assert ink[40, 400]
    assert not ink[200:].any()


def test_a_stroke_off_the_pad_follows_its_edge() -> None:
    ink = np.asarray(opened(signature.draw([[(10, 10), (900, -50)]], 320, 160)).convert("L")) < 128
    assert ink[:4].any()


@pytest.mark.parametrize(
    ("strokes", "width", "reason"),
    [
        ([], 320, "empty"),
        ([[]], 320, "empty"),
        ([[(float("nan"), 1.0)]], 320, "size"),
        ([[(1.0, 1.0)] * 20_001], 320, "size"),
        ([[(1.0, 1.0)]], 0, "size"),
        ([[(1.0, 1.0)]], 9000, "size"),
    ],
)
def test_nothing_and_too_much_are_refused(
    strokes: list[list[tuple[float, float]]], width: int, reason: str
) -> None:
    with pytest.raises(PictureError) as refused:
        signature.draw(strokes, width, 160)
    assert refused.value.params["reason"] == reason
