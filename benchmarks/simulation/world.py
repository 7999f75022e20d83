"""One seed: a plant, what happens to it, and what is left of it when the weather is fine again."""

import asyncio
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
from domain.errors import ChainBrokenError

DEVICES = (3, 6)  # of one plant, smallest and largest number
PAUSE_S = 0.8  # between two things that people or chance do
DAY_MS = 86_400_000
AUDIT_EVERY = 40
# a server that comes back from a backup needs its devices: each seed has one of these
STORIES = ("plain", "restore", "rollback", "revoke")
FORKED = ChainBrokenError.code
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
    trace: int
    found: Findings


class World:
    """One plant on its own loop."""

    def __init__(self, seed: int, places: Places, loop: VirtualLoop, bug: Bug) -> None:
        """Enrol the devices over a line without faults."""
        self.stream, self.loop = streams(seed), loop
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
        roll = self.chance.random()
        if roll < 0.72:
            self._write(tablet)
        elif roll < 0.80:
            self.step("line")
            tablet.link.down = not tablet.link.down
        elif roll < 0.84:
            self.step("crash")
            tablet.kill()
        elif roll < 0.89:
            self.step("crash at a write")
            tablet.disk.fail_after(self.chance.randint(1, 25))
        elif roll < 0.91:
            self.step("clock")
            tablet.wall_ahead_ms += self.chance.randint(-3 * DAY_MS, 3 * DAY_MS)
        elif roll < 0.93:
            self.step("server")
            self.server.restart()
        elif roll < 0.95:
            self.step("server at a write")
            self.server.disk.fail_after(self.chance.randint(1, 25))
        else:
            self._tell_story(tablet)

    def _tell_story(self, tablet: Tablet) -> None:
        self.step(self.story)
        if self.story == "restore":
            if not self.server.backed_up:
                self.server.back_up()
            elif not self.server.restored and self.chance.random() < 0.5:
                self.server.restore()
        elif self.story == "rollback":
            self._roll_back(tablet)
        elif self.story == "revoke":
            out = self.tablets[0]
            if out.stopped is None and self.steps > 200:
                self.server.revoke(out.device_id)
                out.stopped = "revoked"

    def _roll_back(self, tablet: Tablet) -> None:
        if not tablet.copied:
            tablet.disk.copy(COPY)
            tablet.copied = True
        elif not any(one.rolled_back for one in self.tablets):
            tablet.come_back(told=True)

    def _write(self, tablet: Tablet) -> None:
        self.step("write")
        try:
            tablet.write(*self.work.next(tablet))
        except PowerLost:
            tablet.kill()

    def _revive(self) -> None:
        """Start the devices that lost power; a dead task is one that met it."""
        for tablet in self.tablets:
            if tablet.lost_power:
                tablet.kill()
            if tablet.rolled_back and tablet.error == FORKED:  # found and stopped, as it must be
                tablet.stopped = FORKED
            if tablet.stopped and tablet.task:
                tablet.kill()
            if tablet.task is None and not tablet.stopped:
                self.step("start")
                tablet.reopen()

    async def _calm_down(self) -> None:
        self.server.disk.fail_after(None)
        for tablet in self.tablets:
            tablet.link.weather, tablet.link.down = replace(CALM), False
            tablet.disk.fail_after(None)
        until, quiet = self.loop.now + CALM_S, 0
        while self.loop.now < until and quiet < 3:
            await asyncio.sleep(LOOK_S)
            self._revive()
            quiet = quiet + 1 if self._is_quiet() else 0
        if quiet < 3:
            self.found.diverged += 1
            states = [tablet.state for tablet in self.tablets if not tablet.stopped]
            self.found.note(f"not quiet: feed {self.server.last_feed()}, devices {states}")

    def _is_quiet(self) -> bool:
        last = self.server.last_feed()
        states = [tablet.state for tablet in self.tablets if not tablet.stopped]
        return all(
            not unsent and at.epoch == last.epoch and at.feed >= last.feed and not error
            for unsent, at, error in states
        )


def story_of(seed: int) -> str:
    """Return what is special about a seed."""
    return streams(seed)("story").choice(STORIES)


def simulate(seed: int, steps: int, places: Places, bug: Bug = NO_BUG) -> Outcome:
    """Run one seed for so many steps, let it come to rest, and look at what is left."""
    loop = VirtualLoop()
    with stillness(loop, seed):
        with bug.planted():
            world = World(seed, places, loop, bug)
            run(loop, world.live(steps))
        checks.inspect(world.found, world.server, world.tablets, world.policies)
    with world.server.disk.store.reading() as session:
        entries = session.connection().exec_driver_sql("SELECT count(*) FROM entry").scalar()
    return Outcome(seed, world.steps, int(entries or 0), world.trace, world.found)
