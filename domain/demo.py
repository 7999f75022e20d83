"""What the demo store holds from its first day, beside people and plans."""

from dataclasses import dataclass

from domain.words import Words


@dataclass(frozen=True, slots=True)
class DemoHazard:
    """A hazard of the demo; `state` is where it stands, `said` are the reporter's own words.

    `owner` is who accepted it, `rectifier` whom it was dispatched to.
    """

    hazard_id: str
    area: str
    asset: str
    category: str
    grade: str
    state: str
    reporter: str
    reported_ms: int
    owner: str | None
    rectifier: str | None
    said: Words


@dataclass(frozen=True, slots=True)
class DemoData:
    """All of it."""

    hazards: tuple[DemoHazard, ...] = ()
