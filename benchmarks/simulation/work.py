"""What people do on a device: report, decide, edit, stop, lift, settle; by what its store shows."""

import hashlib
import random
from collections.abc import Callable

from benchmarks.simulation.loop import MAY_NOT
from benchmarks.simulation.tablet import Tablet
from domain.records import Record, Value
from offline_store import records
from offline_store.records import Disagreement

Doing = tuple[str, str, str, str, dict[str, Value]]  # person, type, record, kind, cells
MANAGER = "U001"  # may decide about every hazard and settle every conflict
PEOPLE = (MANAGER, "U002", "U003", "U008", "U012")
AREAS = ("A01", "A02", "A05", "A06")
UNITS = ("T-CHA", "T-LOAD", "T-TANK", "T-ELE")
_CATEGORIES = ("IS", "FIRE", "ELEC", "HEIGHT")


class Work:
    """Chooses what is done next on a device, by chance and by what the device knows."""

    def __init__(
        self, chance: random.Random, now_ms: Callable[[], int], categories: tuple[str, ...]
    ) -> None:
        """`categories` are codes that a hazard may have."""
        self._chance, self._now_ms = chance, now_ms
        self._categories = categories or _CATEGORIES
        self._count = 0

    def next(self, tablet: Tablet) -> Doing:
        """Return what somebody does there now."""
        chance = self._chance
        with tablet.disk.store.reading() as session:
            known = [
                *records.find(session, "permit", limit=12),
                *records.find(session, "hazard", limit=12),
            ]
            record = chance.choice(known) if known and chance.random() < 0.85 else None
            open_ones = records.conflicts(session, record.record_id) if record else []
            held = [
                (hold.hold_id, hold.kind)
                for hold in (records.holds(session, record.record_id) if record else [])
                if hold.lifted_by is None
            ]
        if record is None:
            return self.new()
        if open_ones and chance.random() < 0.3:
            found = self._settle(record, open_ones[0])
            if found:
                return found
        if record.type == "permit":
            return self._permit(record, held)
        return self._hazard(record)

    def photo(self, tablet: Tablet) -> tuple[Doing, list[tuple[str, bytes]]] | None:
        """Return a photo of a hazard that is known there, and its files; None where none is."""
        with tablet.disk.store.reading() as session:
            known = records.find(session, "hazard", limit=12)
        if not known:
            return None
        chance, of = self._chance, self._chance.choice(known)
        files = [
            ("original", chance.randbytes(chance.randrange(500, 6000))),
            ("thumb", chance.randbytes(200)),
        ]
        self._count += 1
        name = f"p{self._count}-{chance.getrandbits(48):012x}"
        cells: dict[str, Value] = {
            "of": of.record_id, "by": MANAGER, "shot": "closeup", "source": "camera",
            "taken_ms": self._now_ms(),
            **{sort: hashlib.sha256(data).hexdigest() for sort, data in files},
        }  # fmt: skip
        return (MANAGER, "evidence", name, "attach", cells), files

    def report(self) -> Doing:
        """Return a report, which nobody needs a certificate for."""
        while (doing := self.new())[1] != "hazard":
            pass
        return doing

    def new(self) -> Doing:
        """Return a new permit or hazard."""
        self._count += 1
        name = f"r{self._count}-{self._chance.getrandbits(48):012x}"
        person = self._chance.choice(PEOPLE)
        if self._chance.random() < 0.5:
            cells: dict[str, Value] = {"state": "draft", "action": "permit.apply", "workers": []}
            return person, "permit", name, "decide", cells
        cells = {
            "state": "reported", "action": "hazard.report", "code": name[:12], "grade": "C",
            "reporter": person, "reported_ms": self._now_ms(), "words": "漏",
            "area": self._chance.choice(AREAS), "unit": self._chance.choice(UNITS),
        }  # fmt: skip
        return person, "hazard", name, "decide", cells

    def _settle(self, record: Record, one: Disagreement) -> Doing | None:
        if one.field == "state":
            if record.type != "permit":
                return None
            cells: dict[str, Value] = {"state": "void", "action": "conflict.settle"}
            return MANAGER, record.type, record.record_id, "resolve", cells
        value = self._chance.choice((one.kept.value, one.other.value))
        return MANAGER, record.type, record.record_id, "resolve", {one.field: value}

    def _permit(self, record: Record, held: list[tuple[str, str]]) -> Doing:
        chance = self._chance
        person = MAY_NOT if chance.random() < 0.05 else chance.choice(PEOPLE)
        roll = chance.random()
        kind = "decide"
        cells: dict[str, Value]
        if held and roll < 0.25:
            named, sort = chance.choice(held)
            action = "conflict.settle" if sort == "reject" else "permit.resume"
            kind = "lift"
            cells = {"holds": [named], "action": action}
            if chance.random() < 0.5:
                cells["state"] = "started"
        elif roll < 0.45:
            cells = {"state": "suspended", "action": "permit.stop"}
        elif roll < 0.6:
            state, action = chance.choice(
                (
                    ("approved", "permit.approve"),
                    ("started", "permit.start"),
                    ("submitted", "permit.apply"),
                    ("rejected", "permit.reject"),
                    ("closed", "permit.accept"),
                )
            )
            cells = {"state": state, "action": action, f"slot.{action}.1": person}
        else:
            kind = "edit"
            cells = self._edited(record)
        return person, "permit", record.record_id, kind, cells

    def _edited(self, record: Record) -> dict[str, Value]:
        chance = self._chance
        field = chance.choice(("workers", "other_measures", "o2_vol", "level"))
        if field == "workers":
            there = record.get("workers")
            before = list(there) if isinstance(there, list) else []
            return {"workers": [*before, f"W{chance.randrange(30)}"]}
        if field == "o2_vol":
            return {field: {"value": f"{chance.randrange(180, 215) / 10}", "n": "1"}}
        return {field: f"{chance.randrange(1000)}"}

    def _hazard(self, record: Record) -> Doing:
        chance, state = self._chance, record.text("state")
        moves: dict[str, list[dict[str, Value]]] = {
            "reported": [
                {"state": "accepted", "action": "hazard.accept", "owner": MANAGER},
                {"state": "returned", "action": "hazard.return", "note": "?"},
                {"state": "void", "action": "hazard.void", "note": "?"},
            ],
            "returned": [{"state": "accepted", "action": "hazard.accept", "owner": MANAGER}],
            "accepted": [
                {"state": "returned", "action": "hazard.return", "note": "?"},
                {"state": "void", "action": "hazard.void", "note": "?"},
            ],
        }
        if state in moves and chance.random() < 0.5:
            return MANAGER, "hazard", record.record_id, "decide", dict(chance.choice(moves[state]))
        cells: dict[str, Value] = {"note": f"{chance.randrange(1000)}"}
        if chance.random() < 0.4:
            cells = {"category": chance.choice(self._categories)}
        elif chance.random() < 0.4:
            cells = {"place_note": f"{chance.randrange(1000)}"}
        elif chance.random() < 0.3:  # it moves to other people
            cells = {"area": chance.choice(AREAS)}
        return MANAGER, "hazard", record.record_id, "edit", cells
