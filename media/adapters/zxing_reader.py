"""Code reader with zxing-cpp, for desktops and servers (it has no wheels for phones).

A quick pass reads most; what it misses goes through slower passes, until one gives a text that the
caller accepts. The order is the measured one: what reads most for its time comes first.
"""

from collections.abc import Iterator

import zxingcpp

from media import vision
from media.cascade import Accept, Pass, first_accepted
from media.vision import Gray

try:  # an extra engine where its C library is installed
    from media.adapters import pyzbar_reader
except ImportError:
    pyzbar_reader = None

_FORMATS = zxingcpp.BarcodeFormats(
    [
        zxingcpp.BarcodeFormat.QRCode,
        zxingcpp.BarcodeFormat.DataMatrix,
        zxingcpp.BarcodeFormat.Code128,
    ]
)


class ZxingReader:
    """Implements the port CodeReader; `accept` says whether a text is worth stopping for."""

    def __init__(self, accept: Accept | None = None) -> None:
        """Take the check that a good text passes; None takes any text."""
        self._accept = accept

    def read(self, picture: bytes, fast: bool = False) -> list[str]:
        """Return the texts in view; raises PictureError for bytes that are no picture."""
        if fast:
            return scan(vision.centre(vision.gray(picture)), thorough=False)
        return first_accepted(_passes(picture), self._accept)


def scan(picture: Gray, *, thorough: bool) -> list[str]:
    """Return the texts zxing finds; `thorough` also looks rotated, inverted and scaled down."""
    # TextMode.Plain: the default rewrites GS1 and control characters (17 of 18 wrong texts).
    found = zxingcpp.read_barcodes(
        picture,
        formats=_FORMATS,
        try_rotate=thorough,
        try_downscale=thorough,
        try_invert=thorough,
        text_mode=zxingcpp.TextMode.Plain,
    )
    return list(dict.fromkeys(code.text for code in found if code.text))


def _passes(data: bytes) -> Iterator[Pass]:
    picture = vision.gray(data)
    zbar = pyzbar_reader.scan if pyzbar_reader else None
    yield lambda: scan(picture, thorough=False)
    yield lambda: scan(picture, thorough=True)
    if vision.shows_more(data):  # a label far away in a large photo
        yield lambda: scan(vision.gray(data, vision.FINE_PIXELS_MIN), thorough=True)
    yield lambda: scan(vision.sharpened(picture), thorough=True)
    if zbar:
        yield lambda: zbar(vision.half(picture))
    yield lambda: scan(vision.brightened(picture), thorough=True)
    yield lambda: scan(vision.binary(picture, 25), thorough=True)
    if zbar:
        yield lambda: zbar(picture)
    yield lambda: scan(vision.binary(picture, 51), thorough=True)
