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

from benchmarks import recapture
from media import checks
from media.recapture import signs
from media.recapture.lines import MODEL
from media.rectify import model as fitted
from media.rectify.model import DIGEST

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
    facts = {
        "fitted": f"{datetime.now(UTC):%Y-%m-%d}",
        "opencv": cv2.__version__,
        "shots": len(found),
        "displays": sum(one.shot.shows is True for one in found),
    }
    text = fitted.text(TOP, recapture.fitted(found), facts, pictures)
    (checks.FOLDER / MODEL).write_text(text, encoding="utf-8")
    print(f"{len(found)} pictures: {MODEL}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
