"""One seed: a plant, what happens to it, and what is left of it when the weather is fine again."""

import asyncio
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from benchmarks.simulation import checks, owed
from benchmarks.simulation.calm import calm_down, short_days
from benchmarks.simulation.checks import Findings
from benchmarks.simulation.handing import hand_over
from benchmarks.simulation.link import Link, Weather
from benchmarks.simulation.loop import PowerLost, VirtualLoop, run, stillness
from benchmarks.simulation.media import Media, carry_out
from benchmarks.simulation.nodes import Places, streams
from benchmarks.simulation.office import Office, device_at
from benchmarks.simulation.plant_server import PlantServer
from benchmarks.simulation.tablet import COPY, Tablet
from benchmarks.simulation.work import Doing, Work
from domain.certificates import CertificateExpiredError, CertificatePersonError
from domain.errors import ChainBrokenError, StoreFullError
from domain.invitations import BLOCKED, Invitation, fingerprint

DEVICES = (3, 6)  # of one plant, smallest and largest number
PAUSE_S = 0.8  # between two things that people or chance do
DAY_MS = 86_400_000
AUDIT_EVERY = 40
# a server that comes back from a backup needs its devices: each seed has one of these
STORIES = ("plain", "restore", "rollback", "lost", "clone", "clock")
LONG = {"lost": 14}  # stories of several steps: how likely the next one is
MOVING = 0.6  # of the seeds: devices and people get other places and rights
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
    "office": 4,
    "relay": 4,
    "media": 8,
    "removal": 2,
    "story": 4,
}


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
    kinds: Mapping[str, int]  # how often each thing happened


class World:
    """One plant on its own loop."""

    def __init__(self, seed: int, places: Places, loop: VirtualLoop, bug: Bug) -> None:
        """Enrol the devices over a line without faults."""
        self.stream, self.loop, self.places = streams(seed), loop, places
        self.chance = self.stream("world")
        self.trace = 0
        self.kinds: Counter[str] = Counter()
        self.found = Findings()
        pattern = places.empty.site
        self.definitions = pattern.pack.definitions
        self.server = bug.server(pattern, places.disk("server"), loop.wall_ms)
        count = self.chance.randint(*DEVICES)
        self.tablets = [self._tablet(number, places) for number in range(count)]
        categories = tuple(sorted(pattern.pack.definitions.hazards.categories))[:6]
        self.work = Work(self.stream("work"), loop.wall_ms, categories)
        self.story = story_of(seed)
        self.office = Office(self.stream("office"))
        self.media = Media(self.stream("media"), loop.wall_ms)
        self.moving = self.stream("moving").random() < MOVING
        self.invitation: Invitation | None = None  # for a device that was lost

    @property
    def steps(self) -> int:
        """How much has happened."""
        return self.kinds.total()

    def _tablet(self, number: int, places: Places) -> Tablet:
        link = Link(self.server, self.stream(f"link {number}"), self.step)
        link.weather = Weather(cut_before=self.chance.choice((0.02, 0.08, 0.2)))
        tablet = Tablet(
            number, places.disk(f"device{number}"), self.definitions, link, self.loop, self.stream
        )
        self.server.enrol(tablet.enrolled())
        return tablet

    def step(self, what: str) -> None:
        """Count something that happened."""
        self.kinds[what] += 1
        self.trace = zlib.crc32(f"{what} {self.loop.now:.6f}".encode(), self.trace)

    async def live(self, steps: int) -> None:
        """Let people and chance do their worst, then wait until all has arrived."""
        for tablet in self.tablets:
            tablet.start()
        while self.steps < steps:
            await asyncio.sleep(self.chance.expovariate(1 / PAUSE_S))
            self.revive()
            self._act()
            if self.steps % AUDIT_EVERY == 0:
                checks.audit(self.found, self.server, self.tablets)
        await calm_down(self)
        for tablet in self.tablets:
            tablet.kill()

    def _act(self) -> None:
        tablet = self.chance.choice([one for one in self.tablets if not one.stopped])
        chances = _CHANCES | {"story": LONG.get(self.story, _CHANCES["story"])}
        (happens,) = self.chance.choices(list(chances), list(chances.values()))
        getattr(self, f"_{happens}")(tablet)

    def _work(self, tablet: Tablet) -> None:
        if tablet.locked:  # nobody works on it any more
            return
        photo = self.work.photo(tablet) if self.chance.random() < PHOTOS else None
        if photo:
            self.write(tablet, "write", photo[0], photo[1])
        else:
            self.write(tablet, "write", self.work.next(tablet))

    def write(
        self, tablet: Tablet, what: str, doing: Doing, files: Sequence[tuple[str, bytes]] = ()
    ) -> bool:
        """Let somebody write something; returns whether it was kept."""
        self.step(what)
        try:
            tablet.write(*doing, files=files)
        except StoreFullError:
            self.step("no room")  # and the person is told so
        except CertificateExpiredError:
            self.step("certificate expired")
        except CertificatePersonError:
            self.step("no certificate")
        except PowerLost:
            tablet.kill()
        else:
            return True
        return False

    def _media(self, tablet: Tablet) -> None:
        """Let somebody record a voice, ask to have one removed, or decide about that."""
        found = None if tablet.locked else self.media.next(tablet)
        if found:
            self.write(tablet, *found)

    def _removal(self, _tablet: Tablet) -> None:
        """Let the server's duty remove what is due."""
        self.step("server removes")
        try:
            if carry_out(self.server):
                self.step("removed for good")
        except PowerLost:
            self.server.restart()
        except StoreFullError:
            self.step("no room")

    def _relay(self, giver: Tablet) -> None:
        """Let a device take over what waits on another: by a file, with no line between them."""
        there = [one for one in self.tablets if one.tasks and not (one.stopped or one.locked)]
        if giver not in there or len(there) == 1:
            return
        taker = self.chance.choice([one for one in there if one is not giver])
        try:
            self.step(hand_over(giver, taker))
        except StoreFullError:
            self.step("no room")
        except PowerLost:
            self.step("lost power taking over")
            taker.kill()

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
        elif self.story == "lost":
            self._lose(tablet)

    def _office(self, tablet: Tablet) -> None:
        """Let devices and people have other places; the first device stays without limits."""
        if not self.moving or tablet.locked:
            return
        if self.chance.random() < 0.6:
            to = self.chance.choice(self.tablets[1:])
            self.write(tablet, "scope of a device", self.office.allot(tablet, to))
        else:
            self.write(tablet, "scope of a person", self.office.post(tablet))

    def _lose(self, tablet: Tablet) -> None:
        """Let the last device be reported lost and join anew, and another one be blocked."""
        office, lost = self.office, self.tablets[-1]
        if lost.locked and self.invitation and self.chance.random() < 0.3:
            self.step("joins anew")
            lost.kill()
            lost.start(self.invitation)
            self.invitation = None
        elif tablet is lost or tablet.locked:
            return
        elif lost.locked and self.invitation is None:
            plant, key = self.definitions.plant.code, self.server.site.public_key
            doing, code = office.invite(tablet, fingerprint(bytes.fromhex(key)), plant)
            self.invitation = code if self.write(tablet, "invitation", doing) else None
        elif (held := office.settle(tablet)) is not None:
            self.write(tablet, f"held {held[4]['state']}", held)
        elif tablet is self.tablets[0] and self.chance.random() < 0.4:
            self._block(tablet)
        elif self.steps > 150 and len(lost.ids) == 1:
            self.write(tablet, "lost", office.lose(tablet, lost))

    def _block(self, tablet: Tablet) -> None:
        other = self.tablets[1]
        known = device_at(tablet, other.device_id)
        if known is None:
            return
        if known.text("state") == BLOCKED:
            self.write(tablet, "let in", self.office.let_in(tablet, other))
        else:
            self.write(tablet, "blocked", self.office.block(tablet, other))

    def _clone(self, tablet: Tablet) -> None:
        """Somebody copies a device: two bodies with one name, one number and one key."""
        if any(one.original for one in self.tablets) or tablet.link.down:
            return
        tablet.kill()
        number = len(self.tablets)
        disk = self.places.disk(f"device{number}")
        link = Link(self.server, self.stream(f"link {number}"), self.step)
        twin = Tablet(number, disk, self.definitions, link, self.loop, self.stream, tablet)
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

    def revive(self) -> None:
        """Start the devices that lost power; a dead task is one that met it."""
        for tablet in self.tablets:
            if tablet.lost_power:
                tablet.kill()
            may_fork = tablet.rolled_back or self.has_twin(tablet)
            if may_fork and tablet.error == FORKED:  # found and stopped, as it must be
                tablet.stopped = FORKED
                checks.stopped_rightly(self.found, self.server, tablet)
            if tablet.stopped and tablet.tasks:
                tablet.kill()
            if not tablet.tasks and not tablet.stopped:
                self.step("start")
                tablet.reopen()

    def has_twin(self, tablet: Tablet) -> bool:
        """Whether another body has its name."""
        return any(one is not tablet and one.device_id == tablet.device_id for one in self.tablets)


def story_of(seed: int) -> str:
    """Return what is special about a seed."""
    return streams(seed)("story").choice(STORIES)


def simulate(seed: int, steps: int, places: Places, bug: Bug = NO_BUG) -> Outcome:
    """Run one seed for so many steps, let it come to rest, and look at what is left."""
    loop = VirtualLoop()
    incidents: list[str] = []
    leaks: list[str] = []

    def incident(what: str, *_: object, **__: object) -> None:
        incidents.append(f"{what}: {sys.exception()!r}")

    with stillness(loop, seed, incident):
        with bug.planted(), owed.watched(leaks.append), short_days(seed):
            world = World(seed, places, loop, bug)
            run(loop, world.live(steps))
        for tablet in world.tablets:
            incidents += tablet.incidents
        world.server.incidents += incidents
        for leak in leaks:
            world.found.leaked += 1
            world.found.note(leak)
        policies = world.definitions.policies
        checks.inspect(world.found, world.server, world.tablets, policies)
    with world.server.disk.store.reading() as session:
        entries = session.connection().exec_driver_sql("SELECT count(*) FROM entry").scalar()
    photos = len(set[str]().union(*(tablet.photos for tablet in world.tablets)))
    return Outcome(
        seed, world.steps, int(entries or 0), photos, world.trace, world.found, world.kinds
    )
