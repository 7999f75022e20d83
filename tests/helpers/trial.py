"""The trial record until there are permits: a plant that has it, and people at their devices.

The scenarios S04, S05, S15, S22 and S34 run on it. The real permit swaps in by another workflow
file: `TYPE` and `apply` are all that names the trial.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from app.clock import Clock
from app.use_cases import works
from domain.records import Record
from offline_store import records
from tests.helpers.merging import trial_files
from tests.helpers.plant import Device, PlantSite

TYPE = "trial"
HEAD, DEPUTY, LEADER, GUARDIAN = "U002", "U018", "U008", "U032"
ANALYST, INSPECTOR, MANAGER, OPERATOR = "U033", "U003", "U001", "U012"
PINS = {
    HEAD: "8204", DEPUTY: "1861", LEADER: "8861", GUARDIAN: "3206", ANALYST: "3318",
    INSPECTOR: "3316", MANAGER: "730151",
}  # fmt: skip
PLACE = "CS-07"
HOUR_MS = 3_600_000
ZONE = ZoneInfo("Asia/Shanghai")
TOMORROW = datetime.now(ZONE).date() + timedelta(days=1)


def definitions_folder(folder: Path) -> Path:
    """Write the definitions of the demo plant with the trial record; returns their folder."""
    for path, content in trial_files().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return folder


def at(clock: str, day: int = 0) -> int:
    """Return a time of tomorrow in ms, "08:25": a server never goes behind what it has."""
    hour, minute = (int(part) for part in clock.split(":"))
    moment = datetime.combine(TOMORROW, time(hour, minute), ZONE)
    return round(moment.timestamp() * 1000) + day * 24 * HOUR_MS


@dataclass
class Hands:
    """The clocks of one device, which a test sets: what it shows, and what nobody can set."""

    wall_ms: int
    mono_ms: int = 5_000_000
    boot: str = "boot-1"

    def clock(self, floor_ms: int = 0, not_before_ms: int = 0) -> Clock:
        """Return a clock with these hands."""
        return Clock(
            wall_ms=lambda: self.wall_ms,
            mono_ms=lambda: self.mono_ms,
            boot=self.boot,
            floor_ms=floor_ms,
            not_before_ms=not_before_ms,
        )


@dataclass
class Hours:
    """True time at the plant: the server's clock and all hands go on together."""

    site: PlantSite
    hands: list[Hands]

    def be(self, true_ms: int) -> None:
        """Let time pass until then."""
        gone = true_ms - self.site.time()
        self.site.time.be(true_ms)
        for one in self.hands:
            one.wall_ms += gone
            one.mono_ms += gone


def apply(device: Device, *, hours: int = 8) -> str:
    """Apply for work in the equalisation basin; returns its id."""
    return works.apply(
        device.app,
        device.person(LEADER),
        TYPE,
        asset=PLACE,
        unit="T-WWT",
        title="清淤",
        validity_h=hours,
        work_leader=LEADER,
        guardians=[GUARDIAN],
        analysts=[ANALYST],
        workers=["U044"],
    )


def act(device: Device, person: str, record_id: str, step: str, note: str = "") -> None:
    """Do a step, named "approve>approved"."""
    action, _, target = step.partition(">")
    works.act(device.app, device.person(person), record_id, f"permit.{action}", target, note)


def on(device: Device, record_id: str) -> Record:
    """The record as this device has it."""
    with device.app.store.reading() as session:
        return records.get(session, record_id)


def open_holds(device: Device, record_id: str) -> list[str]:
    """The kinds of the open holds as this device has them."""
    with device.app.store.reading() as session:
        found = records.holds(session, record_id)
    return sorted(one.kind for one in found if one.lifted_by is None)
