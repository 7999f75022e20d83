"""Write docs/reference/settings.md and errors.md from the code: `python -m tools.reference`.

The settings' descriptions stand in their models, the errors' in `domain/errors.py` and the English
catalog; a test fails when a page is not what this module makes of them.
"""

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app import door, unlock
from app.settings import ClientSettings
from app.use_cases import people
from domain import (
    capture_trust,
    errors,
    papers,
    passphrases,
    proof_reading,
    rechecks,
    rectification,
    relay,
    signatures,
    used_photos,
)
from domain.errors import FieldError
from offline_store import copies, peers, sealed_files, sealing, vault
from server import backup, drop, first_pin, standing, unlocking
from server.problems import CODES
from server.settings import ServerSettings
from tools.catalogs import LOCALE, read_catalog

ERRORS = frozenset(  # the modules that have our errors
    module.__name__
    for module in (
        errors,
        signatures,
        papers,
        passphrases,
        proof_reading,
        rechecks,
        capture_trust,
        rectification,
        relay,
        used_photos,
        sealing,
        sealed_files,
        vault,
        unlock,
        door,
        people,
        unlocking,
        standing,
        first_pin,
        drop,
        backup,
        copies,
        peers,
    )
)
ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "reference"
TABLES: Mapping[str, type[BaseModel]] = {"server": ServerSettings, "client": ClientSettings}
BOUNDS = {
    "ge": "at least",
    "gt": "more than",
    "le": "at most",
    "lt": "less than",
    "min_length": "length at least",
    "max_length": "length at most",
    "pattern": "matching",
}
SETTINGS_TOP = """\
# Settings

<!-- written by `python -m tools.reference`; change the settings models instead -->

A setting comes from, strongest first: a flag of the command (see [commands](commands.md)), the
environment, one TOML file, its default. The file is `anshao.toml` in the data folder:

```toml
[server]
port = 8000
host = "0.0.0.0"

[client]
server_url = "http://127.0.0.1:8000"
lock_after_s = 300
```

Values are checked at the start; one that does not fit is named together with what would fit.

## ANSHAO_HOME

Environment only. The folder of all data: `anshao.toml`, `server/`, `client/`, `demo/`, `tls/`.
Default: `.anshao` in the user's home. `python3 dev.py` sets it to `.anshao` in the checkout, so
that every checkout keeps its own data.

## ANSHAO_SHARED

Environment only, for tests. The folder of sample data beside the checkout. Default: `../shared`.

## ANSHAO_CHROMIUM

Environment only, for tests. The Chromium or Chrome that the browser tests drive.
"""
ERRORS_TOP = """\
# Errors

<!-- written by `python -m tools.reference`; change domain/errors.py and the catalogs instead -->

Every expected failure has a code. Device, server and logs name the code; a person reads the
sentence and the remedy of their language (`error.<code>` and `remedy.<code>` in the catalogs).
"""
ANSWERS_TOP = """
## Answers of the server

What else may stand as `code` in a problem document or in the reply to a push. No person reads
these: the device goes on by itself, or says `sync.refused` with the code as its reason.

| Code | Status and meaning |
|---|---|
"""


def error_classes(parent: type[FieldError] = FieldError) -> Iterator[type[FieldError]]:
    """Yield the errors that are raised, in the order of the tree; groups have only children."""
    # by module, whatever was imported first; within one as they stand there
    for child in sorted(parent.__subclasses__(), key=_place):
        if child.__module__ in ERRORS:
            if not is_group(child):
                yield child
            yield from error_classes(child)


def _place(error: type[FieldError]) -> tuple[bool, str]:
    return error.__module__ != errors.__name__, error.__module__


def is_group(error: type[FieldError]) -> bool:
    """Tell whether a class only gathers others: its code is the first part of all of theirs."""
    children = error.__subclasses__()
    return bool(children) and all(child.code.startswith(error.code + ".") for child in children)


def settings_page() -> str:
    """Return the page of all settings."""
    parts = [SETTINGS_TOP]
    for table, model in TABLES.items():
        title = inspect.cleandoc(model.__doc__ or "").split("\n", 1)[0]
        parts.append(f"\n## [{table}]\n\n{title}\n")
        parts += [_setting(table, name, field) for name, field in model.model_fields.items()]
    return "".join(parts)


def errors_page() -> str:
    """Return the page of all errors with their English words."""
    texts = read_catalog(LOCALE / "en.po")
    parts = [ERRORS_TOP]
    for error in error_classes():
        sentence = texts.get(f"error.{error.code}", "")
        remedy = texts.get(f"remedy.{error.code}", "")
        meaning = inspect.cleandoc(error.__doc__ or "")
        parts.append(f"\n## {error.code}\n\n{meaning}\n\nShown: {sentence}\n\nRemedy: {remedy}\n")
    answers = [f"| `{code}` | {meaning} |\n" for code, meaning in CODES.items()]
    return "".join([*parts, ANSWERS_TOP, *answers])


def _setting(table: str, name: str, field: FieldInfo) -> str:
    kind = getattr(field.annotation, "__name__", str(field.annotation))
    facts = [f"type `{kind}`", *_bounds(field)]
    facts.append(f"default {_shown(field.get_default(call_default_factory=False))}")
    environment = f"`ANSHAO_{table.upper()}_{name.upper()}`"
    return f"\n### {table}.{name}\n\n{field.description}\n\n{environment}, {', '.join(facts)}\n"


def _bounds(field: FieldInfo) -> list[str]:
    """Return the limits of a field in words; each kind of limit carries its value by name."""
    return [
        f"{word} `{getattr(limit, attribute)}`"
        for limit in cast("list[object]", field.metadata)
        for attribute, word in BOUNDS.items()
        if getattr(limit, attribute, None) is not None
    ]


def _shown(default: object) -> str:
    if isinstance(default, Path):
        return (
            f"`{default.relative_to(ROOT).as_posix() if default.is_relative_to(ROOT) else default}`"
        )
    if default is None or default == "":
        return "none"
    if default is PydanticUndefined:
        return "a folder in ANSHAO_HOME"
    return f"`{default}`"


def main() -> int:
    """Write both pages."""
    PAGES.mkdir(parents=True, exist_ok=True)
    (PAGES / "settings.md").write_text(settings_page(), encoding="utf-8")
    (PAGES / "errors.md").write_text(errors_page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
