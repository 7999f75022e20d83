"""Bench `rectify`: is what was really put right told from what was not, and how fast?

Every pair goes through the product's own check. Pairs of scenes that the product's model was fitted
on are judged by a model fitted without their scene; all others by the product's model as it is. The
other lines were chosen by looking at the development pairs; `*_held` says what lines do that were
chosen on the other half of the scenes (`rectify_lines`). Intervals count scenes (`intervals`). Time
is measured on 12-megapixel photos made of the first pairs, in turn with the bare minimum: decode
both and describe them with ORB.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks import intervals, rectify_lines
from benchmarks.baselines import orb_alone
from benchmarks.rectify_pairs import Judged, Pair, manifest
from benchmarks.runner import Options, Result
from domain.rectification import Findings, Model, judge
from media import checks
from media.rectify import align, fitting, model
from media.rectify.check import check

MODEL = checks.FOLDER / "rectification.yaml"
LIMITS, _ = checks.load_limits(0.85, 0.15)  # the gates as they are delivered
TIMED = 5  # pairs that are timed
BINS = (0.0, 0.15, 0.5, 0.85, 1.0)
_WORDS = {"passed": "passed", "refused": "refused", "needs_person": "person"}
_BIG = (4000, 3000)


class Looked(NamedTuple):
    """What the check found in a pair, and how long that took."""

    findings: Findings
    apart_px: float | None
    ms: float


def run(options: Options) -> Result:
    """Measure; returns ratios and figures, without gold those of time only."""
    folder = options.data or Path(os.environ.get("ANSHAO_SHARED", "../shared")) / "data/rectify_dev"
    pairs = list(manifest(folder / "manifest.csv"))
    found: list[Looked] = []  # without the pictures: there may be many
    for done, pair in enumerate(pairs, 1):
        found.append(_checked(pair.before.read_bytes(), pair.after.read_bytes(), pair.box))
        options.progress(done, len(pairs))
    trained = model.load(MODEL)
    models = models_of(pairs, [one.findings for one in found], trained)
    judged = [
        Judged(
            pair,
            one.findings,
            judge(one.findings, models.get(pair.scene, trained.model), LIMITS),
            one.ms,
            one.apart_px,
        )
        for pair, one in zip(pairs, found, strict=True)
    ]
    sink = options.predictions.open("w", encoding="utf-8") if options.predictions else nullcontext()
    with sink as lines:
        for one in judged if lines else ():
            assert lines is not None
            lines.write(json.dumps(_prediction(one)) + "\n")
    ratios, figures = _times(pairs)
    if pairs and all(pair.changed is not None for pair in pairs):
        seen = sum(_digest(p.before) in trained.pictures and p.scene not in models for p in pairs)
        figures |= {"pairs_seen": seen, "scenes": len({pair.scene for pair in pairs})}
        figures |= _shares(judged) | _auc(judged) | _calibration(judged) | _cases(judged)
        figures |= rectify_lines.figures(judged, models, trained.model, LIMITS)
    return ratios, figures


def _checked(before: bytes, after: bytes, box: tuple[float, float, float, float]) -> Looked:
    align.forget()  # what the camera's opening would have done counts as well
    began = time.perf_counter()
    checked = check(before, after, box, LIMITS)
    return Looked(checked.findings, checked.apart_px, (time.perf_counter() - began) * 1000)


def models_of(
    pairs: Sequence[Pair], found: Sequence[Findings], trained: model.Trained
) -> Mapping[str, Model]:
    """Return, for each scene that the product's model has seen, one fitted without that scene.

    Fitted are pairs of such scenes alone: what is new to the model teaches nobody here. A scene
    without others to learn from is left to the product's model, and counted (`pairs_seen`).
    """
    known = {pair.scene for pair in pairs if _digest(pair.before) in trained.pictures}
    rows = [
        (pair, one.features)
        for pair, one in zip(pairs, found, strict=True)
        if pair.scene in known and pair.changed is not None
        if one.features is not None and not one.copied
    ]
    models: dict[str, Model] = {}
    for scene in known:
        rest = [(pair, row) for pair, row in rows if scene not in (pair.scene, pair.other)]
        if len({pair.changed for pair, _ in rest}) == 2:
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
    """Return the shares that are asked for."""
    fixes = [one for one in judged if one.pair.changed]
    rest = [one for one in judged if not one.pair.changed]
    usual = [one for one in judged if one.usual]
    figures: dict[str, float] = {"pairs": len(judged), "fixes": len(fixes)}
    for name, group, outcome in (
        ("true_pass", fixes, "passed"),
        ("false_pass", rest, "passed"),
        ("false_pass_usual", [one for one in rest if one.usual], "passed"),
        ("genuine_refused", fixes, "refused"),
        ("needs_person", usual, "needs_person"),
        ("needs_person_all", judged, "needs_person"),
    ):
        hits = [one.verdict.outcome == outcome for one in group]
        figures |= intervals.share(name, hits, [one.pair.scene for one in group])
    return figures


def _auc(judged: Sequence[Judged]) -> dict[str, float]:
    """Return how well scores order all pairs, and those of one place that are no copies."""
    figures: dict[str, float] = {}
    for name, group in (("auc", judged), ("auc_usual", [one for one in judged if one.usual])):
        changed = [bool(one.pair.changed) for one in group]
        scenes = [one.pair.scene for one in group]
        figures |= intervals.order(name, [one.score for one in group], changed, scenes)
    yes = [one.score for one in judged if one.pair.changed]
    no = sorted((one.score for one in judged if not one.pair.changed), reverse=True)
    if yes and no:
        line = no[int(0.01 * len(no))]
        figures["true_pass_at_1"] = sum(score > line for score in yes) / len(yes)
    return figures


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
        ours.append(_checked(before, after, (left, top, right, bottom)).ms)
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
