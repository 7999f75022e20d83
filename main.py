"""The field client in a window or an app of its own: a phone, a tablet, a desktop.

A packaged app starts this file itself; `anshao client --desktop` calls `run`. Browsers are served
by `main_web.py`.
"""

import logging
import os

import flet as ft

from app import logs
from app.door import Door
from app.pace import favour_the_screen
from app.settings import ClientSettings, from_environment
from app.translate import read_catalogs, translator
from app.wiring import ASSETS
from domain.errors import FieldError
from screens.pictures import UPLOAD_FOLDER
from screens.refused import refused
from screens.root import show
from screens.unlock import unlocking

TIMEZONE = "Asia/Shanghai"  # no plant is known yet
_log = logging.getLogger(__name__)


def run(settings: ClientSettings) -> None:
    """Show the client until its window is closed, or why it cannot start."""
    logs.set_up(settings.store / "logs")
    t = translator(read_catalogs(ASSETS / "locale"), settings.language, TIMEZONE)
    door = Door(settings)
    try:
        door.open_now()
    except FieldError as error:  # a second start, a full disk: whoever tapped the icon sees no log
        _log.exception("not started")
        ft.run(refused(error, t), assets_dir=str(ASSETS / "web"))
        return
    favour_the_screen()

    async def start(page: ft.Page) -> None:
        assert door.field is not None, "the page is shown behind the open door"
        if not door.started:
            door.start()
        await show(page, door.field)

    ft.run(
        unlocking(door, t, start),
        assets_dir=str(ASSETS / "web"),
        upload_dir=str(settings.store / UPLOAD_FOLDER),
    )


if __name__ == "__main__":
    on_phone = os.environ.get("FLET_PLATFORM") in {"android", "ios"}  # set by Flet's launcher
    run(from_environment(camera="auto" if on_phone else "desktop"))
