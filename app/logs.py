"""Logs of the device: one JSON line per event, in files with a size cap.

Only ids and counts are logged, never answers, names, positions or tokens.
"""

import json
import logging
import logging.handlers
import traceback
from pathlib import Path

FILE_MAX_BYTES = 1_000_000
FILES = 3


_OURS = frozenset(
    {"app", "domain", "main", "main_web", "media", "offline_store", "screens", "sync"}
)
_PLACES = 8


class JsonLine(logging.Formatter):
    """One event as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger and message; of an exception its types and their places.

        What an exception says may be contents: a database quotes what it could not write. The
        messages of libraries are named, not quoted, for the same reason.
        """
        ours = record.name.partition(".")[0] in _OURS or record.name == "__main__"
        line: dict[str, object] = {
            "at": self.formatTime(record, f"%Y-%m-%dT%H:%M:%S.{record.msecs:03.0f}%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage() if ours else "library",
        }
        if record.exc_info and record.exc_info[1]:
            line["error"], line["place"] = _error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def _error(error: BaseException) -> tuple[list[str], list[str]]:
    """Return the types of an exception and of those behind it, and where it was raised."""
    types: list[str] = []
    behind: BaseException | None = error
    while behind is not None and len(types) < _PLACES:
        types.append(type(behind).__name__)
        behind = behind.__cause__ or behind.__context__
    places = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return types, places[-_PLACES:]


def set_up(folder: Path) -> None:
    """Write the logs of this process into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        folder / "client.jsonl", maxBytes=FILE_MAX_BYTES, backupCount=FILES, encoding="utf-8"
    )
    handler.setFormatter(JsonLine())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
