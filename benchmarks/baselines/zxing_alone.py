"""Baseline of `scan`: zxing-cpp by itself, as its manual shows it, in its best text mode."""

import io

import zxingcpp
from PIL import Image

_FORMATS = zxingcpp.BarcodeFormats(
    [
        zxingcpp.BarcodeFormat.QRCode,
        zxingcpp.BarcodeFormat.DataMatrix,
        zxingcpp.BarcodeFormat.Code128,
    ]
)


def read(picture: bytes) -> list[str]:
    """Return the texts in a picture file."""
    gray = Image.open(io.BytesIO(picture)).convert("L")
    found = zxingcpp.read_barcodes(gray, formats=_FORMATS, text_mode=zxingcpp.TextMode.Plain)
    return [code.text for code in found]
