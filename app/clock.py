"""The only reader of the device's clocks: corrected time, hybrid logical clock, ids.

Corrected time = time of the last anchor + monotonic time since (`domain.trusted_time`). It survives
somebody changing the device's clock; it is lost at a reboot, and then only the device's clock is
left and its uncertainty is unknown (None). Anchors come from the server, from satellites, or from a
peer. Both clocks are watched: one that was set against the other is told (`take_jump`).
"""

import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from domain.changes import DeviceTime
from domain.trusted_time import Anchor, Pair, is_trusted, jump_ms, uncertainty_ms
from offline_store.journal import Stamp

SHARP_MS = 1000  # good enough to take over at once, so that a corrected server clock is followed
SKEW_MAX_MS = 5 * 60_000  # another node may move our logical clock this far ahead, not further
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def read_wall_ms() -> int:
    """Return the device's wall clock."""
    return time.time_ns() // 1_000_000


def read_mono_ms() -> int:
    """Return a clock that nobody can set; it runs on while the device sleeps, where it can."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    return time.monotonic_ns() // 1_000_000


def read_boot() -> str:
    """Return an id of this boot; without one each start of the app counts as a boot."""
    if _BOOT_ID.exists():
        return _BOOT_ID.read_text(encoding="ascii").strip()[:8]
    return uuid.uuid4().hex[:8]


class Clock:
    """Corrected time and stamps of one device. Safe to use from several threads."""

    def __init__(
        self,
        *,
        wall_ms: Callable[[], int] = read_wall_ms,
        mono_ms: Callable[[], int] = read_mono_ms,
        boot: str | None = None,
        random: Callable[[int], bytes] = os.urandom,
        floor_ms: int = 0,
        not_before_ms: int = 0,
    ) -> None:
        """`floor_ms` is the last time written before: the logical clock never goes behind it.

        `not_before_ms` is the last time that a server told: a device clock that is earlier was
        never set (a flat battery puts it to 1970), and nobody may lose a report for that.
        """
        self._wall_ms, self._mono_ms, self._random = wall_ms, mono_ms, random
        self.boot = boot or read_boot()
        self._anchor: Anchor | None = None
        self._last = (floor_ms, 0)
        self._not_before_ms, self._began_mono_ms = not_before_ms, mono_ms()
        self._pair = self.pair()
        self._lock = threading.Lock()

    def anchor(self, server_ms: int, sent_mono_ms: int) -> None:
        """Take the server's time from a reply to a request sent at `sent_mono_ms`.

        The sharper of the old anchor and the new one is kept: a reply that took long says little.
        """
        mono = self._mono_ms()
        rtt = max(0, mono - sent_mono_ms)
        known = self.uncertainty_ms()
        if known is None or rtt // 2 <= max(known, SHARP_MS):
            self._anchor = Anchor(self.boot, mono, server_ms + rtt // 2, rtt // 2)

    def take(self, true_ms: int, unc_ms: int, source: str) -> bool:
        """Take a time that satellites or a peer vouch for, right to `unc_ms`; a sharper one stays.

        Returns whether it was taken. Nothing earlier than what a server told before is believed.
        """
        known = self.uncertainty_ms()
        if true_ms + unc_ms < self._not_before_ms or (known is not None and known <= unc_ms):
            return False
        self._anchor = Anchor(self.boot, self._mono_ms(), true_ms, unc_ms, source)
        return True

    def pair(self) -> Pair:
        """Read both clocks together."""
        return Pair(self._wall_ms(), self._mono_ms())

    def watch_from(self, pair: Pair) -> None:
        """Go on watching from where an earlier run of this boot looked last."""
        if pair.mono_ms <= self._mono_ms():
            self._pair = pair

    def take_jump(self) -> int:
        """Return by how much the device's clock was set since the last look, in ms; 0 if not."""
        with self._lock:
            now = self.pair()
            moved = jump_ms(self._pair, now)
            self._pair = now
        return moved

    def restore(self, anchor: Anchor) -> None:
        """Use an anchor stored by an earlier run; one of another boot says nothing any more."""
        if anchor.boot == self.boot and anchor.mono_ms <= self._mono_ms():
            self._anchor = anchor

    @property
    def last_anchor(self) -> Anchor | None:
        """Return the last trusted time of this boot."""
        return self._anchor

    def mono_ms(self) -> int:
        """Return the monotonic clock."""
        return self._mono_ms()

    def now_ms(self) -> int:
        """Return corrected time; the device's own where there was no contact in this boot.

        Where that one is before the last contact, time goes on from there.
        """
        if self._anchor is None:
            lapsed = self._mono_ms() - self._began_mono_ms
            return self._not_before_ms + lapsed if self.is_behind else self._wall_ms()
        return self._anchor.true_ms + self._mono_ms() - self._anchor.mono_ms

    @property
    def is_behind(self) -> bool:
        """Say whether the device's clock shows a time that is over for certain."""
        return self._wall_ms() < self._not_before_ms

    @property
    def device_ms(self) -> int:
        """Return what the device's own clock shows, right or wrong."""
        return self._wall_ms()

    def uncertainty_ms(self) -> int | None:
        """Return how far `now_ms` may be off; None means not calibrated."""
        if self._anchor is None:
            return None
        age = self._mono_ms() - self._anchor.mono_ms
        return uncertainty_ms(self._anchor.unc_ms, age)

    @property
    def trusted(self) -> bool:
        """Say whether the time is known well enough for what needs a trusted one."""
        return is_trusted(self.uncertainty_ms())

    def stamp(self) -> Stamp:
        """Return the stamp of a new entry: later than every stamp before it.

        Only stamps made while the clock ran far ahead are not waited for.
        """
        with self._lock:
            now = self.now_ms()
            wall, counter = self._last
            if wall > now + SKEW_MAX_MS:  # the clock was ahead once and is right again
                wall, counter = now, 0
            self._last = (now, 0) if now > wall else (wall, counter + 1)
            wall, counter = self._last
        device = DeviceTime(self._wall_ms(), self._mono_ms(), self.boot, self.uncertainty_ms())
        return Stamp(wall, counter, device, self.new_id())

    def observe(self, wall_ms: int) -> None:
        """Move the logical clock past an entry from elsewhere, unless that is far ahead."""
        with self._lock:
            if self._last[0] < wall_ms <= self.now_ms() + SKEW_MAX_MS:
                self._last = (wall_ms, 0)

    def new_id(self) -> str:
        """Return a UUIDv7 (RFC 9562): time-ordered, 74 random bits."""
        noise = int.from_bytes(self._random(10), "big")
        value = (self.now_ms() & (2**48 - 1)) << 80 | 0x7 << 76
        value |= (noise >> 68 & 0xFFF) << 64 | 0b10 << 62 | noise & (2**62 - 1)
        return str(uuid.UUID(int=value))
