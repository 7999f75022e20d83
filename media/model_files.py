"""Files of the installation that the checks of photos go by: read, and every number looked at."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import yaml

from domain.rectification import ModelFileError


def read_file(path: Path) -> Mapping[str, object]:
    """Return the rows of a YAML file; raises ModelFileError."""
    try:
        found: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelFileError(file=path.name, problem=type(error).__name__) from error
    return part(found, path, "")


def part(found: object, path: Path, name: str) -> Mapping[str, object]:
    """Return what stands under a name; raises ModelFileError where that is no list of names."""
    if not isinstance(found, dict):
        raise ModelFileError(file=path.name, problem=name or "?")
    return cast("Mapping[str, object]", found)


def numbers(
    rows: Mapping[str, object], bounds: Mapping[str, tuple[float, float]], path: Path, name: str
) -> dict[str, float]:
    """Return the numbers named in `bounds`, each within them; raises ModelFileError.

    A row that is missing, unknown, no number or out of bounds is a problem: `name.row`.
    """
    unknown = sorted(rows.keys() - bounds.keys())
    if unknown:
        raise ModelFileError(file=path.name, problem=_at(name, unknown[0]))
    found: dict[str, float] = {}
    for row, (low, high) in bounds.items():
        value = rows.get(row)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ModelFileError(file=path.name, problem=_at(name, row))
        if not (math.isfinite(value) and low <= value <= high):
            raise ModelFileError(file=path.name, problem=_at(name, row))
        found[row] = float(value)
    return found


def whole(found: Mapping[str, float], names: Iterable[str], path: Path) -> dict[str, int]:
    """Return numbers that must be whole; raises ModelFileError."""
    for name in names:
        if not found[name].is_integer():
            raise ModelFileError(file=path.name, problem=name)
    return {name: int(found[name]) for name in names}


def _at(name: str, row: str) -> str:
    return f"{name}.{row}" if name else row
