"""State and actions of a checklist: each answer is saved at once, the next question comes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import flet as ft

from app.use_cases import evidence, inspections, reports
from app.use_cases.evidence import EvidenceCard, Target
from app.use_cases.inspections import Sheet, SheetLine
from domain.errors import AnswerInvalidError, FieldError
from domain.questions import DONE, KINDS
from screens.capture_model import CaptureModel
from screens.context import Desk
from screens.excuse import ExcuseModel
from screens.question import Hands

SLOW_S = 0.3  # a save that takes longer is told
STILL_REASONS = ("stopped", "repair", "standby")  # catalog keys sheet.still.<reason>


class Goal(NamedTuple):
    """A row to bring into view; `serial` makes the same row a new goal."""

    scroll_to: str
    focus: str | None
    serial: int


@dataclass(eq=False)
class SheetModel(ft.Observable):
    """One checklist being filled in."""

    desk: Desk
    draft_id: str
    sheet: Sheet | None = None
    saving: bool = False
    texts: Mapping[str, str] = field(default_factory=dict[str, str])  # being typed, by question
    errors: Mapping[str, FieldError] = field(default_factory=dict[str, FieldError])
    goal: Goal | None = None
    looking: EvidenceCard | None = None
    signing: str | None = None
    stopping: bool = False
    reason: str = ""
    unfolded: bool = False
    handed_in: bool = False

    def __post_init__(self) -> None:
        """Nothing waits to be saved yet."""
        self.capture = CaptureModel(self.desk)
        self.excusing = ExcuseModel(self.desk, self.excused)
        self.hands = Hands(self)
        self._unsaved: dict[str, str | None] = {}
        self._turn = asyncio.Lock()
        self._fields: dict[str, ft.Ref[ft.TextField]] = {}

    # What a row asks for (questions.Answering).

    def field_ref(self, item_id: str) -> ft.Ref[ft.TextField]:
        """Return the reference through which the field of a question gets the focus."""
        return self._fields.setdefault(item_id, ft.Ref[ft.TextField]())

    async def answer(self, item_id: str, value: str) -> None:
        """Save a tapped answer, then bring the next open question into view."""
        await self._save(item_id, value)
        self._advance(item_id)

    async def typed(self, item_id: str, text: str) -> None:
        """Save what is typed with every change; what is not yet a number waits for more."""
        self.texts = {**self.texts, item_id: text}
        await self._save(item_id, text.strip().rstrip("."))

    async def entered(self, item_id: str) -> None:
        """Typing is over: bring the next open question into view."""
        self._advance(item_id)

    def photograph(self, item_id: str) -> None:
        """Open the viewfinder in the row of a question."""
        sheet = self.sheet
        if sheet is None:
            return
        target = Target(
            record_id=sheet.draft_id,
            code=sheet.code,
            asset_id=sheet.asset.asset_id,
            shot="item",
            item_id=item_id,
            label_state=sheet.label_state,
        )
        self.capture.begin(target, self.photographed)
        self._aim(item_id)

    async def photographed(self, card: EvidenceCard) -> None:
        """Show the photo just kept; a photo question is answered by it."""
        item_id = card.item_id or ""
        line = self.line(item_id)
        answers = line is not None and KINDS[line.line.item.kind].proof
        if answers and not card.is_clip:
            await self._save(item_id, DONE)
        await self.load()
        self._advance(item_id)

    def excuse(self, item_id: str) -> None:
        """Ask why the photo of a question cannot be taken."""
        self.excusing.begin(item_id)
        self._aim(item_id)

    async def excused(self, item_id: str, reason: str, said: str) -> None:
        """Keep the reason instead of the photo, and go on."""
        await self.capture.close()
        sheet = await self.desk.run(
            inspections.excuse, self.desk.signed_in, self.draft_id, item_id, reason, said
        )
        if sheet is not None:
            self.sheet = sheet
            self._advance(item_id)

    def sign(self, item_id: str) -> None:
        """Open the page to sign on."""
        self.signing = item_id

    def stop_signing(self) -> None:
        """Go back to the questions without a signature."""
        self.signing = None

    async def signed(self, picture: bytes) -> None:
        """Keep the signature as evidence of its question."""
        sheet, item_id, desk = self.sheet, self.signing, self.desk
        if sheet is None or item_id is None:
            return
        target = Target(sheet.draft_id, sheet.code, sheet.asset.asset_id, "signature", item_id)
        card = await desk.run(
            evidence.keep, desk.signed_in, target, picture, source="drawn", fix=desk.fix
        )
        if card is not None:
            self.signing = None
            await self.photographed(card)

    def look_at(self, evidence_id: str) -> None:
        """Show a photo large, with its grade."""
        photos = [photo for row in self.rows for photo in row.photos]
        self.looking = next((p for p in photos if p.evidence_id == evidence_id), None)

    def look_away(self) -> None:
        """Go back from a photo to its question."""
        if self.looking is not None and self.looking.item_id:
            self._aim(self.looking.item_id)
        self.looking = None

    async def retake(self, item_id: str, evidence_id: str) -> None:
        """Take a photo out and open the camera again."""
        self.looking = None
        await self.desk.run(evidence.withdraw, self.desk.signed_in, evidence_id)
        await self.load()
        self.photograph(item_id)

    async def report(self, item_id: str) -> None:
        """Begin the hazard of a bad answer: place, category and grade come from the question."""
        sheet = self.sheet
        if sheet is None:
            return
        await self.capture.close()
        draft = await self.desk.run(
            reports.open_draft,
            self.desk.signed_in,
            asset_id=sheet.asset.asset_id,
            sheet_id=sheet.draft_id,
            item_id=item_id,
            label_state=sheet.label_state,
        )
        if draft is not None:
            self.desk.go(f"/report/{draft.draft_id}")

    # The sheet as a whole.

    @property
    def rows(self) -> tuple[SheetLine, ...]:
        """The questions asked for the answers so far."""
        return self.sheet.lines if self.sheet else ()

    @property
    def complete(self) -> bool:
        """Whether it can be handed in."""
        return self.sheet is not None and self.sheet.next_item is None

    def line(self, item_id: str) -> SheetLine | None:
        """Return the row of a question."""
        return next((row for row in self.rows if row.line.item.item_id == item_id), None)

    async def load(self) -> None:
        """Read the draft as it stands."""
        if self.handed_in:
            return
        sheet = await self.desk.run(inspections.sheet, self.desk.signed_in, self.draft_id)
        if sheet is not None:
            self.sheet = sheet

    def jump(self) -> None:
        """Bring the first open question into view."""
        if self.sheet is not None and self.sheet.next_item is not None:
            self._aim(self.sheet.next_item)

    def ask_reason(self) -> None:
        """Ask why the equipment is out of service."""
        self.stopping = True

    def forget_reason(self) -> None:
        """Close the question without change."""
        self.stopping = False

    def give_reason(self, reason: str) -> None:
        """Keep the reason as typed or tapped."""
        self.reason = reason

    async def stand_still(self) -> None:
        """Mark the equipment as out of service: what is open becomes "not applicable"."""
        if not self.reason.strip():
            return
        sheet = await self.desk.run(
            inspections.stand_still, self.desk.signed_in, self.draft_id, self.reason.strip()
        )
        if sheet is not None:
            self.sheet, self.stopping = sheet, False

    def fold(self) -> None:
        """Open or close the list of earlier findings."""
        self.unfolded = not self.unfolded

    @property
    def next_number(self) -> tuple[int, int]:
        """Return the number of the first open question, and how many are open."""
        sheet = self.sheet
        if sheet is None or sheet.next_item is None:
            return 0, 0
        row = self.line(sheet.next_item)
        return (row.line.number if row else 0), sheet.total - sheet.done

    async def escape(self) -> None:
        """Close what is open over the questions; else go back."""
        if self.signing is not None:
            self.stop_signing()
        elif self.excusing.item_id is not None:
            self.excusing.close()
        elif self.stopping:
            self.forget_reason()
        elif self.capture.open:
            await self.capture.close()
        else:
            self.desk.back()

    async def next_step(self) -> None:
        """Do what the big button says: go to the open question, or hand in."""
        if self.complete:
            await self.hand_in()
        else:
            self.jump()

    async def hand_in(self) -> None:
        """Turn the draft into a record, then go home."""
        if self.handed_in:
            return
        self.handed_in = True
        desk = self.desk
        record_id = await desk.run(inspections.hand_in, desk.signed_in, self.draft_id, desk.fix)
        if record_id is None:
            self.handed_in = False
            await self.load()
            return
        desk.tell(desk.t("sheet.handed_in"))
        desk.changed()
        desk.go("/")

    async def _save(self, item_id: str, value: str | None) -> None:
        """Save an answer in its turn; of several waiting for a question the latest counts.

        A tapped answer is shown once it is saved, so only a slow save needs words of its own.
        """
        self._unsaved[item_id] = value or None
        slow = asyncio.get_running_loop().call_later(SLOW_S, self._say_saving)
        try:
            async with self._turn:
                if item_id in self._unsaved:  # else a later one was saved while this one waited
                    await self._save_one(item_id, self._unsaved.pop(item_id))
        finally:
            slow.cancel()
        self.saving = self.saving and bool(self._unsaved)

    def _say_saving(self) -> None:
        self.saving = True

    async def _save_one(self, item_id: str, value: str | None) -> None:
        errors = {key: error for key, error in self.errors.items() if key != item_id}
        try:
            self.sheet = await asyncio.to_thread(
                inspections.answer,
                self.desk.field,
                self.desk.signed_in,
                self.draft_id,
                item_id,
                value,
            )
        except AnswerInvalidError as error:
            errors[item_id] = error
        except FieldError as error:
            self.desk.refuse(error)
        if errors.keys() != self.errors.keys():
            self.errors = errors

    def _advance(self, item_id: str) -> None:
        """Aim at the open question after this one, or at the first one."""
        here = self.line(item_id)
        if here is None or self.sheet is None:
            return
        if not here.line.complete:  # its photo is still missing: bring what to do into view
            self._aim(item_id)
            return
        later = [row for row in self.rows if row.line.number > here.line.number]
        following = next((row for row in later if not row.line.complete), None)
        goal = following.line.item.item_id if following else self.sheet.next_item
        if goal is not None:
            self._aim(goal, after=item_id)

    def _aim(self, item_id: str, after: str | None = None) -> None:
        row = self.line(item_id)
        typed = row is not None and KINDS[row.line.item.kind].limited and not self.capture.open
        # A short answered row stays in view above the next question, so that it can be mended.
        above = self.line(after) if after else None
        short = (
            above is not None
            and row is not None
            and above.line.judgement.state in ("good", "na")
            and not above.photos
            and not self.desk.tokens.large  # both do not fit
            and row.line.number == above.line.number + 1
        )
        serial = self.goal.serial + 1 if self.goal else 1
        self.goal = Goal(after if short and after else item_id, item_id if typed else None, serial)
