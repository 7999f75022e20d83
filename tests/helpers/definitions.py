"""The definitions of the demo plant, read once per test run."""

from datetime import date
from functools import cache
from pathlib import Path

from domain.definitions import Definitions, load

FOLDER = Path(__file__).parents[2] / "assets" / "definitions"
DAY0 = date(2026, 10, 20)  # a Tuesday; the day of DOMAIN.md's examples


@cache
def definition_files() -> dict[str, str]:
    """Return path -> text of every file under assets/definitions."""
    return {
        path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(FOLDER.rglob("*.yaml"))
    }


@cache
def demo_definitions(day0: date = DAY0) -> Definitions:
    """Return the definitions of the demo plant."""
    return load(definition_files(), day0)
