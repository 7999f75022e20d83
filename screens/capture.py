"""Taking a photo inside another screen: viewfinder in place, shutter in the bottom bar.

One tap on the shutter takes the photo and keeps it; nothing asks whether to keep it, "retake" comes
afterwards. Without a camera the same place offers to choose a file. The screen that embeds this
draws `Viewfinder` where the photo belongs and `capture_bar` instead of its own bottom bar.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, cast

import flet as ft

from app.translate import Translator
from app.use_cases import evidence
from app.use_cases.evidence import EvidenceCard, Target
from domain.errors import FieldError
from media.capture import Source
from media.ports import Camera
from screens import parts, parts_evidence
from screens.context import Desk
from screens.pictures import PicturePicker
from screens.theme import Tokens

Phase = Literal["closed", "opening", "ready", "keeping", "failed"]
PLACE_S = 5.0  # a photo shall not wait longer for the position
FRAME_S = 0.25  # between two frames of a camera without a preview of its own
STEP = 0.04  # least progress worth drawing again


@dataclass(eq=False)
class CaptureModel(ft.Observable):
    """One photo being taken: what it belongs to, how far it is, what went wrong."""

    desk: Desk
    target: Target | None = None
    phase: Phase = "closed"
    share: float = 0.0  # 0..1 of the work on the photo just taken
    error: FieldError | None = None
    frame: bytes | None = None  # last picture of a camera that has no preview of its own
    camera: Camera | None = None

    def __post_init__(self) -> None:
        """Start without anybody waiting for a photo."""
        self._kept: Callable[[EvidenceCard], Awaitable[None]] = _nobody

    @property
    def open(self) -> bool:
        """Whether the viewfinder is on screen."""
        return self.phase != "closed"

    def begin(self, target: Target, kept: Callable[[EvidenceCard], Awaitable[None]]) -> None:
        """Show the viewfinder for `target`; `kept` is called with the photo once it is stored."""
        self._kept = kept
        self.target = target
        if self.open:  # another shot of the same camera
            return
        self.error, self.share, self.frame = None, 0.0, None
        self.camera = self.desk.field.devices.camera()
        self.phase = "opening"

    async def start(self) -> None:
        """Open the camera; its preview is on the page now."""
        camera = self.camera
        if camera is None or self.phase != "opening":
            return
        try:
            await camera.open("photo")
        except FieldError as error:
            if self.camera is camera:  # else it was put away while it was opening
                self.error, self.phase = error, "failed"
            return
        if self.camera is not camera:  # closed while it was opening
            await camera.close()
            return
        self.phase = "ready"
        if camera.control is None:
            await self._follow(camera)

    async def shoot(self) -> None:
        """Take the photo and keep it."""
        camera = self.camera
        if camera is None or self.phase != "ready":  # a second tap lands before the button is grey
            return
        self.phase, self.share, self.error = "keeping", 0.0, None
        try:
            picture = await camera.take()
        except FieldError as error:
            self.error, self.phase = error, "failed"
            return
        await self.keep(picture, "camera" if camera.live else "file")

    async def choose(self, picture: bytes) -> None:
        """Keep a photo chosen from the files of the device."""
        await self.keep(picture, "file")

    async def keep(self, picture: bytes, source: Source) -> None:
        """Store a photo in a thread while the progress shows, then tell who asked for it."""
        target, desk = self.target, self.desk
        if target is None:
            return
        self.phase, self.share, self.error = "keeping", 0.0, None
        try:
            card = await asyncio.to_thread(
                evidence.keep,
                desk.field,
                desk.signed_in,
                target,
                picture,
                source=source,
                fix=await desk.locate(PLACE_S),
                progress=self._progress(),
            )
        except FieldError as error:
            self.error = error
            self.phase = "ready" if self.camera is not None and source == "camera" else "failed"
            return
        kept = self._kept
        await self.close()
        await kept(card)

    async def put_away(self) -> None:
        """Put the camera away when it is at rest.

        One that is still opening is waited for: taken off the page in the middle of that, a
        browser can hang. A photo being kept stays.
        """
        while self.phase == "opening":
            await asyncio.sleep(FRAME_S)
        if self.phase in ("ready", "failed"):
            await self.close()

    async def close(self) -> None:
        """Put the camera away."""
        camera, self.camera = self.camera, None
        self.phase, self.target, self.frame = "closed", None, None
        if camera is not None:
            await camera.close()

    async def _follow(self, camera: Camera) -> None:
        """Show frames of a camera that has no preview (a camera of a desktop machine)."""
        while self.camera is camera and self.phase == "ready":
            try:
                self.frame = await camera.take()
            except FieldError as error:
                self.error, self.phase = error, "failed"
                return
            await asyncio.sleep(FRAME_S)

    def _progress(self) -> Callable[[float], None]:
        """Return what a thread may call: it moves the progress on the event loop."""
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()

        def show(share: float) -> None:
            if share - self.share >= STEP and self.phase == "keeping":
                self.share = share

        def report(share: float) -> None:
            loop.call_soon_threadsafe(show, share, context=context)

        return report


@ft.component
def _CameraView(control: ft.Control) -> ft.Control:
    """Hold the control of a camera.

    Flet 1.0.5 forgets the parent of a control that is drawn again within new parents, and its
    methods then fail; a memoised component of its own keeps it in place.
    """
    return control


_HELD = cast("Callable[[ft.Control], ft.Control]", ft.memo(_CameraView))


def camera_view(camera: Camera) -> ft.Control:
    """Return the preview of a camera that has one."""
    return _HELD(cast("ft.Control", camera.control))


@ft.component
def Viewfinder(model: CaptureModel, tokens: Tokens, t: Translator, caption: str) -> ft.Control:
    """Draw what the camera sees, the shot asked for, and the progress of the photo just taken."""

    def gone() -> None:
        if model.phase in ("opening", "ready"):
            asyncio.get_running_loop().create_task(model.close())

    ft.use_effect(model.start, [model.camera], cleanup=gone)
    if model.error is not None and model.phase == "failed":
        return parts_evidence.refused(tokens, t, model.error)
    return parts_evidence.viewfinder(
        tokens,
        preview=_preview(model),
        caption=caption,
        busy=_busy(model, t),
        share=model.share if model.phase == "keeping" else None,
        widest=parts_evidence.WIDEST if model.desk.wide else None,
    )


def _preview(model: CaptureModel) -> ft.Control | None:
    camera = model.camera
    if camera is not None and camera.control is not None:
        return camera_view(camera)
    if model.frame is not None:
        return ft.Image(src=model.frame, fit=ft.BoxFit.COVER, gapless_playback=True)
    return None


def _busy(model: CaptureModel, t: Translator) -> str:
    match model.phase:
        case "opening":
            return t("capture.opening")
        case "keeping":
            return t("capture.keeping")
        case _:
            return ""


def capture_bar(
    model: CaptureModel,
    tokens: Tokens,
    t: Translator,
    picker: PicturePicker,
    label: str,
) -> list[ft.Control]:
    """Return the footer while the viewfinder is open: put away, choose a file, shutter."""
    away = parts.icon_button(
        tokens, ft.Icons.CLOSE, t("capture.away"), key="capture-away", on_click=model.close
    )
    choose = parts_evidence.pick_button(
        tokens,
        t("capture.file" if tokens.large else "capture.choose"),
        key="capture-choose",
        action=picker.action,
        strong=model.phase == "failed",
        expand=model.phase == "failed",
    )
    if model.phase == "failed":
        return parts_evidence.bottom_bar(away, choose)
    shutter = parts.primary_button(
        tokens,
        label,
        key="shutter",
        icon=ft.Icons.CAMERA_ALT,
        on_click=model.shoot,
        disabled=model.phase != "ready",
        expand=True,
    )
    return parts_evidence.bottom_bar(choose, shutter, lead=away)


async def _nobody(_card: EvidenceCard) -> None:
    """Take a photo that nobody waits for any more."""
