"""State and actions of one hazard: what a person may do comes from the data of the workflow."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import flet as ft

from app import repair_copies
from app.use_cases import ghosts, hazard_fields, hazards, repair_checks, three_photos
from app.use_cases.evidence import EvidenceCard, Target
from app.use_cases.hazard_views import HazardCard, HazardView, MoveView
from domain.capture_trust import CHALLENGE
from domain.errors import FieldError
from domain.repair_checks import Region
from screens.capture_model import CaptureModel
from screens.context import Desk

RECTIFY, RECTIFYING = "hazard.rectify", "rectifying"
AFTER, AFTER_NEED = "after", "after_photo"
CLOSE = "closeup"
MERGE_NEEDS = frozenset({"merged_into", "target"})
FINAL_ACTIONS = frozenset({"hazard.void", "hazard.merge"})  # cannot be taken back
FORM_NEEDS = frozenset({"note"}) | MERGE_NEEDS


def closest(photos: Sequence[EvidenceCard]) -> EvidenceCard:
    """Return the photo to mark a defect on: the last close one, else the last."""
    close = [photo for photo in photos if photo.shows == CLOSE]
    return (close or list(photos))[-1]


@dataclass(eq=False)
class HazardModel(ft.Observable):
    """One hazard in view."""

    desk: Desk
    record_id: str
    view: HazardView | None = None
    gone: bool = False
    busy: bool = False
    move: MoveView | None = None  # the move whose words or target are being asked for
    note: str = ""
    target: str | None = None  # record to merge into
    others: tuple[HazardCard, ...] = ()
    choosing_place: bool = False
    more: bool = False
    assessing: bool = False  # grade and kind are being changed
    answering: bool = False  # what the plant's data asks is being answered
    looking: EvidenceCard | None = None
    marking: str = ""  # the photo on which the defect is being marked
    comparing: bool = False
    checking: bool = False  # before and after are being compared
    filling: str = ""  # the shot of its grade for which a photo is being found
    asking: bool = False  # somebody is being asked for photos

    def __post_init__(self) -> None:
        """The camera is closed."""
        self.capture = CaptureModel(self.desk)
        self._refused: list[FieldError] = []  # why a repair did not begin with its photo

    @property
    def after(self) -> tuple[EvidenceCard, ...]:
        """Photos taken after the repair."""
        photos = self.view.photos if self.view else ()
        return tuple(photo for photo in photos if photo.shot == AFTER and not photo.is_clip)

    @property
    def before(self) -> tuple[EvidenceCard, ...]:
        """Photos of the report."""
        photos = self.view.photos if self.view else ()
        later = (AFTER, CHALLENGE)
        return tuple(photo for photo in photos if photo.shot not in later and not photo.is_clip)

    @property
    def seconds(self) -> tuple[EvidenceCard, ...]:
        """Second shots that were asked for after a repair."""
        photos = self.view.photos if self.view else ()
        return tuple(photo for photo in photos if photo.shot == CHALLENGE)

    @property
    def clips(self) -> tuple[EvidenceCard, ...]:
        """Video clips, of the report and of the repair."""
        photos = self.view.photos if self.view else ()
        return tuple(photo for photo in photos if photo.is_clip)

    @property
    def primary(self) -> MoveView | None:
        """The next step of this person, if there is one."""
        moves = self.view.moves if self.view else ()
        return next((move for move in moves if move.primary), None)

    @property
    def side_moves(self) -> tuple[MoveView, ...]:
        """The other things this person may do."""
        moves = self.view.moves if self.view else ()
        return tuple(move for move in moves if move is not self.primary)

    @property
    def missing(self) -> tuple[str, ...]:
        """Shots that the grade asks for and that are not there, in the order of the data."""
        three = self.view.three if self.view else None
        return three.missing if three else ()

    @property
    def dispatches(self) -> bool:
        """Whether the next step of this person is to dispatch it."""
        moves = self.view.moves if self.view else ()
        return any(move.action == three_photos.DISPATCH for move in moves)

    def fill(self, shot: str = "") -> None:
        """Open the ways to a shot of the grade; without one, close them."""
        self.filling, self.asking, self.more = shot, False, False

    async def tag(self, photo: EvidenceCard, role: str) -> None:
        """Say what a photo that is here shows."""
        desk = self.desk
        self.fill()
        await desk.run(three_photos.tag, desk.signed_in, photo.evidence_id, role)
        await self.load()
        desk.changed()

    def show_asking(self) -> None:
        """Open or close the list of who can be asked for the photos that are missing."""
        self.asking, self.filling, self.more = not self.asking, "", False

    async def ask_for_photos(self, person_id: str) -> None:
        """Ask somebody for the photos that are missing."""
        desk, self.asking = self.desk, False
        await desk.run(three_photos.ask, desk.signed_in, self.record_id, person_id, self.missing)
        await self.load()
        desk.changed()

    def without_photos(self) -> None:
        """Go to the dispatch though photos are missing: there it is asked why."""
        self.desk.go(f"/hazard/{self.record_id}/dispatch")

    async def load(self) -> None:
        """Read the hazard as this device knows it."""
        view = await self.desk.run(hazards.view, self.desk.signed_in, self.record_id)
        if view is None:
            self.gone = self.view is None
        else:
            self.view, self.gone = view, False
            await self.desk.run(repair_copies.ask_for, self.record_id)

    async def do(self, move: MoveView) -> None:
        """Do a move, or ask for what it needs first."""
        self.more = False
        if self.asks(move):
            self.answering = True
        elif move.missing:
            self.shoot(move.missing[0])
        elif "assignee" in move.needs:
            self.desk.go(f"/hazard/{self.record_id}/dispatch")
        elif FORM_NEEDS & set(move.needs):
            await self.ask(move)
        else:
            await self.act(move)

    async def repair(self, move: MoveView) -> None:
        """Open the camera for the photo after the repair; where none has begun, it begins with it.

        A camera that is closed again without a picture has changed nothing.
        """
        if self.asks(move):
            self.answering = True
        elif move.target != RECTIFYING:
            self.shoot(AFTER)
        elif not move.asks:
            self.shoot(AFTER, move)
        elif await self.act(move):  # else it is said why it cannot begin: others have to answer
            self.shoot(AFTER)

    def asks(self, move: MoveView) -> bool:
        """Whether a move waits for an answer that this person may give."""
        fields = self.view.fields if self.view else ()
        return any(one.may and one.item.item_id in move.asks for one in fields)

    def answer(self) -> None:
        """Open or close the page of what the plant's data asks."""
        self.answering = not self.answering

    async def keep_answers(self, answers: Mapping[str, str]) -> bool:
        """Keep answers; say whether they were taken."""
        desk = self.desk
        record = hazard_fields.record_fields
        if await desk.run(record, desk.signed_in, self.record_id, answers) is None:
            return False
        await self.load()
        desk.changed()
        return True

    async def act(self, move: MoveView) -> bool:
        """Do a move that needs nothing more; say whether it was done."""
        if self.busy:
            return False
        self.busy = True
        desk = self.desk
        view = await desk.run(
            hazards.act,
            desk.signed_in,
            self.record_id,
            move.action,
            move.target,
            note=self.note,
            merged_into=self.target,
        )
        self.busy = False
        if view is None:
            return False
        self.view = view
        self.leave_form()
        desk.changed()
        if AFTER_NEED in move.needs:  # the app may have been shut since the photo was taken
            await self.check()
        return True

    async def ask(self, move: MoveView) -> None:
        """Open the page for the words or the target that a move needs."""
        self.note, self.target, self.move = "", None, move
        if MERGE_NEEDS & set(move.needs):
            here = self.view.card.asset_id if self.view else None
            found = await self.desk.run(hazards.to_merge, self.desk.signed_in, self.record_id, here)
            self.others = tuple(found or ())

    async def submit(self) -> None:
        """Do the move that was asked about."""
        if self.move is not None and self.ready:
            await self.act(self.move)

    @property
    def ready(self) -> bool:
        """Whether the move has all it needs."""
        needs = set(self.move.needs) if self.move else set[str]()
        said = bool(self.note.strip()) or "note" not in needs
        return said and (self.target is not None or not MERGE_NEEDS & needs)

    def write(self, note: str) -> None:
        """Keep the words typed."""
        self.note = note

    def choose(self, record_id: str) -> None:
        """Choose the hazard to merge into."""
        self.target = record_id

    def leave_form(self) -> None:
        """Close the page of a move."""
        self.move, self.note, self.target = None, "", None

    def shoot(self, shot: str, begins: MoveView | None = None) -> None:
        """Open the viewfinder for a shot of this hazard; `begins` is done once one was kept."""
        view = self.view
        if view is None:
            return
        field, person = self.desk.field, self.desk.signed_in
        refused = self._refused.append
        first = begins and hazards.begun_by_photo(
            field, person, self.record_id, begins.action, begins.target, refused
        )
        target = Target(self.record_id, view.card.code, view.card.asset_id, shot, first=first)
        self.fill()
        self.capture.begin(target, self.kept)
        self.capture.lay(None)
        if shot == AFTER:
            asyncio.get_running_loop().create_task(self._ghost())

    async def _ghost(self) -> None:
        """Show where the photo before was taken from, as soon as its outline is there."""
        found = await self.desk.run(ghosts.of_hazard, self.record_id)
        if self.capture.open and self.capture.target and self.capture.target.shot == AFTER:
            self.capture.lay(found)

    async def kept(self, card: EvidenceCard) -> None:
        """Show the photo just kept and what it unlocks, or why its step was refused."""
        while self._refused:
            self.desk.refuse(self._refused.pop())
        await self.load()
        self.desk.changed()
        if card.shot == AFTER and not card.is_clip:
            await self.check()

    async def check(self) -> None:
        """Compare before and after in a thread; the screen goes on meanwhile."""
        view = self.view
        if self.checking or view is None or view.region is None:
            return
        self.checking = True
        found = await self.desk.run(repair_checks.run, self.desk.signed_in, self.record_id)
        self.checking = False
        if found is not None:
            await self.load()
            self.desk.changed()

    @property
    def may_mark(self) -> bool:
        """Whether this person may say where the defect is, and there is a photo of it."""
        view = self.view
        return view is not None and "region" in view.corrections and bool(self.before)

    def mark(self) -> None:
        """Open the page on which the defect is marked: on the photo it is on, else a close one."""
        region = self.view.region if self.view else None
        kept = [photo.evidence_id for photo in self.before]
        if region is not None and region.photo in kept:
            self.marking = region.photo
        else:
            self.marking = closest(self.before).evidence_id

    def leave_mark(self) -> None:
        """Go back without a mark."""
        self.marking = ""

    async def keep_mark(self, region: Region) -> bool:
        """Keep where the defect is; what was compared before is compared anew."""
        desk = self.desk
        if self.view is not None and self.view.region == region:
            self.marking = ""
            return True
        await desk.run(repair_checks.mark, desk.signed_in, self.record_id, region)
        if desk.notice is not None:
            return False
        self.marking = ""
        await self.load()
        desk.changed()
        await self.check()
        return True

    def compare(self) -> None:
        """Open or close the page with both photos on each other."""
        self.comparing = not self.comparing

    def look_at(self, photo: EvidenceCard) -> None:
        """Show a photo large."""
        self.looking = photo

    def look_away(self) -> None:
        """Go back to the hazard."""
        self.looking = None

    def choose_place(self) -> None:
        """Open the list of equipment: the place was not known."""
        self.choosing_place = True

    def keep_place(self) -> None:
        """Go back without a place."""
        self.choosing_place = False

    async def place(self, asset_id: str, _via: str) -> None:
        """Fix where the hazard is."""
        view = await self.desk.run(hazards.set_place, self.desk.signed_in, self.record_id, asset_id)
        if view is not None:
            self.view, self.choosing_place = view, False
            self.desk.changed()

    @property
    def may_assess(self) -> bool:
        """Whether this person may change its grade or kind."""
        view = self.view
        if view is None:
            return False
        return len(view.grades) > 1 or bool(view.corrections & {"category", "element"})

    def assess(self) -> None:
        """Open or close the page on which grade and kind are changed."""
        self.assessing = not self.assessing

    def show(self, view: HazardView) -> None:
        """Show the hazard as it is now."""
        self.view, self.assessing = view, False
        self.desk.changed()

    def show_more(self) -> None:
        """Open or close the list of the other moves."""
        self.more = not self.more

    async def escape(self) -> None:
        """Close what is open over the hazard; else go back."""
        if self.more or self.filling or self.asking:
            self.fill()
        elif self.capture.open:
            await self.capture.leave()
        else:
            self.desk.back()

    async def enter(self) -> None:
        """Do what the big button says."""
        move = self.primary
        if self.capture.open:
            await self.capture.shoot()
        elif move is not None and self.repairs(move):
            await self.repair(move)
        elif move is not None:
            await self.do(move)

    def repairs(self, move: MoveView) -> bool:
        """Whether a move is answered with the photo after the repair."""
        if move.action != RECTIFY:
            return False
        return move.target == RECTIFYING or AFTER in move.missing
