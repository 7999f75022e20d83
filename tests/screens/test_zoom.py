"""Two photos side by side show the same part of the place, however they are enlarged or moved."""

import math
from dataclasses import dataclass
from pathlib import Path

import flet as ft
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screens.parts_zoom import MOST, View, ZoomModel, together
from tests.helpers.fakeclient import FakeClient
from tests.helpers.field import desk_of, offline_field
from tests.helpers.render import rendered
from tests.media.places import file, wall

BEFORE, AFTER = "整改前", "整改后"
PANES = ("zoom-0", "zoom-1")
WIDTH, HEIGHT = 300.0, 200.0
SHARES = st.floats(0, 1)
STEPS = st.lists(st.tuples(st.floats(0.2, 5), SHARES, SHARES), max_size=12)


def parts_in_view(drawn: FakeClient) -> list[tuple[float, ...]]:
    """Where each photo is drawn in its pane, and how large."""
    found: list[tuple[float, ...]] = []
    for pane in PANES:
        photo = drawn.one(pane).content.controls[0]
        found.append((photo.left, photo.top, photo.width, photo.height))
        assert (photo.content.width, photo.content.height) == (photo.width, photo.height)
    return found


@pytest.mark.parametrize("pane", PANES)
async def test_what_is_done_to_one_photo_is_done_to_both(pane: str, tmp_path: Path) -> None:
    desk = desk_of(offline_field(tmp_path))
    photos = [(file(wall(1)), BEFORE), (file(wall(2)), AFTER)]
    async with rendered(desk, lambda: together(photos, WIDTH, HEIGHT)) as drawn:
        whole = (0, 0, WIDTH, HEIGHT)
        assert parts_in_view(drawn) == [whole, whole]
        at = {"x": 30, "y": 150}
        still: dict[str, object] = {"lfp": at, "gfp": at, "pc": 2, "rot": 0, "hs": 2, "vs": 2}
        pad = drawn.one(pane)
        await drawn.fire(pad, "scale_start", {"lfp": at, "gfp": at, "pc": 2})
        await drawn.fire(pad, "scale_update", {**still, "s": 2, "fpd": {"x": 0, "y": 0}})
        # what lies under the fingers stays there
        assert parts_in_view(drawn) == [pytest.approx((-30, -150, 600, 400))] * 2
        pad = drawn.one(pane)
        await drawn.fire(pad, "scale_update", {**still, "s": 2, "fpd": {"x": -60, "y": 40}})
        assert parts_in_view(drawn) == [pytest.approx((-90, -110, 600, 400))] * 2
        pad = drawn.one(pane)
        await drawn.fire(pad, "scroll", {"l": at, "g": at, "sd": {"x": 0, "y": 1000}})
        assert parts_in_view(drawn) == [pytest.approx(whole)] * 2
        await drawn.tap("zoom-larger")
        one, other = parts_in_view(drawn)
        assert one == other == pytest.approx((-75, -50, 450, 300))
        await drawn.tap("zoom-smaller")
        assert parts_in_view(drawn) == [pytest.approx(whole)] * 2


@dataclass(eq=False)
class Shown(ft.Observable):
    """Which photos a page shows."""

    pair: list[tuple[bytes, str]]


@ft.component
def pair_page(model: Shown) -> ft.Control:
    return together(model.pair, WIDTH, HEIGHT)


async def test_another_pair_is_seen_whole_at_first(tmp_path: Path) -> None:
    desk = desk_of(offline_field(tmp_path))
    pair = [(file(wall(1)), BEFORE), (file(wall(2)), AFTER)]
    model = Shown(pair)
    async with rendered(desk, lambda: pair_page(model)) as drawn:
        await drawn.tap("zoom-larger")
        assert parts_in_view(drawn)[0][2] == 1.5 * WIDTH
        model.pair = [*pair[:1], (file(wall(3)), AFTER)]
        await drawn.settle()
        assert parts_in_view(drawn) == [(0, 0, WIDTH, HEIGHT)] * 2


@given(STEPS, st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), max_size=5))
def test_a_photo_never_leaves_its_pane(
    steps: list[tuple[float, float, float]], moves: list[tuple[float, float]]
) -> None:
    model = ZoomModel()
    for factor, x, y in steps:
        model.view = model.view.zoomed(factor, (x, y))
        for move in moves:
            model.move(*move)
        view = model.view
        assert 1 <= view.scale <= MOST
        for begins in (view.left, view.top):
            assert -1e-9 <= begins <= 1 - 1 / view.scale + 1e-9


@given(st.floats(1, MOST), SHARES, SHARES)
def test_what_lies_under_the_finger_stays_there(factor: float, x: float, y: float) -> None:
    view = View().zoomed(factor, (x, y))
    assert math.isclose(view.left + x / view.scale, x, abs_tol=1e-9)
    assert math.isclose(view.top + y / view.scale, y, abs_tol=1e-9)
