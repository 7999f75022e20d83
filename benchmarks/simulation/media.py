"""Personal media: what people record, ask to have removed, decide, and withdraw consent for.

The server's own duty carries it out, as it does every minute of the product's life.
"""

import hashlib
import random
from collections.abc import Callable

from benchmarks.simulation.plant_server import PlantServer
from benchmarks.simulation.tablet import Tablet
from benchmarks.simulation.work import MANAGER, Doing
from domain import privacy
from domain.records import Record, Value
from offline_store import records
from server import privacy as duty

VOICE = "voice"  # of what kind, and under which purpose, the media of the simulation are
_NOTED = 12  # of each list that a person looks through
Files = list[tuple[str, bytes]]


class Media:
    """Chooses what people do about recordings, by chance and by what a device knows."""

    def __init__(self, chance: random.Random, now_ms: Callable[[], int]) -> None:
        """Nothing was recorded yet."""
        self._chance, self._now_ms = chance, now_ms
        self._count = 0

    def next(self, tablet: Tablet) -> tuple[str, Doing, Files] | None:
        """Return what somebody does there, its name, and files; None where there is nothing."""
        roll = self._chance.random()
        if roll < 0.3:
            return self._recorded(tablet)
        if roll < 0.55:
            return self._asked(tablet)
        if roll < 0.85:
            return self._decided(tablet)
        state = privacy.WITHDRAWN if self._chance.random() < 0.5 else privacy.GIVEN
        cells: dict[str, Value] = {
            "person": MANAGER, "purpose": VOICE, "state": state, "at_ms": tablet.clock.now_ms(),
            "by": MANAGER,
        }  # fmt: skip
        return f"consent {state}", (MANAGER, privacy.CONSENT, self._name("c"), "decide", cells), []

    def _recorded(self, tablet: Tablet) -> tuple[str, Doing, Files] | None:
        known = _found(tablet, "hazard")
        if not known:
            return None
        of, data = self._chance.choice(known), self._chance.randbytes(1000)
        cells: dict[str, Value] = {
            "of": of.record_id, "by": MANAGER, "media": VOICE,
            "taken_ms": self._now_ms(), "original": hashlib.sha256(data).hexdigest(),
        }  # fmt: skip
        doing = (MANAGER, "evidence", self._name("v"), "attach", cells)
        return "recording", doing, [("original", data)]

    def _asked(self, tablet: Tablet) -> tuple[str, Doing, Files] | None:
        known = [one for one in _found(tablet, "evidence") if one.text("media") == VOICE]
        if not known:
            return None
        one = self._chance.choice(known)
        cells: dict[str, Value] = {
            "state": privacy.ASKED, "of": one.text("of"), "evidence": one.record_id, "kind": VOICE,
            "files": [one.text("original")], "why": privacy.BY_REQUEST, "by": MANAGER,
            "at_ms": tablet.clock.now_ms(), "note": "",
        }  # fmt: skip
        return "removal asked", (MANAGER, privacy.REMOVAL, self._name("a"), "decide", cells), []

    def _decided(self, tablet: Tablet) -> tuple[str, Doing, Files] | None:
        known = _found(tablet, privacy.REMOVAL, privacy.ASKED)
        if not known:
            return None
        one = self._chance.choice(known)
        state = privacy.APPROVED if self._chance.random() < 0.8 else privacy.DECLINED
        cells: dict[str, Value] = {
            "state": state, "decided_by": MANAGER, "decided_ms": tablet.clock.now_ms(),
            "note": "simulated",
        }  # fmt: skip
        doing = (MANAGER, privacy.REMOVAL, one.record_id, "decide", cells)
        return f"removal {state}", doing, []

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}-{self._chance.getrandbits(48):012x}"


def _found(tablet: Tablet, type: str, state: str | None = None) -> list[Record]:
    with tablet.disk.store.reading() as session:
        return records.find(session, type, state=state, limit=_NOTED)


def carry_out(server: PlantServer) -> int:
    """Let the server remove what is due; returns how many decisions that took."""
    return duty.run(server.site, server.now_ms())
