"""A photo used before is found again, whatever was done; another of the place is not."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from domain.reuse import action
from media import checks
from media.reuse import fit, marks
from media.reuse.index import Index
from tests.media.places import Picture, file, from_aside, grainy, second_shot, wall

PHOTOS = 4
_, LIMITS = checks.load_limits(0.85, 0.15)


@cache
def photos() -> tuple[Picture, ...]:
    return tuple(wall(seed) for seed in range(20, 20 + PHOTOS))


@cache
def index() -> Index:
    made = Index(LIMITS)
    made.add((str(number), marks.mark(file(one))) for number, one in enumerate(photos()))
    rng = np.random.default_rng(3)
    for number in range(2000):  # more than the first block, so that it grows
        bits = [int(one) for one in rng.integers(0, 2**63, 4)]
        mark = marks.Mark(f"x{number}", (bits[0], bits[1]), (bits[2], bits[3]))
        made.add([(f"x{number}", mark)])
    return made


def found(data: bytes) -> tuple[str | None, str]:
    """The best match, as the product decides it."""
    for one in index().candidates(*marks.asked(data)):
        compared = None
        if not one.exact and one.id.isdigit():
            result = fit.compare(fit.look(data), fit.look(file(photos()[int(one.id)])))
            compared = result.numbers
        what = action(exact=one.exact, apart=one.apart, fit=compared, limits=LIMITS)
        if what != "none":
            return one.id, what
    return None, "none"


def screenshot(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    screen = np.full((width * 2, width, 3), 12, np.uint8)
    screen[600 : 600 + height] = picture
    return screen


def in_a_viewer(picture: Picture) -> Picture:
    """A phone shows the time above the photo and buttons below it."""
    screen = screenshot(picture)
    cv2.putText(screen, "12:41", (40, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (240,) * 3, 3)
    for button in range(4):
        cv2.circle(screen, (120 + 240 * button, len(screen) - 90), 28, (240,) * 3, 3)
    return screen


COPIES: dict[str, Callable[[Picture], Picture]] = {
    "resaved": lambda one: one,
    "resized": lambda one: cv2.resize(one, None, fx=0.55, fy=0.55).astype(np.uint8),
    "cropped": lambda one: one[36:-36, 48:-48],
    "cropped more": lambda one: one[72:-72, 96:-96],
    "mirrored": lambda one: one[:, ::-1],
    "turned": lambda one: np.rot90(one, 1),
    "upside down": lambda one: one[::-1, ::-1],
    "screenshot": screenshot,
    "screenshot with bars": in_a_viewer,
    "relit": lambda one: (one * 0.8 + 15).astype(np.uint8),
}


@pytest.mark.parametrize("kind", sorted(COPIES))
def test_a_copy_is_blocked_and_names_the_first_photo(kind: str) -> None:
    for number in range(2):
        copy = grainy(np.ascontiguousarray(COPIES[kind](photos()[number])), 77, 2)
        assert found(file(copy)) == (str(number), "block")


def test_the_same_file_is_found_without_a_look() -> None:
    data = file(photos()[2])
    (one,) = index().candidates(*marks.asked(data))
    assert (one.id, one.exact) == ("2", True)


def test_another_photo_of_the_same_place_is_not_blocked() -> None:
    for number, one in enumerate(photos()):
        assert found(file(second_shot(one, 40 + number)))[1] != "block"


@pytest.mark.parametrize(("seed", "degrees"), [(4, 0.25), (4, 0.3), (5, 0.25)])
def test_a_bare_wall_under_hardly_another_angle_is_no_copy(seed: int, degrees: float) -> None:
    again = file(from_aside(wall(seed), degrees, 1.0, 7))
    fitted = fit.compare(fit.look(again), fit.look(file(wall(seed)))).numbers
    assert action(exact=False, apart=9, fit=fitted, limits=LIMITS) == "none"


@settings(deadline=None, max_examples=40)
@given(
    waves=some.sets(some.integers(0, 63), max_size=LIMITS.waves),
    slopes=some.sets(some.integers(0, 63), max_size=LIMITS.slopes),
    number=some.integers(0, 1999),
)
def test_the_sieve_keeps_everything_that_is_near(
    waves: set[int], slopes: set[int], number: int
) -> None:
    rng = np.random.default_rng(3)
    bits = [[int(one) for one in rng.integers(0, 2**63, 4)] for _ in range(number + 1)][-1]
    asked = (bits[0] ^ sum(1 << at for at in waves), bits[1] ^ sum(1 << at for at in slopes))
    ids = [one.id for one in index().candidates("?", [asked], most=100)]
    assert f"x{number}" in ids


def test_a_plain_picture_matches_nothing() -> None:
    """A photo of nothing has no marks worth a name: it blocks nobody."""
    assert found(file(np.full((480, 640, 3), 128, np.uint8)))[1] != "block"
