"""Code reader with pyzbar (libzbar), for phones; without the library, importing is an ImportError.

It reads no DataMatrix, and it guesses the character set of texts that are not ASCII; labels are.
"""

from collections.abc import Iterator
from typing import Protocol, cast

from pyzbar import pyzbar  # pyright: ignore[reportMissingTypeStubs]

from media import vision
from media.cascade import Accept, Pass, first_accepted
from media.vision import Gray

# Named, never "all": on a sharpened picture zbar once invented an Interleaved 2 of 5 number.
_SYMBOLS = [pyzbar.ZBarSymbol.QRCODE, pyzbar.ZBarSymbol.CODE128]


class _Code(Protocol):
    data: bytes


class PyzbarReader:
    """Implements the port CodeReader; `accept` says whether a text is worth stopping for."""

    def __init__(self, accept: Accept | None = None) -> None:
        """Take the check that a good text passes; None takes any text."""
        self._accept = accept

    def read(self, picture: bytes, fast: bool = False) -> list[str]:
        """Return the texts in view; raises PictureError for bytes that are no picture."""
        if fast:
            return scan(vision.centre(vision.gray(picture)))
        return first_accepted(_passes(picture), self._accept)


def scan(picture: Gray) -> list[str]:
    """Return the texts zbar finds."""
    found = cast("list[_Code]", pyzbar.decode(picture, _SYMBOLS))  # pyright: ignore[reportUnknownMemberType]
    raw = [code.data for code in found]
    return list(dict.fromkeys(text.decode("utf-8", "replace") for text in raw if text))


def _passes(data: bytes) -> Iterator[Pass]:
    picture = vision.gray(data)
    yield lambda: scan(vision.half(picture))
    yield lambda: scan(picture)
    if vision.shows_more(data):  # a label far away in a large photo
        yield lambda: scan(vision.gray(data, vision.FINE_PIXELS_MIN))
    yield lambda: scan(vision.sharpened(picture))
    yield lambda: scan(vision.levelled(picture))
    yield lambda: scan(vision.despeckled(picture))
    yield lambda: scan(vision.inverted(picture))
