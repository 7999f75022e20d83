"""One JSON line per event, to a file with a size cap and to stderr: ids and counts, nothing else.

What may stand in a line is a closed list: a field that is not on it is dropped, so that an answer,
a name, a position or a token cannot slip into a log by a careless call.
"""

import json
import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from server import clock

FIELDS = (
    *("device", "method", "route", "status", "ms", "code", "incident", "version"),
    *("feed", "first", "last", "entries", "refused", "hazards", "blob", "offset", "lost"),
)
_TEXT_MAX = 80
_KEPT_FILES = 3


class JsonLine(logging.Formatter):
    """Formats one record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; of a traceback only type and place: its text may hold data."""
        line: dict[str, object] = {
            "at": clock.moment(int(record.created * 1000)).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            # only our own messages are known to be free of data; a library's are named, not quoted
            "event": record.msg if _ours(record.name) else "library",
        }
        for field in FIELDS:
            value = getattr(record, field, None)
            if isinstance(value, int | float):
                line[field] = value
            elif isinstance(value, str):
                line[field] = value[:_TEXT_MAX]
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["place"] = _place(record)
        return json.dumps(line, ensure_ascii=True)


def _ours(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in {"server", "offline_store", "sync", "domain", "media"}


def _place(record: logging.LogRecord) -> list[str]:
    assert record.exc_info
    trace = record.exc_info[2]
    places: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-8:]


def start(folder: Path, max_bytes: int) -> None:
    """Send every log of this process to `folder`/server.jsonl and to stderr."""
    folder.mkdir(parents=True, exist_ok=True)
    file = RotatingFileHandler(
        folder / "server.jsonl", maxBytes=max_bytes, backupCount=_KEPT_FILES, encoding="utf-8"
    )
    root = logging.getLogger()
    for handler in (file, logging.StreamHandler(sys.stderr)):
        handler.setFormatter(JsonLine())
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    for noisy in ("uvicorn.access", "httpx", "httpcore", "sqlalchemy.engine"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
