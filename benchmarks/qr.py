"""Bench `qr`: our front of several engines against each of them alone, on the same pictures.

All read the file's bytes, in turn, in the same run; a picture's time is the median of some rounds.
A picture counts as read when every expected text was found, and as wrong when a text came out that
is not expected. Input without the column `expected` gives predictions only. The data hold no label
of ours: signed and forged ones are made in the run (`benchmarks.signed_labels`).
"""

import csv
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TextIO

from benchmarks import signed_labels
from benchmarks.baselines import engines_alone
from benchmarks.runner import Options, Result
from domain.errors import PictureError
from media.adapters.readers import engines
from media.code_front import CodeFront
from media.codes import Wanted
from media.labels import PREFIX, whole

ROUNDS = 3
SEED = 1  # of the labels that are made
OTHERS = ("datamatrix", "code128")  # what a label may be beside QR
NOTHING = "falsepositives"  # pictures without a code
EASY = frozenset(["nominal", "rotated", "perspective45", "motion_blur", "jpeg_low", "damage5_H"])
Read = Callable[[bytes], list[str]]


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of the manifest; `expected` is None where it does not count."""

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


@dataclass(frozen=True, slots=True)
class Summary:
    """What one engine made of the QR pictures, and of all that count."""

    read: int
    pictures: int
    wrong: int
    median_ms: float
    p95_ms: float
    easy_median_ms: float

    @property
    def rate(self) -> float:
        """The part of the labelled QR pictures whose texts were all read."""
        return _over(self.read, self.pictures)


def run(options: Options) -> Result:
    """Measure all; returns ratios and figures, empty where the data has no gold."""
    folder = options.data or Path(os.environ.get("ANSHAO_SHARED", "../shared")) / "data/qr"
    items = list(manifest(folder / "manifest.csv"))
    names = tuple(
        name for name in engines_alone.present() if options.profile != "mobile" or name != "zxing"
    )
    readers: dict[str, Read] = {"": _front(names)}
    seek = _front(names, lambda code: code.text.startswith(PREFIX))
    readers |= {name: getattr(engines_alone, name) for name in names}
    found: dict[str, list[Reading]] = {name: [] for name in readers}
    sink = options.predictions.open("w", encoding="utf-8") if options.predictions else nullcontext()
    with sink as lines:
        for done, item in enumerate(items, 1):
            _measure(item, _bytes(folder / item.file), readers, found, options.rounds or ROUNDS)
            if lines:
                _predict(lines, found[""][-1])
            options.progress(done, len(items))
    counted = {name: [one for one in rows if one.item.expected is not None]
               for name, rows in found.items()}  # fmt: skip
    if not counted[""]:
        return {}, {}
    ratios, figures = _result(counted, mobile=options.profile == "mobile")
    if not options.only or "labels" in options.only:
        figures |= signed_labels.figures(options.seed or SEED, readers)
        figures |= signed_labels.beside_figures(options.seed or SEED, readers[""], seek)
    return ratios, figures


def manifest(path: Path) -> Iterator[Item]:
    """Yield every picture of a manifest; those of other symbologies are only predicted."""
    if not path.is_file():
        why = f"{path} is not there: --data names a folder with a manifest.csv"
        raise SystemExit(why)
    with path.open(newline="", encoding="utf-8") as file:
        table = csv.DictReader(file)
        if "file" not in (table.fieldnames or ()):
            why = f"{path} has no column `file`"
            raise SystemExit(why)
        for row in table:
            symbology = row.get("symbology") or "qrcode"
            expected = row.get("expected")
            counts = symbology in ("qrcode", *OTHERS, NOTHING) and row.get("label") != "unlabelled"
            texts = _plain(expected.split("|")) if counts and expected is not None else None
            yield Item(row["file"], symbology, row.get("set") or "", texts)


def _front(names: Sequence[str], wanted: Wanted | None = None) -> Read:
    """Return the product's own reader, as `app.wiring` makes it; None wanted: any code will do."""
    front = CodeFront(
        engines(names),
        lambda text: not text.startswith(PREFIX) or whole(text),
        lambda: time.perf_counter_ns() // 1_000_000,
    )

    def read(picture: bytes) -> list[str]:
        try:
            return [code.text for code in front.read(picture, wanted=wanted)]
        except PictureError:
            return []

    return read


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = f"{path} cannot be read: {error.strerror}"
        raise SystemExit(why) from error


def _measure(
    item: Item, data: bytes, readers: dict[str, Read], found: dict[str, list[Reading]], rounds: int
) -> None:
    times: dict[str, list[float]] = {name: [] for name in readers}
    texts: dict[str, list[str]] = {}
    for _ in range(rounds):
        for name, read in readers.items():
            began = time.perf_counter()
            try:
                texts[name] = read(data)
            except (OSError, ValueError):  # a picture that the baseline's decoder refuses
                texts[name] = []
            times[name].append((time.perf_counter() - began) * 1000)
    for name in readers:
        found[name].append(Reading(item, texts[name], median(times[name])))


def _summary(readings: Sequence[Reading]) -> Summary:
    codes = [one for one in readings if one.item.symbology == "qrcode"]
    times = [one.ms for one in codes] or [0.0]
    easy = [one.ms for one in codes if one.item.set in EASY]
    return Summary(
        read=sum(one.complete for one in codes),
        pictures=len(codes),
        wrong=sum(one.wrong for one in readings),
        median_ms=median(times),
        p95_ms=quantiles(times, n=20)[-1] if len(times) > 1 else times[0],
        easy_median_ms=median(easy) if easy else 0.0,
    )


def _result(found: dict[str, list[Reading]], *, mobile: bool) -> Result:
    every = {name: _summary(readings) for name, readings in found.items()}
    ours = every.pop("")
    best = max(every.values(), key=lambda one: one.read)
    fastest = min(one.easy_median_ms for one in every.values())
    figures: dict[str, float] = {
        "rate_mobile" if mobile else "rate": ours.rate,
        "read": ours.read,
        "pictures": ours.pictures,
        "wrong": ours.wrong,
        "wrong_best_engine": best.wrong,
        "sets_behind": _sets_behind(found),
        "median_ms": ours.median_ms,
        "p95_ms": ours.p95_ms,
        "easy_median_ms": ours.easy_median_ms,
    }
    for symbology in OTHERS:
        some = [one for one in found[""] if one.item.symbology == symbology]
        figures[f"{symbology}_read"] = sum(one.complete for one in some)
        figures[f"{symbology}_pictures"] = len(some)
    for name, one in every.items():
        figures |= {
            f"{name}_rate": one.rate, f"{name}_wrong": one.wrong,
            f"{name}_median_ms": one.median_ms, f"{name}_p95_ms": one.p95_ms,
            f"{name}_easy_median_ms": one.easy_median_ms,
        }  # fmt: skip
    ratios = {
        "rate_over_best_engine": _over(ours.rate, best.rate),
        "median_over_fastest": _over(ours.easy_median_ms, fastest),
    }
    return ratios, figures


def _sets_behind(found: dict[str, list[Reading]]) -> int:
    """Return of how many sets of QR pictures some single engine reads more than we do."""
    read: dict[tuple[str, str], int] = {}
    for name, readings in found.items():
        for one in readings:
            if one.item.symbology == "qrcode":
                key = (name, one.item.set)
                read[key] = read.get(key, 0) + one.complete
    sets = {group for _, group in read}
    return sum(
        max(read.get((name, group), 0) for name in found) > read[("", group)] for group in sets
    )


def _predict(lines: TextIO, reading: Reading) -> None:
    line = {"id": reading.item.file, "texts": reading.texts, "ms": round(reading.ms, 2)}
    lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def _plain(texts: list[str]) -> frozenset[str]:
    """Return texts as compared: line ends as LF, empty ones gone."""
    joined = (text.replace("\r\n", "\n").replace("\r", "\n") for text in texts)
    return frozenset(text for text in joined if text)


def _over(ours: float, theirs: float) -> float:
    return ours / theirs if theirs else 0.0
