"""Gloves and one free hand: what can be tapped is large enough, the next step is at the bottom."""

import flet as ft

from screens import theme
from tests.helpers.fakeclient import FakeClient, controls_in

BUTTONS = (ft.FilledButton, ft.OutlinedButton, ft.TextButton, ft.IconButton, ft.Slider)


def too_small(drawn: FakeClient, least: float = theme.TARGET) -> list[str]:
    """Return what can be tapped and says that it is lower or narrower than that; "" never."""
    found: list[str] = []
    for control in drawn.controls():
        tapped = isinstance(control, BUTTONS) or getattr(control, "on_click", None) is not None
        if not tapped or not isinstance(control, ft.LayoutControl):
            continue
        low = control.height is None and isinstance(control, BUTTONS)
        if low or any(0 < (side or least) < least for side in (control.height, control.width)):
            found.append(f"{control.key}: {control.width} x {control.height}")
    return found


def out_of_reach(drawn: FakeClient) -> list[str]:
    """Return the big buttons that scroll away instead of standing at the bottom."""
    scrolled = {
        id(inside)
        for column in drawn.kind(ft.Column)
        if column.scroll is not None
        for inside in controls_in(column, shown=True)
    }
    return [str(one.key) for one in drawn.kind(ft.FilledButton) if id(one) in scrolled]
