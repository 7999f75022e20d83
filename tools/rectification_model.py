"""Fit the model of the rectification check: `python -m tools.rectification_model --data DIR`.

`DIR` holds a `manifest.csv` of pairs (see the benchmark `rectify`). Copies and pairs that cannot be
laid on each other teach nothing and are left out. Writes `assets/models/rectification.yaml`.
"""

import argparse
import csv
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import cv2

from media import checks
from media.rectify import fitting
from media.rectify import model as fitted
from media.rectify.change import FEATURES
from media.rectify.check import check
from media.rectify.model import DIGEST

PATH = checks.FOLDER / "rectification.yaml"
LIMITS, _ = checks.load_limits(0.85, 0.15)
TOP = """\
# The model of the rectification check (media/rectify/change.py says what each feature is).
# Written by `python -m tools.rectification_model`; change nothing by hand.
# probability = 1 / (1 + exp(-(bias + sum(weight * (feature - centre) / spread)))),
# as many changed as unchanged pairs assumed; usual: what nine of ten unchanged pairs stay below.
# pictures: first digits of the SHA-256 of the before photos it was fitted on.
"""


def main(argv: list[str] | None = None) -> int:
    """Fit and write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tools.rectification_model", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    asked = parser.parse_args(argv)
    rows: list[dict[str, float]] = []
    changed: list[bool] = []
    scenes: list[str] = []
    pictures: list[str] = []
    with (asked.data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        for pair in csv.DictReader(file):
            before = (asked.data / pair["before"]).read_bytes()
            left, top, right, bottom = (float(pair[side]) for side in ("x0", "y0", "x1", "y1"))
            box = (left, top, right, bottom)
            findings = check(
                before, (asked.data / pair["after"]).read_bytes(), box, LIMITS
            ).findings
            pictures.append(sha256(before).hexdigest()[:DIGEST])
            if findings.features is None or findings.copied:
                continue
            rows.append(dict(findings.features))
            changed.append(pair["label"] == "1")
            scenes.append(pair["source"].split("|")[0].split("_")[0])
    model = fitting.fit(rows, changed, scenes, FEATURES)
    PATH.parent.mkdir(exist_ok=True)
    facts = {
        "fitted": f"{datetime.now(UTC):%Y-%m-%d}",
        "opencv": cv2.__version__,
        "pairs": len(rows),
        "changed": sum(changed),
    }
    PATH.write_text(fitted.text(TOP, model, facts, pictures), encoding="utf-8")
    print(f"{len(rows)} pairs of {len(set(scenes))} scenes, {sum(changed)} changed: {PATH.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
