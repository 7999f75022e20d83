"""Language, look and text size, as they were chosen on this device before; kept by the client."""

import asyncio
import logging
from collections.abc import Mapping

import flet as ft

PREFIX = "anshao."
NAMES = ("language", "brightness", "scale")
WAIT_S = 3.0  # a client that does not answer shall not hold up the first screen
log = logging.getLogger("anshao.screens")


async def read(store: ft.SharedPreferences) -> dict[str, object]:
    """Return what was chosen; nothing where the client has no store, or does not answer."""
    found: dict[str, object] = {}
    for name in NAMES:
        try:
            found[name] = await asyncio.wait_for(store.get(PREFIX + name), WAIT_S)
        except (TimeoutError, RuntimeError):
            log.warning("preferences of the client could not be read")
            return {}
    return found


async def write(store: ft.SharedPreferences, chosen: Mapping[str, bool | float | str]) -> None:
    """Keep choices; a client without a store for them forgets them."""
    for name, value in chosen.items():
        try:
            await asyncio.wait_for(store.set(PREFIX + name, value), WAIT_S)
        except (TimeoutError, RuntimeError):
            log.warning("preferences of the client could not be kept")
            return
