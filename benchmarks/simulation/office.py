"""What people of the office write on a device: who uses which, what was lost, what is held.

All of it is judged by the server like anything else. An administrator who stands behind, or whose
clock is wrong, is refused and tries again.
"""

import random
from collections.abc import Sequence

from benchmarks.simulation.tablet import Tablet
from benchmarks.simulation.work import AREAS, MANAGER, Doing
from domain import quarantine
from domain.invitations import (
    ACTIVE,
    BLOCKED,
    CODE_BYTES,
    INVITED,
    REVOKED,
    Invitation,
    device_of,
    make_code,
)
from domain.records import Record, Value
from domain.registers import register_id
from offline_store import records

ADMINISTRATOR = "U014"  # may administer devices and people
_CREWS = ((), ("U012",), ("U044",), ("U003",), ("U009", "U012"), (MANAGER,))
_POSTS: Sequence[tuple[str, dict[str, Value]]] = (
    ("U003", {"areas": ["A01", "A05"]}),
    ("U003", {"areas": ["A02", "A06"]}),
    ("U012", {"unit": "T-LOAD"}),
    ("U012", {"unit": "T-CHA"}),
    ("U044", {"unit": "T-TANK"}),
)
_HOUR_MS = 3_600_000


class Office:
    """Chooses what the office does next, by chance."""

    def __init__(self, chance: random.Random) -> None:
        """Nothing was done yet."""
        self._chance = chance

    def allot(self, at: Tablet, to: Tablet) -> Doing:
        """Say who uses a device, and where."""
        chance = self._chance
        areas: list[Value] = [chance.choice(AREAS)] if chance.random() < 0.4 else []
        cells: dict[str, Value] = {
            "people": list(chance.choice(_CREWS)), "areas": areas, "units": [],
            "by": ADMINISTRATOR, "at_ms": at.clock.now_ms(),
        }  # fmt: skip
        return ADMINISTRATOR, "device", to.device_id, "edit", cells

    def post(self, at: Tablet) -> Doing:
        """Give a person other areas or another unit."""
        person, row = self._chance.choice(_POSTS)
        cells: dict[str, Value] = {
            "table": "people", "key": person, "state": "active", "row": dict(row),
            "reason": "simulated", "by": ADMINISTRATOR, "at_ms": at.clock.now_ms(),
        }  # fmt: skip
        return ADMINISTRATOR, "register", register_id("people", person), "edit", cells

    def lose(self, at: Tablet, which: Tablet) -> Doing:
        """Report a device lost, some time ago."""
        lost_ms = at.clock.now_ms() - self._chance.randrange(90_000)
        return self._turn(at, which.device_id, {"state": REVOKED, "revoked_ms": lost_ms})

    def block(self, at: Tablet, which: Tablet) -> Doing:
        """Shut a device out for a time."""
        return self._turn(at, which.device_id, {"state": BLOCKED})

    def let_in(self, at: Tablet, which: Tablet) -> Doing:
        """Let a device in again that was blocked."""
        return self._turn(at, which.device_id, {"state": ACTIVE})

    def invite(self, at: Tablet, print_of_server: str, plant: str) -> tuple[Doing, Invitation]:
        """Make a one-time code for a device that joins anew."""
        code = make_code(self._chance.randbytes(CODE_BYTES))
        now = at.clock.now_ms()
        cells: dict[str, Value] = {
            "state": INVITED, "name": "joins anew", "until_ms": now + _HOUR_MS,
            "by": ADMINISTRATOR, "at_ms": now,
        }  # fmt: skip
        doing = (ADMINISTRATOR, "device", device_of(code), "edit", cells)
        return doing, Invitation("http://server", plant, code, print_of_server)

    def settle(self, at: Tablet) -> Doing | None:
        """Let held entries in, all or those of before a time, or turn them down."""
        with at.disk.store.reading() as session:
            held = records.find(session, quarantine.TYPE, state=quarantine.HELD, limit=10)
        if not held:
            return None
        chance, record = self._chance, self._chance.choice(held)
        state = quarantine.LET if chance.random() < 0.5 else quarantine.REFUSED
        cells: dict[str, Value] = {
            "state": state, "settled_by": MANAGER, "settled_ms": at.clock.now_ms(),
            "note": "simulated",
        }  # fmt: skip
        if state == quarantine.LET and chance.random() < 0.3:
            cells[quarantine.BEFORE] = at.clock.now_ms() - chance.randrange(60_000)
        return MANAGER, quarantine.TYPE, record.record_id, "decide", cells

    def _turn(self, at: Tablet, device_id: str, cells: dict[str, Value]) -> Doing:
        said: dict[str, Value] = {
            "reason": "simulated", "by": ADMINISTRATOR, "at_ms": at.clock.now_ms()
        }  # fmt: skip
        return ADMINISTRATOR, "device", device_id, "edit", cells | said


def device_at(tablet: Tablet, device_id: str) -> Record | None:
    """Return what a device shows of a device."""
    with tablet.disk.store.reading() as session:
        return records.lookup(session, device_id)
