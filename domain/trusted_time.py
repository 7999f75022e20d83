"""Trusted time: what an anchor makes of the times that a device wrote down. Pure arithmetic.

An anchor pairs a time that somebody else vouches for (the server, satellites, a peer) with the
monotonic clock of one boot. Corrected time is that time plus what the monotonic clock ran since;
what was written earlier in the same boot without any anchor is corrected backwards likewise. Times
are ms since 1970 UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from msgspec import structs

from domain.changes import Entry
from domain.errors import FieldError
from domain.records import Value

CLOCK: Final = "clock"  # type of the records in which a device tells of its own clock
ANCHOR, JUMP = "time.anchor", "time.jump"  # their cell "what"
SOURCES: Final = ("server", "gnss", "peer")
DRIFT_PPM: Final = 50  # quartz of a phone; 9 days make 39 s
JUMP_MS: Final = 2_000  # the device clock moved by more than this against the monotonic one
TRUSTED_MAX_MS: Final = 120_000  # a time known no better than this proves no sample and no validity
# what the product itself stamps with its clock: a wrong clock makes these wrong together
STAMPED: Final = frozenset(
    ("reported_ms", "taken_ms", "opened_ms", "submitted_ms", "done_ms", "at_ms", "settled_ms",
     "sampled_ms", "started_ms", "approved_ms", "applied_ms", "seen_ms", "scanned_ms")
)  # fmt: skip
NEAR_MS: Final = 36 * 3_600_000  # a stamp further from its entry was not read from the same clock


class TimeUntrustedError(FieldError):
    """What was asked needs a trusted time, and this device has none since it was started."""

    code = "time.untrusted"


class PeerTimeError(FieldError):
    """A time from another device that proves nothing (`reason`: other, forged, vague, old)."""

    code = "time.peer"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A trusted time: `true_ms` at `mono_ms` of a boot, right to `unc_ms`."""

    boot: str
    mono_ms: int
    true_ms: int
    unc_ms: int
    source: str = "server"


class Pair(NamedTuple):
    """Both clocks of a device, read together."""

    device_ms: int
    mono_ms: int


class Correction(NamedTuple):
    """What an entry's time really was, and how far that may be off."""

    number: int
    record_id: str
    true_ms: int
    unc_ms: int


def uncertainty_ms(unc_ms: int, age_ms: int) -> int:
    """Return how far corrected time may be off so long before or after its anchor."""
    return unc_ms + abs(age_ms) * DRIFT_PPM // 1_000_000


def is_trusted(unc_ms: int | None) -> bool:
    """Say whether a time known that well is good enough for what needs a trusted one."""
    return unc_ms is not None and unc_ms <= TRUSTED_MAX_MS


def jump_ms(before: Pair, now: Pair) -> int:
    """Return by how much the device clock was set between two looks; 0 where it was not.

    Both clocks drift apart a little by themselves: that is no jump.
    """
    ran = now.mono_ms - before.mono_ms
    moved = now.device_ms - before.device_ms - ran
    return moved if abs(moved) > uncertainty_ms(JUMP_MS, ran) else 0


def anchor_cells(anchor: Anchor) -> dict[str, Value]:
    """Return the cells of the event that tells of an anchor."""
    return {
        "what": ANCHOR,
        "at_ms": anchor.true_ms,
        "source": anchor.source,
        "boot": anchor.boot,
        "mono": anchor.mono_ms,
        "unc": anchor.unc_ms,
    }


def jump_cells(moved_ms: int, at_ms: int) -> dict[str, Value]:
    """Return the cells of the event that tells of a jump; `jump` may be negative."""
    return {"what": JUMP, "at_ms": at_ms, "jump": moved_ms}


def anchor_of(cells: Mapping[str, Value]) -> Anchor | None:
    """Return the anchor that an event tells of; None where it is no such event."""
    at, mono, unc = cells.get("at_ms"), cells.get("mono"), cells.get("unc")
    boot, source = cells.get("boot"), cells.get("source")
    if cells.get("what") != ANCHOR or not isinstance(boot, str) or source not in SOURCES:
        return None
    if not (_whole(at) and _whole(mono) and _whole(unc)):
        return None
    assert isinstance(at, int)
    assert isinstance(mono, int)
    assert isinstance(unc, int)
    return Anchor(boot, mono, at, unc, str(source))


def correction(entry: Entry, anchor: Anchor) -> Correction | None:
    """Return the true time of an entry by an anchor of its boot; None where it needs none."""
    time = entry.time
    if time.boot != anchor.boot or time.uncertainty_ms is not None:
        return None
    age = anchor.mono_ms - time.mono_ms
    if age < 0 or anchor.true_ms <= age:
        return None
    unc = uncertainty_ms(anchor.unc_ms, age)
    return Correction(entry.number, entry.record_id, anchor.true_ms - age, unc)


def corrected(entry: Entry, true_ms: int | None) -> Entry:
    """Return an entry as it reads in true time: its stamp, and what its clock stamped with it.

    The bytes, the hash and the signature are those of the entry as it was written.
    """
    if true_ms is None:
        return entry
    shift = true_ms - entry.wall_ms
    values = {name: _moved(name, value, entry.wall_ms, shift) for name, value in entry.set.items()}
    return structs.replace(entry, wall_ms=true_ms, set=values)


def _moved(name: str, value: Value, wall_ms: int, shift: int) -> Value:
    if isinstance(value, dict):
        return {key: _moved(key, part, wall_ms, shift) for key, part in value.items()}
    if isinstance(value, list):
        return [_moved(name, part, wall_ms, shift) for part in value]
    if name not in STAMPED or not _whole(value):
        return value
    assert isinstance(value, int)
    return value + shift if abs(value - wall_ms) <= NEAR_MS else value


def _whole(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
