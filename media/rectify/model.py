"""The fitted model of the rectification check: a data file with its provenance."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, cast

import yaml

from domain.rectification import Model, ModelFileError
from media.model_files import numbers, part, read_file
from media.rectify.change import FEATURES

DIGEST = 12  # hex digits of the SHA-256 by which a picture of the fit is known again
_NUMBER: Final = (-1e6, 1e6)
_PARTS: Final = {"centre": _NUMBER, "spread": (1e-9, 1e6), "weight": _NUMBER, "usual": _NUMBER}


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, by which pictures (first digits of the hashes of their files), and its version."""

    model: Model
    pictures: frozenset[str]
    version: str


def load(path: Path, names: Collection[str] = FEATURES) -> Trained:
    """Read a model of these features; raises ModelFileError for what is missing or no number."""
    found = read_file(path)
    rows = part(found.get("features"), path, "features")
    if set(rows) != set(names):
        raise ModelFileError(file=path.name, problem="features")
    each = {name: numbers(part(row, path, name), _PARTS, path, name) for name, row in rows.items()}
    bias = numbers({"bias": found.get("bias")}, {"bias": _NUMBER}, path, "")["bias"]
    centre, spread, weight, usual = (tuple(row[name] for row in each.values()) for name in _PARTS)
    pictures = found.get("pictures")
    if not isinstance(pictures, list):
        raise ModelFileError(file=path.name, problem="pictures")
    hashes = frozenset(str(one) for one in cast("list[object]", pictures))
    version = f"{found.get('fitted')}/{sha256(path.read_bytes()).hexdigest()[:8]}"
    model = Model(tuple(each), centre, spread, weight, bias, usual)
    return Trained(model, hashes, version)


def text(top: str, model: Model, facts: Mapping[str, str | int], pictures: Iterable[str]) -> str:
    """Return a file that `load` reads: comments, the day it was `fitted` and other facts, numbers.

    `pictures`: first digits (DIGEST) of the hashes of the photos that it was fitted on.
    """
    rows = zip(model.names, model.centre, model.spread, model.weights, model.usual, strict=True)
    found = {
        **facts,
        "bias": round(model.bias, 5),
        "features": {
            name: dict(zip(_PARTS, (round(one, 5) for one in row), strict=True))
            for name, *row in rows
        },
        "pictures": sorted(set(pictures)),
    }
    return top + yaml.safe_dump(found, sort_keys=False, default_flow_style=None, width=120)
