"""Choosing a picture or a clip, the same for every platform: the picker hands over what is inside.

Browsers open a file picker only inside the tap, so a button carries the picker as its `action`.
A file on this machine is read from its path. On the web it is sent over HTTP to the upload folder
and read from there: through the socket of the page, 16 MB are the end and 6 MB take seconds. A clip
stays a file all the way; what a file is, its first bytes say.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

import flet as ft

from app.use_cases import evidence
from domain.errors import ClipTooLargeError, FieldError, PictureError, PictureTooLargeError
from media import clips
from screens.context import Desk, use_desk
from sync.protocol import BLOB_MAX_BYTES

UPLOAD_FOLDER = "uploads"  # below the store; `main.py` names the same folder to Flet
BYTES_MAX = 30 * 2**20  # of a picture
UPLOAD_BYTES_MAX = BLOB_MAX_BYTES  # of any file; the limit of the plant for clips is below it
LINK_S = 3600  # how long the address for one upload is good
UPLOAD_S = 180  # 30 MB over a slow radio link
SLOWEST_BYTES_S = 200_000  # a large clip may take longer by its size
OnPicture = Callable[[bytes], Awaitable[None]]
OnClip = Callable[[Path], Awaitable[None]]


class _Chosen(NamedTuple):
    """A file that was chosen: where it is now, and its name as the person saw it."""

    path: Path
    name: str
    lent: bool  # it is ours to remove afterwards


class PicturePicker:
    """One picker of one screen; `action` goes on a button.

    `on_picture` gets the bytes; `on_clip` a file that is gone when it returns. A screen without
    `on_clip` offers pictures alone.
    """

    def __init__(self, desk: Desk, *, with_clips: bool = False) -> None:
        """Register the picker with the page; build it once per component (`use_pictures`)."""
        self.on_picture: OnPicture = _ignore
        self.on_clip: OnClip | None = None
        self._desk = desk
        self._picker = ft.FilePicker(on_result=self._picked, on_upload=self._uploaded)
        self._arrival: asyncio.Future[None] | None = None
        kind = ft.FilePickerFileType.MEDIA if with_clips else ft.FilePickerFileType.IMAGE
        self.action = ft.PickFiles(self._picker, file_type=kind, cancel_upload_on_window_blur=False)

    async def _picked(self, event: ft.FilePickerResultEvent) -> None:
        if not event.files:
            return
        try:
            await self._take(event.files[0])
        except FieldError as error:
            self._desk.refuse(error)

    async def _take(self, file: ft.FilePickerFile) -> None:
        if file.bytes is not None:
            await self.on_picture(cast("bytes", file.bytes))
            return
        self._check_size(file)
        web = ft.context.page.web  # a browser's word is no path of ours
        if file.path is not None and not web:
            chosen = _Chosen(Path(file.path), file.name, lent=False)
        else:
            chosen = await self._upload(file)
        with _returned(chosen):
            await self._hand_over(chosen)

    def _check_size(self, file: ft.FilePickerFile) -> None:
        """Refuse what is too large before a byte of it travels; the content decides later."""
        if self.on_clip is None:
            if file.size > BYTES_MAX:
                raise PictureTooLargeError(limit_mb=BYTES_MAX // 2**20)
            return
        limits = evidence.clip_limits(self._desk.field)
        if file.size > limits.size_bytes:
            raise ClipTooLargeError(limit_mb=limits.size_bytes // 10**6)

    async def _hand_over(self, chosen: _Chosen) -> None:
        head = await asyncio.to_thread(_head, chosen.path)
        clip = clips.is_clip(head) or clips.is_named_like_one(chosen.name)
        if self.on_clip is not None and clip:
            await self.on_clip(chosen.path)
            return
        await self.on_picture(await asyncio.to_thread(_read, chosen.path))

    async def _upload(self, file: ft.FilePickerFile) -> _Chosen:
        """Fetch the file from the browser into the upload folder."""
        name = secrets.token_hex(16)  # never the name that the browser says
        place = self._desk.field.settings.store / UPLOAD_FOLDER / name
        self._arrival = asyncio.get_running_loop().create_future()
        url = ft.context.page.get_upload_url(name, LINK_S)
        await self._picker.upload(
            [ft.FilePickerUploadFile(upload_url=url, id=file.id, name=file.name)]
        )
        try:
            await asyncio.wait_for(self._arrival, UPLOAD_S + file.size / SLOWEST_BYTES_S)
        except TimeoutError as error:
            place.unlink(missing_ok=True)
            raise PictureError(reason="upload") from error
        except FieldError:
            place.unlink(missing_ok=True)
            raise
        return _Chosen(place, file.name, lent=True)

    def _uploaded(self, event: ft.FilePickerUploadEvent) -> None:
        arrival = self._arrival
        if arrival is None or arrival.done():
            return
        if event.error:
            arrival.set_exception(PictureError(reason="upload"))
        elif event.progress == 1.0:
            arrival.set_result(None)


def use_pictures(on_picture: OnPicture, on_clip: OnClip | None = None) -> PicturePicker:
    """Return the picker of this component; the handlers may change from render to render."""
    desk = use_desk()
    picker = ft.use_memo(lambda: PicturePicker(desk, with_clips=on_clip is not None), [])
    picker.on_picture, picker.on_clip = on_picture, on_clip
    return picker


async def _ignore(_data: bytes) -> None:
    """Take a picture nobody asked for: the component went away meanwhile."""


@contextmanager
def _returned(chosen: _Chosen) -> Iterator[None]:
    """Remove a file of ours once it was looked at, whatever came of it."""
    try:
        yield
    finally:
        if chosen.lent:
            chosen.path.unlink(missing_ok=True)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(clips.HEAD_BYTES)
    except OSError as error:
        raise PictureError(reason="read") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise PictureError(reason="read") from error
    if len(data) > BYTES_MAX:
        raise PictureTooLargeError(limit_mb=BYTES_MAX // 2**20)
    return data
