"""Choosing a file of any kind, the same for every platform: the screen gets a path to read."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import flet as ft

from screens.context import Desk, use_desk
from screens.pictures import PicturePicker

OnFile = Callable[[Path], Awaitable[None]]


class AnyFilePicker(PicturePicker):
    """One picker of one screen; `on_file` gets a path that is good until it returns."""

    def __init__(self, desk: Desk) -> None:
        """Register the picker with the page."""
        super().__init__(desk)
        self.on_file: OnFile = _ignore
        self.action = ft.PickFiles(
            self._picker, file_type=ft.FilePickerFileType.ANY, cancel_upload_on_window_blur=False
        )

    def _check_size(self, file: ft.FilePickerFile) -> None:
        """The reader of the file has its own limits, and reads no more than it needs."""

    async def _hand_over(self, chosen: "tuple[Path, str, bool]") -> None:
        await self.on_file(chosen[0])


def use_files(on_file: OnFile) -> AnyFilePicker:
    """Return the picker of this component; the handler may change from render to render."""
    desk = use_desk()
    picker = ft.use_memo(lambda: AnyFilePicker(desk), [])
    picker.on_file = on_file
    return picker


async def _ignore(_file: Path) -> None:
    """Take a file nobody asked for: the component went away meanwhile."""
