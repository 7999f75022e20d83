"""State and actions of the scanner: look for a label in frame after frame, or take another way."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import flet as ft

from app.use_cases import scan
from app.use_cases.scan import Scanned
from domain.errors import FieldError, LabelError, LabelUnreadableError
from media.ports import Camera
from screens.context import Desk

Phase = Literal["opening", "scanning", "reading", "refused", "blind"]
PLACE_S = 1.5  # the checklist shall not wait longer for the position
PAUSE_S = 0.05  # between two frames: the page keeps time for everything else
HINT_AFTER = 60  # frames without a code before a hint, some five seconds


@dataclass(eq=False)
class ScanModel(ft.Observable):
    """One scan. `phase` "refused": the code read is no label to work with; "blind": no camera."""

    desk: Desk
    camera: Camera
    done: Callable[[Scanned], Awaitable[None]]
    phase: Phase = "opening"
    error: FieldError | None = None
    frame: bytes | None = None
    slow: bool = False  # nothing was found for a while: help with a hint
    typing: bool | None = None  # the list of equipment is open; True: with the keyboard
    recent: tuple[Scanned, ...] = ()
    attempt: int = 0

    def __post_init__(self) -> None:
        """No frame was looked at yet."""
        self._empty = 0

    async def load(self) -> None:
        """Read what was scanned last."""
        self.recent = tuple(await self.desk.run(scan.recent, self.desk.signed_in) or ())

    async def start(self) -> None:
        """Open the camera and look for a label until one is found or the page goes."""
        try:
            await self.camera.open("scan")
        except FieldError as error:
            self.error, self.phase = error, "blind"
            return
        self.phase = "scanning"
        await self.desk.locate(0)  # begins to measure
        while self.phase == "scanning":
            await self._look()
            await asyncio.sleep(PAUSE_S)

    async def stop(self) -> None:
        """Put the camera away."""
        if self.phase == "scanning":
            self.phase = "opening"
        await self.camera.close()

    async def _look(self) -> None:
        try:
            frame = await self.camera.take()
        except FieldError as error:
            self.error, self.phase = error, "blind"
            return
        if self.camera.control is None:
            self.frame = frame
        texts = await asyncio.to_thread(scan.decode, self.desk.field, frame, live=True)
        if self.phase != "scanning":
            return
        if texts:
            await self.found(texts, "label")
            return
        self._empty += 1  # counted out of sight: a redraw per frame would slow the frames
        if self._empty == HINT_AFTER:
            self.slow = True

    async def choose(self, picture: bytes) -> None:
        """Look for a label in a picture from the files of the device."""
        self.phase, self.error, self.typing = "reading", None, None
        try:
            texts = await asyncio.to_thread(scan.decode, self.desk.field, picture, live=False)
        except FieldError as error:
            self.error, self.phase = error, "refused"
            return
        if texts:
            await self.found(texts, "picture")
        else:
            self.error, self.phase = LabelUnreadableError(), "refused"

    async def found(self, texts: Sequence[str], via: str) -> None:
        """Take the first code that is a label of ours; else say what is wrong with one."""
        refusals: list[FieldError] = []
        fix = await self.desk.locate(PLACE_S)
        for text in texts:
            try:
                scanned = await asyncio.to_thread(
                    scan.resolve,
                    self.desk.field,
                    self.desk.signed_in,
                    text,
                    fix,
                    via=via,
                )
            except LabelError as error:
                refusals.append(error)
                continue
            self.phase, self.error = "reading", None
            await self.done(scanned)
            return
        self.error, self.phase = refusals[0], "refused"

    async def pick(self, asset_id: str, via: str) -> None:
        """Take equipment by its id, typed or picked from the list."""
        try:
            scanned = await asyncio.to_thread(
                scan.by_id, self.desk.field, self.desk.signed_in, asset_id, self.desk.fix, via=via
            )
        except LabelError as error:
            self.desk.refuse(error)
            return
        await self.done(scanned)

    def again(self) -> None:
        """Look once more, with the camera."""
        self.phase, self.error, self.slow, self._empty = "opening", None, False, 0
        self.attempt += 1

    def open_list(self, *, typing: bool) -> None:
        """Open the list of equipment."""
        self.typing = typing

    def close_list(self) -> None:
        """Go back to the camera."""
        self.typing = None
        self.again()
