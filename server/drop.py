"""Files with entries that devices could not send: taken in beside the running server.

`anshao take-in` and the folder `take-in` of the server's home lead here. Taking the same file again
changes nothing and gives the same receipts.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from domain.errors import FieldError
from domain.receipts import blob_receipt_bytes
from offline_store import batches, blobs, outbox, records, relay_files, removals
from offline_store.relay_files import SUFFIX, RelayFile
from server import relay
from server.problems import RefusalError
from server.site import Site

FOLDER: Final = "take-in"
CARRIER: Final = "file"
_SUFFIXES: Final = frozenset({SUFFIX, ".zip"})
_log = logging.getLogger(__name__)


@dataclass
class Result:
    """What became of a file: the runs of entries, and the photos, with their receipts."""

    runs: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    photos: Mapping[str, str] = field(default_factory=dict[str, str])  # hash -> receipt code
    error: str | None = None


def take(here: Site, path: Path) -> Result:
    """Take a file in; raises RelayError for what is none, RefusalError for another plant."""
    file = RelayFile(path)
    try:
        reply = relay.take(here, file.message, CARRIER)
        made = Result([run.model_dump(exclude_none=True) for run in reply.runs])
        with here.store.reading() as session:
            for run in made.runs:
                done = [
                    one
                    for one in batches.of_device(session, str(run["dev"]))
                    if one.receipt and one.first <= int(str(run["last"])) <= one.last
                ]
                if done and done[-1].receipt:
                    run["receipt"] = outbox.short_code(done[-1].receipt)
        made.photos = _photos(here, file)
    finally:
        file.close()
    if any(run.outcome == "taken" for run in reply.runs):
        here.hints.announce()
    return made


def _photos(here: Site, file: RelayFile) -> dict[str, str]:
    """Keep the photos that evidence here names; returns their receipts."""
    wanted, found = relay_files.named_in(file.message), dict[str, str]()
    for sha in file.blobs:
        if sha not in wanted:
            continue
        kind, record_id = wanted[sha]
        with here.store.reading() as session:
            record = records.lookup(session, record_id)
            known = blobs.lookup(session, sha)
        if record is None or record.get(kind) != sha:  # its entry was refused, or waits
            continue
        if known is not None and known.state == removals.REMOVED:  # never taken again
            continue
        if known is None or not known.have:
            size, at_ms = file.keep(here.store, sha), here.now_ms()
            receipt = here.receipt(blob_receipt_bytes(sha, size, at_ms))
            with here.store.session() as session:
                blobs.add(session, sha, size, kind=kind, record_id=record_id, state="received")
                kept = blobs.confirm(session, sha, receipt, at_ms)
            if not kept:  # removed for good while it was copied
                here.blob_store.lose(sha)
                continue
        else:
            receipt = known.receipt or ""
        found[sha] = outbox.short_code(receipt) if receipt else ""
    return found


def run(here: Site, now_ms: int) -> int:
    """Take what lies in the folder; a duty. A result stands beside each file. Returns how many."""
    del now_ms
    folder, took = here.settings.home / FOLDER, 0
    if not folder.is_dir():
        return 0
    done = folder / "done"
    for path in sorted(one for one in folder.iterdir() if one.suffix in _SUFFIXES):
        try:
            found = take(here, path)
            took += sum(run.get("outcome") == "taken" for run in found.runs)
        except FieldError as error:
            found = Result(error=error.code)
        except RefusalError as error:
            found = Result(error=error.code)
        _log.info("file taken in", extra={"file": path.name, "error": found.error})
        done.mkdir(exist_ok=True)
        text = json.dumps(asdict(found), ensure_ascii=False, indent=1)
        (done / f"{path.name}.result.json").write_text(text, "utf-8")
        path.replace(done / path.name)
    return took
