"""One seed: a plant, what happens to it, and what is left of it when the weather is fine again."""

import asyncio
import sys
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from benchmarks.simulation import checks
from benchmarks.simulation.checks import Findings
from benchmarks.simulation.link import CALM, Link, Weather
from benchmarks.simulation.loop import PowerLost, VirtualLoop, run, stillness
from benchmarks.simulation.nodes import Places, streams
from benchmarks.simulation.plant_server import PlantServer
from benchmarks.simulation.tablet import COPY, Tablet
from benchmarks.simulation.work import Work
from domain.errors import ChainBrokenError, StoreFullError

DEVICES = (3, 6)  # of one plant, smallest and largest number
PAUSE_S = 0.8  # between two things that people or chance do
DAY_MS = 86_400_000
AUDIT_EVERY = 40
# a server that comes back from a backup needs its devices: each seed has one of these
STORIES = ("plain", "restore", "rollback", "revoke", "clone", "clock")
FORKED = ChainBrokenError.code
PHOTOS = 0.15  # of what people write
# what happens next, by weight; "work" is people's, the rest is chance's
_CHANCES = {
    "work": 72,
    "line": 8,
    "crash": 3,
    "crash_at_a_write": 5,
    "full": 2,
    "clock": 2,
    "server": 1.5,
    "server_at_a_write": 2,
    "server_full": 0.5,
    "server_writes": 2,
    "story": 4,
}
CALM_S, LOOK_S = 600.0, 3.0  # how long everything has to arrive; how often we look


@dataclass(frozen=True)
class Bug:
    """A fault that is planted at a seam, to see that it is found."""

    name: str = ""
    planted: Callable[[], AbstractContextManager[object]] = nullcontext
    server: type[PlantServer] = PlantServer


NO_BUG = Bug()


@dataclass(frozen=True)
class Outcome:
    """What a seed came to; `trace` is the same for the same seed."""

    seed: int
    steps: int
    entries: int
    photos: int
    trace: int
    found: Findings


class World:
    """One plant on its own loop."""

    def __init__(self, seed: int, places: Places, loop: VirtualLoop, bug: Bug) -> None:
        """Enrol the devices over a line without faults."""
        self.stream, self.loop, self.places = streams(seed), loop, places
        self.chance = self.stream("world")
        self.steps = self.trace = 0
        self.found = Findings()
        pattern = places.empty.site
        self.policies = pattern.pack.definitions.policies
        self.server = bug.server(pattern, places.disk("server"), loop.wall_ms)
        count = self.chance.randint(*DEVICES)
        self.tablets = [self._tablet(number, places) for number in range(count)]
        categories = tuple(sorted(pattern.pack.definitions.hazards.categories))[:6]
        self.work = Work(self.stream("work"), loop.wall_ms, categories)
        self.story = story_of(seed)

    def _tablet(self, number: int, places: Places) -> Tablet:
        link = Link(self.server, self.stream(f"link {number}"), self.step)
        link.weather = Weather(cut_before=self.chance.choice((0.02, 0.08, 0.2)))
        tablet = Tablet(
            number, places.disk(f"device{number}"), self.policies, link, self.loop, self.stream
        )
        self.server.enrol(tablet.enrolled())
        return tablet

    def step(self, what: str) -> None:
        """Count something that happened."""
        self.steps += 1
        self.trace = zlib.crc32(f"{what} {self.loop.now:.6f}".encode(), self.trace)

    async def live(self, steps: int) -> None:
        """Let people and chance do their worst, then wait until all has arrived."""
        for tablet in self.tablets:
            tablet.start()
        while self.steps < steps:
            await asyncio.sleep(self.chance.expovariate(1 / PAUSE_S))
            self._revive()
            self._act()
            if self.steps % AUDIT_EVERY == 0:
                checks.audit(self.found, self.server, self.tablets)
        await self._calm_down()
        for tablet in self.tablets:
            tablet.kill()

    def _act(self) -> None:
        tablet = self.chance.choice([one for one in self.tablets if not one.stopped])
        (happens,) = self.chance.choices(list(_CHANCES), list(_CHANCES.values()))
        getattr(self, f"_{happens}")(tablet)

    def _work(self, tablet: Tablet) -> None:
        self.step("write")
        photo = self.work.photo(tablet) if self.chance.random() < PHOTOS else None
        try:
            if photo:
                tablet.write(*photo[0], files=photo[1])
            else:
                tablet.write(*self.work.next(tablet))
        except StoreFullError:
            self.step("no room")  # and the person is told so
        except PowerLost:
            tablet.kill()

    def _line(self, tablet: Tablet) -> None:
        self.step("line")
        tablet.link.down = not tablet.link.down

    def _crash(self, tablet: Tablet) -> None:
        self.step("crash")
        tablet.kill()

    def _crash_at_a_write(self, tablet: Tablet) -> None:
        self.step("crash at a write")
        tablet.disk.fail_after(self.chance.randint(1, 25))

    def _full(self, tablet: Tablet) -> None:
        self.step("disk")
        tablet.disk.full = not tablet.disk.full

    def _clock(self, tablet: Tablet) -> None:
        self.step("clock")
        tablet.wall_ahead_ms += self.chance.randint(-2 * DAY_MS, 2 * DAY_MS)

    def _server(self, _tablet: Tablet) -> None:
        self.step("server")
        self.server.restart()

    def _server_at_a_write(self, _tablet: Tablet) -> None:
        self.step("server at a write")
        self.server.disk.fail_after(self.chance.randint(1, 25))

    def _server_writes(self, _tablet: Tablet) -> None:
        """Let the server say something itself, as its duties do."""
        self.step("server writes")
        try:
            self.server.say(f"e{self.steps}-{self.chance.getrandbits(48):012x}")
        except PowerLost:
            self.server.restart()
        except StoreFullError:
            self.step("no room")

    def _server_full(self, _tablet: Tablet) -> None:
        self.step("disk of the server")
        self.server.disk.full = not self.server.disk.full

    def _story(self, tablet: Tablet) -> None:
        self.step(self.story)
        if self.story == "restore":
            if not self.server.backed_up:
                self.server.back_up()
            elif not self.server.restored and self.chance.random() < 0.5:
                self.server.restore(told=self.chance.random() < 0.5)
        elif self.story == "rollback":
            self._roll_back(tablet)
        elif self.story == "clone":
            self._clone(tablet)
        elif self.story == "clock":
            self.server.set_clock(self.chance.randint(-2 * DAY_MS, 2 * DAY_MS))
        elif self.story == "revoke":
            out = self.tablets[0]
            if out.stopped is None and self.steps > 200:
                self.server.revoke(out.device_id)
                out.stopped = "revoked"

    def _clone(self, tablet: Tablet) -> None:
        """Somebody copies a device: two bodies with one name, one number and one key."""
        if any(one.original for one in self.tablets) or tablet.link.down:
            return
        tablet.kill()
        number = len(self.tablets)
        disk = self.places.disk(f"device{number}")
        link = Link(self.server, self.stream(f"link {number}"), self.step)
        twin = Tablet(number, disk, self.policies, link, self.loop, self.stream, tablet)
        twin.written, twin.photos = dict(tablet.written), set(tablet.photos)
        self.tablets.append(twin)
        for one in (tablet, twin):
            one.start()

    def _roll_back(self, tablet: Tablet) -> None:
        if not tablet.copied:
            tablet.disk.copy(COPY)
            tablet.copied = True
        elif not any(one.rolled_back for one in self.tablets):
            tablet.come_back(told=self.chance.random() < 0.7)

    def _revive(self) -> None:
        """Start the devices that lost power; a dead task is one that met it."""
        for tablet in self.tablets:
            if tablet.lost_power:
                tablet.kill()
            may_fork = tablet.rolled_back or self._has_twin(tablet)
            if may_fork and tablet.error == FORKED:  # found and stopped, as it must be
                tablet.stopped = FORKED
            if tablet.stopped and tablet.task:
                tablet.kill()
            if tablet.task is None and not tablet.stopped:
                self.step("start")
                tablet.reopen()

    def _has_twin(self, tablet: Tablet) -> bool:
        return any(one is not tablet and one.device_id == tablet.device_id for one in self.tablets)

    async def _calm_down(self) -> None:
        """Take all faults away. A clock that was ahead stays so: its time has been given out."""
        self.server.disk.fail_after(None)
        self.server.disk.full = False
        self.server.set_clock(max(0, self.server.furthest_ahead_ms))
        for tablet in self.tablets:
            tablet.link.weather, tablet.link.down = replace(CALM), False
            tablet.disk.fail_after(None)
            tablet.disk.full = False
        self._revive()
        for tablet in self.tablets:  # a body that writes nothing would never be told from its twin
            if self._has_twin(tablet) and not tablet.stopped:
                self._last_word(tablet)
        until, quiet = self.loop.now + CALM_S, 0
        while self.loop.now < until and quiet < 3:
            await asyncio.sleep(LOOK_S)
            self._revive()
            quiet = quiet + 1 if self._is_quiet() else 0
        if quiet < 3:
            self.found.diverged += 1
            states = [tablet.state for tablet in self.tablets if not tablet.stopped]
            self.found.note(f"not quiet: feed {self.server.last_feed()}, devices {states}")

    def _last_word(self, tablet: Tablet) -> None:
        self.step("write")
        tablet.write(*self.work.next(tablet))

    def _is_quiet(self) -> bool:
        last = self.server.last_feed()
        store = self.server.disk.store
        there = [tablet for tablet in self.tablets if not tablet.stopped]
        states = [tablet.state for tablet in there]
        return not any(tablet.wants_from(store) for tablet in there) and all(
            not unsent and at.epoch == last.epoch and at.feed >= last.feed and not error
            for unsent, at, error in states
        )


def story_of(seed: int) -> str:
    """Return what is special about a seed."""
    return streams(seed)("story").choice(STORIES)


def simulate(seed: int, steps: int, places: Places, bug: Bug = NO_BUG) -> Outcome:
    """Run one seed for so many steps, let it come to rest, and look at what is left."""
    loop = VirtualLoop()
    incidents: list[str] = []

    def incident(what: str, *_: object, **__: object) -> None:
        incidents.append(f"{what}: {sys.exception()!r}")

    with stillness(loop, seed, incident):
        with bug.planted():
            world = World(seed, places, loop, bug)
            run(loop, world.live(steps))
        world.server.incidents += incidents
        checks.inspect(world.found, world.server, world.tablets, world.policies)
    with world.server.disk.store.reading() as session:
        entries = session.connection().exec_driver_sql("SELECT count(*) FROM entry").scalar()
    photos = len(set[str]().union(*(tablet.photos for tablet in world.tablets)))
    return Outcome(seed, world.steps, int(entries or 0), photos, world.trace, world.found)
