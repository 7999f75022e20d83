"""One row of the checklist as values, and what it may ask of the checklist's model."""

from dataclasses import dataclass
from typing import Protocol

import flet as ft

from app.translate import Translator
from app.use_cases.inspections import SheetLine
from domain.errors import FieldError
from domain.questions import Item
from screens.capture_model import CaptureModel
from screens.context import Desk
from screens.theme import Tokens


class Answering(Protocol):
    """What a question can do; the checklist's model does it."""

    @property
    def desk(self) -> Desk:
        """The desk the person works at."""
        ...

    @property
    def capture(self) -> CaptureModel:
        """The camera of the screen."""
        ...

    def field_ref(self, item_id: str) -> ft.Ref[ft.TextField]:
        """Return where the field of a question is kept, to give it the focus."""
        ...

    async def answer(self, item_id: str, value: str) -> None:
        """Save a tapped answer."""
        ...

    async def typed(self, item_id: str, text: str) -> None:
        """Save what is being typed."""
        ...

    async def entered(self, item_id: str) -> None:
        """Go on: typing is over."""
        ...

    def photograph(self, item_id: str) -> None:
        """Open the viewfinder in the row."""
        ...

    def excuse(self, item_id: str) -> None:
        """Ask why the photo cannot be taken."""
        ...

    def sign(self, item_id: str) -> None:
        """Open the page to sign on."""
        ...

    def look_at(self, evidence_id: str) -> None:
        """Show a photo large."""
        ...

    async def retake(self, item_id: str, evidence_id: str) -> None:
        """Take a photo again."""
        ...

    async def report(self, item_id: str) -> None:
        """Report a hazard of the bad answer."""
        ...


@dataclass(frozen=True, eq=False)
class Hands:
    """Hides the model from Flet: as an argument it would redraw every row on each change."""

    model: Answering


@dataclass(frozen=True)
class Question:
    """One row as it stands: the line, what is being typed, the last refusal, and the look."""

    row: SheetLine
    text: str
    error: FieldError | None
    current: bool  # the next open question
    taking: bool  # the viewfinder stands in this row
    tokens: Tokens
    t: Translator

    @property
    def item(self) -> Item:
        """The question as the form has it."""
        return self.row.line.item

    @property
    def item_id(self) -> str:
        """Its id, part of every key of the row."""
        return self.row.line.item.item_id
