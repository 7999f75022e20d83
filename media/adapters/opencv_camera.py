"""Camera through OpenCV's capture, for desktop windows, where Flet's camera control refuses."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import cv2

from domain.errors import CameraError
from media.ports import Resolution

OPEN_S, TAKE_S = 15.0, 10.0
_JPEG_QUALITY = 92
_WIDTHS: dict[Resolution, tuple[int, int]] = {"scan": (1280, 720), "photo": (4096, 3072)}
T = TypeVar("T")


class OpencvCamera:
    """Implements the port Camera; `source` is a device number, or a video file instead of one."""

    control: None = None  # no preview control: the screen shows the frames it takes

    def __init__(self, source: int | str = 0) -> None:
        """Name the camera; nothing is opened yet."""
        self._source = source
        self._capture: cv2.VideoCapture | None = None
        # One thread for all calls: a capture must not be released while a frame is being read.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="camera")

    @property
    def live(self) -> bool:
        """A device is live; a video file is not."""
        return isinstance(self._source, int)

    async def open(self, resolution: Resolution = "photo") -> None:
        """Open the device at the nearest size it has."""
        await self._call(lambda: self._open(*_WIDTHS[resolution]), OPEN_S)

    async def take(self) -> bytes:
        """Return the frame of this moment as JPEG."""
        return await self._call(self._take, TAKE_S)

    async def close(self) -> None:
        """Release the device."""
        await self._call(self._close, TAKE_S)

    async def _call(self, work: Callable[[], T], limit_s: float) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await asyncio.wait_for(loop.run_in_executor(self._thread, work), limit_s)
        except TimeoutError as error:
            raise CameraError(reason="busy") from error
        except cv2.error as error:
            raise CameraError(reason="busy") from error

    def _open(self, width: int, height: int) -> None:
        self._close()
        capture = cv2.VideoCapture(self._source)
        if not capture.isOpened():
            capture.release()
            raise CameraError(reason="none")
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest frame, not one from a queue
        self._capture = capture

    def _take(self) -> bytes:
        if self._capture is None:
            raise CameraError(reason="none")
        good, frame = self._capture.read()
        if not good:
            raise CameraError(reason="busy")  # unplugged, or taken by another program
        _, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return data.tobytes()

    def _close(self) -> None:
        if self._capture:
            self._capture.release()
        self._capture = None
