"""The field client in a window or an app of its own: a phone, a tablet, a desktop.

A packaged app starts this file itself; `anshao client --desktop` calls `run`. Browsers are served
by `main_web.py`.
"""

import os

import flet as ft

from app import link, logs
from app.pace import favour_the_screen
from app.settings import ClientSettings, from_environment
from app.wiring import ASSETS, build_field
from screens.pictures import UPLOAD_FOLDER
from screens.root import show


def run(settings: ClientSettings) -> None:
    """Show the client until its window is closed."""
    logs.set_up(settings.store / "logs")
    field = build_field(settings)
    favour_the_screen()

    async def main(page: ft.Page) -> None:
        link.start(field, field.key)
        await show(page, field)

    ft.run(main, assets_dir=str(ASSETS / "web"), upload_dir=str(settings.store / UPLOAD_FOLDER))


if __name__ == "__main__":
    on_phone = os.environ.get("FLET_PLATFORM") in {"android", "ios"}  # set by Flet's launcher
    run(from_environment(camera="auto" if on_phone else "desktop"))
