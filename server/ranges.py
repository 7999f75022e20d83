"""The one range of a file that a request may ask for (RFC 9110 §14)."""

import re

from server.problems import RefusalError

_RANGE = re.compile(r"bytes=([0-9]{1,12}-[0-9]{0,12}|-[0-9]{1,12})")


def check(said: str) -> None:
    """Refuse what is not one range: a thousand ranges would be a thousand answers."""
    if not _RANGE.fullmatch(said):
        raise RefusalError(416, "blob.range")


def within(said: str, size: int) -> tuple[int, int]:
    """Return where a range begins and where it has ended; RefusalError 416 beyond the file."""
    first, _, last = said.removeprefix("bytes=").partition("-")
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise RefusalError(416, "blob.range", {"Content-Range": f"bytes */{size}"})
    return start, end
