"""Bench `reuse`: is a photo that was used before found again, and are other photos left alone?

`--data` names a folder whose manifest says which photos are indexed and which are asked about;
without it every second photo of `rectify_dev` is indexed, then those between, copies of them are
made by kind (`used_copies`), and other photos of the same places asked about, which are no copies.
The index is filled up to 100 000 photos with the hashes of crops. The time of a search is that of
the candidates, unverified. False blocks and hints are counted over pairs of other photos of one
place (`second_shots`); the line between the two is chosen anew on half of the scenes and judged on
the other (`*_held`). All intervals count scenes (`intervals`).
"""

import csv
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import median
from typing import Final

import cv2
import numpy as np

from benchmarks import held_out, intervals, second_shots, used_copies
from benchmarks.baselines import packed_scan
from benchmarks.runner import Options, Result
from benchmarks.second_shots import Pair
from benchmarks.used_copies import EASY, HARD, UNKIND
from domain import reuse
from domain.reuse import Fitted, ReuseLimits
from media import checks
from media.reuse import fit, marks
from media.reuse.index import Candidate, Index

SIZE = 100_000
_, LIMITS = checks.load_limits(0.85, 0.15)
SAME = ("neg_reuse", "neg_edited", "neg_other")  # their second photo may be an indexed one
LINES: Final[tuple[held_out.Line, ...]] = tuple(product(
    (10, 20, 30),  # agree
    (0.6, 0.7, 0.8),  # share
    (0.0, 0.05, 0.1),  # certain
    (0.3, 0.4, 0.5, 0.6),  # coherent
    (0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.15),  # bent
))  # fmt: skip
COUNTED: Final = frozenset((*EASY, *HARD))
BLOCK, HINT, MISS = 0.001, 0.01, 0.01  # so many may be at most: what is rarer costs more


@dataclass(frozen=True, slots=True)
class Asked:
    """A photo that is asked about; `same_as` None: a copy of nothing."""

    id: str
    data: bytes
    same_as: str | None
    kind: str
    scene: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The candidates that were found, each with its fit where the photo is at hand."""

    asked: Asked
    seen: tuple[tuple[Candidate, Fitted | None], ...]
    search_ms: float
    verify_ms: tuple[float, ...]

    def told(self, limits: ReuseLimits) -> tuple[str | None, str]:
        """Return which photo it is said to be, and what is done: the first block, else a hint."""
        best: tuple[str | None, str] = (None, "none")
        for one, fitted in self.seen:
            how = reuse.action(exact=one.exact, apart=one.apart, fit=fitted, limits=limits)
            if how == "block":
                return one.id, how
            if how == "hint" and best[1] == "none":
                best = one.id, how
        return best

    def found(self, limits: ReuseLimits) -> bool:
        """Say whether a copy is told by its own original."""
        return self.told(limits) == (self.asked.same_as, "block")


def run(options: Options) -> Result:
    """Measure; returns ratios and figures."""
    folder = options.data or Path(os.environ.get("ANSHAO_SHARED", "../shared")) / "data/rectify_dev"
    rounds = [given(folder)] if options.data else list(made(folder))
    total, indexed = sum(len(asked) for _, asked in rounds), 0
    answers: list[Answer] = []
    for kept, asked in rounds:
        index = filled(kept)
        indexed = len(index)
        looks = {id_: fit.look(data) for id_, data in kept}
        for one in asked:
            answers.append(answered(one, index, looks))
            options.progress(len(answers), total)
    sink = options.predictions.open("w", encoding="utf-8") if options.predictions else nullcontext()
    with sink as lines:
        for answer in answers if lines else ():
            assert lines is not None
            lines.write(json.dumps(_prediction(answer)) + "\n")
    ratios, figures = _summary(answers, indexed)
    if not options.data:  # far more of other photos than the few that were asked among all
        pairs = second_shots.pairs(folder, LIMITS, lambda done: options.progress(done, done))
        figures |= second_shots.figures(pairs, LIMITS) | held_out_figures(answers, pairs)
    return ratios, figures


def given(folder: Path) -> tuple[list[tuple[str, bytes]], list[Asked]]:
    """Read a manifest: `file, role, same_as, kind`, and `source` where it says the scene."""
    kept: list[tuple[str, bytes]] = []
    asked: list[Asked] = []
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name, data = row["file"], (folder / row["file"]).read_bytes()
            if row["role"] == "index":
                kept.append((name, data))
                continue
            same_as = row.get("same_as") or None
            source = row.get("source")
            scene = intervals.scene_of(source) if source else same_as or name
            asked.append(Asked(name, data, same_as, row.get("kind") or "", scene))
    return kept, asked


def made(folder: Path) -> Iterator[tuple[list[tuple[str, bytes]], list[Asked]]]:
    """Yield twice what is indexed and what is asked: copies of it, and second shots as others."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows = [row for row in rows if row["case"] not in SAME]
    one_each = {row["source"].split("|")[0]: row["before"] for row in rows}
    for first in (0, 1):
        frames = sorted(one_each)[first::2]
        asked: list[Asked] = []
        kept: list[tuple[str, bytes]] = []
        for frame in frames:
            name = one_each[frame]
            data, scene = (folder / name).read_bytes(), intervals.scene_of(frame)
            kept.append((name, data))
            seed = len(asked)
            asked.append(Asked(f"{name}/exact", data, name, "exact", scene))
            for kind, copy in (*used_copies.copies(data, seed), *used_copies.unkind(data, seed)):
                asked.append(Asked(f"{name}/{kind}", copy, name, kind, scene))
        for row in rows:
            second = row["source"].split("|")[-1]
            if row["view"] == "real" and second not in frames:
                data, scene = (folder / row["after"]).read_bytes(), intervals.scene_of(second)
                asked.append(Asked(row["after"], data, None, "other", scene))
        yield kept, asked


def filled(kept: Sequence[tuple[str, bytes]]) -> Index:
    """Return an index of the photos and of crops of them, moved into other light, up to SIZE."""
    index = Index(LIMITS)
    index.add((name, marks.mark(data)) for name, data in kept)
    rng = np.random.default_rng(1)
    thumbs = [_small(marks.grey(data)) for _, data in kept[::2]]
    for number in range(SIZE - len(kept)):
        one = thumbs[number % len(thumbs)]
        x, y = rng.integers(0, 110), rng.integers(0, 70)
        crop = one[y : y + int(rng.integers(24, 50)), x : x + int(rng.integers(24, 50))]
        both = marks.hashes(marks.small(crop)), marks.hashes(marks.small(crop[3:-3, 3:-3]))
        index.add([(f"filler-{number}", marks.Mark(f"filler-{number}", *both))])
    return index


def answered(one: Asked, index: Index, looks: Mapping[str, fit.Look]) -> Answer:
    """Search, compare with every candidate that is at hand."""
    digest, hashes = marks.asked(one.data)
    began = time.perf_counter()
    candidates = index.candidates(digest, hashes)
    search_ms = (time.perf_counter() - began) * 1000
    seen: list[tuple[Candidate, Fitted | None]] = []
    times: list[float] = []
    mine: fit.Look | None = None
    done = False
    for candidate in candidates:
        found = None
        if not candidate.exact and (theirs := looks.get(candidate.id)) is not None:
            mine = mine or fit.look(one.data)
            began = time.perf_counter()
            found = fit.compare(mine, theirs).numbers
            if not done:  # other lines may need the rest, the product stops here
                times.append((time.perf_counter() - began) * 1000)
        how = reuse.action(exact=candidate.exact, apart=candidate.apart, fit=found, limits=LIMITS)
        done = done or how == "block"
        seen.append((candidate, found))
    return Answer(one, tuple(seen), search_ms, tuple(times))


def held_out_figures(answers: Sequence[Answer], pairs: Sequence[Pair]) -> dict[str, float]:
    """Return what lines do that were chosen on the other half of the scenes."""
    copies = [one for one in answers if one.asked.kind in COUNTED]
    cases: list[Answer | Pair] = [*copies, *(one for one in pairs if one.fitted is not None)]
    known = [one.asked.scene for one in copies]
    alone = [one.scene for one in pairs if one.scene not in set(known)]
    half = held_out.halves(known) | held_out.halves(alone)
    limits = list(map(_line, LINES))
    price = {"block": 1 / (BLOCK * len(pairs)), "hint": 1 / (HINT * len(pairs)), "none": 0.0}
    missed = 1 / (MISS * max(1, len(copies)))
    costs = np.array([
        [missed * (not one.found(at)) for at in limits] if isinstance(one, Answer)
        else [price[one.action(at)] for at in limits]
        for one in cases
    ])  # fmt: skip
    of_half, of_rest = held_out.cross_fitted(costs, list(map(_scene, cases)), half, LINES)
    figures: dict[str, float] = {}
    for side, line in (("half", of_half), ("rest", of_rest)):
        names = ("agree", "share", "certain", "coherent", "bent")
        figures |= {f"line_{name}_{side}": each for name, each in zip(names, line, strict=True)}
    lines = _line(of_half), _line(of_rest)
    told = [(one, lines[0 if _scene(one) in half else 1]) for one in (*copies, *pairs)]
    for name, kinds in (("recall_held", EASY), ("recall_hard_held", HARD)):
        some = [
            (one, at) for one, at in told if isinstance(one, Answer) and one.asked.kind in kinds
        ]
        hits = [one.found(at) for one, at in some]
        figures |= intervals.share(name, hits, [one.asked.scene for one, _ in some])
    for how in ("block", "hint"):
        rest = [(one, at) for one, at in told if isinstance(one, Pair)]
        hits = [one.action(at) == how for one, at in rest]
        figures |= intervals.share(f"false_{how}_held", hits, [one.scene for one, _ in rest])
    return figures


def _scene(one: Answer | Pair) -> str:
    return one.scene if isinstance(one, Pair) else one.asked.scene


def _line(line: held_out.Line) -> ReuseLimits:
    agree, share, certain, coherent, bent = line
    return replace(
        LIMITS, agree=int(agree), share=share, certain=certain, coherent=coherent, bent=bent
    )


def _prediction(answer: Answer) -> dict[str, str | float | None]:
    match, action = answer.told(LIMITS)
    return {
        "id": answer.asked.id,
        "match": match,
        "action": action,
        "ms": round(answer.search_ms + sum(answer.verify_ms), 2),
    }


def _summary(answers: Sequence[Answer], indexed: int) -> Result:
    by_kind: dict[str, list[Answer]] = defaultdict(list)
    others: list[Answer] = []
    for answer in answers:
        (by_kind[answer.asked.kind] if answer.asked.same_as else others).append(answer)
    figures: dict[str, float] = {}
    for kind, some in by_kind.items():
        figures |= _recall(f"recall_{kind}", some)
    for name, kinds in (("recall", EASY), ("recall_hard", HARD), ("recall_unkind", UNKIND)):
        figures |= _recall(name, [one for kind in kinds for one in by_kind.get(kind, [])])
    for how in ("block", "hint"):
        hits = [answer.told(LIMITS)[1] == how for answer in others]
        scenes = [answer.asked.scene for answer in others]
        figures |= intervals.share(f"false_{how}", hits, scenes)  # over pairs where there are any
        figures |= intervals.share(f"false_{how}_of_all", hits, scenes)
    figures |= {"indexed": indexed, "queries": len(answers), "others": len(others)}
    search = median(answer.search_ms for answer in answers if answer.asked.kind != "exact")
    bare = _scan_ms()
    verify = [ms for answer in answers for ms in answer.verify_ms]
    figures |= {"query_ms": search, "scan_ms": bare}
    figures["verify_ms"] = median(verify) if verify else 0.0
    return {"query_over_scan": search / bare}, figures


def _recall(name: str, some: Sequence[Answer]) -> dict[str, float]:
    return intervals.share(
        name, [one.found(LIMITS) for one in some], [one.asked.scene for one in some]
    )


def _scan_ms() -> float:
    """Return the time of one bare pass over as many hashes."""
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**63, SIZE, dtype=np.uint64)
    times: list[float] = []
    for asked in rng.integers(0, 2**63, 101).tolist():
        began = time.perf_counter()
        packed_scan.nearest(hashes, asked)
        times.append((time.perf_counter() - began) * 1000)
    return median(times[1:])


def _small(picture: marks.Gray) -> marks.Gray:
    return cv2.resize(picture, (160, 120)).astype(np.uint8, copy=False)
