"""Bench `recapture`: are photos of displays and made streams told from genuine ones?

All displays and streams are made by computer (`benchmarks/displays.py`): how well a real screen, a
print or a virtual camera is found was not measured. Pictures of the scenes that the product's model
was fitted on are judged by a model fitted without their scene; all others by the product's own.
With `--data` a manifest `file, label` (1: shows a display; may be empty) is judged by the latter.
Intervals count scenes; of codes folders of photos, of textures photos.
"""

import csv
import json
import os
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

import cv2
import numpy as np

from benchmarks import displays, intervals, second_shots
from benchmarks.runner import Options, Result
from domain.capture_trust import CaptureLimits
from domain.rectification import Model
from media import checks, images
from media.recapture import signs, stream
from media.recapture.screen import FEATURES
from media.rectify import fitting

TIMED: Final = 24  # pictures decoded bare and judged in turn
LARGE: Final = 5  # made 12-megapixel photos, timed the same way
LEAST: Final = 256  # pixels of the shorter side of a photo that counts


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture with its scene and how it was made; `shows` None: nobody said."""

    id: str
    data: bytes
    scene: str
    kind: str
    shows: bool | None


@dataclass(frozen=True, slots=True)
class Measured:
    """The numbers of a picture (None: too small to say) and the time they took."""

    shot: Shot
    numbers: Mapping[str, float] | None
    ms: float


def run(options: Options) -> Result:
    """Measure; returns ratios and figures."""
    capture = checks.load_capture()
    limits, model = capture.limits, capture.model
    shared = Path(os.environ.get("ANSHAO_SHARED", "../shared")) / "data"
    shots = list(given(options.data) if options.data else made(shared))
    found: list[Measured] = []
    for done, shot in enumerate(shots, 1):
        found.append(_measured(shot))
        options.progress(done, len(shots))
    chances = _chances(found, model, by_scene=options.data is None)
    sink = options.predictions.open("w", encoding="utf-8") if options.predictions else nullcontext()
    with sink as lines:
        for one, chance in zip(found, chances, strict=True) if lines else ():
            assert lines is not None
            lines.write(json.dumps(_prediction(one, chance, limits.screen)) + "\n")
    figures = _figures(found, chances, limits.screen)
    if options.data is None:
        figures |= _streams(shared, limits)
    ratios: dict[str, float] = {}
    for of, some in (("", shots[:: max(1, len(shots) // TIMED)][:TIMED]), ("_12mp", _large(shots))):
        ratio, timed = _times(some, of)
        ratios, figures = ratios | ratio, figures | timed
    return ratios, figures


def given(folder: Path) -> Iterator[Shot]:
    """Yield the pictures of a manifest."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            label = row.get("label") or ""
            shows = None if label not in ("0", "1") else label == "1"
            data = (folder / row["file"]).read_bytes()
            source = row.get("source")
            scene = intervals.scene_of(source) if source else row["file"]
            yield Shot(row["file"], data, scene, row.get("kind") or "", shows)


def made(shared: Path) -> Iterator[Shot]:
    """Yield photos as they are, by the made camera, out of focus, of displays; then others."""
    for frame, name, data in frames(shared / "rectify_dev"):
        scene, picture = intervals.scene_of(frame), _rgb(data)
        rng = np.random.default_rng(zlib.crc32(frame.encode()))
        yield Shot(name, data, scene, "as_is", shows=False)
        yield Shot(f"{name}/camera", displays.genuine(picture, rng), scene, "camera", shows=False)
        soft = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(1.5, 8)))
        out_of_focus = displays.genuine(soft.astype(np.uint8, copy=False), rng)
        yield Shot(f"{name}/blurred", out_of_focus, scene, "blurred", shows=False)
        smooth = cv2.imencode(".jpg", soft[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
        yield Shot(f"{name}/smooth", smooth.tobytes(), scene, "smooth", shows=False)
        for kind, pitch, pattern in displays.KINDS:
            exact = pitch * float(rng.uniform(0.9, 1.1))
            shown = displays.recaptured(picture, exact, pattern, rng)
            yield Shot(f"{name}/{kind}", shown, scene, kind, shows=True)
    for name, scene, data in seconds(shared / "rectify_dev"):
        yield Shot(name, data, scene, "second", shows=False)
    for path in second_shots.textures(shared):  # meshes and carpets: patterns that are no display's
        name = f"{path.parent.name}/{path.name}"
        yield Shot(name, path.read_bytes(), name, "texture", shows=False)
    for path in sorted((shared / "qr/zxing-cpp").rglob("*.*")):
        if path.suffix not in (".jpg", ".png") or not path.parent.name.startswith("qrcode"):
            continue
        data = path.read_bytes()
        if min(images.open_picture(data).size) >= LEAST:
            yield Shot(path.name, data, f"code {path.parent.name}", "codes", shows=False)


def frames(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield each source of the pairs once: its name, the file that shows it, its bytes."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        one_each = {
            row["source"].split("|")[0].split(" ")[0]: row["before"] for row in csv.DictReader(file)
        }
    for frame, name in sorted(one_each.items()):
        yield frame, name, (folder / name).read_bytes()


def seconds(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield each real second shot once: its file, its scene, its bytes."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["view"] == "real"]
    one_each = {row["source"].split("|")[-1]: row["after"] for row in rows}
    for frame, name in sorted(one_each.items()):
        yield name, intervals.scene_of(frame), (folder / name).read_bytes()


def _measured(shot: Shot) -> Measured:
    began = time.perf_counter()
    numbers = signs.measured(shot.data)
    return Measured(shot, numbers, (time.perf_counter() - began) * 1000)


def _chances(found: Sequence[Measured], model: Model, *, by_scene: bool) -> list[float]:
    """Return a probability for each; those of a scene by a model that never saw it."""
    scenes = {one.shot.scene for one in found if one.shot.kind in MADE} if by_scene else set[str]()
    models = {scene: fitted([one for one in found if one.shot.scene != scene]) for scene in scenes}
    return [
        models.get(one.shot.scene, model).probability(one.numbers) if one.numbers else 0.0
        for one in found
    ]


def fitted(found: Sequence[Measured]) -> Model:
    """Return a model of pictures as they are, of the made camera, and of displays."""
    rows = [one for one in found if one.numbers and one.shot.kind in MADE]
    return fitting.fit(
        [one.numbers or {} for one in rows],
        [one.shot.shows is True for one in rows],
        [one.shot.scene for one in rows],
        FEATURES,
    )


MADE: Final = frozenset({"as_is", "camera", *(name for name, _, _ in displays.KINDS)})


def _prediction(one: Measured, chance: float, gate: float) -> dict[str, str | float | bool]:
    return {
        "id": one.shot.id,
        "screen": chance >= gate,
        "score": round(chance, 4),
        "ms": round(one.ms, 2),
    }


def _figures(found: Sequence[Measured], chances: Sequence[float], gate: float) -> dict[str, float]:
    """Return what was caught and what was falsely told, in all and by kind."""
    hits: dict[str, list[tuple[bool, str]]] = defaultdict(list)
    for one, chance in zip(found, chances, strict=True):
        if one.shot.shows is None:
            continue
        name = "caught" if one.shot.shows else "false"
        hit = chance >= gate, one.shot.scene
        hits[name].append(hit)
        if one.shot.kind:
            hits[f"{name}_{one.shot.kind}"].append(hit)
    figures: dict[str, float] = {"pictures": len(found)}
    for name, each in sorted(hits.items()):
        figures |= _share(name, each)
    gold = [
        (chance, one.shot) for one, chance in zip(found, chances, strict=True)
        if one.shot.shows is not None
    ]  # fmt: skip
    shows, scenes = [shot.shows is True for _, shot in gold], [shot.scene for _, shot in gold]
    return figures | intervals.order("auc", [chance for chance, _ in gold], shows, scenes)


def _share(name: str, hits: Sequence[tuple[bool, str]]) -> dict[str, float]:
    return intervals.share(name, [hit for hit, _ in hits], [scene for _, scene in hits])


def _streams(shared: Path, limits: CaptureLimits) -> dict[str, float]:
    """Return the share of made streams with any sign: of sensors false, of programs caught."""
    hits: dict[str, list[tuple[bool, str]]] = defaultdict(list)
    for number, (frame, _, data) in enumerate(frames(shared / "rectify_dev")):
        picture, rng = _rgb(data), np.random.default_rng(number)
        for kind in displays.STREAMS:
            seen = displays.stream(picture, kind, rng)
            hit = bool(stream.signs(seen, limits.stream))
            hits[kind].append((hit, intervals.scene_of(frame)))
    figures: dict[str, float] = {}
    for kind, each in hits.items():
        figures |= _share("stream_false" if kind == "sensor" else f"stream_caught_{kind}", each)
    return figures


def _large(shots: Sequence[Shot]) -> list[Shot]:
    """Return the first pictures as photos of twelve megapixels."""
    found: list[Shot] = []
    for shot in shots[:LARGE]:
        picture = cv2.resize(_rgb(shot.data), (4000, 3000), interpolation=cv2.INTER_CUBIC)
        data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
        found.append(replace(shot, data=data.tobytes()))
    return found


def _times(each: Sequence[Shot], of: str) -> Result:
    """Time judging a picture in turn with bare decoding; files are in memory already."""
    bare: list[float] = []
    ours: list[float] = []
    for shot in each:
        raw = np.frombuffer(shot.data, np.uint8)
        began = time.perf_counter()
        cv2.imdecode(raw, cv2.IMREAD_COLOR)
        between = time.perf_counter()
        signs.measured(shot.data)
        bare.append((between - began) * 1000)
        ours.append((time.perf_counter() - between) * 1000)
    if not each:
        return {}, {}
    ratio = median(ours) / median(bare)
    timed = {f"ms{of}": median(ours), f"decode_ms{of}": median(bare)}
    return {f"time_over_decode{of}": ratio}, timed


def _rgb(data: bytes) -> displays.Picture:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.ascontiguousarray(picture[..., ::-1]).astype(np.uint8, copy=False)
