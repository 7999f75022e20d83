"""What the server holds in quarantine: a record that says what came and why it does not count.

A manager releases it or refuses it, with words. The server then judges every held entry by the
rules, and says in an entry of its own, the outcome, which of them count from now on. Verdicts in
the feed stay as they were sent: every store applies the outcome when it comes to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from domain.changes import Entry
from domain.proofs import SERVER
from domain.records import Record, Value

TYPE: Final = "quarantine"
PREFIX: Final = "quar-"  # of ids: no other record may have such a one
HELD, LET, REFUSED = "held", "released", "refused"  # states
RELEASE, REFUSE = "quarantine.release", "quarantine.refuse"  # actions of the matrix
ACTION_OF: Final[Mapping[str, str]] = {LET: RELEASE, REFUSED: REFUSE}
# why
UNSIGNED, FORGED, REVOKED = "entry.unsigned", "entry.forged", "entry.revoked"
UNREADABLE: Final = "entry.unreadable"
FORK: Final = "entry.fork"  # another history under known numbers: two bodies with one identity
NEVER: Final = frozenset({FORGED, UNREADABLE, FORK})  # set aside as a file: can only be looked at
RELEASED: Final = "entry.released"  # code of an entry that counts because somebody released it
TURNED_DOWN: Final = "entry.turned_down"  # code of an entry that somebody refused for good
BEFORE: Final = "before_ms"  # cell of a release: only what was provably written before that
OVERTAKEN: Final = "entry.overtaken"  # code of one that was let in after others had gone on
BARRED_TYPES: Final = frozenset({"register", "device", TYPE})  # rights and devices: never so
NOTE_MAX: Final = 500
ITEMS_MAX: Final = 20  # entries that the record itself tells of
WORDS_MAX: Final = 160
SETTLED: Final = frozenset({"state", "settled_by", "settled_ms", "note"})
_WORDS: Final = ("words", "note", "text", "action", "state", "what")  # what was said, then codes


@dataclass(frozen=True, slots=True)
class Item:
    """What one held entry says; `at` is its own time, which nobody vouches for."""

    number: int
    person: str
    type: str
    kind: str
    at: int
    words: str

    def cell(self) -> Value:
        """Return it as it stands in the record."""
        return [self.number, self.person, self.type, self.kind, self.at, self.words]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which held entries of a device count from now on: if `let`, all but `barred` (number: code).

    Without `let` none of the range counts; a range that ends before it begins says nothing of any.
    """

    device: str
    first: int
    last: int
    barred: Mapping[int, str] = field(default_factory=dict[int, str])
    let: bool = False

    def code(self, number: int) -> str | None:
        """Return why an entry of the range does not count, or None: it does."""
        return self.barred.get(number, None if self.let else TURNED_DOWN)

    def cells(self) -> dict[str, Value]:
        """Return what the server writes."""
        barred: dict[str, Value] = {str(number): code for number, code in self.barred.items()}
        row: dict[str, Value] = {
            "device": self.device, "first": self.first, "last": self.last, "barred": barred,
            "let": self.let,
        }  # fmt: skip
        return {"outcome": row}


def outcome_of(entry: Entry) -> Outcome | None:
    """Read the outcome out of an entry, if it is one: the server's decision on such a record."""
    row = entry.set.get("outcome")
    ours = entry.device_id == SERVER and entry.kind == "decide" and entry.type == TYPE
    if not ours or not isinstance(row, dict):
        return None
    device, first, last, barred = (row.get(name) for name in ("device", "first", "last", "barred"))
    if not (isinstance(device, str) and isinstance(first, int) and isinstance(last, int)):
        return None
    if not isinstance(barred, dict):
        return None
    codes = {int(number): str(code) for number, code in barred.items() if number.isdecimal()}
    return Outcome(device, first, last, codes, let=row.get("let") is True)


def is_before(entry: Entry, before_ms: int) -> bool:
    """Say whether an entry was provably written before a time: as far as its clock can be off."""
    uncertainty = entry.time.uncertainty_ms
    return uncertainty is not None and entry.wall_ms + uncertainty < before_ms


def first_after(entries: Sequence[Entry], before_ms: int) -> int:
    """Return how many of these, in the order of the chain, come before the first that is not.

    What stands behind that one was written later, whatever its clock says.
    """
    return next(
        (at for at, one in enumerate(entries) if not is_before(one, before_ms)), len(entries)
    )


def item(entry: Entry) -> Item:
    """Return what an entry says, shortened."""
    found = next((entry.set[name] for name in _WORDS if isinstance(entry.set.get(name), str)), "")
    return Item(
        entry.number, entry.person_id, entry.type, entry.kind, entry.wall_ms,
        str(found)[:WORDS_MAX],
    )  # fmt: skip


def held_cells(
    device: str, name: str, why: str, first: int, last: int, entries: Sequence[Entry], at_ms: int
) -> dict[str, Value]:
    """Return the cells of the record about entries `first` to `last` of a device.

    It goes to every device. What held entries say comes with themselves, to those who may have
    their records; of entries that are in no feed the record alone can tell.
    """
    told = [item(one) for one in entries[:ITEMS_MAX]]
    if why not in NEVER:
        told = [replace(one, words="") for one in told]
    return {
        "state": HELD,
        "device": device,
        "name": name,
        "why": why,
        "first": first,
        "last": last,
        "items": [one.cell() for one in told],
        "at_ms": at_ms,
        "by": "rule",
    }


def items_of(record: Record) -> tuple[Item, ...]:
    """Read what a record tells of its entries."""
    rows = record.get("items")
    found: list[Item] = []
    for row in rows if isinstance(rows, list) else []:
        match row:
            case [int(number), str(person), str(type), str(kind), int(at), str(words)]:
                found.append(Item(number, person, type, kind, at, words))
            case _:
                continue
    return tuple(found)


def barred_of(record: Record) -> Mapping[int, str]:
    """Return by number what was not released, and the code why."""
    row = record.get("outcome")
    barred = row.get("barred") if isinstance(row, dict) else None
    if not isinstance(barred, dict):
        return {}
    return {int(number): str(code) for number, code in barred.items() if number.isdecimal()}
