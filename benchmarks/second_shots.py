"""For the bench `reuse`: other photos of one place, pair by pair; is any taken for a copy?

Real ones are the photographs of `rectify_dev`: a place that stands there in several frames, every
two frames both ways. Made ones are photographs given a depth and seen again by a hand that went
some centimetres and turned some degrees; `flat` ones have no depth, like a bare wall, which is the
hardest case: moving along a wall is nearly the shift that a crop shows.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.rectify import interval
from domain.reuse import ReuseLimits, action
from media.reuse import fit, marks
from media.reuse.index import Index

UNLIKE: Final = ("neg_reuse", "neg_edited", "neg_other")  # the second is a copy, or elsewhere
SPOILT: Final = 3  # files of each two frames: other defects are painted on them
SHOTS: Final = 7  # made of one photograph
FLAT_EVERY: Final = 4  # so many made places have one without depth
EDGE: Final = 800
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Exposure:
    """One photo: a file, the exposure it goes back to, and whether that was a camera's."""

    data: bytes
    frame: str


@dataclass(frozen=True, slots=True)
class Place:
    """Photos of one place, no two with the same frame being asked about each other."""

    source: str  # "real", "made", "flat"
    exposures: tuple[Exposure, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    frame: str
    asked: marks.Asked
    alone: Index


def figures(folder: Path, limits: ReuseLimits, told: Callable[[int], None]) -> dict[str, float]:
    """Ask about every pair; returns shares with their 95 % interval, in all and by source.

    `told` takes how many pairs were asked so far.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for place in places(folder):
        counts[place.source] += judged(place, limits)
        told(sum(each.total() for each in counts.values()))
    found: dict[str, float] = {}
    every: Counter[str] = Counter()
    for one in counts.values():
        every += one
    for suffix, count in (("", every), *((f"_{source}", each) for source, each in counts.items())):
        found[f"negative_pairs{suffix}"] = count.total()
        for how in ("block", "hint"):
            name = f"false_{how}{suffix}"
            low, high = interval(count[how], count.total())
            found |= {name: count[how] / max(1, count.total()), f"{name}_low": low}
            found[f"{name}_high"] = high
    return found


def judged(place: Place, limits: ReuseLimits) -> Counter[str]:
    """Ask about every photo of a place against every other frame's; returns what was done."""
    seen = [_seen(one, number, limits) for number, one in enumerate(place.exposures)]
    looks: dict[int, fit.Look] = {}

    def look(number: int) -> fit.Look:
        if number not in looks:
            looks[number] = fit.look(place.exposures[number].data)
        return looks[number]

    counts: Counter[str] = Counter()
    for asked, kept in _pairs(seen):
        candidates = seen[kept].alone.candidates(*seen[asked].asked)
        if not candidates:
            counts["none"] += 1
            continue
        [one] = candidates
        fitted = fit.compare(look(asked), look(kept)).numbers
        counts[action(exact=one.exact, apart=one.apart, fit=fitted, limits=limits)] += 1
    return counts


def places(folder: Path) -> Iterator[Place]:
    """Yield the real places of a folder, then those made of its photographs; always the same."""
    files, together = _frames(folder)
    for frames in together:
        yield Place("real", tuple(
            Exposure((folder / name).read_bytes(), frame)
            for frame in sorted(frames) for name in files[frame][:SPOILT]
        ))  # fmt: skip
    for number, frame in enumerate(sorted(files)):
        source = "flat" if number % FLAT_EVERY == 0 else "made"
        first = (folder / files[frame][0]).read_bytes()
        shots = made(first, number, flat=source == "flat")
        again = (Exposure(data, f"{frame}/{shot}") for shot, data in enumerate(shots))
        yield Place(source, (Exposure(first, frame), *again))


def made(data: bytes, seed: int, *, flat: bool) -> Iterator[bytes]:
    """Yield a place seen anew, from a photograph of it."""
    rng = np.random.default_rng(seed)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    shrink = min(1.0, EDGE / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    small = small.astype(np.uint8, copy=False)
    depth = np.full(small.shape[:2], 3.0) if flat else _depth(small.shape[:2], rng)
    for _ in range(SHOTS):
        yield _exposed(_moved(small, depth, rng), rng)


def _frames(folder: Path) -> tuple[dict[str, list[str]], list[set[str]]]:
    """Return the files of every frame that a camera took, and which frames show one place."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found: dict[str, list[str]] = defaultdict(list)
    together: list[set[str]] = []
    for row in rows:
        first, _, second = row["source"].partition("|")
        found[first.split(" vs ")[0]].append(row["before"])
        if second and row["view"] == "real" and row["case"] not in UNLIKE:
            found[second].append(row["after"])
            same = [one for one in together if one & {first, second}]
            together = [one for one in together if one not in same]
            together.append({first, second}.union(*same))
    return found, together


def _seen(one: Exposure, number: int, limits: ReuseLimits) -> _Seen:
    mark, asked = marks.both(one.data)
    alone = Index(limits)
    alone.add([(str(number), mark)])
    return _Seen(one.frame, asked, alone)


def _pairs(seen: Sequence[_Seen]) -> Iterator[tuple[int, int]]:
    for one, two in permutations(range(len(seen)), 2):
        if seen[one].frame != seen[two].frame:
            yield one, two


def _depth(shape: tuple[int, ...], rng: Generator) -> NDArray[np.float64]:
    """Return how far things are, in metres: a wall, the floor before it, and things on both."""
    height, width = shape[:2]
    wall = float(rng.uniform(2.5, 6))
    depth = np.full((height, width), wall)
    horizon = int(rng.uniform(0.45, 0.7) * height)
    depth[horizon:] = np.linspace(wall, rng.uniform(1.0, 1.6), height - horizon)[:, None]
    for _ in range(int(rng.integers(5, 12))):
        wide, high = (int(float(rng.uniform(0.08, 0.35)) * side) for side in (width, height))
        left, top = int(rng.integers(0, width - wide)), int(rng.integers(0, height - high))
        part = depth[top : top + high, left : left + wide]
        np.minimum(part, float(rng.uniform(1.2, wall)), out=part)
    return np.asarray(cv2.GaussianBlur(depth, (0, 0), 2), np.float64)


def _moved(picture: Picture, depth: NDArray[np.float64], rng: Generator) -> Picture:
    """Return it as seen after 2 to 30 cm and some degrees, without which nobody stands again."""
    height, width = picture.shape[:2]
    focal = 1.1 * width
    way = rng.normal(size=3) * (1, 1, 0.5)
    way *= 0.02 * 15 ** float(rng.uniform()) / float(np.sqrt((way**2).sum()))
    turn, _ = cv2.Rodrigues(np.radians(rng.normal(0, 2.0, 3)))
    y, x = np.mgrid[:height, :width].astype(np.float64)
    rays = np.stack([(x - width / 2) / focal, (y - height / 2) / focal, np.ones_like(x)], -1)
    points = (rays * depth[..., None]) @ np.asarray(turn).T + way
    to = focal * points[..., :2] / np.maximum(points[..., 2:], 0.2) + (width / 2, height / 2)
    seen = cv2.remap(
        picture, to[..., 0].astype(np.float32), to[..., 1].astype(np.float32),
        cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    return seen.astype(np.uint8, copy=False)


def _exposed(picture: Picture, rng: Generator) -> bytes:
    """Return the file of another exposure: light, noise and compression of its own."""
    light = rng.uniform(0.85, 1.15) * rng.uniform(0.96, 1.04, 3)
    view = 255 * (picture / 255.0) ** rng.uniform(0.9, 1.1) * light
    view += rng.normal(0, rng.uniform(1.5, 4), picture.shape)
    flat = view.clip(0, 255).astype(np.uint8)
    quality = int(rng.integers(75, 93))
    return bytes(cv2.imencode(".jpg", flat, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
