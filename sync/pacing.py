"""How fast the link is, how much of it files may take, and whether originals go over it now."""

from collections.abc import Callable
from dataclasses import dataclass

from domain.links import LinkKind

PART_MIN_BYTES, PART_MAX_BYTES = 16 * 1024, 512 * 1024
PART_BEGIN_BYTES = 128 * 1024
PART_S = 8  # a link that drops every 40 s still brings whole parts through
CAPPED_S = 4  # a capped link is left free for others at least as often
STALE_MS = 30 * 60_000  # a speed measured before that says nothing
_TELLING_BYTES = 8 * 1024  # what is shorter measures the way there and back, not the speed
_TRUST = 4  # how many times longer the next part may be: buffers on the way swallow a short one
_SWIFT_BYTES_S, _SWIFT_WHOLE_BYTES_S = 10_000_000, 250_000  # as bytes came; with the wait for them
_SWIFT_TELLING_BYTES = 64 * 1024
_SWIFT_S = 5.0  # for how long that holds


@dataclass(frozen=True, slots=True)
class MediaRules:
    """What the plant and the person at the device want of large files.

    `cap_bytes_s` is the most that files may take, 0 for no limit; `now` sends originals whatever
    the link is; `wait_min` is how long all of them may take on a link before they wait for a
    better one; every `probe_min` one part goes all the same, to measure it again.
    """

    cap_bytes_s: int = 0
    now: bool = False
    wait_min: int = 0
    probe_min: int = 10


@dataclass
class Pace:
    """What is known of one link; `mono_ms` is a clock that only runs forward."""

    mono_ms: Callable[[], int]
    rules: Callable[[], MediaRules] = MediaRules
    kind: LinkKind = "unknown"
    size: int = PART_BEGIN_BYTES  # of the next part
    _rate: int = 0  # bytes a second, as parts went lately
    _measured_ms: int = 0
    _probed_ms: int | None = None
    _free_ms: int = 0  # when the cap lets the next part go

    @property
    def rate(self) -> int:
        """Bytes a second that the link moved lately; 0 where nobody knows."""
        stale = self.mono_ms() - self._measured_ms > STALE_MS
        return 0 if stale else self._rate

    def part_bytes(self) -> int:
        """Return how many bytes to send at once: what the link moves in 8 s, and the cap in 4."""
        cap = self.rules().cap_bytes_s
        return max(PART_MIN_BYTES // 4, min(self.size, cap * CAPPED_S)) if cap else self.size

    def took(self, sent_bytes: int, elapsed_ms: int) -> None:
        """Learn from a part that arrived."""
        now_ms, cap = self.mono_ms(), self.rules().cap_bytes_s
        if cap:
            self._free_ms = max(self._free_ms, now_ms - elapsed_ms) + sent_bytes * 1000 // cap
        if sent_bytes < _TELLING_BYTES:
            return
        rate = sent_bytes * 1000 // max(1, elapsed_ms)
        self._rate = (self._rate + rate) // 2 if self.rate else rate
        self._measured_ms = now_ms
        longest = min(PART_MAX_BYTES, _TRUST * sent_bytes)
        self.size = max(PART_MIN_BYTES, min(longest, rate * PART_S))

    def lost(self) -> None:
        """Learn from a part that did not arrive whole: a shorter one may."""
        self.size = max(PART_MIN_BYTES, self.size // 2)

    def wait_ms(self) -> int:
        """Return how long the cap keeps the next part back; 0 without one."""
        if not self.rules().cap_bytes_s:
            self._free_ms = 0
        return max(0, self._free_ms - self.mono_ms())

    def holds(self, left_bytes: int) -> bool:
        """Say whether so much waits for a better link; one part now and then measures this one."""
        rules = self.rules()
        if rules.now:
            return False
        if self.kind == "mobile":
            return True
        if not rules.wait_min or not self.rate:
            return False
        if left_bytes <= self.rate * rules.wait_min * 60:
            self._probed_ms = None
            return False
        now_ms = self.mono_ms()
        if self._probed_ms is None:
            self._probed_ms = now_ms
        if now_ms - self._probed_ms < rules.probe_min * 60_000:
            return True
        self._probed_ms = now_ms
        return False

    def link_changed(self, kind: LinkKind) -> None:
        """Take another link: what was measured on the one before says nothing of it."""
        if kind != self.kind:
            self.kind, self._rate, self._probed_ms = kind, 0, None


class Swift:
    """Whether a link was so quick just now that packing a page takes longer than its bytes do."""

    def __init__(self) -> None:
        """Begin with a link of which nobody knows."""
        self._until_s = 0.0

    def learn(self, size: int, asked_s: float, began_s: float, ended_s: float) -> None:
        """Learn from a reply: when it was asked for, when its bytes began to come and ended."""
        if size < _SWIFT_TELLING_BYTES:
            return
        quick = size >= _SWIFT_BYTES_S * (ended_s - began_s)
        soon = size >= _SWIFT_WHOLE_BYTES_S * (ended_s - asked_s)
        self._until_s = ended_s + _SWIFT_S if quick and soon else 0.0

    def lost(self) -> None:
        """Learn from a request that broke off."""
        self._until_s = 0.0

    def at(self, now_s: float) -> bool:
        """Say whether it is at a time of the same clock."""
        return now_s < self._until_s
