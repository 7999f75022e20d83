"""Parts of two photos of one place: the room for them, layers that lie on each other, the box."""

import flet as ft

from domain.repair_checks import WHOLE, Region
from screens import parts_evidence, theme
from screens.context import Desk
from screens.parts import words
from screens.theme import Tokens

MARK, EDGE = "#FFB74D", "#11181D"  # the box on any picture: amber with a dark edge
MISSING = "#E5322B"  # the box where something is missing: red by day and by night
LINE = 3  # px
BELOW = 400  # px of a page that its head, ways to look, words and buttons take
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


def layer(
    picture: bytes, label: str, width: float, height: float, left: float = 0, top: float = 0
) -> ft.Control:
    """A picture that fills the room from its corner, whatever it lies in."""
    image = ft.Image(
        src=picture,
        width=width,
        height=height,
        fit=ft.BoxFit.FILL,
        gapless_playback=True,
        semantics_label=label,
    )
    return ft.Container(left=left, top=top, width=width, height=height, content=image)


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


def name(text: str, tokens: Tokens, *, right: bool = False) -> ft.Control:
    """What a picture is, in its corner, readable on anything."""
    side = 10
    return ft.Container(
        left=None if right else side,
        right=side if right else None,
        top=side,
        bgcolor=parts_evidence.SHADE,
        border_radius=8,
        padding=ft.Padding.symmetric(horizontal=10, vertical=6),
        content=words(text, tokens, size=tokens.small, color=parts_evidence.SNOW),
    )


def middle(content: ft.Control) -> ft.Control:
    """Something as wide as it is, in the middle of its column."""
    return ft.Row(alignment=ft.MainAxisAlignment.CENTER, controls=[content])
