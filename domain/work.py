"""Work under control: what a workflow says beside its states where people's lives hang on them.

Who is named on it, how long an approval is valid and from when, which decision stamps which time
and fills which signature. All of it is the part `work:` of a workflow file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.errors import FieldError
from domain.holds import SLOT
from domain.records import Record, Value

HOUR_MS = 3_600_000
ROUND = 1  # of signatures: a re-issued work is another record, and no way may lead back to one
NAMED = ("work_leader", "guardians", "analysts", "workers")  # cells that name people on a work
CHECK_INS = "check_ins"


class WorkExpiredError(FieldError):
    """The approval is over: `expired_ms`. Nobody extends it; a new one is applied for."""

    code = "work.expired"


@dataclass(frozen=True, slots=True)
class Work:
    """The part `work:` of a workflow.

    `hours` and `since` name the cells of the validity and of the moment from which it counts,
    `expired` the state in which it ends. `stamps`: action -> the cell that takes its time. `slots`:
    action -> the name of the signature it fills. `measured`: cells of a value with its sample time.
    """

    hours: str
    since: str
    expired: str
    stamps: Mapping[str, str] = field(default_factory=dict[str, str])
    slots: Mapping[str, str] = field(default_factory=dict[str, str])
    measured: tuple[str, ...] = ()

    def slot(self, action: str) -> str | None:
        """Return the cell in which somebody signs with this action, if it has one."""
        name = self.slots.get(action)
        return f"{SLOT}{name}.{ROUND}" if name else None


def expires_ms(work: Work, record: Record) -> int | None:
    """Return when the approval of a work ends; None before it was given."""
    since, hours = record.whole(work.since), record.whole(work.hours)
    return None if since is None or hours is None else since + hours * HOUR_MS


def is_over(work: Work, record: Record, now_ms: int) -> bool:
    """Say whether the approval has ended; the last millisecond still counts."""
    end = expires_ms(work, record)
    return end is not None and now_ms > end


def named_on(cells: Mapping[str, Value]) -> frozenset[str]:
    """Return the people whom a work names."""
    found: set[str] = set()
    for cell in NAMED:
        value = cells.get(cell)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and one:
                found.add(one)
    return frozenset(found)


def is_reading(value: Value) -> bool:
    """Say whether a value is a measured one: {value, sampled_ms}, the value a decimal string."""
    if not isinstance(value, dict) or not {"value", "sampled_ms"} <= value.keys():
        return False
    text, sampled = value["value"], value["sampled_ms"]
    figures = isinstance(text, str) and 0 < len(text) <= 12 and _is_number(text)
    return figures and isinstance(sampled, int) and not isinstance(sampled, bool)


def _is_number(text: str) -> bool:
    whole, dot, part = text.partition(".")
    return whole.isascii() and whole.isdigit() and (not dot or (part.isascii() and part.isdigit()))
