"""The fitted model of the rectification check: a data file with its provenance."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from domain.rectification import Model

DIGEST = 12  # hex digits of the SHA-256 by which a picture of the fit is known again


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, and by which pictures (first digits of the hashes of their files)."""

    model: Model
    pictures: frozenset[str]


def load(path: Path) -> Trained:
    """Read the model; a file of ours, so that damage is an error of the installation."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    rows = found["features"]
    centre, spread, weight, usual = (
        tuple(float(row[part]) for row in rows.values())
        for part in ("centre", "spread", "weight", "usual")
    )
    model = Model(tuple(rows), centre, spread, weight, float(found["bias"]), usual)
    return Trained(model, frozenset(str(one) for one in found["pictures"]))
