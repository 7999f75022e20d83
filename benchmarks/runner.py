"""Run one benchmark by name and print what it found.

A benchmark is a module of this package with `run(options) -> Result`; it is named in `BENCHES`.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import cast

BENCHES = {
    "photo": "benchmarks.photo",
    "qr": "benchmarks.qr",
    "recapture": "benchmarks.recapture",
    "rectify": "benchmarks.rectify",
    "reuse": "benchmarks.reuse",
    "screens": "benchmarks.screens",
    "simulate": "benchmarks.simulate",
    "store": "benchmarks.store",
    "sync": "benchmarks.sync",
}  # name of the command line -> module
Result = tuple[dict[str, float], dict[str, float]]  # ratios (ours over baseline), figures
_BESIDE = ("low", "high", "n", "units")  # of a share, in its line of the table
_BAR = 30


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; `progress` takes (done, total)."""

    data: Path | None = None
    predictions: Path | None = None
    progress: Callable[[int, int], None] = field(default=lambda _done, _total: None)
    steps: int | None = None
    seed: int | None = None
    only: tuple[str, ...] = ()  # parts of the bench; none: all of it
    rounds: int | None = None
    records: int | None = None
    jobs: int | None = None
    profile: str = "desktop"


def main(argv: Sequence[str] | None = None) -> int:
    """Run `NAME [--json] ...` as `--help` says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="anshao bench", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHES))
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--data", type=Path, help="folder with manifest.csv")
    parser.add_argument("--predictions", type=Path, help="write one JSON object a line here")
    parser.add_argument("--steps", type=int, help="of simulate: how much shall happen")
    parser.add_argument("--seed", type=int, help="of simulate: the first seed; of qr")
    parser.add_argument("--jobs", type=int, help="of simulate: processes, else one for each core")
    parser.add_argument("--only", default="", help="of sync: parts, with commas; of qr: data")
    parser.add_argument("--rounds", type=int, help="of qr, sync: how often in turn with the others")
    parser.add_argument("--records", type=int, help="of sync: how many are pushed and pulled")
    parser.add_argument(
        "--profile", choices=("desktop", "mobile"), default="desktop",
        help="of qr: mobile has no zxing-cpp",
    )  # fmt: skip
    asked = parser.parse_args(argv)
    if asked.data and not asked.data.is_dir():
        parser.error(f"{asked.data} is no folder")
    progress = _quiet if asked.json or not sys.stderr.isatty() else _bar
    bench = import_module(BENCHES[asked.name])
    run = cast("Callable[[Options], Result]", bench.run)
    parts = tuple(one for one in str(asked.only).split(",") if one)
    ratios, figures = run(
        Options(
            asked.data, asked.predictions, progress, asked.steps, asked.seed, parts, asked.rounds,
            asked.records, asked.jobs, asked.profile,
        )
    )  # fmt: skip
    if not asked.json:
        _table(asked.name, ratios, figures)
        return 0
    line = {
        "bench": asked.name,
        "ratios": {name: round(value, 4) for name, value in ratios.items()},
        "figures": {name: round(value, 4) for name, value in figures.items()},
        "environment": environment(),
    }
    print(json.dumps(line, sort_keys=True))
    return 0


def environment() -> dict[str, str | int]:
    """Return what a reader must know to compare two runs."""
    found: dict[str, str | int] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count() or 0,
    }
    for package in ("zxing-cpp", "pyzbar", "opencv-python-headless", "pillow", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "missing"
    return found


def _table(name: str, ratios: dict[str, float], figures: dict[str, float]) -> None:
    width = max(map(len, (*ratios, *figures, name)))
    for title, values in (("ratio", ratios), ("figure", figures)):
        if values:
            print(f"{name:<{width}}  {title:>10}")
        for key, value in values.items():
            of, _, part = key.rpartition("_")
            if part not in _BESIDE or f"{of}_units" not in values:
                print(f"{key:<{width}}  {value:>10.4g}{_beside(key, values)}")


def _beside(key: str, values: dict[str, float]) -> str:
    """Return the interval of a share, over how many cases, and how many of them are independent."""
    if f"{key}_units" not in values:
        return ""
    low, high, cases, units = (values[f"{key}_{part}"] for part in _BESIDE)
    return f"  {low:.4g} to {high:.4g}, n {cases:.0f}, units {units:.0f}"


def _bar(done: int, total: int) -> None:
    filled = _BAR * done // max(1, total)
    end = "\n" if done == total else ""
    sys.stderr.write(f"\r[{'#' * filled}{'.' * (_BAR - filled)}] {done}/{total}{end}")
    sys.stderr.flush()


def _quiet(_done: int, _total: int) -> None:
    """Show nothing: the last line is for a program."""


if __name__ == "__main__":
    sys.exit(main())
