"""Scanning an enrolment code: the camera, or a picture of the code from a file."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from app.use_cases import enrolment, scan
from domain.errors import FieldError
from domain.invitations import Invitation, InvitationError
from media.ports import Camera
from screens import parts, parts_evidence, parts_work
from screens.capture import camera_view
from screens.context import Desk, use_desk, use_keys, use_value
from screens.pictures import use_pictures

PAUSE_S = 0.05  # between two frames: the page keeps time for everything else
VIEW_HEIGHT = 420


@dataclass(eq=False)
class EnrolScanModel(ft.Observable):
    """One look for a code; `error` says why there is no camera, or what the code is instead."""

    desk: Desk
    camera: Camera
    done: Callable[[Invitation], None]
    looking: bool = False
    error: FieldError | None = None
    frame: bytes | None = None
    opened: bool = False

    async def start(self) -> None:
        """Open the camera and look until a code is found or the page goes."""
        try:
            await self.camera.open("scan")
        except FieldError as error:
            self.error = error
            return
        self.looking = self.opened = True
        while self.looking:
            await self._look()
            await asyncio.sleep(PAUSE_S)

    async def stop(self) -> None:
        """Put the camera away."""
        self.looking = False
        await self.camera.close()

    async def choose(self, picture: bytes) -> None:
        """Look for a code in a picture from the files of the device."""
        await self._read(picture, live=False)

    async def _look(self) -> None:
        try:
            frame = await self.camera.take()
        except FieldError as error:
            self.error, self.looking = error, False
            return
        if self.camera.control is None:
            self.frame = frame
        await self._read(frame, live=True)

    async def _read(self, picture: bytes, *, live: bool) -> None:
        field = self.desk.field
        try:
            texts = await asyncio.to_thread(scan.decode, field, picture, live=live)
            if not texts and live:
                return
            found = enrolment.read_code(field, texts)
        except FieldError as error:
            self.error = error
            return
        self.looking = False
        self.done(found)


@ft.component
def EnrolScan(done: Callable[[Invitation], None], on_back: Callable[[], None]) -> ft.Control:
    """What the camera sees, one line of help, and the way by a picture."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: EnrolScanModel(desk, desk.field.devices.camera(), done))
    model.done = done
    picker = use_pictures(model.choose)
    ft.use_effect(model.start, [], cleanup=model.stop)
    use_keys(escape=on_back)
    head = parts_work.page_head(
        tokens, t("enrol.scan"), t("enrol.scan.how"), on_back=on_back, back_label=t("page.back")
    )
    rows: list[ft.Control] = []
    if model.error is not None:
        shown = model.error
        if isinstance(shown, InvitationError) or not model.opened:
            rows.append(parts.refusal(tokens, t, shown, key="scan-refused"))
    if model.opened:
        rows.append(_view(model))
    footer = [
        parts_evidence.pick_button(
            tokens, t("enrol.scan.picture"), key="choose-picture", action=picker.action
        )
    ]
    return parts_work.one_column(desk, parts_work.page(tokens, head, rows, footer))


def _view(model: EnrolScanModel) -> ft.Control:
    seen: ft.Control | None = None
    if model.camera.control is not None:
        seen = camera_view(model.camera)
    elif model.frame is not None:
        seen = ft.Image(
            src=model.frame, fit=ft.BoxFit.CONTAIN, gapless_playback=True,
            exclude_from_semantics=True,
        )  # fmt: skip
    return ft.Semantics(
        identifier="scanner",
        container=True,
        content=ft.Container(
            height=VIEW_HEIGHT,
            bgcolor=parts_evidence.NIGHT,
            border_radius=16,
            clip_behavior=ft.ClipBehavior.HARD_EDGE,
            alignment=ft.Alignment.CENTER,
            content=seen,
        ),
    )
