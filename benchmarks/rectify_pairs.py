"""The pairs of the bench `rectify`, and what became of each."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import intervals
from domain.rectification import Findings, Verdict


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of the manifest; `changed` is None where the manifest has no gold.

    `scene` is that of the before photo; `other` that of the after photo, where it is another.
    """

    id: str
    before: Path
    after: Path
    box: tuple[float, float, float, float]
    changed: bool | None
    case: str
    scene: str
    other: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a pair."""

    pair: Pair
    findings: Findings
    verdict: Verdict
    ms: float
    apart_px: float | None  # None: they could not be laid on each other

    @property
    def score(self) -> float:
        """Return the probability as it is predicted: a pair nobody could compare is 0."""
        return (self.verdict.probability or 0.0) if self.usual else 0.0

    @property
    def usual(self) -> bool:
        """Say whether they show one place and are no copy: the rest is told by other means."""
        return self.findings.scene is not None and not self.findings.copied


def manifest(path: Path) -> Iterator[Pair]:
    """Yield the pairs; what shows one scene shares the first word of `source`."""
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            left, top, right, bottom = (float(row[side]) for side in ("x0", "y0", "x1", "y1"))
            label = row.get("label")
            source = row.get("source") or row["id"]
            yield Pair(
                row["id"],
                path.parent / row["before"],
                path.parent / row["after"],
                (left, top, right, bottom),
                None if label in (None, "") else label == "1",
                row.get("case") or "",
                intervals.scene_of(source),
                intervals.scene_of(source.split(" vs ")[-1].split("|")[-1]),
            )
