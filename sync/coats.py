"""Whether pushes go packed: on a link that is quicker than the packing they go as they are.

Packing takes most of what a push costs a device. How quick a link is can be told by answers alone:
bytes sent a second, with all the time that the server took. So a push goes without its coat on
trial, and the trial ends where the answer to it is slow; the next one comes after twice as many.
"""

from typing import Final

TRY_BYTES_S: Final = 500_000  # of a packed push and its answer: the next goes without
STAY_BYTES_S: Final = 1_500_000  # of one without
TELLING_BYTES: Final = 32 * 1024  # what is shorter measures the way there and back
_PAUSE_MAX: Final = 64  # pushes between two trials


class Coats:
    """What is known of one link."""

    def __init__(self) -> None:
        """Begin with a link of which nobody knows."""
        self.needed = True  # of the next push
        self._pause, self._next_pause = 0, 1

    def took(self, size: int, ms: int, *, coat: bool) -> None:
        """Learn from the answer to a push of so many bytes, sent with a coat or without."""
        rate = size * 1000 // max(1, ms)
        if not coat:
            self.needed = rate < STAY_BYTES_S
            self._pause = self._next_pause if self.needed else 0
            self._next_pause = min(_PAUSE_MAX, 2 * self._next_pause) if self.needed else 1
        elif self._pause:
            self._pause -= 1
        else:
            self.needed = size < TELLING_BYTES or rate < TRY_BYTES_S
