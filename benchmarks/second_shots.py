"""For the bench `reuse`: other photos of one place, pair by pair; is any taken for a copy?

Real ones are the photographs of `rectify_dev`: a place that stands there in several frames, every
two frames both ways. Made ones are photographs given a depth and seen again by a hand that went
some centimetres and turned some degrees; `flat` ones have no depth, like a bare wall, which is the
hardest case: moving along a wall is nearly the shift that a crop shows. `texture` ones are the same
of photographs of carpets, meshes, print and brick; `bent` was found by looking at these.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks import intervals
from domain.rectification import Reuse
from domain.reuse import Fitted, ReuseLimits, action
from media import images
from media.reuse import fit, marks
from media.reuse.index import Candidate, Index

UNLIKE: Final = ("neg_reuse", "neg_edited", "neg_other")  # the second is a copy, or elsewhere
SPOILT: Final = 3  # files of each two frames: other defects are painted on them
SHOTS: Final = 7  # made of one photograph
FLAT_EVERY: Final = 4  # so many made places have one without depth
EDGE: Final = 800
TEXTURES: Final = "qr/zxing-cpp"
LEAST: Final = 256  # pixels of the shorter side of a photograph
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Exposure:
    """One photo: a file, the exposure it goes back to, and whether that was a camera's."""

    data: bytes
    frame: str


@dataclass(frozen=True, slots=True)
class Place:
    """Photos of one place, no two with the same frame being asked about each other.

    `scene`: what it shares with other places; all places of a scene count as one case.
    """

    source: str  # "real", "made", "flat", "texture"
    scene: str
    exposures: tuple[Exposure, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos of one place, the later one asked about.

    `candidate` and `fitted` are None where the hashes are too far apart to compare them.
    """

    source: str
    scene: str
    photo: str  # that is asked about
    candidate: Candidate | None = None
    fitted: Fitted | None = None

    def action(self, limits: ReuseLimits) -> Reuse:
        """Return what these lines make of it."""
        one = self.candidate
        if one is None:
            return "none"
        return action(exact=one.exact, apart=one.apart, fit=self.fitted, limits=limits)

    def only_moved(self, limits: ReuseLimits) -> bool:
        """Say whether nothing but the kind of its errors keeps it from a block or a hint."""
        return self.action(limits) == "none" != self.action(replace(limits, certain=math.inf))


@dataclass(frozen=True, slots=True)
class _Seen:
    frame: str
    asked: marks.Asked
    alone: Index


def pairs(folder: Path, limits: ReuseLimits, told: Callable[[int], None]) -> list[Pair]:
    """Ask about every pair; `told` takes how many were asked so far."""
    found: list[Pair] = []
    for place in places(folder):
        found += asked(place, limits)
        told(len(found))
    return found


def figures(found: Sequence[Pair], limits: ReuseLimits) -> dict[str, float]:
    """Return the shares of false blocks and hints, in all and by source.

    `_photo`: of the photos asked about, those that any photo of their place was taken for: a store
    holds all of them. `_compared`: of the pairs alone that the hashes let through to the fit.
    """
    told: dict[str, float] = {}
    by_source: dict[str, list[Pair]] = {"": list(found)}
    for one in found:
        by_source.setdefault(f"_{one.source}", []).append(one)
    for suffix, some in by_source.items():
        told[f"negative_pairs{suffix}"] = len(some)
        compared = [one for one in some if one.fitted is not None]
        for how in ("block", "hint"):
            told |= _share(f"false_{how}{suffix}", some, how, limits)
            told |= _share(f"false_{how}_compared{suffix}", compared, how, limits)
        told |= _share_of_photos(f"false_block_photo{suffix}", some, limits)
        told[f"only_moved{suffix}"] = sum(one.only_moved(limits) for one in some)
    return told


def _share(name: str, some: Sequence[Pair], how: str, limits: ReuseLimits) -> dict[str, float]:
    hits = [one.action(limits) == how for one in some]
    return intervals.share(name, hits, [one.scene for one in some])


def _share_of_photos(name: str, some: Sequence[Pair], limits: ReuseLimits) -> dict[str, float]:
    hits: dict[tuple[str, str], bool] = {}
    for one in some:
        photo = one.scene, one.photo
        hits[photo] = hits.get(photo, False) or one.action(limits) == "block"
    return intervals.share(name, list(hits.values()), [scene for scene, _ in hits])


def asked(place: Place, limits: ReuseLimits) -> Iterator[Pair]:
    """Ask about every photo of a place against every other frame's."""
    seen = [_seen(one, number, limits) for number, one in enumerate(place.exposures)]
    looks: dict[int, fit.Look] = {}

    def look(number: int) -> fit.Look:
        if number not in looks:
            looks[number] = fit.look(place.exposures[number].data)
        return looks[number]

    for mine, kept in _pairs(seen):
        photo = f"{place.source} {seen[mine].frame} {mine}"
        none = Pair(place.source, place.scene, photo)
        candidates = seen[kept].alone.candidates(*seen[mine].asked)
        if not candidates:
            yield none
            continue
        [one] = candidates
        fitted = fit.compare(look(mine), look(kept)).numbers
        yield replace(none, candidate=one, fitted=fitted)


def places(folder: Path) -> Iterator[Place]:
    """Yield the real places of a folder, then those made of its photographs; always the same."""
    files, together = _frames(folder)
    for frames in together:
        yield Place("real", intervals.scene_of(min(frames)), tuple(
            Exposure((folder / name).read_bytes(), frame)
            for frame in sorted(frames) for name in files[frame][:SPOILT]
        ))  # fmt: skip
    for number, frame in enumerate(sorted(files)):
        source = "flat" if number % FLAT_EVERY == 0 else "made"
        first = (folder / files[frame][0]).read_bytes()
        shots = made(first, number, flat=source == "flat")
        again = (Exposure(data, f"{frame}/{shot}") for shot, data in enumerate(shots))
        yield Place(source, intervals.scene_of(frame), (Exposure(first, frame), *again))
    for number, path in enumerate(textures(folder.parent)):
        picture = cv2.imread(str(path))
        assert picture is not None, path
        first = bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])
        again = (
            Exposure(d, f"{path.stem}/{n}") for n, d in enumerate(made(first, number, flat=True))
        )
        yield Place(
            "texture", f"{path.parent.name} {path.stem}", (Exposure(first, path.stem), *again)
        )


def textures(shared: Path) -> list[Path]:
    """Return photographs of carpets, meshes, print and brick, by which `bent` was found."""
    found = sorted((shared / TEXTURES).glob("falsepositives-*/*.webp"))
    return [one for one in found if min(_size(one)) >= LEAST]


def _size(path: Path) -> tuple[int, int]:
    return images.open_picture(path.read_bytes()).size


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
