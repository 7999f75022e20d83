"""Camera through OpenCV's capture, for desktop windows, where Flet's camera control refuses."""

import asyncio
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.errors import CameraError
from media.ports import Resolution
from media.recapture import stream
from media.recapture.stream import About, Frame, Seen

BURST = 8  # frames in a row
NAMES = Path("/sys/class/video4linux")
OPEN_S, TAKE_S, STOP_S = 15.0, 10.0, 60.0
_JPEG_QUALITY = 92
_WIDTHS: dict[Resolution, tuple[int, int]] = {
    "scan": (1280, 720),
    "photo": (4096, 3072),
    "clip": (640, 480),
}
# Browsers play VP8, and one core of a desktop writes 30 frames a second at this size, not at 720p.
_CLIP_CODEC, _CLIP_SUFFIX, _CLIP_WIDTH, _CLIP_FPS = "VP80", ".webm", 640, 10
T = TypeVar("T")


class OpencvCamera:
    """Implements the port Camera; `source` is a device number, or a video file instead of one."""

    control: None = None  # no preview control: the screen shows the frames it takes
    records = True

    def __init__(self, mono_ms: Callable[[], int], source: int | str = 0) -> None:
        """Name the camera; nothing is opened yet. `mono_ms` paces the frames of a clip."""
        self._source, self._mono_ms = source, mono_ms
        self._capture: cv2.VideoCapture | None = None
        # One thread for all calls: a capture must not be released while a frame is being read.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="camera")
        self._recording: Future[bytes] | None = None
        self._enough = threading.Event()
        self._last: cv2.typing.MatLike | None = None  # while a recording keeps the thread busy

    @property
    def live(self) -> bool:
        """A device is live; a video file is not."""
        return isinstance(self._source, int)

    async def open(self, resolution: Resolution = "photo") -> None:
        """Open the device at the nearest size it has."""
        await self._call(lambda: self._open(*_WIDTHS[resolution]), OPEN_S)

    async def take(self) -> bytes:
        """Return the frame of this moment as JPEG; while recording, the latest one."""
        latest = self._last
        if self._recording is not None and latest is not None:
            return await asyncio.to_thread(_jpeg, latest)
        return await self._call(self._take, TAKE_S)

    async def seen(self) -> Seen:
        """Return the device's name where the system keeps it in a file (Linux), and frames.

        They are the middle of some in a row, with the times that the driver gave them.
        """
        frames = [] if self._recording is not None else await self._call(self._burst, TAKE_S)
        return Seen(About(_name(self._source)), frames)

    async def record(self) -> None:
        """Begin to record in the thread of the camera."""
        if self._capture is None or self._recording is not None:
            raise CameraError(reason="none")
        self._enough.clear()
        self._recording = self._thread.submit(self._record, self._capture)

    async def stop(self) -> bytes:
        """Return the clip (WebM)."""
        recording, self._recording = self._recording, None
        if recording is None:
            raise CameraError(reason="none")
        self._enough.set()
        try:
            return await asyncio.wait_for(asyncio.wrap_future(recording), STOP_S)
        except (TimeoutError, cv2.error, OSError) as error:
            raise CameraError(reason="busy") from error

    async def close(self) -> None:
        """Release the device; a recording ends unheard."""
        self._enough.set()
        self._recording = None
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
        return _jpeg(frame)

    def _burst(self) -> list[Frame]:
        capture = self._capture
        if capture is None:
            raise CameraError(reason="none")
        frames: list[Frame] = []
        for _ in range(BURST):
            good, frame = capture.read()
            if not good:
                break  # what came is looked at; the photo itself was taken before
            at_us = round(capture.get(cv2.CAP_PROP_POS_MSEC) * 1000)
            frames.append(Frame(stream.middle(_gray(frame)), at_us))
        return frames

    def _record(self, capture: cv2.VideoCapture) -> bytes:
        """Write frames at an even pace until told to stop or until the device gives no more."""
        with tempfile.TemporaryDirectory(prefix="anshao-clip-") as folder:
            path = Path(folder) / f"clip{_CLIP_SUFFIX}"
            writer: cv2.VideoWriter | None = None
            began_ms, written = self._mono_ms(), 0
            while not self._enough.is_set():
                good, frame = capture.read()
                if not good:
                    break
                frame = _small(frame)
                if writer is None:
                    codec = cv2.VideoWriter.fourcc(*_CLIP_CODEC)
                    size = (frame.shape[1], frame.shape[0])
                    writer = cv2.VideoWriter(str(path), codec, float(_CLIP_FPS), size)
                due = (self._mono_ms() - began_ms) * _CLIP_FPS // 1000 + 1
                # a slow device repeats a frame, a fast one skips; a machine that slept repeats few
                for _ in range(min(due - written, _CLIP_FPS)):
                    writer.write(frame)
                written = max(written, due)
                self._last = frame
            self._last = None
            if writer is None:
                raise CameraError(reason="busy")
            writer.release()
            return path.read_bytes()

    def _close(self) -> None:
        if self._capture:
            self._capture.release()
        self._capture = None


def _small(frame: cv2.typing.MatLike) -> cv2.typing.MatLike:
    height, width = frame.shape[:2]
    if width <= _CLIP_WIDTH:
        return np.ascontiguousarray(frame)
    return cv2.resize(frame, (_CLIP_WIDTH, height * _CLIP_WIDTH // width // 2 * 2))


def _gray(frame: cv2.typing.MatLike) -> NDArray[np.uint8]:
    gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) if frame.ndim == 3 else frame
    return np.asarray(gray, np.uint8)


def _name(source: int | str) -> str:
    """Return what the system calls a camera; "" where it does not say."""
    try:
        return (NAMES / f"video{source}" / "name").read_text("utf-8", "replace").strip()[:200]
    except OSError:
        return ""


def _jpeg(frame: cv2.typing.MatLike) -> bytes:
    _, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return data.tobytes()
