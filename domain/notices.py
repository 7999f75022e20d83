"""Notices: who is told what by the product itself, once.

The id of a notice follows from the rule, the step, the record it is about and the person who is
told. A restart, a second server, a clock that jumps, or a device that was offline can therefore
say nothing twice: the same notice is the same record.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.changes import canonical
from domain.records import Value

DEFINITION: Final = "notice@1"
TYPE: Final = "notice"
STATE: Final = "told"
PREFIX: Final = "notice-"  # no record of another type may have an id like this
REMINDER, ESCALATION, COPY, ANSWER, GAP = "reminder", "escalation", "copy", "answer", "gap"
SECURITY: Final = "security"
CHECK: Final = "check"  # of the photos of a repair
PHOTOS: Final = "photos"  # somebody is asked for photos of a hazard
RULES: Final = (REMINDER, ESCALATION, COPY, ANSWER, GAP, SECURITY, CHECK, PHOTOS)
STEP_MAX = 200  # characters
PARAMS_MAX = 40
TEXT_MAX = 500  # characters of one param: a notice is a sentence, not the record


@dataclass(frozen=True, slots=True)
class Due:
    """Something a person is to be told at `at_ms`, and both clocks behind it.

    `captured_ms` is when it happened, `counted_ms` when somebody could have known: the time that
    escalation counts from. `level` is the role that is told, empty where it is the person alone.
    """

    rule: str
    step: str
    about: str
    about_type: str
    to: str
    at_ms: int
    captured_ms: int
    counted_ms: int
    params: Mapping[str, Value]
    level: str = ""
    until_ms: int | None = None  # from then on it says nothing any more: "due soon" when it is late

    @property
    def notice_id(self) -> str:
        """Return the id of this notice, the same wherever it is found due."""
        return notice_id(self.rule, self.about, self.step, self.to)

    def cells(self, told_ms: int) -> dict[str, Value]:
        """Return the cells of the record that says so."""
        return {
            "state": STATE,
            "rule": self.rule,
            "step": self.step,
            "to": self.to,
            "about": self.about,
            "about_type": self.about_type,
            "level": self.level,
            "params": {name: _short(value) for name, value in self.params.items()},
            "told_ms": told_ms,
            "captured_ms": self.captured_ms,
            "counted_ms": self.counted_ms,
        }


def notice_id(rule: str, about: str, step: str, to: str) -> str:
    """Return the one id of telling `to` this step of this rule about this record."""
    digest = hashlib.sha256(canonical([rule, about, step, to])).hexdigest()
    return PREFIX + digest[:40]


def due_now(found: Iterable[Due], now_ms: int) -> list[Due]:
    """Return what is due by now, earliest first, each once."""
    ready = {
        one.notice_id: one
        for one in found
        if one.at_ms <= now_ms and (one.until_ms is None or now_ms < one.until_ms)
    }
    return sorted(ready.values(), key=lambda one: (one.at_ms, one.notice_id))


def _short(value: Value) -> Value:
    return value[:TEXT_MAX] if isinstance(value, str) else value
