"""How a component reaches what every screen shares, and keeps what it has drawn.

The names of `screens.desk` that screens need are here too, so that they import one module.
"""

import weakref
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import flet as ft
from flet.components.utils import current_component

from screens.desk import ADDRESS_S, TABS, At, Backstage, Desk, Keys, Link, trail_after

__all__ = [
    "ADDRESS_S",
    "ENTER",
    "TABS",
    "At",
    "Backstage",
    "Desk",
    "Held",
    "Keys",
    "Link",
    "seat",
    "trail_after",
    "use_desk",
    "use_drawn",
    "use_held",
    "use_here",
    "use_keys",
    "use_link",
    "use_rows",
    "use_value",
]

R = TypeVar("R")

ENTER = ("Enter", "Numpad Enter")
SEAT = "anshao.desk"


def seat(page: ft.Page, desk: Desk) -> None:
    """Make this the desk of everything that is drawn on a page.

    It is kept with the session, not in a context of Flet's: what was drawn before and is shown
    again (`use_drawn`, `ft.memo`) has lost the way up to whoever provided a context (Flet 1.0.5).
    """
    page.session.store.set(SEAT, desk)


def use_desk() -> Desk:
    """Return the desk; the component is drawn again when a field of it changes."""
    desk = ft.context.page.session.store.get(SEAT)
    assert isinstance(desk, Desk), "a screen was drawn outside the root"
    return use_value(desk)[0]


def use_link() -> Link:
    """Return the link; the component is drawn again when sync or position change."""
    return use_value(use_desk().link)[0]


def use_here(place: str) -> bool:
    """Return whether somebody looks at a place; the component is drawn again when that changes."""
    return use_value(use_desk().at)[0].shows(place)


def use_value(initial: R | Callable[[], R]) -> tuple[R, Callable[[R | Callable[[R], R]], None]]:
    """Return a value that survives redraws, and its setter: `ft.use_state` with full types."""
    return cast("Any", ft).use_state(initial)


@dataclass
class Held(Generic[R]):
    """A box that survives redraws and redraws nothing."""

    current: R


def use_held(initial: R) -> Held[R]:
    """Return a box that survives redraws: `ft.use_ref` with full types."""
    return ft.use_memo(lambda: Held(initial), [])


def use_drawn(draw: Callable[[], ft.Control], dependencies: Sequence[object]) -> ft.Control:
    """Return what `draw` drew when the dependencies last changed: all a component shows, or a row.

    The same controls handed to Flet again cost nothing: neither drawing nor comparing. Flet leaves
    their way up to the page at the component that was there before (1.0.5) and then searches the
    whole page at each tap, so it is renewed here, as Flet does for `ft.memo`.
    """
    drawn = ft.use_memo(draw, dependencies)
    cast("Any", drawn)._parent = weakref.ref(current_component())
    return drawn


def use_rows(
    items: Sequence[R],
    key: Callable[[R], str],
    draw: Callable[[R], ft.Control],
    dependencies: Sequence[object],
) -> list[ft.Control]:
    """Return a row per item; those of unchanged items are the ones drawn before (`use_drawn`)."""
    rows = ft.use_memo(dict[str, tuple[R, ft.Control]], dependencies)
    before = dict(rows)
    rows.clear()
    for item in items:
        known = before.get(key(item))
        rows[key(item)] = known if known and known[0] == item else (item, draw(item))
    return [row for _, row in rows.values()]


def use_keys(
    *,
    enter: Callable[[], Awaitable[None] | None] | None = None,
    escape: Callable[[], Awaitable[None] | None] | None = None,
    digit: Callable[[str], Awaitable[None] | None] | None = None,
    place: str | None = None,
) -> None:
    """Bind keys while the component is on screen (or `place` in front); the one drawn last wins.

    Enter is the primary button, Escape goes back (the default). Neither Enter nor digits are taken
    from a text field in use, which says so through `Backstage.typing` (see `parts.text_field`).
    """
    desk = use_desk()
    latest = use_held((enter, escape, digit))
    latest.current = (enter, escape, digit)

    def press(key: str) -> Awaitable[None] | None:
        on_enter, on_escape, on_digit = latest.current
        if key == "Escape":
            return (on_escape or desk.back)()
        if desk.backstage.typing:
            return None
        if key in ENTER:
            return on_enter() if on_enter else None
        figure = key.removeprefix("Numpad ")
        if on_digit and (figure.isdecimal() or figure == "Backspace"):
            return on_digit(figure)
        return None

    keys = ft.use_memo(lambda: Keys(press, place), [])

    def bind() -> None:
        desk.backstage.keys = (*desk.backstage.keys, keys)

    def release() -> None:
        bound = desk.backstage.keys
        desk.backstage.keys = tuple(other for other in bound if other is not keys)

    ft.use_effect(bind, [], cleanup=release)
