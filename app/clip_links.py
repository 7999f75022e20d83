"""Addresses under which this device shows a clip to its own screen.

A player fetches a clip itself, in ranges; through the socket of the page 16 MB are the end. A link
is a secret of one screen: it is made when the clip is opened and gone when it is closed.
"""

import secrets
from dataclasses import dataclass, field
from typing import NamedTuple

ROUTE = "/clip"
OPEN_MAX = 32  # clips open at once; the oldest link goes first
MIMES = frozenset({"video/mp4", "video/webm", "video/quicktime", "video/x-matroska", "video/3gpp"})


class Shown(NamedTuple):
    """A file being shown, and what the browser is told that it is."""

    sha256: str
    mime: str


@dataclass
class ClipLinks:
    """The clips open on the screens of this device."""

    _open: dict[str, Shown] = field(default_factory=dict[str, Shown])

    def open(self, sha256: str, mime: str) -> str:
        """Return the address of a clip, good until `close`.

        The type comes from a record that another device wrote: only types of clips are passed on.
        """
        while len(self._open) >= OPEN_MAX:
            self._open.pop(next(iter(self._open)))
        token = secrets.token_urlsafe(24)
        self._open[token] = Shown(sha256, mime if mime in MIMES else "application/octet-stream")
        return f"{ROUTE}/{token}"

    def close(self, address: str) -> None:
        """Forget an address; one that is gone already is no trouble."""
        self._open.pop(address.rpartition("/")[2], None)

    def find(self, token: str) -> Shown | None:
        """Return what stands behind an address, if it is good."""
        return self._open.get(token)
