"""What the sign-in screen knows and does: the people, the one chosen, the digits, the wait.

Whoever comes with a PIN for one time chooses an own one, twice the same, before they are let in.
"""

import asyncio
from dataclasses import dataclass

import flet as ft

from app.use_cases import people
from app.use_cases.people import PersonCard
from domain.errors import FieldError
from domain.plant import Person
from screens.context import Desk

SHOWN_MAX = 60  # people in the list at once; the search finds the others
ERASE = "Backspace"


@dataclass(eq=False)
class SignInModel(ft.Observable):
    """The people of this device, the one chosen, and the digits typed so far."""

    desk: Desk
    people: tuple[PersonCard, ...] | None = None
    chosen: PersonCard | None = None
    picking: bool = False
    query: str = ""
    digits: str = ""
    wait_s: int = 0
    busy: bool = False
    forgot: bool = False
    error: FieldError | None = None
    coming: Person | None = None  # known by a PIN for one time, and choosing an own one
    first: str = ""  # the new PIN, typed once
    differs: bool = False  # the second time it was another one
    new_length: int = 0

    @property
    def length(self) -> int:
        """How many digits are asked for now."""
        if self.coming:
            return self.new_length
        return self.chosen.pin_length if self.chosen else 0

    async def load(self) -> None:
        """Read the people; at first who signed in here last is chosen.

        It runs again whenever news arrives: then it takes nothing out of the hands of a person who
        is looking for a name.
        """
        first = not self.people
        if self.desk.field.pack is None:
            self.people = ()
            return
        cards = await self.desk.run(people.cards)
        self.people = tuple(cards or ())
        if self.chosen is not None:  # a PIN that was set meanwhile is asked for now
            chosen = self.chosen.person_id
            self.chosen = next((card for card in self.people if card.person_id == chosen), None)
        if first and self.chosen is None and self.people and self.people[0].last_ms is not None:
            self.chosen = self.people[0]
        self.picking = self.picking or self.chosen is None

    def choose(self, card: PersonCard) -> None:
        """Take a person of the list; what another one typed is forgotten."""
        self.chosen, self.picking, self.query = card, False, ""
        self.digits, self.error = "", None
        self.coming, self.first, self.differs = None, "", False

    def pick(self) -> None:
        """Open the list of people, or close it again."""
        self.picking, self.query = not self.picking or self.chosen is None, ""

    def search(self, query: str) -> None:
        """Narrow the list."""
        self.query = query

    def explain(self) -> None:
        """Show or hide what to do about a forgotten PIN."""
        self.forgot = not self.forgot

    def matches(self) -> tuple[PersonCard, ...]:
        """Return the people whose id, name, unit or role has the query, recent ones first."""
        wanted = self.query.strip().casefold()
        found = (card for card in self.people or () if wanted in _haystack(card))
        return tuple(card for card, _ in zip(found, range(SHOWN_MAX), strict=False))

    async def press(self, key: str) -> None:
        """Take a digit or erase one; the last digit signs in."""
        card = self.chosen
        if card is None or self.picking or self.busy or self.wait_s or not self.length:
            return
        self.error, self.differs = None, False
        if key == ERASE:
            self.digits = self.digits[:-1]
            return
        self.digits = (self.digits + key)[: self.length]
        if len(self.digits) < self.length:
            return
        if self.coming:
            await self.take_new(self.coming)
        else:
            await self.submit(card)

    async def submit(self, card: PersonCard) -> None:
        """Check the PIN; a wrong one clears the digits and may start a wait."""
        self.busy = True
        try:
            person = await asyncio.to_thread(
                people.sign_in, self.desk.field, card.person_id, self.digits
            )
        except FieldError as error:
            self.busy, self.digits = False, ""
            await self.wait(error)
            return
        field = self.desk.field
        if await asyncio.to_thread(people.has_temporary, field, person.person_id):
            self.new_length = await asyncio.to_thread(people.new_length, field, person.person_id)
            self.coming, self.first = person, ""
            self.busy, self.digits = False, ""
            return
        self.busy, self.digits = False, ""
        self.desk.sign_in(person)

    async def take_new(self, person: Person) -> None:
        """Take the new PIN: the first time keep it, the second time it must be the same."""
        typed, self.digits = self.digits, ""
        if not self.first:
            self.first = typed
            return
        first, self.first = self.first, ""
        if typed != first:
            self.differs = True
            return
        self.busy = True
        try:
            await asyncio.to_thread(people.choose_pin, self.desk.field, person, typed)
        except FieldError as error:
            self.busy, self.error = False, error
            return
        self.busy, self.coming = False, None
        self.desk.sign_in(person)
        self.desk.tell(self.desk.t("sign_in.new.kept"))

    async def wait(self, error: FieldError) -> None:
        """Count down until the next try is allowed."""
        seconds = error.params.get("wait_s")
        self.error = error
        self.wait_s = int(seconds) if isinstance(seconds, int | float) else 0
        while self.wait_s > 0:
            await asyncio.sleep(1)
            self.wait_s -= 1


def _haystack(card: PersonCard) -> str:
    texts = [card.person_id]
    for words in (card.name, card.unit, card.role):
        texts.extend(words.by_language.values())
    return "\n".join(texts).casefold()
