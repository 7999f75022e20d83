"""When each duty of this server process last went well, by the clock that never jumps."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from server import clock

ROUNDS: Final = 3  # that may fail before somebody has to look
PATIENCE_MS: Final = 120_000


@dataclass
class DutyLog:
    """The last good round of each duty; before its first one, the start counts."""

    began_ms: int = field(default_factory=clock.mono_ms)
    _well_ms: dict[str, int] = field(default_factory=dict[str, int])

    def went_well(self, duty: str) -> None:
        """Note that a duty came to its end."""
        self._well_ms[duty] = clock.mono_ms()

    def ages_s(self, duties: Iterable[str]) -> dict[str, int]:
        """Return how many seconds ago each duty last went well."""
        now_ms = clock.mono_ms()
        last = {duty: self._well_ms.get(duty, self.began_ms) for duty in duties}
        return {duty: (now_ms - well_ms) // 1000 for duty, well_ms in last.items()}


def limit_s(interval_s: float) -> float:
    """Return the age of a good round from which on the duty stands still."""
    return max(ROUNDS * interval_s, PATIENCE_MS / 1000)
