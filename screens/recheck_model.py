"""State and actions of one recheck: scan, photograph, see it beside the repair, answer."""

import asyncio
from dataclasses import dataclass

import flet as ft

from app import repair_copies
from app.use_cases import ghosts, rechecks
from app.use_cases.evidence import EvidenceCard, Target
from app.use_cases.rechecks import FAILED, PASSED, Recheck, Sight
from app.use_cases.scan import Scanned
from domain.errors import FieldError
from screens.capture_model import CaptureModel
from screens.context import Desk

PLACE_S = 5.0  # where there is no label, the position is waited for


@dataclass(eq=False)
class RecheckModel(ft.Observable):
    """One recheck on its way."""

    desk: Desk
    task_id: str
    work: Recheck | None = None
    over: FieldError | None = None  # it cannot be done any more, or not by this person
    elsewhere: FieldError | None = None  # what was scanned is not the place
    scanning: bool = False
    sight: Sight | None = None
    comparing: bool = False
    drawn: bool = False  # the standard drawing lies on the photo
    failing: bool = False  # the words why are being asked for
    note: str = ""
    busy: bool = False

    def __post_init__(self) -> None:
        """The camera is closed."""
        self.capture = CaptureModel(self.desk)

    async def load(self) -> None:
        """Read the task; go on where it stands."""
        if self.busy:  # answered: it leads home
            return
        desk = self.desk
        try:
            work = await desk.in_thread(rechecks.recheck, desk.signed_in, self.task_id)
        except FieldError as error:
            self.over = error
            return
        self.over = work.refused
        first, self.work = self.work is None, work
        if work.refused is not None or not first:
            return
        await desk.run(repair_copies.ask_for, work.hazard.record_id)
        if not work.scan_needed:
            await self._go_on()
        elif work.asset_id is None:
            await self._stand_here()
        else:
            self.scanning = True

    async def _stand_here(self) -> None:
        """Without equipment the position will do; else a label of the area is asked for."""
        await self.desk.locate(PLACE_S)
        await self._arrive(None)

    async def scanned(self, found: Scanned) -> None:
        """Take a label: of the same equipment, or it is said what it is of."""
        await self._arrive(found)

    async def _arrive(self, found: Scanned | None) -> None:
        desk = self.desk
        try:
            self.work = await desk.in_thread(
                rechecks.arrive, desk.signed_in, self.task_id, found, desk.fix
            )
        except FieldError as error:
            self.elsewhere, self.scanning = error, False
            return
        self.elsewhere, self.scanning = None, False
        await self._go_on()

    def scan(self) -> None:
        """Scan, or scan once more."""
        self.elsewhere, self.scanning = None, True

    def leave_scan(self) -> None:
        """Go back from the scanner."""
        self.desk.back()

    async def _go_on(self) -> None:
        if self.work is not None and self.work.photos:
            await self.look()
        else:
            self.shoot()

    def shoot(self) -> None:
        """Open the viewfinder, with the outline of the photo before."""
        work = self.work
        if work is None:
            return
        card = work.hazard
        target = Target(
            self.task_id, card.code, work.asset_id, rechecks.SHOT, label_state=work.label_state
        )
        self.capture.begin(target, self.kept)
        self.capture.lay(None)
        asyncio.get_running_loop().create_task(self._ghost())

    async def _ghost(self) -> None:
        if self.work is not None:
            found = await self.desk.run(ghosts.of_hazard, self.work.hazard.record_id)
            if self.capture.open:
                self.capture.lay(found)

    async def kept(self, _card: EvidenceCard) -> None:
        """Show the photo just kept, and compare it."""
        desk = self.desk
        self.sight = None  # what was seen on the photo before this one
        found = await desk.run(rechecks.recheck, desk.signed_in, self.task_id)
        self.work = found or self.work
        desk.changed()
        if self.work is not None and self.work.photos:  # a clip comes beside the photo
            await self.look()

    async def look(self) -> None:
        """Lay the photo on the one before, in a thread; it may be answered meanwhile."""
        self.comparing = True
        desk = self.desk
        self.sight = await desk.run(rechecks.look, desk.signed_in, self.task_id)
        self.comparing = False
        self.drawn = self.missing  # F034: how it should be, at once

    @property
    def missing(self) -> bool:
        """Whether the marked region looks as before the repair, or the person says so."""
        return self.failing or (self.sight is not None and self.sight.looks == "unchanged")

    @property
    def album(self) -> bool:
        """Whether the only photos of now are from files: they confirm nothing."""
        return self.work is not None and self.work.album

    @property
    def used(self) -> bool:
        """Whether the photos of now stand elsewhere, too: they confirm nothing either."""
        return self.work is not None and self.work.used is not None

    def draw(self) -> None:
        """Lay the standard drawing on the photo, or take it away."""
        self.drawn = not self.drawn

    def fail(self) -> None:
        """Ask why it is not fixed any more."""
        self.failing, self.drawn = True, True

    def write(self, note: str) -> None:
        """Keep the words typed."""
        self.note = note

    async def passed(self) -> None:
        """It is still fixed."""
        if not (self.album or self.used):
            await self._answer(PASSED)

    async def failed(self) -> None:
        """It is not: the hazard is opened again."""
        if self.note.strip():
            await self._answer(FAILED)

    async def _answer(self, result: str) -> None:
        if self.busy:
            return
        self.busy = True
        desk, looks = self.desk, self.sight.looks if self.sight else None
        desk.notice = None
        await desk.run(rechecks.answer, desk.signed_in, self.task_id, result, self.note, looks)
        if desk.notice is not None:
            self.busy = False
            await self.load()
            self.scanning = self.work is not None and self.work.scan_needed  # it was too long ago
            return
        desk.tell(desk.t(f"recheck.done.{result}"))
        desk.changed()
        desk.go("/")

    async def enter(self) -> None:
        """Do what the big button says."""
        if self.capture.open:
            await self.capture.shoot()
        elif self.failing:
            await self.failed()
        elif self.elsewhere is not None:
            self.scan()
        elif self.work is not None and self.work.photos:
            await self.passed()

    def leave(self) -> None:
        """Go back to the two answers from the words why; else leave the page."""
        if self.failing:
            self.failing = False
        else:
            self.desk.back()

    async def escape(self) -> None:
        """Close what is open; else go back."""
        if self.capture.open and not self.failing:
            await self.capture.leave()
        else:
            self.leave()
