"""Fit the model that tells a display: `python -m benchmarks.recapture_model --data SHARED_DATA`.

Measures what the benchmark `recapture` makes of the development pictures, and writes
`assets/models/recapture.yaml`. Photos of codes and second shots are left out: they stay unseen.
"""

import argparse
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import cv2
import yaml

from benchmarks import recapture
from domain.rectification import Model
from media import checks
from media.recapture import signs
from media.recapture.lines import MODEL
from media.rectify.model import DIGEST

PARTS: Final = ("centre", "spread", "weight", "usual")
TOP: Final = """\
# The model that tells photos of displays (media/recapture/screen.py says what each feature is).
# Written by `python -m benchmarks.recapture_model`; change nothing by hand. Displays were made by
# computer (benchmarks/displays.py). usual: what nine of ten genuine photos stay below.
# pictures: first digits of the SHA-256 of the photos it was fitted on.
"""


def main(argv: list[str] | None = None) -> int:
    """Fit and write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.recapture_model", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with rectify_dev")
    asked = parser.parse_args(argv)
    shots = [one for one in recapture.made(asked.data) if one.kind in recapture.MADE]
    found = [recapture.Measured(one, signs.measured(one.data), 0.0) for one in shots]
    pictures = [sha256(one.data).hexdigest()[:DIGEST] for one in shots if one.kind == "as_is"]
    text = _text(recapture.fitted(found), pictures, found)
    (checks.FOLDER / MODEL).write_text(text, encoding="utf-8")
    print(f"{len(found)} pictures: {MODEL}")
    return 0


def _text(model: Model, pictures: list[str], measured: list[recapture.Measured]) -> str:
    rows = zip(model.names, model.centre, model.spread, model.weights, model.usual, strict=True)
    found = {
        "fitted": f"{datetime.now(UTC):%Y-%m-%d}",
        "opencv": cv2.__version__,
        "shots": len(measured),
        "displays": sum(one.shot.shows is True for one in measured),
        "bias": round(model.bias, 5),
        "features": {
            name: dict(zip(PARTS, (round(one, 5) for one in row), strict=True))
            for name, *row in rows
        },
        "pictures": sorted(set(pictures)),
    }
    return TOP + yaml.safe_dump(found, sort_keys=False, default_flow_style=None, width=120)


if __name__ == "__main__":
    sys.exit(main())
