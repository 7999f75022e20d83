"""The acceptance cases of the merge (tests/fixtures/merge_cases.yaml) as entries of a feed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from domain.changes import DeviceTime, Entry
from domain.definitions import load
from domain.merge import FeedEntry, Merged, TypePolicies, apply, fold, join_writers, refuse
from tests.helpers.definitions import DAY0, definition_files

FOLDER = Path(__file__).parents[1] / "fixtures"
TYPE, RECORD = "trial", "r1"
LATER_MS = 2_000_000  # when the server gets an entry, unless the case says it
TIME = DeviceTime(0, 0, "boot", None)
DEVICES = ("S", "A", "B", "D", "E")


@cache
def trial_files() -> dict[str, str]:
    """Return the definitions of the product with the record type that tries the merge."""
    files = definition_files()
    trial = (FOLDER / "trial_record.yaml").read_text(encoding="utf-8")
    flow = (FOLDER / "trial_workflow.yaml").read_text(encoding="utf-8")
    return {**files, "merge.yaml": files["merge.yaml"] + trial, "workflows/trial.yaml": flow}


@cache
def trial_policies() -> TypePolicies:
    """Return the policies of the product and of the record type that tries them."""
    return load(trial_files(), DAY0).policies


@dataclass(frozen=True)
class Written:
    """An entry as its author wrote it, when the server got it, and what its rules said."""

    entry: Entry
    received_ms: int
    refused: str | None = None
    quarantined: str | None = None

    @property
    def fed(self) -> FeedEntry:
        out = "refused" if self.refused else "quarantined" if self.quarantined else None
        return FeedEntry(self.entry, out, self.received_ms)


@dataclass(frozen=True)
class Case:
    """A row of SYNC_ANCHORS §6."""

    number: int
    base: tuple[Written, ...]
    ours: tuple[Written, ...]
    theirs: tuple[Written, ...]
    result: Mapping[str, Any]

    def feed(self, ours_first: bool) -> tuple[Written, ...]:
        sides = (self.ours, self.theirs) if ours_first else (self.theirs, self.ours)
        return (*self.base, *sides[0], *sides[1])


@cache
def cases() -> tuple[Case, ...]:
    rows = yaml.safe_load((FOLDER / "merge_cases.yaml").read_text(encoding="utf-8"))["cases"]
    return tuple(_case(row) for row in rows)


def _case(row: Mapping[str, Any]) -> Case:
    base: list[Written] = []
    for one in row["base"]:
        known = base[: one.get("sees", len(base))]
        base.append(_written(one, "S", 1, known, base))
    sides: list[list[Written]] = []
    for device, side, at in (("A", "ours", 2), ("B", "theirs", 3)):
        wrote: list[Written] = []
        for one in row[side]:
            known = [*base[: one.get("sees", len(base))], *wrote]
            wrote.append(_written(one, device, at, known, wrote))
        sides.append(wrote)
    return Case(row["n"], tuple(base), tuple(sides[0]), tuple(sides[1]), row["result"])


def _written(
    row: Mapping[str, Any],
    device: str,
    at: int,
    known: Sequence[Written],
    before: Sequence[Written],
) -> Written:
    device = row.get("dev", device)
    number = 1 + sum(one.entry.device_id == device for one in before)
    kind = row.get("kind", "edit")
    entry = Entry(
        device, number, row.get("id", f"{device}-{number}"), kind, f"P-{device}", RECORD, TYPE,
        f"{TYPE}@1", seen(known, kind, row["set"]), row["set"], row.get("at", at), 0, TIME,
    )  # fmt: skip
    received = row.get("received", LATER_MS)
    return Written(entry, received, row.get("refused"), row.get("quarantined"))


def seen(known: Sequence[Written], kind: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the base of an entry whose author knows these entries, as the journal writes it."""
    # the author's device does not know yet what the server will say of what it has not sent
    merged = fold([FeedEntry(one.entry, None, one.received_ms) for one in known], trial_policies())
    if merged is None or merged.record is None:
        return {}
    cells = merged.record.cells
    base = {name: cell.writer for name, cell in cells.items() if kind == "delete" or name in fields}
    if kind == "resolve":
        for card in merged.conflicts:
            writers = (cells[card.field].writer, card.kept.writer, card.other.writer)
            base[card.field] = join_writers(*writers)
    return base


def merge_all(feed: Sequence[Written], *, times: int = 1) -> tuple[Merged, list[str]]:
    """Fold a feed, each entry so often in a row; returns what comes out and what was said."""
    merged: Merged | None = None
    said: list[str] = []
    for one in feed:
        for _ in range(times):
            if one.fed.verdict:
                merged = refuse(merged, one.entry, one.refused or one.quarantined)
            else:
                merged = apply(merged, one.entry, trial_policies(), one.received_ms)
            said.append(merged.code or "")
    assert merged is not None
    return merged, said
