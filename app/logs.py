"""Logs of the device: one JSON line per event, in files with a size cap.

Only ids and counts are logged, never answers, names, positions or tokens.
"""

import json
import logging
import logging.handlers
from pathlib import Path

FILE_MAX_BYTES = 1_000_000
FILES = 3


class JsonLine(logging.Formatter):
    """One event as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger, message, and the type of an exception with its place."""
        line: dict[str, object] = {
            "at": self.formatTime(record, f"%Y-%m-%dT%H:%M:%S.{record.msecs:03.0f}%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


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
