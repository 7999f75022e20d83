"""Bench `scan`: our cascade of reading passes against zxing-cpp alone, on the same pictures.

Both read the file's bytes, in turn, in the same run; a picture's time is the median of three
rounds. A picture counts as read when every expected text was found, and as wrong when a text came
out that is not expected. Input without the column `expected` gives predictions only.
"""

import csv
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TextIO

from benchmarks.baselines import zxing_alone
from benchmarks.runner import Options, Result
from media.adapters.readers import choose_reader

ROUNDS = 3
SYMBOLOGIES = ("qrcode", "datamatrix", "code128", "falsepositives")  # what a label may be; nothing
EASY = frozenset(["nominal", "rotated", "perspective45", "motion_blur", "jpeg_low", "damage5_H"])
Read = Callable[[bytes], list[str]]


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of the manifest; `expected` is None where the manifest has no gold."""

    file: str
    symbology: str
    set: str
    expected: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one engine made of a picture."""

    item: Item
    texts: list[str]
    ms: float

    @property
    def complete(self) -> bool:
        """All expected texts were found."""
        return bool(self.item.expected) and (self.item.expected or set()) <= _plain(self.texts)

    @property
    def wrong(self) -> bool:
        """A text came out that is not there."""
        return not _plain(self.texts) <= (self.item.expected or set())


def run(options: Options) -> Result:
    """Measure both; returns ratios and figures, empty where the data has no gold."""
    folder = options.data or Path(os.environ.get("ANSHAO_SHARED", "../shared")) / "data/qr"
    items = list(manifest(folder / "manifest.csv"))
    ours: list[Reading] = []
    alone: list[Reading] = []
    engines: tuple[tuple[Read, list[Reading]], ...] = (
        (choose_reader().read, ours),
        (zxing_alone.read, alone),
    )
    sink = options.predictions.open("w", encoding="utf-8") if options.predictions else nullcontext()
    with sink as lines:
        for done, item in enumerate(items, 1):
            data = (folder / item.file).read_bytes()
            for read, readings in engines:
                readings.append(_measured(item, data, read))
            if lines:
                _predict(lines, ours[-1])
            options.progress(done, len(items))
    if any(item.expected is None for item in items) or not items:
        return {}, {}
    return _summary(ours, alone)


def manifest(path: Path) -> Iterator[Item]:
    """Yield the pictures that a label reader is asked about."""
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row.get("label") == "unlabelled":
                continue
            symbology = row.get("symbology") or "qrcode"
            if symbology not in SYMBOLOGIES:
                continue
            expected = row.get("expected")
            texts = None if expected is None else _plain(expected.split("|"))
            yield Item(row["file"], symbology, row.get("set") or "", texts)


def _measured(item: Item, data: bytes, read: Read) -> Reading:
    texts: list[str] = []
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        texts = read(data)
        times.append((time.perf_counter() - began) * 1000)
    return Reading(item, texts, median(times))


def _summary(ours: list[Reading], alone: list[Reading]) -> Result:
    figures: dict[str, float] = {}
    for name, readings in (("", ours), ("zxing_", alone)):
        for symbology in SYMBOLOGIES[:-1]:
            some = [reading for reading in readings if reading.item.symbology == symbology]
            if some:
                figures[f"{name}{symbology}_pictures"] = len(some)
                figures[f"{name}{symbology}_read"] = sum(reading.complete for reading in some)
        figures[f"{name}wrong"] = sum(reading.wrong for reading in readings)
        times = [reading.ms for reading in readings if reading.item.symbology == "qrcode"]
        figures[f"{name}median_ms"] = median(times) if times else 0.0
        figures[f"{name}p95_ms"] = quantiles(times, n=20)[-1] if len(times) > 1 else 0.0
        easy = [reading.ms for reading in readings if reading.item.set in EASY]
        figures[f"{name}easy_median_ms"] = median(easy) if easy else 0.0
    ratios = {
        "read_over_zxing": _over(
            sum(reading.complete for reading in ours), sum(reading.complete for reading in alone)
        ),
        "median_over_zxing": _over(figures["median_ms"], figures["zxing_median_ms"]),
        "easy_median_over_zxing": _over(figures["easy_median_ms"], figures["zxing_easy_median_ms"]),
    }
    return ratios, figures


def _predict(lines: TextIO, reading: Reading) -> None:
    line = {"id": reading.item.file, "texts": reading.texts, "ms": round(reading.ms, 2)}
    lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def _plain(texts: list[str]) -> frozenset[str]:
    """Return texts as compared: line ends as LF, empty ones gone."""
    joined = (text.replace("\r\n", "\n").replace("\r", "\n") for text in texts)
    return frozenset(text for text in joined if text)


def _over(ours: float, theirs: float) -> float:
    return ours / theirs if theirs else 0.0
