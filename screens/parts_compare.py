"""Parts of two photos of one place: the room for them, layers that lie on each other, the box."""

import flet as ft

from domain.repair_checks import WHOLE, Region
from screens import theme
from screens.context import Desk

MARK, EDGE = "#FFB74D", "#11181D"  # the box on any picture: amber with a dark edge
MISSING = "#E5322B"  # the box where something is missing: red by day and by night
LINE = 3  # px
BELOW = 330  # px of a page that its head, words and buttons take
LEAST = 220
RAIL = 96  # px: the four places at the left


def room(desk: Desk, width: int, height: int, share: float = 1.0) -> tuple[float, float]:
    """Return how wide and high a picture is drawn, so that its page needs no scrolling.

    `share`: of the page's width, where something stands beside it.
    """
    across = desk.width * (share if desk.wide else 1.0) - 2 * theme.MARGIN
    if desk.wide:
        across -= RAIL
    down = max(LEAST, desk.height - BELOW)
    wide = max(LEAST, min(across, down * width / height))
    return float(round(wide)), float(round(wide * height / width))


def layer(picture: bytes, label: str, width: float, height: float) -> ft.Control:
    """A picture that fills the room from its corner, whatever it lies in."""
    image = ft.Image(
        src=picture,
        width=width,
        height=height,
        fit=ft.BoxFit.FILL,
        gapless_playback=True,
        semantics_label=label,
    )
    return ft.Container(left=0, top=0, width=width, height=height, content=image)


def frame(region: Region, width: float, height: float) -> ft.Control:
    """The outline of the marked region on a picture."""
    across, down = width / WHOLE, height / WHOLE
    return ft.Container(
        left=region.left * across,
        top=region.top * down,
        width=(region.right - region.left) * across,
        height=(region.bottom - region.top) * down,
        border=ft.Border.all(2, EDGE),
        border_radius=4,
        content=ft.Container(border=ft.Border.all(LINE, MARK), border_radius=4),
    )


def part(picture: ft.Control, width: float, height: float) -> ft.Control:
    """The left part of a layer, cut at `width`."""
    return ft.Container(
        left=0,
        top=0,
        width=width,
        height=height,
        clip_behavior=ft.ClipBehavior.HARD_EDGE,
        content=ft.Stack(controls=[picture], width=width, height=height),
    )
