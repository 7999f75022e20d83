"""Years of records of the demo plant, the same for the same seed: the data of bench `store`.

A plant makes about a hundred records a day, so more records mean more days behind, never more work
today: each person has the same open tasks, each area the same open hazards. Everything is made of
entries as devices write them, in chains; records are their fold by `domain.merge` and go through
`records.save` with its search index, as `journal.receive` does it. Only the checks of a chain
against what is there already are left out, and photos have no files.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from sqlmodel import Session

from domain import merge
from domain.changes import DeviceTime, Entry, encode, genesis, link
from domain.definitions import Definitions
from domain.plant import Asset
from domain.records import Value
from offline_store import devices, entries, records
from offline_store.database import Store
from offline_store.entries import Logged

PER_DAY = (("task", 40), ("inspection", 28), ("hazard", 20), ("evidence", 12))
INSPECTORS = 12  # people with tasks today
OPEN_TASKS = 8  # of each of them
DONE_TODAY = 4
OPEN_HAZARDS = 30  # in the whole plant
PHONES = 6
COMMON = {"LK": 12, "FP": 8, "ME": 4}  # leaks and extinguishers are what a plant hears of most
_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000
_PAGE = 500
_WAY = ("accepted", "dispatched", "rectifying", "to_verify", "closed")
_ACTION = {
    "accepted": "hazard.accept",
    "dispatched": "hazard.dispatch",
    "rectifying": "hazard.start",
    "to_verify": "hazard.rectify",
    "closed": "hazard.verify",
}
Step = tuple[str, str, str, int, Mapping[str, Value]]  # device, person, kind, at, cells


@dataclass
class PlantYears:
    """Makes records; `seed` decides everything but the time they end at."""

    definitions: Definitions
    now_ms: int
    seed: int = 1
    _random: random.Random = field(init=False)
    _number: int = 0
    _feed: int = 0  # each entry came in a push of its own

    def __post_init__(self) -> None:
        """Begin the sequence of the seed."""
        self._random = random.Random(self.seed)
        plant = self.definitions.plant
        self._assets = list(plant.assets.values())
        self._people = [one for one in plant.people.values() if one.areas]
        self._categories = list(self.definitions.hazards.categories.values())

    def fill(self, store: Store, count: int) -> None:
        """Write `count` records, oldest first."""
        chains = {
            name: (0, genesis(name, name.encode()))
            for name in ("server", *(f"phone-{one}" for one in range(PHONES)))
        }
        with store.session() as session:
            for name in chains:
                devices.add(session, devices.Device(name, name.encode()))
        made = self._records(count)
        while some := list(islice(made, _PAGE)):
            with store.session() as session:
                self._write(session, some, chains)

    def _write(
        self,
        session: Session,
        some: "list[tuple[str, str, str, list[Step]]]",
        chains: dict[str, tuple[int, bytes]],
    ) -> None:
        folded: dict[str, merge.Merged | None] = {}
        logged: list[Logged] = []
        for record_id, type_, definition, steps in some:
            writers: dict[str, str] = {}
            taken: list[merge.FeedEntry] = []
            for device, person, kind, at_ms, cells in steps:
                number, head = chains[device]
                base = {name: writers[name] for name in cells if name in writers}
                entry = Entry(
                    device, number + 1, self._id(at_ms), kind, person, record_id, type_, definition,
                    base, cells, at_ms, 0, DeviceTime(at_ms, at_ms, "boot", 50),
                )  # fmt: skip
                body = encode(entry)
                chains[device] = (number + 1, link(head, body))
                self._feed += 1
                writers |= dict.fromkeys(cells, entry.writer)
                logged.append(
                    Logged(
                        entry,
                        body,
                        chains[device][1],
                        self._feed,
                        "accepted",
                        received_ms=at_ms + 60_000,
                    )
                )
                taken.append(merge.FeedEntry(entry, "accepted", at_ms + 60_000))
            folded[record_id] = merge.fold(taken)
        entries.add(session, logged)
        records.save(session, folded, dict.fromkeys(folded, self._feed))

    def _records(self, count: int) -> "Iterator[tuple[str, str, str, list[Step]]]":
        today = [*self._todays_tasks(), *self._open_hazards()]
        left = max(0, count - len(today))
        a_day = sum(number for _, number in PER_DAY)
        for day in range(-(-left // a_day), 0, -1):
            for type_, number in PER_DAY:
                for _ in range(number):
                    if left:
                        left -= 1
                        yield self._past(type_, self.now_ms - day * _DAY_MS)
        yield from today[:count]

    def _past(self, type_: str, day_ms: int) -> "tuple[str, str, str, list[Step]]":
        at_ms = day_ms + self._random.randrange(_DAY_MS - 8 * _HOUR_MS)
        match type_:
            case "task":
                return self._task(at_ms, done_ms=at_ms + 2 * _HOUR_MS)
            case "inspection":
                return self._inspection(at_ms)
            case "hazard":
                return self._hazard(at_ms, "closed")
            case _:
                return self._evidence(at_ms)

    def _todays_tasks(self) -> "Iterator[tuple[str, str, str, list[Step]]]":
        for person in self._people[:INSPECTORS]:
            for number in range(OPEN_TASKS + DONE_TODAY):
                begins = self.now_ms - 6 * _HOUR_MS + number * 60_000
                done = self.now_ms - number * 60_000 if number < DONE_TODAY else None
                yield self._task(begins, done_ms=done, owner=person.person_id, place=number)

    def _open_hazards(self) -> "Iterator[tuple[str, str, str, list[Step]]]":
        for number in range(OPEN_HAZARDS):
            yield self._hazard(self.now_ms - (number + 1) * 7 * _HOUR_MS, _WAY[number % 4])

    def _task(
        self, at_ms: int, *, done_ms: int | None, owner: str | None = None, place: int | None = None
    ) -> "tuple[str, str, str, list[Step]]":
        asset = (
            self._random.choice(self._assets)
            if place is None
            else self._assets[place % len(self._assets)]
        )
        owner = owner or self._random.choice(self._people).person_id
        cells: dict[str, Value] = {
            "state": "open", "kind": "inspection", "plan": f"P-{asset.asset_id}", "owner": owner,
            "asset": asset.asset_id, "area": asset.area, "unit": asset.owner,
            "template": asset.template, "start_ms": at_ms, "due_ms": at_ms + 8 * _HOUR_MS,
        }  # fmt: skip
        steps: list[Step] = [("server", owner, "edit", at_ms, cells)]
        if done_ms is not None:
            done = {"state": "done", "done_by": self._id(done_ms), "done_ms": done_ms}
            steps.append((self._phone(), owner, "decide", done_ms, done))
        return self._id(at_ms), "task", "task@1", steps

    def _inspection(self, at_ms: int) -> "tuple[str, str, str, list[Step]]":
        asset, person = self._random.choice(self._assets), self._random.choice(self._people)
        form = self.definitions.forms[asset.template]
        cells: dict[str, Value] = {
            "state": "submitted", "code": self._code("IN"), "inspector": person.person_id,
            **_place(asset), "via": "label", "label_state": "verified",
            "submitted_ms": at_ms, "opened_ms": at_ms - 600_000,
            "answers": {item.item_id: "ok" for item in form.items},
            "note": self._said(asset) if self._random.random() < 0.1 else "",
        }  # fmt: skip
        step = (self._phone(), person.person_id, "edit", at_ms, cells)
        return self._id(at_ms), "inspection", form.definition, [step]

    def _hazard(self, at_ms: int, state: str) -> "tuple[str, str, str, list[Step]]":
        asset, person = self._random.choice(self._assets), self._random.choice(self._people)
        category = self._random.choice(self._categories)
        phone = self._phone()
        cells: dict[str, Value] = {
            "state": "reported", "action": "hazard.report", "code": self._code("HZ"),
            "words": self._said(asset), "language": "zh", "reporter": person.person_id,
            "reported_ms": at_ms, **_place(asset), "category": category.code,
            "grade": self._random.choice("BCCDD"),
        }  # fmt: skip
        steps: list[Step] = [(phone, person.person_id, "decide", at_ms, cells)]
        for number, reached in enumerate(_WAY[: _WAY.index(state) + 1], 1):
            done: dict[str, Value] = {"state": reached, "action": _ACTION[reached]}
            if reached == "dispatched":
                done["assignee"] = self._random.choice(self._people).person_id
            steps.append((phone, person.person_id, "decide", at_ms + number * _HOUR_MS // 2, done))
        return self._id(at_ms), "hazard", "hazard@1", steps

    def _evidence(self, at_ms: int) -> "tuple[str, str, str, list[Step]]":
        person = self._random.choice(self._people)
        cells: dict[str, Value] = {
            "of": self._id(at_ms), "shot": "item", "item": "1", "by": person.person_id,
            "taken_ms": at_ms, "grade": "strong", "thumb": self._random.randbytes(32).hex(),
            "original": self._random.randbytes(32).hex(),
        }  # fmt: skip
        step = (self._phone(), person.person_id, "attach", at_ms, cells)
        return self._id(at_ms), "evidence", "evidence@1", [step]

    def _said(self, asset: Asset) -> str:
        """Return what somebody says of a hazard: words of the vocabulary, in either language."""
        weights = [COMMON.get(one.code, 1) for one in self._categories]
        spoken = self._random.choices(self._categories, weights)[0].spoken
        words = self._random.sample(spoken, 2)
        language = "zh" if ord(words[0][0]) > 0x2E80 else "en"
        joint = ", " if language == "en" else "，"
        return f"{asset.name.in_(language)}{joint}{joint.join(words)}"

    def _phone(self) -> str:
        return f"phone-{self._random.randrange(PHONES)}"

    def _code(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}-3F2A-{self._number:04d}"

    def _id(self, at_ms: int) -> str:
        return f"{at_ms:012x}{self._random.randbytes(10).hex()}"


def _place(asset: Asset) -> dict[str, Value]:
    return {"asset": asset.asset_id, "area": asset.area, "unit": asset.owner}
