"""The bench `reuse` asks about other photos of one place, and would say if one were taken."""

from collections import Counter

import cv2
import numpy as np
import pytest

from benchmarks import second_shots
from benchmarks.second_shots import Exposure, Place
from media import checks
from tests.media.places import file, wall

LIMITS = checks.load(0.85, 0.15).reuse


def done(place: Place) -> Counter[str]:
    return Counter(one.action(LIMITS) for one in second_shots.asked(place, LIMITS))


@pytest.mark.parametrize("flat", [False, True])
def test_another_photo_from_a_step_aside_is_no_copy(flat: bool) -> None:
    first = file(wall(2))
    again = second_shots.made(first, 1, flat=flat)
    shots = [Exposure(data, str(number)) for number, data in zip(range(3), again, strict=False)]
    place = Place("made", "wall", (Exposure(first, "first"), *shots))
    assert done(place) == Counter(none=12)


def test_a_copy_that_is_said_to_be_another_exposure_makes_the_figure_fail() -> None:
    first = file(wall(3))
    picture = cv2.imdecode(np.frombuffer(first, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    saved = bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1])
    place = Place("real", "wall", (Exposure(first, "one"), Exposure(saved, "two")))
    assert done(place) == Counter(block=2)


def test_photos_of_one_frame_are_not_asked_about_each_other() -> None:
    first = file(wall(3))
    place = Place("real", "wall", (Exposure(first, "one"), Exposure(first, "one")))
    assert done(place).total() == 0
