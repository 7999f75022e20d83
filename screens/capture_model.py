"""State of a photo or a clip being taken: the camera, how far it is, what went wrong."""

import asyncio
import contextvars
import dataclasses
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, Final, Literal, ParamSpec

import flet as ft

from app.field import FieldApp
from app.use_cases import challenges, consents, evidence
from app.use_cases.consents import Asked
from app.use_cases.evidence import EvidenceCard, Target
from domain.capture_trust import Challenge
from domain.errors import CameraError, FieldError
from domain.places import Fix
from domain.plant import Person
from media import clip_frames
from media.capture import Source
from media.outline import Outline
from media.ports import Camera
from media.recapture.stream import Seen
from screens.context import Desk

P = ParamSpec("P")
Phase = Literal[
    "closed", "asking", "opening", "ready", "recording", "keeping", "failed", "task", "excusing"
]
PLACE_S = 5.0  # a photo shall not wait longer for the position
FRAME_S = 0.25  # between two frames of a camera without a preview of its own
STEP = 0.04  # least progress worth drawing again
TASKS: Final = ("task", "excusing")
TICK_S = 0.5  # of the seconds left


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
    left_s: int = 0  # of the clip being recorded
    of_clip: bool = False  # what is being kept moves
    asked: Asked | None = None  # before a photo of a person
    ghost: Outline | None = None  # of the photo from whose place this one is to be taken
    ghost_on: bool = True
    task: Challenge | None = None  # the second shot that is asked for

    def __post_init__(self) -> None:
        """Start without anybody waiting for a photo."""
        self._kept: Callable[[EvidenceCard], Awaitable[None]] = _nobody
        self._began_s = 0.0
        self._shot: bytes | None = None  # a photo from before the clip, where no frame can be had
        self._first: EvidenceCard | None = None  # the photo that the second shot belongs to
        self._seen: Seen | None = None  # what the camera said of itself with the last picture

    @property
    def limit_s(self) -> int:
        """How long a clip may be."""
        return evidence.clip_limits(self.desk.field).seconds

    @property
    def open(self) -> bool:
        """Whether the viewfinder is on screen."""
        return self.phase != "closed"

    def begin(self, target: Target, kept: Callable[[EvidenceCard], Awaitable[None]]) -> None:
        """Show the viewfinder for `target`; `kept` is called with the photo once it is stored."""
        self._kept = kept
        self.target = target
        personal = consents.shows_somebody(self.desk.field, target)
        if self.open and not personal:  # another shot of the same camera
            if self.phase == "asking":
                self._open()
            return
        self.error, self.share, self.frame, self.asked = None, 0.0, None, None
        if personal:
            asyncio.get_running_loop().create_task(self._ask())
        else:
            self._open()

    def _open(self) -> None:
        self.camera = self.desk.field.devices.camera()
        self.phase = "opening"

    async def _ask(self) -> None:
        """Put the camera away and ask first: nobody is looked at before they agreed."""
        target = self.target
        await self.put_away()
        if target is None:
            return
        self.target, self.phase = target, "asking"
        self.asked = await self.desk.run(consents.asked, target)

    def agreed(self) -> None:
        """Open the camera, now that the person to be shown has agreed."""
        if self.phase == "asking" and self.asked and not self.asked.refused and self.target:
            self.target = dataclasses.replace(self.target, consent=self.asked.purpose.code)
            self._open()

    def lay(self, ghost: Outline | None) -> None:
        """Lay an outline over the preview, or take it away."""
        self.ghost, self.ghost_on = ghost, True

    def switch_ghost(self) -> None:
        """Hide the outline, or show it again."""
        self.ghost_on = not self.ghost_on

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
        self.phase, self.share, self.error, self.of_clip = "keeping", 0.0, None, False
        try:
            picture = await self._take(camera)
        except FieldError as error:
            self.error, self.phase = error, "failed"
            return
        await self.keep(picture, "camera" if camera.live else "file")

    async def _take(self, camera: Camera) -> bytes:
        """Take a picture, and what the camera says of itself with it."""
        self._seen = None
        picture = await camera.take()
        self._seen = await camera.seen()
        return picture

    async def choose(self, picture: bytes) -> None:
        """Keep a photo chosen from the files of the device."""
        await self.keep(picture, "file")

    async def keep(self, picture: bytes, source: Source) -> None:
        """Store a photo in a thread while the progress shows, then tell who asked for it."""
        self.of_clip = False
        seen = self._seen if source == "camera" else None
        await self._store(
            evidence.keep,
            picture,
            source=source,
            fix=await self._place(),
            seen=seen,
            task=challenges.drawn if seen is not None else None,
            progress=self._progress(),
        )

    async def record(self) -> None:
        """Begin a clip: the camera opens anew as one that records."""
        camera = self.camera
        if camera is None or self.phase != "ready" or not camera.records:
            return
        self.phase, self.error = "opening", None
        try:
            if not clip_frames.available():
                self._shot = await camera.take()
            await camera.open("clip")
            await camera.record()
        except FieldError as error:
            if self.camera is camera:
                self.error, self.phase = error, "failed"
            return
        if self.camera is not camera:  # closed meanwhile
            await camera.close()
            return
        self._began_s = asyncio.get_running_loop().time()
        self.left_s, self.phase = self.limit_s, "recording"
        await self._count_down(camera)

    async def stop(self) -> None:
        """End the clip and keep it."""
        camera = self.camera
        if camera is None or self.phase != "recording":  # a second tap, or the time was up
            return
        lasted_s = asyncio.get_running_loop().time() - self._began_s
        self.phase, self.share, self.error, self.of_clip = "keeping", 0.0, None, True
        try:
            recording = await camera.stop()
        except FieldError as error:
            self.error, self.phase = error, "failed"
            return
        await self._store(
            evidence.keep_recording,
            recording,
            source="camera" if camera.live else "file",
            fix=await self._place(),
            shot=self._shot,
            measured_ms=round(lasted_s * 1000),
        )

    async def choose_clip(self, clip: Path) -> None:
        """Keep a clip chosen from the files of the device."""
        self.of_clip = True
        await self._store(evidence.keep_clip, clip, source="file", fix=await self._place())

    async def put_away(self) -> None:
        """Put the camera away when it is at rest.

        One that is still opening is waited for: taken off the page in the middle of that, a
        browser can hang. A clip being recorded is kept; what is being kept stays.
        """
        while self.phase == "opening":
            await asyncio.sleep(FRAME_S)
        await self.stop()
        if self.phase in ("asking", "ready", "failed", *TASKS):
            await self.close()

    async def leave(self) -> None:
        """Do what "put the camera away" and Escape mean: a clip being recorded is kept."""
        if self.phase == "recording":
            await self.stop()
        elif self.phase in TASKS:
            await self._end()
        else:
            await self.close()

    async def close(self) -> None:
        """Put the camera away."""
        camera, self.camera = self.camera, None
        self.phase, self.target, self.frame = "closed", None, None
        self.task, self._first, self._seen = None, None, None
        if camera is not None:
            await camera.close()

    async def _place(self) -> Fix | None:
        """Show that it is being kept, and wait a little for the position."""
        if self.target is not None:
            self.phase, self.share, self.error = "keeping", 0.0, None
        return await self.desk.locate(PLACE_S)

    async def _store(
        self,
        use_case: Callable[Concatenate[FieldApp, Person, Target, P], EvidenceCard],
        *given: P.args,
        **also: P.kwargs,
    ) -> None:
        """Keep what was taken in a thread, then tell who asked for it."""
        target, desk = self.target, self.desk
        if target is None:
            return
        try:
            card = await desk.in_thread(use_case, desk.signed_in, target, *given, **also)
        except FieldError as error:
            self.error = error
            taken = self.camera is not None and also.get("source") == "camera"
            self.phase = "ready" if taken and not self.of_clip else "failed"
            return
        self._first = card
        if card.challenge is not None and card.challenge.state == "open":
            await self._challenge(card.challenge)
        else:
            await self._end()

    async def _end(self) -> None:
        """Put the camera away and hand over the photo; a task that is open stays so."""
        kept, card = self._kept, self._first
        await self.close()
        if card is not None:
            await kept(card)

    async def _challenge(self, task: Challenge) -> None:
        """Ask for the second shot; the shutter goes by itself when the time is up."""
        camera, desk = self.camera, self.desk
        if camera is None:
            await self._end()
            return
        self.task, self.phase, self.frame = task, "task", None
        loop = asyncio.get_running_loop()
        until = loop.time() + desk.field.definitions.trust.seconds
        while (left := until - loop.time()) > 0:
            self.left_s = max(1, math.ceil(left))
            if camera.control is None:
                await self._look(camera)
            await asyncio.sleep(min(FRAME_S, left))
            if self.camera is not camera or self.phase != "task":
                return  # put away, or it cannot be done here
        await self._second(camera)

    async def _second(self, camera: Camera) -> None:
        """Take the second shot, and see whether it fits."""
        first, target, desk = self._first, self.target, self.desk
        if first is None or target is None:
            return
        self.phase, self.share, self.of_clip = "keeping", 0.0, False
        try:
            picture = await self._take(camera)
            self._first = await desk.in_thread(
                challenges.answer,
                desk.signed_in,
                target,
                picture,
                first=first.evidence_id,
                seen=self._seen,
                fix=await desk.locate(PLACE_S),
                progress=self._progress(),
            )
        except CameraError:
            failed = challenges.fail
            self._first = await desk.in_thread(failed, desk.signed_in, first.evidence_id)
        except FieldError as error:
            desk.refuse(error)  # the task stays open: the first photo is kept, and worth less
        await self._end()

    def cannot(self) -> None:
        """Stop the countdown and ask why the second shot cannot be taken; or go on with it."""
        if self.phase == "task":
            self.phase = "excusing"
        elif self.phase == "excusing" and self.task is not None:
            asyncio.get_running_loop().create_task(self._challenge(self.task))

    async def excuse(self, reason: str) -> None:
        """Go on without the second shot, for a reason of the data."""
        first, desk = self._first, self.desk
        if self.phase != "excusing" or first is None:
            return
        self.phase, self.share = "keeping", 0.0
        try:
            self._first = await desk.in_thread(
                challenges.excuse, desk.signed_in, first.evidence_id, reason
            )
        except FieldError as error:
            desk.refuse(error)
        await self._end()

    async def _count_down(self, camera: Camera) -> None:
        """Show the seconds left, and end the clip when there are none."""
        loop = asyncio.get_running_loop()
        while self.camera is camera and self.phase == "recording":
            left = self.limit_s - (loop.time() - self._began_s)
            if left <= 0:
                await self.stop()
                return
            self.left_s = max(1, round(left))
            if camera.control is None:
                await self._look(camera)
            await asyncio.sleep(TICK_S)

    async def _look(self, camera: Camera) -> None:
        try:
            self.frame = await camera.take()
        except FieldError:
            self.frame = None  # the recording goes on; what it has is told when it ends

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


async def _nobody(_card: EvidenceCard) -> None:
    """Take a photo that nobody waits for any more."""
