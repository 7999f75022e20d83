"""The bench `reuse` asks about other photos of one place, and would say if one were taken."""

from collections import Counter

import cv2
import numpy as np
import pytest

from benchmarks import reuse, second_shots
from benchmarks.second_shots import Exposure, Pair, Place
from media import checks
from media.reuse.index import Candidate
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


def copy(scene: str, number: int) -> reuse.Answer:
    """A crop that was found: what is left of its fit is noise."""
    asked = reuse.Asked(f"{scene}/{number}", b"", scene, "crop5", scene)
    return reuse.Answer(asked, ((Candidate(scene, 20), (300, 0.97, 0.12, 0.1, 0.01)),), 0.1, (1.0,))


def exposure(scene: str, number: int, bent: float) -> Pair:
    """Another photo of a bare wall, that fits nearly like a copy."""
    fitted = (300, 0.97, 0.3, 0.1, bent)
    return Pair("flat", scene, f"{scene} {number}", Candidate("0", 20), fitted)


def test_a_scene_like_no_other_shows_what_the_line_does_to_the_unseen() -> None:
    copies = [copy(scene, number) for scene in "abcd" for number in range(6)]
    usual = [exposure(scene, number, 0.7) for scene in "efgh" for number in range(4)]
    strange = [exposure("z", number, 0.02) for number in range(4)]
    assert reuse.held_out_figures(copies, usual)["false_block_held"] == 0
    found = reuse.held_out_figures(copies, [*usual, *strange])
    assert found["false_block_held"] == pytest.approx(4 / 20)
    assert found["false_block_held_units"] == 5
    twice = [*strange, *(exposure("y", number, 0.02) for number in range(4))]
    assert reuse.held_out_figures(copies, [*usual, *twice])["false_block_held"] == 0


def test_a_photo_is_turned_away_once_however_many_it_was_taken_for() -> None:
    block, none = exposure("a", 1, 0.0), exposure("a", 1, 0.9)
    figures = second_shots.figures([block, block, none, exposure("b", 2, 0.9)], LIMITS)
    assert figures["false_block"] == pytest.approx(0.5)
    assert (figures["false_block_photo"], figures["false_block_photo_n"]) == (0.5, 2)
    assert figures["only_moved"] == 2
