"""State and actions of a hazard report; what is written is saved with every change."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import flet as ft

from app.use_cases import evidence, reports
from app.use_cases.evidence import EvidenceCard, Target
from app.use_cases.reports import HazardDraft
from app.use_cases.scan import Scanned
from domain.repair_checks import Region
from screens.capture_model import CaptureModel
from screens.context import Desk

SHOTS = ("closeup", "panorama")  # asked for when reporting; the responsible person at dispatch


@dataclass(eq=False)
class ReportModel(ft.Observable):
    """One report being written."""

    desk: Desk
    draft_id: str
    draft: HazardDraft | None = None
    words: str = ""
    gone: bool = False
    sending: bool = False
    sent: bool = False
    looking: EvidenceCard | None = None
    placing: bool = False
    scanning: bool = False
    editing: bool = False  # category and grade are being changed
    answering: bool = False  # what the plant's data asks is being answered
    marking: str = ""  # the photo on which the defect is being marked

    def __post_init__(self) -> None:
        """Nothing is loaded yet."""
        self.capture = CaptureModel(self.desk)
        self._turn = asyncio.Lock()
        self._unsaved: str | None = None

    async def load(self) -> None:
        """Read the draft; an empty one opens the camera at once."""
        if self.sent:
            return
        first = self.draft is None
        draft = await self.desk.run(reports.draft, self.desk.signed_in, self.draft_id)
        if draft is None:
            self.gone = first
            return
        self.draft = draft
        if first:
            self.words = draft.words
            if not draft.photos and not draft.words:
                self.shoot(SHOTS[0])

    def photo(self, shot: str) -> EvidenceCard | None:
        """Return the latest photo of a shot."""
        photos = self.draft.photos if self.draft else ()
        stills = (photo for photo in reversed(photos) if not photo.is_clip)
        return next((photo for photo in stills if photo.shot == shot), None)

    @property
    def clips(self) -> tuple[EvidenceCard, ...]:
        """The clips taken, oldest first."""
        photos = self.draft.photos if self.draft else ()
        return tuple(photo for photo in photos if photo.is_clip)

    @property
    def can_send(self) -> bool:
        """Whether there is something to tell: words, a photo, or the failed question."""
        return bool(self.draft and (self.draft.can_send or self.words.strip()))

    @property
    def next_shot(self) -> str | None:
        """The shot that is still worth taking."""
        return next((shot for shot in SHOTS if self.photo(shot) is None), None)

    def shoot(self, shot: str) -> None:
        """Open the viewfinder for a shot."""
        draft = self.draft
        if draft is None:
            return
        self.capture.begin(Target(draft.draft_id, draft.code, draft.asset_id, shot), self.kept)

    async def kept(self, _card: EvidenceCard) -> None:
        """Show the photo just kept."""
        await self.load()

    async def retake(self, photo: EvidenceCard) -> None:
        """Take a photo out and open the camera again."""
        self.looking = None
        await self.desk.run(evidence.withdraw, self.desk.signed_in, photo.evidence_id)
        await self.load()
        self.shoot(photo.shot)

    def look_at(self, photo: EvidenceCard) -> None:
        """Show a photo large."""
        self.looking = photo

    def look_away(self) -> None:
        """Go back to the report."""
        self.looking = None

    async def write(self, words: str) -> None:
        """Keep the words as typed and save the latest."""
        self.words, self._unsaved = words, words
        async with self._turn:
            await self._save_words()

    async def classify(self, **changes: str | None) -> None:
        """Set category or grade instead of the proposal."""
        await self._change(**changes)

    def mark(self) -> None:
        """Open the page on which the defect is marked."""
        photo = next((found for shot in SHOTS if (found := self.photo(shot))), None)
        region = self.draft.region if self.draft else None
        if photo is not None:
            self.marking = region.photo if region else photo.evidence_id

    def leave_mark(self) -> None:
        """Go back without a mark."""
        self.marking = ""

    async def keep_mark(self, region: Region) -> bool:
        """Save where the defect is with the draft."""
        desk = self.desk
        draft = await desk.run(reports.mark_region, desk.signed_in, self.draft_id, region)
        if draft is not None:
            self.draft, self.marking = draft, ""
        return draft is not None

    def edit(self) -> None:
        """Open or close the choice of category and grade."""
        self.editing = not self.editing

    def answer(self) -> None:
        """Open or close the page of what the plant's data asks."""
        self.answering = not self.answering

    async def keep_answers(self, answers: Mapping[str, str]) -> bool:
        """Keep answers with the draft; say whether they were taken."""
        desk = self.desk
        draft = await desk.run(reports.answer_fields, desk.signed_in, self.draft_id, answers)
        if draft is not None:
            self.draft = draft
        return draft is not None

    async def find_place(self) -> None:
        """Open the list of places."""
        await self.capture.close()
        self.placing = True

    def leave_place(self) -> None:
        """Go back without another place."""
        self.placing, self.scanning = False, False

    def scan_place(self) -> None:
        """Take the place from a label."""
        self.scanning = True

    async def scanned(self, found: Scanned) -> None:
        """Take the place that a label says."""
        if found.asset is not None:
            await self.place(found.asset.asset_id, found.via)
        elif found.checkpoint is not None:
            await self.place_area(found.checkpoint.area)

    async def place(self, asset_id: str, _via: str) -> None:
        """Take the place of a piece of equipment."""
        assets = self.desk.field.definitions.plant.assets
        wanted = asset_id if asset_id in assets else asset_id.upper()
        if wanted in assets:
            await self._change(asset_id=wanted)
            self.leave_place()

    async def place_area(self, area: str) -> None:
        """Take an area as the place."""
        await self._change(asset_id=None, area=area)
        self.leave_place()

    async def send(self) -> None:
        """Report it: the draft becomes a record that goes out when there is a network."""
        if self.sending or not self.can_send:
            return
        self.sending, desk = True, self.desk
        await self.capture.put_away()
        async with self._turn:  # the last words are being saved
            record_id = await desk.run(reports.report, desk.signed_in, self.draft_id, desk.fix)
        self.sending = False
        if record_id is None:
            return
        self.sent = True
        code = self.draft.code if self.draft else ""
        from_sheet = self.draft is not None and self.draft.source_item is not None
        desk.changed()
        if from_sheet:
            desk.back()
        else:
            desk.go(f"/hazard/{record_id}", instead=True)
        desk.tell(desk.t("report.sent", code=code))

    async def drop(self) -> None:
        """Throw the report away and go back."""
        self.sent = True
        await self.capture.close()
        await self.desk.run(reports.drop_draft, self.desk.signed_in, self.draft_id)
        self.desk.back()

    async def escape(self) -> None:
        """Close the camera; else go back, the report stays a draft."""
        if self.capture.open:
            await self.capture.leave()
        else:
            self.desk.back()

    async def enter(self) -> None:
        """Do what the big button says."""
        await (self.capture.shoot() if self.capture.open else self.send())

    async def _save_words(self) -> None:
        latest, self._unsaved = self._unsaved, None
        if latest is not None:  # else they were saved while this call waited for its turn
            await self._change(words=latest)

    async def _change(self, **changes: str | None) -> None:
        draft = await self.desk.run(
            reports.change_draft, self.desk.signed_in, self.draft_id, **changes
        )
        if draft is not None:
            self.draft = draft
