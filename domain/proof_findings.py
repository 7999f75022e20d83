"""What was found in a proof file, line by line, and what it is worth as a whole."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from domain.changes import Entry
from domain.records import Value

# "open": neither shown nor refuted (missing, or only claimed); "note": said, nothing to check
Mark = Literal["holds", "broken", "open", "note"]
Worth = Literal["holds", "broken", "open", "untied"]

# what breaks by another key alone, and what would show that this one is the plant's
_OTHER_KEY = frozenset(
    ("key.other", "seal.broken", "device.false", "receipt.false", "entry.receipt_false",
     "file.receipt_false")
)  # fmt: skip
_BOUND = frozenset(
    ("seal.good", "device.enrolled", "device.server", "entry.received", "file.received")
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the result: `code` is worded by the catalogs as `proof.<code>`."""

    code: str
    mark: Mark
    params: Mapping[str, Value] = field(default_factory=dict[str, Value])
    entry: Entry | None = None  # where the line tells what somebody did


def worth(found: Collection[Finding], key: bytes | None) -> Worth:
    """Say what the file is worth in one word: the worst of what was found.

    "untied" without the plant's own key: nobody can tell then whose file it is.
    """
    marks = {one.mark for one in found}
    if "broken" in marks:
        return "broken"
    if key is None:
        return "untied"
    return "open" if "open" in marks else "holds"


def summed(found: Collection[Finding], key: bytes | None) -> Finding:
    """Return the last line, which sums up the others."""
    marks = [one.mark for one in found]
    counts: dict[str, Value] = {name: marks.count(name) for name in ("holds", "broken", "open")}
    broken = {one.code for one in found if one.mark == "broken"}
    bound = _BOUND & {one.code for one in found if one.mark == "holds"}
    if key and "key.other" in broken and broken <= _OTHER_KEY and not bound:
        return Finding("sum.other_key", "broken", counts)
    if broken:
        return Finding("sum.broken", "broken", counts)
    if not key:
        return Finding("sum.consistent", "open", counts)
    if counts["open"]:
        return Finding("sum.open", "open", counts)
    return Finding("sum.holds", "holds", counts)
