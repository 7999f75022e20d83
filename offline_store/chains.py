"""Chains of entries put together again from what a damaged store still holds.

A number of the own device that is missing behind what the server confirmed gets an entry that says
so (`journal.LOST`): all other entries keep their numbers, and the loss itself is on record. What
follows gets another hash and is unsigned by that: a salvage signs nothing, since it cannot know who
damaged the file. Its signatures are kept aside (`salvaged`) in case the server has the lost entry:
once that is back, the old hashes are right again. Among confirmed ones a gap stays open until the
entry is fetched from the server.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from domain.changes import DeviceTime, Entry, decode, encode, link
from offline_store.journal import LOST
from offline_store.pages import Cell

Row = dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Bridged:
    """A chain without gaps behind what the server confirmed, and how many of those were there."""

    rows: Sequence[Row]
    waiting: int
    lost: int
    signatures: Mapping[int, tuple[bytes, bytes]] = field(  # by number: hash and signature before
        default_factory=dict[int, tuple[bytes, bytes]]
    )


def number_of(row: Mapping[str, Cell]) -> int:
    """Return the number of an entry in its chain."""
    return cast("int", row["number"])


def by_device(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return entries by device, in the order of their chains."""
    devices: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=number_of):
        devices[str(row["device_id"])].append(row)
    return devices


def at_home(
    rows: Iterable[Row], vouched: Container[tuple[str, int]], heads: Mapping[str, bytes]
) -> list[Row]:
    """Return entries under the device that made them, where the damage hit its name.

    Such a name is borne by one entry alone, and neither the index (`vouched`: device and number)
    nor a device's key (`heads`: the hash before its first entry) knows it. The chain in which the
    hash follows is the entry's own; where there is none, nobody can tell, and it is left out.
    """
    ordered = sorted(rows, key=number_of)
    borne = Counter(str(row["device_id"]) for row in ordered)
    before: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
    before[0] = list(heads.items())
    kept: list[Row] = []
    strays: list[Row] = []
    for row in ordered:
        device, number = str(row["device_id"]), number_of(row)
        if borne[device] > 1 or device in heads or (device, number) in vouched:
            before[number].append((device, _bytes(row, "hash")))
            kept.append(row)
        else:
            strays.append(row)
    for row in strays:
        number = number_of(row)
        for device, head in before.get(number - 1, ()):
            if link(head, _bytes(row, "body")) == row["hash"]:
                before[number].append((device, _bytes(row, "hash")))
                kept.append(row | {"device_id": device})
                break
    return kept


def sound(rows: Iterable[Row], head: bytes | None) -> list[Row]:
    """Return the entries whose bytes are what the chain says; others were changed by the damage.

    `head` is the hash before the first entry, where it is known.
    """
    number = 0
    kept: list[Row] = []
    for row in rows:
        follows = number_of(row) == number + 1 and head is not None
        if follows and link(cast("bytes", head), _bytes(row, "body")) != row["hash"]:
            continue
        number, head = number_of(row), _bytes(row, "hash")
        kept.append(row)
    return kept


def to_first_gap(rows: Sequence[Row]) -> list[Row]:
    """Return the entries before the first that is missing."""
    return [row for number, row in enumerate(rows, 1) if number_of(row) == number]


def bridged(rows: Sequence[Row], head: bytes | None, highest: int) -> Bridged:
    """Return the own chain with an entry for each lost one behind what the server confirmed.

    `head` is the hash before the first entry, `highest` the last number that was ever given.
    """
    confirmed = max((number_of(row) for row in rows if row["feed"] is not None), default=0)
    sure = [row for row in rows if number_of(row) <= confirmed]
    waiting = {number_of(row): row for row in rows if number_of(row) > confirmed}
    highest = max([highest, confirmed, *waiting])
    head = _bytes(sure[-1], "hash") if sure else head
    if len(waiting) == highest - confirmed or head is None or not rows:
        return Bridged(rows, len(waiting), 0)
    before = sure[-1] if sure else waiting[min(waiting)]
    whole: list[Row] = []
    signatures: dict[int, tuple[bytes, bytes]] = {}
    for number in range(confirmed + 1, highest + 1):
        before = waiting.get(number) or _stand_in(before, number)
        head = link(head, _bytes(before, "body"))
        if head != before["hash"]:
            if before["signature"] is not None:
                signatures[number] = (_bytes(before, "hash"), _bytes(before, "signature"))
            before = before | {"hash": head, "signature": None}
        whole.append(before)
    return Bridged([*sure, *whole], len(waiting), len(whole) - len(waiting), signatures)


def _stand_in(before: Row, number: int) -> Row:
    """Return the entry that says a change was lost.

    It bears the person and the time of its neighbour, since every entry has both; nobody may take
    it for that person's doing, `what` says so.
    """
    device, person = str(before["device_id"]), str(before["person_id"])
    last = decode(_bytes(before, "body"), device)
    record_id = f"{last.entry_id[:40]}-lost-{number}"
    entry = Entry(
        device_id=device,
        number=number,
        entry_id=record_id,
        kind="edit",
        person_id=person,
        record_id=record_id,
        type="event",
        definition="event@1",
        base={},
        set={"what": LOST, "by": person, "at_ms": last.wall_ms, "number": number},
        wall_ms=last.wall_ms,
        counter=last.counter,
        time=DeviceTime(last.time.device_ms, last.time.mono_ms, last.time.boot, None),
    )
    unconfirmed = dict.fromkeys(("signature", "feed", "received_ms", "verdict", "code", "params"))
    return before | unconfirmed | {
        "number": number,
        "entry_id": record_id,
        "record_id": record_id,
        "kind": "edit",
        "body": encode(entry),
    }  # fmt: skip


def _bytes(row: Mapping[str, Cell], name: str) -> bytes:
    return cast("bytes", row[name])
