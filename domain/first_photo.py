"""Which of two photos was there first, as far as the server itself can say. Pure.

A device writes its time itself, and a changed app writes any. So a time never makes somebody the
copier: that only the order does in which the server took both in. A time may clear somebody, for
who was offline sends late; then the two orders contradict each other, and a person has to look.
"""

from dataclasses import dataclass
from typing import Literal

Order = Literal["before", "after", "unknown"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the server knows of when a photo came to be; times are ms since 1970 UTC.

    `number` is the place in its device's chain, `feed` the one in the order in which the server
    took entries. `said_ms` is the device's word (as an anchor corrected it), right to `unc_ms`;
    None: nobody vouches for that clock. `since_ms`: when the device had been in touch last before
    the push that brought it; what came with this push cannot well be older.
    """

    device: str
    number: int
    feed: int
    said_ms: int
    unc_ms: int | None = None
    since_ms: int = 0

    @property
    def earliest_ms(self) -> int:
        """Return when it was taken at the earliest: no word goes back behind the last contact."""
        return max(self.said_ms - (self.unc_ms or 0), self.since_ms)

    @property
    def latest_ms(self) -> int:
        """Return when it was taken at the latest, by the word of its device."""
        return self.said_ms + (self.unc_ms or 0)


def order(one: Arrival, other: Arrival) -> Order:
    """Say whether `one` was there before `other`; "unknown" where nobody may be accused.

    Photos of one device stand in the order of its chain, which nobody can change. Of two devices
    that photo was first which the server held first, unless the other one's time says that it was
    taken before: whatever that time is worth, it is enough to ask a person.
    """
    if one.device == other.device:
        return "unknown" if one.number == other.number else _said(one.number < other.number)
    if one.feed == other.feed:
        return "unknown"
    held, came = (one, other) if one.feed < other.feed else (other, one)
    if came.latest_ms < held.earliest_ms:
        return "unknown"
    return _said(held is one)


def _said(before: bool) -> Order:
    return "before" if before else "after"
