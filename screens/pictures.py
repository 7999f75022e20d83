"""Choosing a picture, the same for every platform: the picker hands over the bytes.

Browsers open a file picker only inside the tap, so a button carries the picker as its `action`.
A file on this machine is read from its path. On the web it is sent over HTTP to the upload folder
and read from there: through the socket of the page, 16 MB are the end and 6 MB take seconds.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import flet as ft

from domain.errors import FieldError, PictureError, PictureTooLargeError
from screens.context import Desk, use_desk

UPLOAD_FOLDER = "uploads"  # below the store; `main.py` names the same folder to Flet
BYTES_MAX = 30 * 2**20
LINK_S = 600  # how long the address for one upload is good
UPLOAD_S = 180  # 30 MB over a slow radio link


class PicturePicker:
    """One picker of one screen. `on_picture` gets the bytes, `action` goes on a button."""

    def __init__(self, desk: Desk) -> None:
        """Register the picker with the page; build it once per component (`use_pictures`)."""
        self.on_picture: Callable[[bytes], Awaitable[None]] = _ignore
        self._desk = desk
        self._picker = ft.FilePicker(on_result=self._picked, on_upload=self._uploaded)
        self._arrival: asyncio.Future[None] | None = None
        self.action = ft.PickFiles(
            self._picker,
            file_type=ft.FilePickerFileType.IMAGE,
            cancel_upload_on_window_blur=False,
        )

    async def _picked(self, event: ft.FilePickerResultEvent) -> None:
        if not event.files:
            return
        try:
            data = await self._bytes(event.files[0])
        except FieldError as error:
            self._desk.refuse(error)
            return
        await self.on_picture(data)

    async def _bytes(self, file: ft.FilePickerFile) -> bytes:
        if file.size > BYTES_MAX:
            raise PictureTooLargeError(limit_mb=BYTES_MAX // 2**20)
        if file.bytes is not None:
            return file.bytes
        if file.path is not None and not ft.context.page.web:  # a browser's word is no path of ours
            return await asyncio.to_thread(_read, Path(file.path))
        return await self._upload(file)

    async def _upload(self, file: ft.FilePickerFile) -> bytes:
        """Fetch the file from the browser into the upload folder, read it, and remove it."""
        name = secrets.token_hex(16)  # never the name that the browser says
        self._arrival = asyncio.get_running_loop().create_future()
        url = ft.context.page.get_upload_url(name, LINK_S)
        await self._picker.upload(
            [ft.FilePickerUploadFile(upload_url=url, id=file.id, name=file.name)]
        )
        try:
            await asyncio.wait_for(self._arrival, UPLOAD_S)
        except TimeoutError as error:
            raise PictureError(reason="upload") from error
        return await asyncio.to_thread(
            _take, self._desk.field.settings.store / UPLOAD_FOLDER / name
        )

    def _uploaded(self, event: ft.FilePickerUploadEvent) -> None:
        arrival = self._arrival
        if arrival is None or arrival.done():
            return
        if event.error:
            arrival.set_exception(PictureError(reason="upload"))
        elif event.progress == 1.0:
            arrival.set_result(None)


def use_pictures(on_picture: Callable[[bytes], Awaitable[None]]) -> PicturePicker:
    """Return the picker of this component; `on_picture` may change from render to render."""
    desk = use_desk()
    picker = ft.use_memo(lambda: PicturePicker(desk), [])
    picker.on_picture = on_picture
    return picker


async def _ignore(_data: bytes) -> None:
    """Take a picture nobody asked for: the component went away meanwhile."""


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise PictureError(reason="read") from error
    if len(data) > BYTES_MAX:
        raise PictureTooLargeError(limit_mb=BYTES_MAX // 2**20)
    return data


def _take(path: Path) -> bytes:
    try:
        return _read(path)
    finally:
        path.unlink(missing_ok=True)
