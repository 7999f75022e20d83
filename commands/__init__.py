"""The smaller commands of `anshao`, a file each; they load what they need when they run."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.settings import ServerSettings

AddParser = Callable[..., argparse.ArgumentParser]
ServerOf = Callable[[argparse.Namespace], "ServerSettings"]  # the settings of the server meant


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
