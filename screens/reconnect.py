"""Let a web client repaint after its connection was lost and found (Flet 1.0.5).

Controls of the client compare by value. After a reconnect the server sends an equal tree, the
widgets go on listening to the old objects, and later changes are never seen. While the client is
away every control gets a new id, so that the objects differ; redraws dropped meanwhile are asked
for again. A test that leaves this out documents the bug and fails once Flet has mended it.
"""

from collections.abc import Callable, Iterator
from typing import Any, cast

import flet as ft
from flet.components.component import Component
from flet.controls.base_control import BaseControl
from flet.controls.id_counter import ControlId


def controls_in(
    value: object, seen: set[int] | None = None, *, shown: bool = False
) -> Iterator[BaseControl]:
    """Yield every control inside a value once: fields, lists and mappings, top down.

    `shown` leaves out what is not visible, with all that is in it.
    """
    seen = set() if seen is None else seen
    if isinstance(value, BaseControl):
        if id(value) in seen or (shown and getattr(value, "visible", True) is False):
            return
        seen.add(id(value))
        yield value
        for spec in cast("Any", value).__dataclass_fields__.values():
            if "skip" not in spec.metadata and spec.name != "_internals":
                yield from controls_in(getattr(value, spec.name, None), seen, shown=shown)
    elif isinstance(value, list | tuple):
        for part in cast("list[object]", value):
            yield from controls_in(part, seen, shown=shown)
    elif isinstance(value, dict):
        for part in cast("dict[object, object]", value).values():
            yield from controls_in(part, seen, shown=shown)


def install(page: ft.Page, changed: Callable[[bool], None]) -> None:
    """Mend reconnects of a page; `changed` is told whether the client is there."""
    session = cast("Any", page.session)

    def gone() -> None:
        index = session.index
        for control in list(controls_in(page.views)):
            number = ControlId.next()
            object.__setattr__(control, "_i", number)
            index[number] = control  # the old id stays, for events already on their way
        changed(False)

    def back() -> None:
        for control in list(controls_in(page.views)):
            if isinstance(control, Component) and cast("Any", control)._state.is_dirty:
                session.schedule_update(control)
        changed(True)

    page.on_disconnect = gone
    page.on_connect = back
