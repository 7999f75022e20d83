"""Files with entries that devices could not send: taken in beside the running server.

`anshao take-in` and the folder `take-in` of the server's home lead here. Taking the same file again
changes nothing and gives the same receipts.
"""

import json
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from domain.errors import FieldError
from domain.relay import Message, RelayDamagedError, RelayError, RelayLargeError, Run
from offline_store import batches, blobs, entries, outbox, relay_files
from offline_store.relay_files import SUFFIX, RelayFile
from server import receiving, relay
from server.blob_store import BlobStoreAwayError
from server.problems import RefusalError
from server.settings import ServerSettings
from server.site import Site
from sync.protocol import BlobOffer
from sync.relay_messages import RelayedRun

FOLDER: Final = "take-in"
CARRIER: Final = "file"
_DONE: Final = "done"
LATER: Final = frozenset({503, 507})  # the place for photos is away, or full
_SUFFIXES: Final = frozenset({SUFFIX, ".zip"})
_log = logging.getLogger(__name__)


class TakeInFileError(RelayError):
    """The `file` is no file of unsent records, or was cut off."""

    code = "take_in.file"


@dataclass
class Result:
    """What became of a file: the runs of entries, and the photos, with their receipts.

    `refused`: the photos that were not taken, and why.
    """

    runs: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    photos: dict[str, str] = field(default_factory=dict[str, str])  # hash -> receipt code
    refused: dict[str, str] = field(default_factory=dict[str, str])  # hash -> code
    error: str | None = None


def look(path: Path) -> None:
    """Look whether a file can be read at all: raises TakeInFileError, RelayError."""
    try:
        RelayFile(path).close()
    except RelayDamagedError as error:
        raise TakeInFileError(file=path.name) from error


def lay(settings: ServerSettings, copy: Callable[[Path], object], name: str) -> Path:
    """Lay a file before the running server, under a name that nobody has used; returns where."""
    folder = settings.home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    laid = folder / f"{name}-{secrets.token_hex(4)}{SUFFIX}"
    part = folder / f".{laid.name}.part"
    copy(part)
    return part.replace(laid)


def result_path(laid: Path) -> Path:
    """Return where it will stand what became of a file in the folder."""
    return laid.parent / _DONE / f"{laid.name}.result.json"


def result_of(laid: Path) -> Result | None:
    """Return what became of a file in the folder; None as long as it waits there."""
    if laid.exists() or not result_path(laid).exists():
        return None
    return Result(**json.loads(result_path(laid).read_text("utf-8")))


def take(here: Site, path: Path) -> Result:
    """Take a file in; raises RelayError for what is none, RefusalError for another plant.

    RefusalError of a status in LATER says that photos cannot be kept now: the file is to be taken
    again, which takes nothing twice.
    """
    file = RelayFile(path)
    try:
        made, taken = Result(), list[RelayedRun]()
        for message in file.messages:
            runs = relay.take(here, message, CARRIER).runs
            made.runs += [run.model_dump(exclude_none=True) for run in runs]
            taken += runs
        with here.store.reading() as session:
            for run in made.runs:
                done = [
                    one
                    for one in batches.of_device(session, str(run["dev"]))
                    if one.receipt and one.first <= int(str(run["last"])) <= one.last
                ]
                if done and done[-1].receipt:
                    run["receipt"] = outbox.short_code(done[-1].receipt)
        _photos(here, file, taken, made)
    finally:
        file.close()
    if any(run.outcome == "taken" for run in taken):
        here.hints.announce()
    return made


def _photos(here: Site, file: RelayFile, runs: Sequence[RelayedRun], made: Result) -> None:
    """Keep the photos that entries taken or held here name, and say what became of each."""
    wanted, carried = _named(here, file.messages, runs), set(file.blobs)
    for sha, (kind, record_id) in wanted.items():
        if sha not in carried:
            continue
        try:
            state = receiving.received(here, sha, look=True)
            if state is None:
                receiving.check_size(here, file.size(sha))
                receiving.room_for(here, file.size(sha))
                offered = BlobOffer(
                    sha256=sha, size=file.size(sha), kind=kind, record=record_id
                )  # fmt: skip
                with blobs.scratch(here.store) as copy:
                    file.copy(sha, copy)
                    state = receiving.take(here, offered, copy)
        except BlobStoreAwayError as error:
            raise receiving.away() from error
        except (RelayDamagedError, RelayLargeError) as error:  # its entry stands all the same
            made.refused[sha] = error.code
        except RefusalError as error:
            if error.status in LATER:
                raise
            made.refused[sha] = error.code
        else:
            if state is None or not state.receipt:  # not in its place what was put there
                made.refused[sha] = "blob.hash"
            else:
                made.photos[sha] = outbox.short_code(state.receipt)


def _named(
    here: Site, messages: Sequence[Message], said: Sequence[RelayedRun]
) -> dict[str, tuple[str, str]]:
    """Return the files that evidence in these messages names, but for entries that were refused.

    Those that are held, or wait for a gap to be filled, are named: their photos must not be lost.
    """
    good: list[Run] = []
    runs = [run for message in messages for run in message.runs]
    with here.store.reading() as session:
        for run, outcome in zip(runs, said, strict=True):
            if outcome.outcome == "refused":
                continue
            known = entries.of_device(session, run.device_id, run.first, len(run.bodies))
            out = {one.entry.number for one in known if one.verdict == "refused"}
            bodies = [
                body for number, body in enumerate(run.bodies, run.first) if number not in out
            ]
            good.append(replace(run, bodies=tuple(bodies)))
    return relay_files.named_in(replace(messages[0], runs=tuple(good)))


def run(here: Site, now_ms: int) -> int:
    """Take what lies in the folder; a duty. A result stands beside each file. Returns how many."""
    del now_ms
    folder, took = here.settings.home / FOLDER, 0
    if not folder.is_dir():
        return 0
    for path in sorted(one for one in folder.iterdir() if one.suffix in _SUFFIXES):
        try:
            found = take(here, path)
            took += sum(run.get("outcome") == "taken" for run in found.runs)
        except FieldError as error:
            found = Result(error=error.code)
        except RefusalError as error:
            if error.status in LATER:  # it stays until there is room, or the store is back
                _log.warning("file waits", extra={"file": path.name, "error": error.code})
                continue
            found = Result(error=error.code)
        _log.info("file taken in", extra={"file": path.name, "error": found.error})
        told = result_path(path)
        told.parent.mkdir(exist_ok=True)
        told.write_text(json.dumps(asdict(found), ensure_ascii=False, indent=1), "utf-8")
        path.replace(told.parent / path.name)  # last: whoever waits reads a whole result
    return took
