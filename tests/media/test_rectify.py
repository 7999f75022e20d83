"""The rectification check on places made by hand: geometry, verdicts, and damaged files."""

import io
import math
import random
import struct
import zlib
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some
from PIL import Image

from domain.errors import PictureError, PictureTooLargeError
from domain.rectification import RegionError, Verdict, judge
from media import checks
from media.rectify import align, heat, model
from media.rectify import check as checking
from media.rectify.cells import FAR_COSTS, search
from media.rectify.check import Checked
from tests.media.damage import chances, damaged
from tests.media.pictures import opened
from tests.media.places import (
    BOX,
    SIZE,
    Picture,
    file,
    from_aside,
    grainy,
    second_shot,
    wall,
    with_defect,
)

REACH = 9
CHECKS = checks.load(0.85, 0.15)
TIME = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
slow = settings(deadline=None, max_examples=10, suppress_health_check=TIME)


def check(before: bytes, after: bytes, box: align.Box) -> Checked:
    return checking.check(before, after, box, CHECKS.limits)


@cache
def place(seed: int = 1) -> Picture:
    return wall(seed)


@cache
def before() -> bytes:
    return file(with_defect(place()))


def verdict(checked: Checked) -> Verdict:
    return judge(checked.findings, CHECKS.model, CHECKS.limits)


def grey(picture: Picture) -> align.Gray:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


# geometry


@slow
@given(
    turn=some.floats(-15, 15),
    scale=some.floats(0.8, 1.25),
    aside=some.tuples(some.floats(-40, 40), some.floats(-40, 40)),
    tilt=some.tuples(some.floats(-1e-4, 1e-4), some.floats(-1e-4, 1e-4)),
)
def test_registration_of_a_warped_picture_returns_the_warp(
    turn: float, scale: float, aside: tuple[float, float], tilt: tuple[float, float]
) -> None:
    picture = place()
    centre = (SIZE[0] / 2, SIZE[1] / 2)
    true = np.vstack([cv2.getRotationMatrix2D(centre, turn, scale), [0, 0, 1]])
    true[:2, 2] += aside
    true[2, :2] = tilt
    seen = cv2.warpPerspective(picture, true, SIZE, borderValue=(90, 90, 90))
    found = align.register(grey(picture), grey(grainy(seen.astype(np.uint8), 5)), BOX)
    assert found is not None
    corners = np.array([[[BOX[i], BOX[j]]] for i in (0, 2) for j in (1, 3)], np.float32)
    at = cv2.perspectiveTransform(corners, true)
    assert np.abs(cv2.perspectiveTransform(corners, found.fits[0]) - at).max() < 1.5


def test_other_places_do_not_register() -> None:
    for seed in range(2, 7):
        assert align.register(grey(place()), grey(wall(seed)), BOX) is None


@settings(deadline=None, max_examples=20)
@given(dx=some.integers(-8, 8), dy=some.integers(-8, 8))
def test_the_search_finds_a_shift_in_both_directions(dx: int, dy: int) -> None:
    assume(math.hypot(dx, dy) <= REACH)  # it looks around, not into the corners
    whole = grey(place())[200:360, 300:460].astype(np.float32)
    one, two = whole[20:120, 20:120], whole[20 - dy : 120 - dy, 20 - dx : 120 - dx]
    there, back = search(one, two, 9, REACH)
    middle = slice(25, 75)
    assert (np.median(there.dx[middle, middle]), np.median(there.dy[middle, middle])) == (dx, dy)
    assert (np.median(back.dx[middle, middle]), np.median(back.dy[middle, middle])) == (-dx, -dy)
    # the place itself is a perfect likeness; another may win only by being nearer: FAR_COSTS
    saved = np.hypot(dx, dy) - np.hypot(there.dx, there.dy)[middle, middle]
    worth = there.likeness[middle, middle] + FAR_COSTS * np.maximum(0, saved) / REACH
    assert worth.min() > 0.99


def test_a_copy_fits_too_well_and_a_second_shot_does_not() -> None:
    picture = place()
    smaller = cv2.resize(picture[20:700, 30:940], None, fx=0.8, fy=0.8)
    relit = (smaller * 0.7 + 20).clip(0, 255).astype(np.uint8)
    copy = align.register(grey(picture), grey(grainy(relit, 9)), BOX)
    again = align.register(grey(picture), grey(second_shot(picture, 3)), BOX)
    assert copy is not None
    assert again is not None
    assert align.similarity_residual(copy.source, copy.target) < 0.26
    assert align.similarity_residual(again.source, again.target) > 1.0


# verdicts


def test_a_removed_defect_passes_and_the_heat_lies_on_it() -> None:
    checked = check(before(), file(second_shot(place(), 3)), BOX)
    found = verdict(checked)
    assert found.outcome == "passed"
    assert found.scene is not None
    assert found.scene > 0.8
    picture = np.asarray(opened(heat.overlay(checked)).convert("RGB")).astype(int)
    bare = np.asarray(opened(heat.registered(checked)).convert("RGB")).astype(int)
    assert picture.shape == bare.shape == (SIZE[1], SIZE[0], 3)
    differs = np.abs(picture - bare).sum(2) > 60
    left, top, right, bottom = (int(side) for side in BOX)
    assert differs[top:bottom, left:right].mean() > 0.3
    differs[top - 8 : bottom + 8, left - 8 : right + 8] = False
    assert differs.mean() < 0.01


@pytest.mark.parametrize("light", ["same", "darker", "warmer", "flash"])
def test_an_unchanged_defect_never_passes_whatever_the_light(light: str) -> None:
    """S10: day or flash, the defect is still there."""
    shot = second_shot(with_defect(place()), 4).astype(np.float32)
    if light == "darker":
        shot = shot * 0.55
    elif light == "warmer":
        shot = shot * (1.1, 1.0, 0.8)
    elif light == "flash":
        y, x = np.mgrid[: SIZE[1], : SIZE[0]]
        far = np.hypot(x / SIZE[0] - 0.5, y / SIZE[1] - 0.5)
        shot = shot * (0.5 + 0.8 * np.exp(-((far / 0.4) ** 2)))[..., None]
    found = verdict(check(before(), file(shot.clip(0, 255).astype(np.uint8)), BOX))
    assert found.outcome == "refused"
    assert found.probability is not None
    assert found.probability <= 0.15
    assert found.reasons[0].key == "rectify.unchanged"


def test_a_shot_from_the_side_and_nearer_still_passes() -> None:
    """S09: 25 degrees aside and 1.3 times nearer."""
    found = verdict(check(before(), file(from_aside(place(), 25, 1.3, 6)), BOX))
    assert found.outcome == "passed"


@pytest.mark.parametrize("mended", [True, False])
def test_from_far_aside_nothing_is_refused(mended: bool) -> None:
    """S09: at 60 degrees a person decides, the picture is never refused."""
    picture = place() if mended else with_defect(place())
    found = verdict(check(before(), file(from_aside(picture, 60, 1.3, 6)), BOX))
    assert found.outcome == "needs_person"


def test_another_place_needs_a_person_though_nearly_every_pixel_differs() -> None:
    """S11."""
    found = verdict(check(before(), file(wall(8)), BOX))
    assert (found.outcome, found.reasons[0].key) == ("needs_person", "rectify.other_place")
    assert found.full_frame > 0.5


def test_an_edited_copy_needs_a_person() -> None:
    """The defect painted over on the same picture."""
    copy = cv2.resize(grainy(place(), 30), None, fx=0.9, fy=0.9)
    found = verdict(check(before(), file(copy.astype(np.uint8)), BOX))
    assert (found.outcome, found.reasons[0].key) == ("needs_person", "rectify.copy")


@pytest.mark.parametrize(("code", "level"), [("dark", 0.02), ("blown", 9.0)])
def test_a_photo_that_shows_nothing_is_taken_again(code: str, level: float) -> None:
    shot = (second_shot(place(), 3) * level).clip(0, 255).astype(np.uint8)
    found = verdict(check(before(), file(shot), BOX))
    assert found.outcome == "needs_person"
    assert f"rectify.flaw.{code}.after" in [reason.key for reason in found.reasons]


def test_a_blurred_photo_is_taken_again() -> None:
    shot = cv2.GaussianBlur(second_shot(place(), 3), (0, 0), 14).astype(np.uint8)
    found = verdict(check(before(), file(grainy(shot, 4)), BOX))
    assert found.outcome == "needs_person"
    assert "rectify.flaw.blurred.after" in [reason.key for reason in found.reasons]


def test_pictures_lying_on_their_side_are_compared_upright() -> None:
    turned = Image.fromarray(second_shot(place(), 3)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    turned.save(out, "JPEG", quality=88, exif=exif.tobytes())
    assert verdict(check(before(), out.getvalue(), BOX)).outcome == "passed"


# bad input


@pytest.mark.parametrize(
    "box", [(2000, 10, 2100, 90), (50, 50, 53, 53), (90, 90, 40, 40), (float("nan"), 0, 90, 90)]
)
def test_a_region_off_the_photo_is_said(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(RegionError):
        check(before(), before(), box)


@settings(deadline=None, max_examples=25, suppress_health_check=TIME)
@given(chance=chances)
def test_damaged_files_give_a_result_or_a_picture_error(chance: random.Random) -> None:
    good = small_file()
    spoilt = damaged([good], chance)
    for one, two in ((spoilt, good), (good, spoilt)):
        try:
            found = check(one, two, (60, 40, 140, 110))
        except (PictureError, RegionError):
            continue
        assert 0 <= found.findings.full_frame <= 1


@cache
def small_file() -> bytes:
    return file(cv2.resize(place(), (240, 180)).astype(np.uint8))


def test_a_picture_bomb_is_refused_before_it_is_unpacked() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(30_000 // 8 + 1) * 30_000, 9)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    with pytest.raises(PictureTooLargeError):
        check(before(), png, BOX)


def test_a_fitted_model_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    made = CHECKS.model
    path = tmp_path / "model.yaml"
    facts = {"fitted": "2026-11-23", "pairs": 3}
    path.write_text(model.text("# one\n", made, facts, ["b" * 12, "a" * 12]), encoding="utf-8")
    again = model.load(path)
    assert again.model.names == made.names
    np.testing.assert_allclose(again.model.weights, made.weights, atol=1e-5)
    assert again.pictures == {"a" * 12, "b" * 12}
