"""State and actions of the scanner: look for a label in frame after frame, or take another way."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import flet as ft

from app.use_cases import aiming, scan
from app.use_cases.aiming import Aim, Candidate, Why
from app.use_cases.scan import Scanned
from domain.errors import FieldError, LabelError, LabelUnreadableError
from media.codes import Code
from media.ports import Camera
from screens.context import Desk

Phase = Literal["opening", "scanning", "reading", "asking", "refused", "blind"]
PLACE_S = 1.5  # the checklist shall not wait longer for the position
PAUSE_S = 0.05  # between two frames: the page keeps time for everything else
DOUBT_FRAMES = 8  # in doubt for so long before a person is asked: half a second to aim better
HINT_AFTER = 60  # frames without a code before a hint, some five seconds
AIM = 264  # px, edge of the frame to put the label in


@dataclass(eq=False)
class ScanModel(ft.Observable):
    """One scan.

    `phase` "asking": which of the codes in view is meant, or whether a code that is not signed is;
    "refused": the code read is no label to work with; "blind": no camera.
    """

    desk: Desk
    camera: Camera
    done: Callable[[Scanned], Awaitable[None]]
    phase: Phase = "opening"
    error: FieldError | None = None
    asked: tuple[Candidate, ...] = ()
    why: Why | None = None  # a label is in view, and this keeps it from being taken
    frame: bytes | None = None
    slow: bool = False  # nothing was found for a while: help with a hint
    typing: bool | None = None  # the list of equipment is open; True: with the keyboard
    recent: tuple[Scanned, ...] = ()
    attempt: int = 0

    def __post_init__(self) -> None:
        """No frame was looked at yet."""
        self._empty = self._doubts = 0
        self._via = "label"
        self._view = (self.desk.width, self.desk.height)

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

    def measured(self, width: float, height: float) -> None:
        """Note how large the view of the camera is (px); a page being laid out has none."""
        if width > 0 and height > 0:
            self._view = (width, height)

    @property
    def edge(self) -> float:
        """The edge of the frame to aim with (px): larger text below it leaves less room."""
        return AIM / self.desk.tokens.scale

    async def _look(self) -> None:
        try:
            frame = await self.camera.take()
        except FieldError as error:
            self.error, self.phase = error, "blind"
            return
        if self.camera.control is None:
            self.frame = frame
        reach = aiming.reach(frame, self._view, self.edge)
        codes = await asyncio.to_thread(scan.look, self.desk.field, frame, reach)
        if self.phase != "scanning":
            return
        if codes:
            await self._seen(codes, frame, reach)
            return
        self._empty += 1  # counted out of sight: a redraw per frame would slow the frames
        if self._empty == HINT_AFTER:
            self.slow = True

    async def choose(self, picture: bytes) -> None:
        """Look for a label in a picture from the files of the device."""
        self.phase, self.error, self.typing = "reading", None, None
        try:
            codes = await asyncio.to_thread(scan.look, self.desk.field, picture)
        except FieldError as error:
            self.error, self.phase = error, "refused"
            return
        if codes:
            await self.found(codes, picture)
        else:
            self.error, self.phase = LabelUnreadableError(), "refused"

    async def _seen(self, codes: Sequence[Code], frame: bytes, reach: float) -> None:
        """Go on with what a frame shows; while that is in doubt, wait for a better frame."""
        aim = await asyncio.to_thread(aiming.aim, self.desk.field, codes, frame, reach)
        if not aim.sure:
            self._doubts += 1
            self.why = aim.why if aim.asked else None
            if self._doubts < DOUBT_FRAMES:
                return
        await self._go_on(aim, "label")

    async def found(self, codes: Sequence[Code], picture: bytes) -> None:
        """Take the code that a picture shows, or ask which; what is no label of ours is refused."""
        aim = await asyncio.to_thread(aiming.aim, self.desk.field, codes, picture)
        await self._go_on(aim, "picture")

    async def _go_on(self, aim: Aim, via: str) -> None:
        if aim.text is None:
            self._via, self.asked, self.why, self.phase = via, aim.asked, aim.why, "asking"
            return
        await self._take(aim.text, via)

    async def take(self, one: Candidate) -> None:
        """Take what a person chose among the codes in view."""
        await self._take(one.text, self._via)

    async def _take(self, text: str, via: str) -> None:
        fix = await self.desk.locate(PLACE_S)
        field, person = self.desk.field, self.desk.signed_in
        try:
            scanned = await asyncio.to_thread(scan.resolve, field, person, text, fix, via=via)
        except LabelError as error:
            self.error, self.asked, self.phase = error, (), "refused"
            return
        self.phase, self.error = "reading", None
        await self.done(scanned)

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
        self.asked, self.why, self._doubts = (), None, 0
        self.attempt += 1

    def open_list(self, *, typing: bool) -> None:
        """Open the list of equipment."""
        self.typing = typing

    def close_list(self) -> None:
        """Go back to the camera."""
        self.typing = None
        self.again()
