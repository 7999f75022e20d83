"""The command `anshao take-in`: a file of unsent records into the server, running or not."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from commands import AddParser, ServerOf
from domain.errors import RecordMissingError, StoreTakenError

if TYPE_CHECKING:
    from server.settings import ServerSettings


def add(add_parser: AddParser, server_of: ServerOf) -> None:
    """Add the command."""

    def run(options: argparse.Namespace) -> int:
        return take_in(server_of(options), options.file)

    part = add_parser("take-in", help="take the file of unsent records into the server")
    part.add_argument("file", type=Path, metavar="FILE", help="what a device's outbox has saved")
    part.set_defaults(run=run, host=None, port=None, tls=False, demo=False)


def take_in(settings: "ServerSettings", file: Path) -> int:
    """Take the file in and print what became of it; returns the code to end with.

    Raises RecordMissingError for no file, RelayError for one of another kind.
    """
    from server import drop
    from server.main import prepare
    from server.problems import RefusalError

    if not file.is_file():
        raise RecordMissingError(record=str(file))
    try:
        here = prepare(settings)
    except StoreTakenError:  # the server runs: it takes the file at its next round
        return _lay(settings, file)
    try:
        found = drop.take(here, file)
    except RefusalError as error:
        print(f"not taken: {error.code} {error.params}")
        return 2
    finally:
        here.store.close()
    for run in found.runs:
        print(" ".join(f"{name}={value}" for name, value in run.items()))
    for sha, receipt in found.photos.items():
        print(f"photo {sha[:12]} receipt={receipt}")
    for sha, code in found.refused.items():
        print(f"photo {sha[:12]} refused={code}")
    return 0 if all(run["outcome"] != "refused" for run in found.runs) else 1


def _lay(settings: "ServerSettings", file: Path) -> int:
    from server import drop

    folder = settings.home / drop.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{file.name}.part"
    shutil.copyfile(file, part)
    part.replace(folder / f"{file.stem}{drop.SUFFIX}")
    print(f"the server runs: it takes the file within {settings.duties_s:.0f} s")
    print(f"result: {folder / 'done'}")
    return 0
