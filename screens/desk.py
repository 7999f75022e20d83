"""The desk: the person, the language, the look, the way back, the state of the link.

`Desk` is observable: a component that calls `context.use_desk()` is drawn again when one of its
fields changes. `Link` is apart, because sync changes it several times a second: only what shows it
should be drawn again then (`context.use_link()`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field as part
from typing import Concatenate, ParamSpec, TypeVar

import flet as ft

from app import timekeeping
from app.field import SPOKEN, FieldApp
from app.translate import Translator, translator
from app.use_cases.search import Question
from app.use_cases.work_ends import Ending
from domain.errors import FieldError
from domain.places import Fix
from domain.plant import Person
from media.ports import Locator
from screens.theme import RAIL_FROM, TABLET_FROM, Tokens, tokens_of
from sync.status import SyncStatus

P = ParamSpec("P")
R = TypeVar("R")

ZONE = "Asia/Shanghai"  # until the definitions say where the plant is
TOLD_S = 4.0  # how long good news stays
TABS = ("/", "/hazards", "/permits", "/me")
ADDRESS_S = 0.3  # the picture of a place stands before the address of the page follows
LATE_S = 5.0  # an address that is not confirmed by then was lost on the way


@dataclass(eq=False)
class Link(ft.Observable):
    """How the device and the server stand: what sync does, what waits, where the device is."""

    status: SyncStatus | None = None
    waiting: int = 0
    fix: Fix | None = None


@dataclass(eq=False)
class At(ft.Observable):
    """Which of the four places stands in front: a tap shows it before the address has followed."""

    place: str = TABS[0]
    covered: bool = False  # another page lies over it

    def shows(self, place: str) -> bool:
        """Whether a person looks at this place now."""
        return self.place == place and not self.covered


@dataclass(frozen=True, eq=False)
class Keys:
    """What keys do on the screen in view: names as Flet gives them ("Enter", "Escape", "1")."""

    press: Callable[[str], Awaitable[None] | None]
    place: str | None = None  # in force only while this place stands in front


@dataclass(eq=False)
class Backstage:
    """What nothing is drawn from: the way back, the keys in force, whether somebody types."""

    trail: tuple[str, ...] = ("/",)
    keys: tuple[Keys, ...] = ()
    typing: bool = False  # a text field has the focus: Enter and digits belong to it
    last: Person | None = None  # who was signed in before the lock
    preferences: ft.SharedPreferences | None = None
    haptic: ft.HapticFeedback | None = None  # what shakes the device
    acted: int = 0  # rises when a control was pressed, to tell a key for it from one for the screen
    fading: asyncio.TimerHandle | None = None  # takes the good news away
    address: str = "/"  # what the client was told last, or told us
    awaited: str | None = None  # the address of the place in front, until the client says it too
    following: asyncio.TimerHandle | None = None  # will tell the client that address
    asked: str = ""  # what the statistics were asked last
    touched: int = 0  # rises with every key and tap, for the idle lock
    locator: Locator | None = None
    measuring: asyncio.Task[Fix | None] | None = None
    question: Question | None = None  # what was searched for last, for the way back from a hit


@dataclass(eq=False)
class Desk(ft.Observable):
    """One person's screen on one device. Fields may be set from the event loop only."""

    field: FieldApp
    navigate: Callable[[str], None] = lambda _route: None
    link: Link = part(default_factory=Link)
    at: At = part(default_factory=At)
    person: Person | None = None
    language: str = "zh"
    brightness: str = "system"  # "light", "dark" or "system"
    system_dark: bool = False
    scale: float = 1.0
    width: float = 412.0
    height: float = 915.0
    version: int = 0  # rises after each change of data: a dependency of every effect that loads
    notice: FieldError | None = None  # the last refusal, shown on top until the next tap
    incident: str = ""  # number of a bug that was caught, as the log has it
    told: str = ""  # the last good news, shown for a few seconds
    told_good: bool = True  # else it is only to know
    alarm: Ending | None = None  # a work that is over or nearly so, until it is closed
    backstage: Backstage = part(default_factory=Backstage)

    @property
    def t(self) -> Translator:
        """The texts of the language in use."""
        pack = self.field.pack
        zone = pack.definitions.plant.timezone if pack else ZONE
        return translator(self.field.catalogs, self.language, zone)

    @property
    def next_language(self) -> str:
        """The language after the one in use, of those that have a catalog."""
        known = sorted(self.field.catalogs, reverse=True)  # zh before en
        here = known.index(self.language) if self.language in known else -1
        return known[(here + 1) % len(known)]

    def language_name(self, language: str) -> str:
        """Return what a language calls itself."""
        return self.field.catalogs[language].get("language.name", language)

    @property
    def dark(self) -> bool:
        """Whether the dark colours are in use."""
        return self.system_dark if self.brightness == "system" else self.brightness == "dark"

    @property
    def tokens(self) -> Tokens:
        """Colours and sizes in use."""
        return tokens_of(dark=self.dark, scale=self.scale)

    @property
    def look(self) -> tuple[object, ...]:
        """What every screen is drawn with besides its own data: equal until one of them changes."""
        return (self.tokens, self.t, self.wide, self.person)

    @property
    def keys(self) -> Keys | None:
        """The keys in force: those bound last, of what is in view."""
        bound = reversed(self.backstage.keys)
        shown = (keys for keys in bound if keys.place is None or self.at.shows(keys.place))
        return next(shown, None)

    @property
    def fix(self) -> Fix | None:
        """The last known position."""
        return self.link.fix

    @property
    def status(self) -> SyncStatus | None:
        """What sync is doing."""
        return self.link.status

    @property
    def waiting(self) -> int:
        """How many records and photos the server has not confirmed."""
        return self.link.waiting

    @property
    def rail(self) -> bool:
        """Whether the places stand in a rail at the left: tablets, and phones held across."""
        return self.width >= RAIL_FROM or self.width > self.height

    @property
    def wide(self) -> bool:
        """Whether two columns fit."""
        return self.width >= TABLET_FROM

    @property
    def signed_in(self) -> Person:
        """The person; screens behind the sign-in have one.

        Screens may be drawn once more between the lock and their removal: with who was there.
        """
        person = self.person or self.backstage.last
        assert person is not None, "a screen was drawn before the sign-in"
        return person

    def sign_in(self, person: Person) -> None:
        """Let a person in; somebody else than before starts on the first screen."""
        last = self.backstage.last
        if last is not None and last.person_id != person.person_id:
            self.backstage.trail = ("/",)
            self.navigate("/")
        self.close_notices()
        self.person = person

    def lock(self) -> None:
        """Ask for the PIN again; drafts and the screen in view stay."""
        self.backstage.typing = False
        self.backstage.last = self.person or self.backstage.last
        self.person = None

    def other_language(self) -> None:
        """Switch to the next language that has a catalog."""
        self.language = self.next_language

    async def run(
        self,
        use_case: Callable[Concatenate[FieldApp, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R | None:
        """Call a use case in a thread; a refusal becomes the notice, and None is returned."""
        try:
            result = await self.in_thread(use_case, *args, **kwargs)
        except FieldError as error:
            self.notice = error
            return None
        return result

    async def in_thread(
        self,
        use_case: Callable[Concatenate[FieldApp, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Call a use case in a thread, in the language of this screen; a refusal is raised."""
        token = SPOKEN.set(self.language)
        try:
            return await asyncio.to_thread(use_case, self.field, *args, **kwargs)
        finally:
            SPOKEN.reset(token)

    async def locate(self, wait_s: float) -> Fix | None:
        """Measure where the device is, at an event that needs it (DOMAIN.md §2.11), never between.

        Waits so long at most; a measurement that takes longer goes on for the next event.
        """
        stage = self.backstage
        if stage.measuring is None or stage.measuring.done():
            stage.measuring = asyncio.get_running_loop().create_task(self._measure())
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(stage.measuring), wait_s)
        return self.link.fix

    async def _measure(self) -> Fix | None:
        stage = self.backstage
        stage.locator = stage.locator or self.field.devices.locator()
        try:
            self.link.fix = await stage.locator.current()
            await asyncio.to_thread(timekeeping.take_sky, self.field, self.link.fix)
        except FieldError:  # no permission, no signal: then the position is unknown
            self.link.fix = None
        return self.link.fix

    def changed(self) -> None:
        """Say that data of this device changed: lists load again."""
        self.version += 1

    def refuse(self, error: FieldError) -> None:
        """Show a refusal with its remedy."""
        self.notice = error

    def close_notices(self) -> None:
        """Take the refusal, the incident and the good news away."""
        self.notice, self.incident, self.told = None, "", ""

    def tell(self, text: str, *, good: bool = True) -> None:
        """Show good news for a few seconds; not `good`: what is only to know."""
        if self.backstage.fading is not None:
            self.backstage.fading.cancel()
        self.told, self.told_good = text, good
        self.backstage.fading = asyncio.get_running_loop().call_later(TOLD_S, self._fade)

    def _fade(self) -> None:
        self.told = ""

    def go(self, route: str, *, instead: bool = False) -> None:
        """Go to a route; `instead` takes the place of the screen in view, so back skips it.

        From place to place the picture comes first: the address of the page follows when it stands,
        because the client draws everything again for it.
        """
        stage = self.backstage
        if stage.following is not None:
            stage.following.cancel()
        stage.following = stage.awaited = None
        if instead:
            stage.trail = stage.trail[:-1] or ("/",)
        if route in TABS and stage.trail[-1] in TABS:
            stage.awaited = route
            stage.following = asyncio.get_running_loop().call_later(ADDRESS_S, self._follow, route)
            self._stand_at(route)
        else:
            stage.address = route
            self.navigate(route)

    def _follow(self, route: str) -> None:
        stage = self.backstage
        stage.following = None
        if route == stage.address:  # there and back before the address could follow
            stage.awaited = None
            return
        stage.address = route
        self.navigate(route)
        # a client that was away then never answers: its next address counts again
        stage.following = asyncio.get_running_loop().call_later(LATE_S, self._stop_waiting)

    def _stop_waiting(self) -> None:
        self.backstage.following = self.backstage.awaited = None

    def back(self) -> None:
        """Go to where the person came from."""
        trail = self.backstage.trail
        self.navigate(trail[-2] if len(trail) > 1 else "/")

    def arrive(self, route: str) -> None:
        """Keep the trail in step with the route, however it was reached (also browser back).

        The address of a place that a later tap has left behind changes nothing.
        """
        stage = self.backstage
        if route in TABS and stage.awaited not in (None, route):
            return
        stage.address, stage.awaited = route, None
        self._stand_at(route)

    def _stand_at(self, route: str) -> None:
        self.notice = None
        self.backstage.typing = False
        self.backstage.trail = trail_after(self.backstage.trail, route)
        self.at.covered = route not in TABS
        if route in TABS:
            self.at.place = route


def trail_after(trail: tuple[str, ...], route: str) -> tuple[str, ...]:
    """Return the way back after arriving at `route`; a place of the bottom bar starts anew."""
    if route in TABS:
        return (route,)
    if route in trail:
        return trail[: trail.index(route) + 1]
    return (*trail, route)
