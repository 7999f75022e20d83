"""Bench `rectify`: is what was really put right told from what was not, and how fast?

Every pair goes through the product's own check. Pairs of the pictures that the product's model was
fitted on are judged by a model fitted without their scene; all others by the product's model as it
is. Time is measured on 12-megapixel photos made of the first pairs, in turn with the bare minimum:
decode both and describe them with ORB.
"""

import csv
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.baselines import orb_alone
from benchmarks.runner import Options, Result
from domain.rectification import Findings, Model, Verdict, judge
from media import checks
from media.rectify import align, fitting, model
from media.rectify.check import check

MODEL = checks.FOLDER / "rectification.yaml"
LIMITS, _ = checks.load_limits(0.85, 0.15)  # the gates as they are delivered
TIMED = 5  # pairs that are timed
BINS = (0.0, 0.15, 0.5, 0.85, 1.0)
DRAWS = 400  # of the bootstrap
_WORDS = {"passed": "passed", "refused": "refused", "needs_person": "person"}
_BIG = (4000, 3000)


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of the manifest; `changed` is None where the manifest has no gold."""

    id: str
    before: Path
    after: Path
    box: tuple[float, float, float, float]
    changed: bool | None
    case: str
    scene: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a pair."""

    pair: Pair
    findings: Findings
    verdict: Verdict
    ms: float

    @property
    def score(self) -> float:
        """Return the probability as it is predicted: a pair nobody could compare is 0."""
        usable = self.findings.scene is not None and not self.findings.copied
        return (self.verdict.probability or 0.0) if usable else 0.0


def run(options: Options) -> Result:
    """Measure; returns ratios and figures, without gold those of time only."""
    folder = options.data or Path(os.environ.get("ANSHAO_SHARED", "../shared")) / "data/rectify_dev"
    pairs = list(manifest(folder / "manifest.csv"))
    found: list[tuple[Findings, float]] = []
    for done, pair in enumerate(pairs, 1):
        found.append(_checked(pair.before.read_bytes(), pair.after.read_bytes(), pair.box))
        options.progress(done, len(pairs))
    trained = model.load(MODEL)
    models = _models(pairs, [one for one, _ in found], trained)
    judged = [
        Judged(pair, findings, judge(findings, models[pair.scene], LIMITS), ms)
        for pair, (findings, ms) in zip(pairs, found, strict=True)
    ]
    sink = options.predictions.open("w", encoding="utf-8") if options.predictions else nullcontext()
    with sink as lines:
        for one in judged if lines else ():
            assert lines is not None
            lines.write(json.dumps(_prediction(one)) + "\n")
    ratios, figures = _times(pairs)
    if pairs and all(pair.changed is not None for pair in pairs):
        figures |= _shares(judged) | _auc(judged) | _calibration(judged) | _cases(judged)
    return ratios, figures


def manifest(path: Path) -> Iterator[Pair]:
    """Yield the pairs; what shows one scene shares the first word of `source`."""
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            left, top, right, bottom = (float(row[side]) for side in ("x0", "y0", "x1", "y1"))
            label = row.get("label")
            source = (row.get("source") or row["id"]).split("|")[0]
            yield Pair(
                row["id"],
                path.parent / row["before"],
                path.parent / row["after"],
                (left, top, right, bottom),
                None if label in (None, "") else label == "1",
                row.get("case") or "",
                source.split("_")[0],
            )


def _checked(
    before: bytes, after: bytes, box: tuple[float, float, float, float]
) -> tuple[Findings, float]:
    align.forget()  # what the camera's opening would have done counts as well
    began = time.perf_counter()
    findings = check(before, after, box, LIMITS).findings
    return findings, (time.perf_counter() - began) * 1000


def _models(
    pairs: Sequence[Pair], found: Sequence[Findings], trained: model.Trained
) -> Mapping[str, Model]:
    """Return by scene the model that never saw it."""
    scenes = {pair.scene for pair in pairs}
    known = any(_digest(pair.before) in trained.pictures for pair in pairs)
    if not known or any(pair.changed is None for pair in pairs):
        return dict.fromkeys(scenes, trained.model)
    rows = [
        (pair, one.features)
        for pair, one in zip(pairs, found, strict=True)
        if one.features is not None and not one.copied
    ]
    models: dict[str, Model] = {}
    for scene in scenes:
        rest = [(pair, row) for pair, row in rows if pair.scene != scene]
        models[scene] = fitting.fit(
            [row for _, row in rest],
            [bool(pair.changed) for pair, _ in rest],
            [pair.scene for pair, _ in rest],
            trained.model.names,
        )
    return models


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[: model.DIGEST]


def _prediction(one: Judged) -> dict[str, str | float]:
    return {
        "id": one.pair.id,
        "verdict": _WORDS[one.verdict.outcome],
        "score": round(one.score, 4),
        "ms": round(one.ms, 1),
    }


def _shares(judged: Sequence[Judged]) -> dict[str, float]:
    """Return the shares that are asked for, each with its 95 % interval (Wilson)."""
    fixes = [one for one in judged if one.pair.changed]
    rest = [one for one in judged if not one.pair.changed]
    usual = [one for one in judged if one.findings.scene is not None and not one.findings.copied]
    figures: dict[str, float] = {"pairs": len(judged), "fixes": len(fixes)}
    for name, group, outcome in (
        ("true_pass", fixes, "passed"),
        ("false_pass", rest, "passed"),
        ("genuine_refused", fixes, "refused"),
        ("needs_person", usual, "needs_person"),
        ("needs_person_all", judged, "needs_person"),
    ):
        hits = sum(one.verdict.outcome == outcome for one in group)
        low, high = interval(hits, len(group))
        figures |= {name: hits / max(1, len(group)), f"{name}_low": low, f"{name}_high": high}
    return figures


def interval(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson); of nothing, all is possible."""
    if not of:
        return 0.0, 1.0
    z = 1.959964
    middle = (hits + z * z / 2) / (of + z * z)
    half = z * (hits * (of - hits) / of + z * z / 4) ** 0.5 / (of + z * z)
    return max(0.0, middle - half), min(1.0, middle + half)


def _auc(judged: Sequence[Judged]) -> dict[str, float]:
    """Return how well scores order all pairs, with the interval of a bootstrap over pairs."""
    score = np.array([one.score for one in judged])
    changed = np.array([bool(one.pair.changed) for one in judged])
    yes, no = score[changed], score[~changed]
    if not len(yes) or not len(no):
        return {}
    rng = np.random.default_rng(0)
    draws = [ordered(rng.choice(yes, len(yes)), rng.choice(no, len(no))) for _ in range(DRAWS)]
    low, high = np.quantile(draws, (0.025, 0.975))
    line = np.sort(no)[::-1][int(0.01 * len(no))]
    return {
        "auc": ordered(yes, no),
        "auc_low": float(low),
        "auc_high": float(high),
        "true_pass_at_1": float((yes > line).mean()),
    }


def ordered(yes: NDArray[np.float64], no: NDArray[np.float64]) -> float:
    """Return the chance that a changed pair scores above an unchanged one."""
    above, same = (yes[:, None] > no).mean(), (yes[:, None] == no).mean()
    return float(above + same / 2)


def _calibration(judged: Sequence[Judged]) -> dict[str, float]:
    """Return by bins of the probability how many there are, what was said, what was true."""
    rows = [
        (one.verdict.probability, bool(one.pair.changed))
        for one in judged
        if one.verdict.probability is not None and not one.findings.copied
    ]
    figures: dict[str, float] = {}
    for low, high in pairwise(BINS):
        some = [row for row in rows if low <= row[0] < high or (high == 1.0 and row[0] == 1.0)]
        name = f"calibration_{low:.2f}_{high:.2f}"
        figures[f"{name}_pairs"] = len(some)
        if some:
            figures[f"{name}_said"] = sum(said for said, _ in some) / len(some)
            figures[f"{name}_true"] = sum(true for _, true in some) / len(some)
    return figures


def _cases(judged: Sequence[Judged]) -> dict[str, float]:
    """Return the verdicts by case."""
    figures: dict[str, float] = {}
    for case in sorted({one.pair.case for one in judged} - {""}):
        words = Counter(_WORDS[one.verdict.outcome] for one in judged if one.pair.case == case)
        figures |= {f"{case}_{word}": words[word] for word in _WORDS.values()}
    return figures


def _times(pairs: Sequence[Pair]) -> Result:
    """Measure on 12-megapixel photos, in turn with the baseline."""
    ours: list[float] = []
    bare: list[float] = []
    for pair in [*pairs[:1], *pairs[:: max(1, len(pairs) // TIMED)][:TIMED]]:  # the first warms up
        before, after = enlarged(pair.before), enlarged(pair.after)
        width, _ = _size(pair.before)
        factor = _BIG[0] / width
        left, top, right, bottom = (side * factor for side in pair.box)
        began = time.perf_counter()
        orb_alone.describe(before, after)
        bare.append((time.perf_counter() - began) * 1000)
        ours.append(_checked(before, after, (left, top, right, bottom))[1])
    if len(ours) < 2:
        return {}, {}
    each = [one / other for one, other in zip(ours[1:], bare[1:], strict=True)]
    figures = {"ms_per_pair": median(ours[1:]), "orb_ms_per_pair": median(bare[1:])}
    return {"time_over_orb": median(each)}, figures


def enlarged(path: Path) -> bytes:
    """Return the photo as a JPEG 4000 pixels wide, with the noise of a sensor."""
    picture = cv2.imread(str(path))
    assert picture is not None, path
    height = round(_BIG[0] * picture.shape[0] / picture.shape[1])
    big = cv2.resize(picture, (_BIG[0], height), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(0).normal(0, 4, (height, _BIG[0], 1))
    noisy = (big + noise).clip(0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


def _size(path: Path) -> tuple[int, int]:
    picture = cv2.imread(str(path))
    assert picture is not None, path
    return picture.shape[1], picture.shape[0]
