"""Pictures of one place beside each other, enlarged and moved together: what one shows, all show.

Flet's own viewer keeps to itself what it shows, so here the part in view is a value of ours, and
every picture is drawn by it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import flet as ft

from screens import parts, parts_compare, theme
from screens.context import Desk, use_desk, use_value

MOST = 6.0
WHEEL_PX = 200  # of a mouse wheel for e times as large, as in Flet's own viewer
STEP = 1.5  # of a button
MIDDLE = (0.5, 0.5)
EVERY_MS = 16  # a picture that follows the finger needs no more than a frame
Share = tuple[float, float]


@dataclass(frozen=True, slots=True)
class View:
    """The part of a picture that is in view: how many times enlarged, and where it begins.

    Places are shares of the picture's sides; the whole of it is seen at 1.
    """

    scale: float = 1.0
    left: float = 0.0
    top: float = 0.0

    def zoomed(self, factor: float, at: Share) -> "View":
        """Return it enlarged; what lies at this share of the pane stays there."""
        scale = min(MOST, max(1.0, self.scale * factor))
        gain = 1 / self.scale - 1 / scale
        return View(scale, self.left + at[0] * gain, self.top + at[1] * gain)._inside()

    def moved(self, across: float, down: float) -> "View":
        """Return it after the picture was moved by shares of the pane."""
        left, top = self.left - across / self.scale, self.top - down / self.scale
        return replace(self, left=left, top=top)._inside()

    def _inside(self) -> "View":
        most = 1 - 1 / self.scale
        return replace(self, left=min(most, max(0.0, self.left)), top=min(most, max(0.0, self.top)))


@dataclass(eq=False)
class ZoomModel(ft.Observable):
    """What all pictures show."""

    view: View = View()

    def __post_init__(self) -> None:
        """No gesture is under way."""
        self._pinched = 1.0

    def begin(self) -> None:
        """Fingers touch a picture."""
        self._pinched = 1.0

    def pinch(self, apart: float, at: Share, by: Share) -> None:
        """Follow the fingers: how far apart they are by now over the beginning, where, moved by."""
        factor, self._pinched = apart / self._pinched, apart
        self.view = self.view.zoomed(factor, at).moved(*by)

    def turn(self, wheel_px: float, at: Share) -> None:
        """Enlarge by the mouse's wheel."""
        self.view = self.view.zoomed(math.exp(-wheel_px / WHEEL_PX), at)

    def move(self, across: float, down: float) -> None:
        """Move by shares of the pane."""
        self.view = self.view.moved(across, down)

    def step(self, factor: float) -> None:
        """Enlarge around the middle."""
        self.view = self.view.zoomed(factor, MIDDLE)


def together(pictures: Sequence[tuple[bytes, str]], width: float, height: float) -> ft.Control:
    """The pictures with their names, each `width` by `height`; below each other on a phone.

    Other pictures than before are seen whole at first.
    """
    key = str(hash(tuple(picture for picture, _ in pictures)))
    return cast("Any", _Together)(pictures, width, height, key=key)


@ft.component
def _Together(pictures: Sequence[tuple[bytes, str]], width: float, height: float) -> ft.Control:
    desk = use_desk()
    model, _ = use_value(ZoomModel)
    panes = [
        _pane(model, desk, f"zoom-{number}", picture, name, (width, height))
        for number, (picture, name) in enumerate(pictures)
    ]
    both: ft.Control = (
        ft.Row(spacing=theme.GAP, controls=panes)
        if desk.wide
        else ft.Column(
            spacing=theme.GAP,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            controls=panes,
        )
    )
    return ft.Column(
        spacing=theme.GAP,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[_buttons(model, desk), both],  # above: below they were behind the decision
    )


def _pane(
    model: ZoomModel,
    desk: Desk,
    key: str,
    picture: bytes,
    name: str,
    size: tuple[float, float],
) -> ft.Control:
    """One picture, as far as it is in view, and the fingers on it."""
    width, height = size
    view = model.view
    across, down = width * view.scale, height * view.scale
    whole = parts_compare.layer(picture, name, across, down, -view.left * across, -view.top * down)
    label = parts_compare.name(name, desk.tokens)
    content = ft.Stack(controls=[whole, label], width=width, height=height)
    touch = _touch(model, key, size, content)
    return ft.Container(
        width=width,
        height=height,
        border_radius=theme.CARD_RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        content=touch,
    )


def _touch(
    model: ZoomModel, key: str, size: tuple[float, float], content: ft.Control
) -> ft.Control:
    """Two fingers, the wheel, a drag; once enlarged, dragging down moves no longer the page."""
    width, height = size

    def share(at: ft.Offset) -> Share:
        return at.x / width, at.y / height

    def pinch(event: ft.ScaleUpdateEvent[ft.GestureDetector]) -> None:
        model.pinch(event.scale, share(event.local_focal_point), share(event.focal_point_delta))

    def turn(event: ft.ScrollEvent[ft.GestureDetector]) -> None:
        model.turn(event.scroll_delta.y, share(event.local_position))

    def drag(event: ft.DragUpdateEvent[ft.GestureDetector]) -> None:
        model.move(0, (event.primary_delta or 0) / height)

    return ft.GestureDetector(
        key=key,
        drag_interval=EVERY_MS,
        on_scale_start=model.begin,
        on_scale_update=pinch,
        on_scroll=turn,
        on_vertical_drag_update=drag if model.view.scale > 1 else None,
        content=content,
    )


def _buttons(model: ZoomModel, desk: Desk) -> ft.Control:
    """The same with one finger in a glove."""
    tokens, t = desk.tokens, desk.t
    steps = (
        ("smaller", ft.Icons.ZOOM_OUT, 1 / STEP),
        ("larger", ft.Icons.ZOOM_IN, STEP),
    )

    def stepping(factor: float) -> parts.Tap:
        return lambda: model.step(factor)

    buttons = [
        parts.icon_button(
            tokens, icon, t(f"compare.{name}"), key=f"zoom-{name}", on_click=stepping(factor)
        )
        for name, icon, factor in steps
    ]
    return ft.Row(alignment=ft.MainAxisAlignment.END, spacing=theme.GAP, controls=buttons)
