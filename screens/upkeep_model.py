"""State and actions of recorded maintenance: every change is saved at once."""

import asyncio
from dataclasses import dataclass

import flet as ft

from app.use_cases import evidence, upkeep
from app.use_cases.evidence import EvidenceCard, Target
from app.use_cases.upkeep import Upkeep
from domain.errors import FieldError, RecordMissingError
from screens.capture_model import CaptureModel
from screens.context import Desk


@dataclass(eq=False)
class NewPart:
    """A part being added that was not planned."""

    name: str = ""
    quantity: str = "1"
    unit: str = ""


@dataclass(eq=False)
class UpkeepModel(ft.Observable):
    """One maintenance on its way."""

    desk: Desk
    draft_id: str
    work: Upkeep | None = None
    quantities: tuple[str, ...] = ()  # as typed, by number
    wrong: dict[int, FieldError] | None = None  # what was typed and is no amount
    adding: NewPart | None = None
    note: str = ""
    looking: EvidenceCard | None = None
    gone: bool = False
    handed_in: bool = False

    def __post_init__(self) -> None:
        """Nothing waits to be saved yet."""
        self.capture = CaptureModel(self.desk)
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Read the draft as it stands."""
        if self.handed_in:
            return
        desk = self.desk
        try:
            found = await asyncio.to_thread(
                upkeep.upkeep, desk.field, desk.signed_in, self.draft_id
            )
        except RecordMissingError:
            self.gone = True
            return
        first = self.work is None
        self._show(found)
        if first:
            self.note = found.note

    @property
    def can_hand_in(self) -> bool:
        """Whether all is there that the task demands."""
        return self.work is not None and self.work.complete and not self.wrong

    def typed(self, number: int) -> str:
        """Return what stands in the field of an amount."""
        return self.quantities[number] if number < len(self.quantities) else ""

    async def change(self, number: int, text: str) -> None:
        """Save an amount as it is typed; what is none is said, and the old one stays."""
        self.quantities = tuple(
            text if at == number else old for at, old in enumerate(self.quantities)
        )
        wrong = {at: error for at, error in (self.wrong or {}).items() if at != number}
        desk = self.desk
        async with self._turn:
            if self.typed(number) != text:  # a later one was typed while this one waited
                return
            try:
                self.work = await asyncio.to_thread(
                    upkeep.set_quantity,
                    desk.field,
                    desk.signed_in,
                    self.draft_id,
                    number,
                    text,
                )
            except FieldError as error:
                wrong[number] = error
        self.wrong = wrong

    async def remove(self, number: int) -> None:
        """Take out a part that was not used."""
        async with self._turn:
            found = await self.desk.run(
                upkeep.remove_part, self.desk.signed_in, self.draft_id, number
            )
        if found is not None:
            self.wrong = None
            self._show(found)

    def begin_part(self) -> None:
        """Open the fields for a part that was not planned."""
        units = self.desk.field.definitions.plant.supply_units
        self.adding = NewPart(unit=next(iter(units), ""))

    def forget_part(self) -> None:
        """Close them without change."""
        self.adding = None

    def describe_part(
        self, name: str | None = None, quantity: str | None = None, unit: str | None = None
    ) -> None:
        """Keep what is typed and tapped about the new part."""
        old = self.adding or NewPart()
        self.adding = NewPart(
            old.name if name is None else name,
            old.quantity if quantity is None else quantity,
            old.unit if unit is None else unit,
        )

    async def add_part(self) -> None:
        """Add the new part."""
        part = self.adding
        if part is None:
            return
        async with self._turn:
            found = await self.desk.run(
                upkeep.add_part,
                self.desk.signed_in,
                self.draft_id,
                part.name,
                part.quantity,
                part.unit,
            )
        if found is not None:
            self.adding = None
            self._show(found)

    async def write(self, text: str) -> None:
        """Save the note as it is typed."""
        self.note = text
        async with self._turn:
            if self.note == text:
                await self.desk.run(upkeep.write_note, self.desk.signed_in, self.draft_id, text)

    def shoot(self) -> None:
        """Open the viewfinder."""
        work = self.work
        if work is None:
            return
        target = Target(
            record_id=work.draft_id,
            code=work.code,
            asset_id=work.asset.asset_id,
            shot=upkeep.SHOT,
            label_state=work.label_state,
        )
        self.capture.begin(target, self.photographed)

    async def photographed(self, _card: EvidenceCard) -> None:
        """Show the photo just kept."""
        await self.load()

    def look_at(self, card: EvidenceCard) -> None:
        """Show a photo large, with its grade."""
        self.looking = card

    def look_away(self) -> None:
        """Go back from a photo."""
        self.looking = None

    async def retake(self) -> None:
        """Take a photo out and open the camera again."""
        card, self.looking = self.looking, None
        if card is None:
            return
        await self.desk.run(evidence.withdraw, self.desk.signed_in, card.evidence_id)
        await self.load()
        self.shoot()

    async def escape(self) -> None:
        """Close what is open; else go back."""
        if self.looking is not None:
            self.look_away()
        elif self.adding is not None:
            self.forget_part()
        elif self.capture.open:
            await self.capture.close()
        else:
            self.desk.back()

    async def next_step(self) -> None:
        """Do what the big button says: take the photo, or hand in."""
        if self.can_hand_in:
            await self.hand_in()
        elif self.work is not None and not self.work.complete and not self.capture.open:
            self.shoot()

    async def hand_in(self) -> None:
        """Turn the draft into a record, then go home."""
        if self.handed_in:
            return
        self.handed_in = True
        desk, work = self.desk, self.work
        async with self._turn:
            done = await desk.run(upkeep.hand_in, desk.signed_in, self.draft_id, desk.fix)
        if done is None:
            self.handed_in = False
            await self.load()
            return
        following = work.next_due_ms if work else None
        text = "upkeep.handed_in.next" if following else "upkeep.handed_in"
        desk.tell(desk.t(text, day=desk.t.day(following) if following else ""))
        desk.changed()
        desk.go("/")

    def _show(self, found: Upkeep) -> None:
        self.work = found
        wrong = self.wrong or {}
        self.quantities = tuple(
            self.typed(at) if at in wrong else part.quantity
            for at, part in enumerate(found.supplies)
        )
