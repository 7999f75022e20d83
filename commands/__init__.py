"""The smaller commands of `anshao`, a file each; they load what they need when they run."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import RecordMissingError

if TYPE_CHECKING:
    from app.translate import Translator
    from server.settings import ServerSettings

AddParser = Callable[..., argparse.ArgumentParser]
ServerOf = Callable[[argparse.Namespace], "ServerSettings"]  # the settings of the server meant


ROOT = Path(__file__).resolve().parent.parent


class SetupError(Exception):
    """Something the person at the machine has to change first; the text says what."""


def write(out: Path, data: bytes) -> None:
    """Write a file that a flag names; raises SetupError."""
    try:
        out.write_bytes(data)
    except OSError as error:
        message = f"{out} cannot be written ({error.strerror}); choose another --out"
        raise SetupError(message) from error
    print(f"written: {out}")


def add_language(part: argparse.ArgumentParser, what: str = "of the words") -> None:
    """Add the flag that says in which language the command speaks, or of `what` else."""
    part.add_argument("--language", choices=("zh", "en"), default="zh", help=what)


def speaker(language: str, timezone: str = "UTC") -> "Translator":
    """Return what words the catalogs in a language, for the person at the machine."""
    from app.translate import read_catalogs, translator

    return translator(read_catalogs(ROOT / "assets" / "locale"), language, timezone)


@contextmanager
def looking_in(folder: Path) -> Iterator[None]:
    """Tell a person at the machine which folder lacks the record that they named."""
    from server.standing import RecordUnknownError

    try:
        yield
    except RecordMissingError as error:
        raise RecordUnknownError(folder=str(folder), **error.params) from error
