"""Bench `reuse`: is a photo that was used before found again, and are other photos left alone?

`--data` names a folder whose manifest says which photos are indexed and which are asked about;
without it every second photo of `rectify_dev` is indexed, copies of them are made by kind, and
other photos of the same places asked about, which are no copies. The index is filled up to 100 000
photos with the hashes of crops. The time of a search is that of the candidates, unverified.
False blocks and hints are counted over pairs of other photos of one place (`second_shots`).
"""

import csv
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import second_shots
from benchmarks.baselines import packed_scan
from benchmarks.rectify import interval
from benchmarks.runner import Options, Result
from domain import reuse
from media import checks
from media.reuse import fit, marks
from media.reuse.index import Index

SIZE = 100_000
_, LIMITS = checks.load_limits(0.85, 0.15)
PHOTOS, OTHERS = 40, 100  # indexed photos that copies are made of; second shots asked about
EASY = ("resaved", "resized", "crop5", "mirrored", "screenshot")
SAME = ("neg_reuse", "neg_edited", "neg_other")  # their second photo may be an indexed one
HARD = ("crop10", "rotated3", "rotated90")
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Asked:
    """A photo that is asked about; `same_as` None: a copy of nothing."""

    id: str
    data: bytes
    same_as: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found."""

    asked: Asked
    match: str | None
    action: str
    search_ms: float
    verify_ms: tuple[float, ...]


def run(options: Options) -> Result:
    """Measure; returns ratios and figures."""
    folder = options.data or Path(os.environ.get("ANSHAO_SHARED", "../shared")) / "data/rectify_dev"
    if options.data:
        kept, asked = given(folder)
    else:
        kept, asked = made(folder)
    index = filled(kept)
    by_id = dict(kept)
    looks = {id_: fit.look(data) for id_, data in by_id.items()}
    answers: list[Answer] = []
    for done, one in enumerate(asked, 1):
        answers.append(answered(one, index, looks))
        options.progress(done, len(asked))
    sink = options.predictions.open("w", encoding="utf-8") if options.predictions else nullcontext()
    with sink as lines:
        for answer in answers if lines else ():
            assert lines is not None
            lines.write(json.dumps(_prediction(answer)) + "\n")
    ratios, figures = _summary(answers, index)
    if not options.data:  # far more of other photos than the few that were asked among all
        figures |= second_shots.figures(folder, LIMITS, lambda done: options.progress(done, done))
    return ratios, figures


def given(folder: Path) -> tuple[list[tuple[str, bytes]], list[Asked]]:
    """Read a manifest: `file, role, same_as, kind`."""
    kept: list[tuple[str, bytes]] = []
    asked: list[Asked] = []
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            data = (folder / row["file"]).read_bytes()
            if row["role"] == "index":
                kept.append((row["file"], data))
            else:
                asked.append(
                    Asked(row["file"], data, row.get("same_as") or None, row.get("kind") or "")
                )
    return kept, asked


def made(folder: Path) -> tuple[list[tuple[str, bytes]], list[Asked]]:
    """Make copies by kind of the photos of the folder, and take its second shots as others."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows = [row for row in rows if row["case"] not in SAME]
    frames = sorted({row["source"].split("|")[0] for row in rows})[::2]
    one_each = {row["source"].split("|")[0]: row["before"] for row in rows}
    kept = [(one_each[frame], (folder / one_each[frame]).read_bytes()) for frame in frames]
    rows = [row for row in rows if row["view"] == "real"]
    rows = [row for row in rows if row["source"].split("|")[-1] not in frames]
    asked: list[Asked] = []
    for name, data in kept[:: max(1, len(kept) // PHOTOS)][:PHOTOS]:
        asked.append(Asked(f"{name}/exact", data, name, "exact"))
        for kind, copy in copies(data, len(asked)):
            asked.append(Asked(f"{name}/{kind}", copy, name, kind))
    for row in rows[:: max(1, len(rows) // OTHERS)][:OTHERS]:
        asked.append(Asked(row["after"], (folder / row["after"]).read_bytes(), None, "other"))
    return kept, asked


def copies(data: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield what people do to a photo to use it again; crops take that share off each side."""
    picture = _decoded(data)
    height, width = picture.shape[:2]
    rng = np.random.default_rng(seed)
    yield "resaved", _jpeg(picture, int(rng.integers(50, 80)))
    factor = float(rng.uniform(0.4, 0.75))
    yield "resized", _jpeg(cv2.resize(picture, None, fx=factor, fy=factor), 85)
    for kind, share in (("crop5", 0.05), ("crop10", 0.10)):
        down, aside = round(share * height), round(share * width)
        yield kind, _jpeg(picture[down : height - down, aside : width - aside], 85)
    yield "mirrored", _jpeg(picture[:, ::-1], 85)
    screen = np.full((round(width * 1.9), width, 3), int(rng.integers(0, 30)), np.uint8)
    top = (screen.shape[0] - height) // 2
    screen[top : top + height] = picture
    yield "screenshot", _jpeg(cv2.resize(screen, None, fx=0.8, fy=0.8), 80)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.choice([-3, 3])), 1.08)
    yield "rotated3", _jpeg(cv2.warpAffine(picture, turn, (width, height)), 85)
    yield "rotated90", _jpeg(np.rot90(picture), 85)


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
    """Search, verify the candidates, decide."""
    digest, hashes = marks.asked(one.data)
    began = time.perf_counter()
    candidates = index.candidates(digest, hashes)
    search_ms = (time.perf_counter() - began) * 1000
    best: tuple[str | None, str] = (None, "none")
    times: list[float] = []
    mine: fit.Look | None = None
    for candidate in candidates:
        found = None
        if not candidate.exact and (theirs := looks.get(candidate.id)) is not None:
            mine = mine or fit.look(one.data)
            began = time.perf_counter()
            fitted = fit.compare(mine, theirs)
            times.append((time.perf_counter() - began) * 1000)
            found = fitted.numbers
        action = reuse.action(
            exact=candidate.exact, apart=candidate.apart, fit=found, limits=LIMITS
        )
        if action == "block":
            best = candidate.id, action
            break
        if action == "hint" and best[1] == "none":
            best = candidate.id, action
    return Answer(one, *best, search_ms, tuple(times))


def _prediction(answer: Answer) -> dict[str, str | float | None]:
    return {
        "id": answer.asked.id,
        "match": answer.match,
        "action": answer.action,
        "ms": round(answer.search_ms + sum(answer.verify_ms), 2),
    }


def _summary(answers: Sequence[Answer], index: Index) -> Result:
    by_kind: dict[str, list[bool]] = defaultdict(list)
    others: list[str] = []
    for answer in answers:
        if answer.asked.same_as is None:
            others.append(answer.action)
        else:
            hit = answer.action == "block" and answer.match == answer.asked.same_as
            by_kind[answer.asked.kind].append(hit)
    figures: dict[str, float] = {f"recall_{kind}": _share(hits) for kind, hits in by_kind.items()}
    for name, kinds in (("recall", EASY), ("recall_hard", HARD)):
        figures[name] = _share([hit for kind in kinds for hit in by_kind.get(kind, [])])
    for how in ("block", "hint"):
        hits = others.count(how)
        low, high = interval(hits, len(others))
        figures |= {f"false_{how}": hits / max(1, len(others)), f"false_{how}_low": low}
        figures |= {f"false_{how}_high": high, f"false_{how}_of_all": hits / max(1, len(others))}
    figures |= {"indexed": len(index), "queries": len(answers), "others": len(others)}
    search = median(answer.search_ms for answer in answers if answer.asked.kind != "exact")
    bare = _scan_ms()
    verify = [ms for answer in answers for ms in answer.verify_ms]
    figures |= {"query_ms": search, "scan_ms": bare}
    figures["verify_ms"] = median(verify) if verify else 0.0
    return {"query_over_scan": search / bare}, figures


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


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0


def _small(picture: marks.Gray) -> marks.Gray:
    return cv2.resize(picture, (160, 120)).astype(np.uint8, copy=False)


def _decoded(data: bytes) -> Picture:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(np.uint8, copy=False)


def _jpeg(picture: NDArray[np.generic], quality: int) -> bytes:
    solid = np.ascontiguousarray(picture).astype(np.uint8, copy=False)
    return bytes(cv2.imencode(".jpg", solid, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
