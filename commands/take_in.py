"""The command `anshao take-in`: a file of unsent records into the server, running or not."""

import argparse
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commands import AddParser, ServerOf, add_language, speaker
from domain.errors import StoreTakenError

if TYPE_CHECKING:
    from app.translate import Translator
    from server.drop import Result
    from server.settings import ServerSettings

WAIT_S: Final = 60.0  # for a server that runs: three of its rounds, as they are set by default
STILL_WAITS: Final = 3  # what the command ends with when the server has not come to it by then
_LOOK_S: Final = 0.25
_SHORT_HASH: Final = 12


def add(add_parser: AddParser, server_of: ServerOf) -> None:
    """Add the command."""

    def run(options: argparse.Namespace) -> int:
        return take_in(server_of(options), options.file, speaker(options.language))

    part = add_parser("take-in", help="take the file of unsent records into the server")
    part.add_argument("file", type=Path, metavar="FILE", help="what a device's outbox has saved")
    part.add_argument("--demo", action="store_true", help="into the server of `anshao demo`")
    add_language(part)
    part.set_defaults(run=run, host=None, port=None, tls=False)


def take_in(settings: "ServerSettings", file: Path, t: "Translator", wait_s: float = WAIT_S) -> int:
    """Take the file in and say what became of it; returns the code to end with.

    Raises FileMissingError, TakeInFileError and other RelayErrors for what is no file of records,
    ServerMissingError; none of these has made anything.
    """
    from server import drop, standing
    from server.main import prepare
    from server.problems import RefusalError

    if not file.is_file():
        raise standing.FileMissingError(file=str(file))
    drop.look(file)
    standing.require(settings)
    try:
        here = prepare(settings)
    except StoreTakenError:  # the server runs: it takes the file at its next round
        found = _beside(settings, file, t, wait_s)
        return STILL_WAITS if found is None else _tell(found, t)
    try:
        found = drop.take(here, file)
    except RefusalError as error:
        found = drop.Result(error=error.code)
    finally:
        here.store.close()
    return _tell(found, t)


def _beside(
    settings: "ServerSettings", file: Path, t: "Translator", wait_s: float
) -> "Result | None":
    """Lay the file before the running server; return what became of it, None: not yet known."""
    from server import drop

    laid = drop.lay(settings, partial(shutil.copyfile, file), file.stem)
    print(t("take_in.runs", s=round(wait_s)), flush=True)
    for _ in range(max(1, round(wait_s / _LOOK_S))):
        if (found := drop.result_of(laid)) is not None:
            return found
        time.sleep(_LOOK_S)
    print(t("take_in.later", file=laid, result=drop.result_path(laid)))
    return None


def _tell(found: "Result", t: "Translator") -> int:
    print("\n".join(_lines(found, t)))
    bad = [run for run in found.runs if run["outcome"] == "refused"]
    if found.error or (bad and len(bad) == len(found.runs)):
        print(t("take_in.nothing"))
        return 1
    whole = not bad and not found.refused
    print(t("take_in.whole" if whole else "take_in.partly"))
    return 0 if whole else 1


def _lines(found: "Result", t: "Translator") -> Iterator[str]:
    if found.error:
        yield t("take_in.refused", why=_why(t, found.error))
    for run in found.runs:
        first, last = run["first"], run["last"]
        yield t(
            f"take_in.run.{run['outcome']}",
            device=run["dev"],
            span=first if first == last else f"{first}-{last}",
            receipt=run.get("receipt", "-"),
            expected=run.get("expected", "-"),
            why=_why(t, str(run.get("code"))),
        )
    for sha, receipt in found.photos.items():
        yield t("take_in.photo.taken", photo=sha[:_SHORT_HASH], receipt=receipt)
    for sha, code in found.refused.items():
        yield t("take_in.photo.refused", photo=sha[:_SHORT_HASH], why=_why(t, code))


def _why(t: "Translator", code: str) -> str:
    """Word why the server did not take something: as on devices, where this has no own words."""
    otherwise = t("outbox.reason.other", code=code)
    return t.known(f"take_in.why.{code}", t.known(f"outbox.reason.{code}", otherwise))
