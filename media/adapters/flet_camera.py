"""Camera through the flet-camera control: browser, Android, iOS.

The control must be on the page before `open`; calls to a control have no time limit of their own,
so each one here has. Taking the control off the page is what lets go of the device, so `close`
makes a new control for the next `open`.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import flet as ft
import flet_camera as fc  # pyright: ignore[reportMissingTypeStubs]

from domain.errors import CameraError
from media.ports import Resolution
from media.recapture.stream import About, Seen

LIST_S = 45.0  # a person may be reading the permission question
START_S, TAKE_S, MOUNT_S, PAUSE_S = 20.0, 15.0, 5.0, 2.0
STOP_S = 60.0  # a minute of video is 12 MB, and a browser hands them over through the page's socket
VIDEO_BITS_S = 1_600_000  # 720p at which a gauge can still be read
_PRESETS = {
    "scan": fc.ResolutionPreset.MEDIUM,
    "photo": fc.ResolutionPreset.MAX,
    "clip": fc.ResolutionPreset.HIGH,
}
# Words in the codes of the camera plugins (web, Android, iOS), in lower case, and what they mean.
_REASONS = (
    ("accessdenied", "denied"),
    ("accessrestricted", "denied"),
    ("permission", "denied"),
    ("notallowed", "denied"),
    ("security", "denied"),
    ("notsupported", "unsupported"),  # also a page without https: browsers hide the camera there
    ("missingplugin", "unsupported"),
    ("notfound", "none"),
    ("no camera", "none"),
)
T = TypeVar("T")


class FletCamera:
    """Implements the port Camera."""

    live = True
    records = True

    def __init__(self) -> None:
        """Make the control; the device is untouched until `open`."""
        self._control = fc.Camera(expand=True)
        self._ready = False
        self._about = About()

    async def seen(self) -> Seen:
        """The name of the device; phones write EXIF, browsers do not. Frames do not come here."""
        return Seen(self._about)

    @property
    def control(self) -> fc.Camera:
        """The preview, to be put on the page before `open`; another one after each `close`."""
        return self._control

    async def open(self, resolution: Resolution = "photo") -> None:
        """Start the back camera, or the only one there is."""
        control = self._control
        await self._mounted(control)
        cameras = await _answer(control.get_available_cameras(), LIST_S)
        if not cameras:
            raise CameraError(reason="none")
        away = fc.CameraLensDirection.BACK
        chosen = next((camera for camera in cameras if camera.lens_direction == away), cameras[0])
        page = _page_of(control)
        phone = page is not None and not page.web
        self._about = About(str(chosen.name or ""), True if phone else None)
        start = control.initialize(
            chosen,
            _PRESETS[resolution],
            enable_audio=False,  # voices are no evidence, and asking for them is one question more
            video_bitrate=VIDEO_BITS_S if resolution == "clip" else None,
            image_format_group=fc.ImageFormatGroup.JPEG,
        )
        await _answer(start, START_S)
        self._ready = control is self._control  # closed meanwhile: the answer came too late

    async def take(self) -> bytes:
        """Return one JPEG."""
        if not self._ready:
            raise CameraError(reason="none")
        shot = await _answer(self._control.take_picture(), TAKE_S)
        if not shot:
            raise CameraError(reason="busy")
        return bytes(shot)

    async def record(self) -> None:
        """Begin to record, where the platform's plugin does."""
        if not self._ready:
            raise CameraError(reason="none")
        await _answer(self._control.start_video_recording(), START_S)

    async def stop(self) -> bytes:
        """Return the clip: WebM or MP4, as the browser or phone makes it."""
        if not self._ready:
            raise CameraError(reason="none")
        clip = await _answer(self._control.stop_video_recording(), STOP_S)
        if not clip:
            raise CameraError(reason="busy")
        return bytes(clip)

    async def close(self) -> None:
        """Stop the preview and forget the control."""
        ready, control = self._ready, self._control
        self._ready, self._control = False, fc.Camera(expand=True)
        if not ready:
            return
        try:
            await _answer(control.pause_preview(), PAUSE_S)
        except CameraError:
            return  # already off the page, which stops it too

    async def _mounted(self, control: fc.Camera) -> None:
        """Wait for the page to hold the control: a screen is drawn a moment after its model."""
        for _ in range(round(MOUNT_S / 0.05)):
            page = _page_of(control)
            if page:
                if page.web or page.platform in (ft.PagePlatform.ANDROID, ft.PagePlatform.IOS):
                    return
                raise CameraError(reason="unsupported")
            await asyncio.sleep(0.05)
        raise CameraError(reason="none")


def _page_of(control: fc.Camera) -> ft.Page | None:
    try:
        return control.page
    except RuntimeError:  # how Flet says that a control is not on a page
        return None


async def _answer(call: Awaitable[T], limit_s: float) -> T:
    """Wait for the client's answer; raises CameraError with the reason it gives."""
    try:
        return await asyncio.wait_for(call, limit_s)
    except TimeoutError as error:
        raise CameraError(reason="busy") from error
    except ft.FletUnsupportedPlatformException as error:
        raise CameraError(reason="unsupported") from error
    except RuntimeError as error:  # "CameraException(CameraAccessDenied, ...)"
        said = str(error).lower()
        reason = next((reason for word, reason in _REASONS if word in said), "busy")
        raise CameraError(reason=reason) from error
