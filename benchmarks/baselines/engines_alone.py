"""Baselines of `qr`: each engine by itself, as its manual shows it, in its best text mode."""

import io
from typing import Protocol, cast

import cv2
import numpy as np
from PIL import Image

try:
    import zxingcpp
except ImportError:  # phones have no wheel of it
    zxingcpp = None
try:
    from pyzbar import pyzbar  # pyright: ignore[reportMissingTypeStubs]
except ImportError:  # without libzbar
    pyzbar = None


class _Code(Protocol):
    data: bytes


def zxing(picture: bytes) -> list[str]:
    """Return the texts that zxing-cpp reads: QR, DataMatrix, Code 128, with its own defaults."""
    assert zxingcpp
    names = zxingcpp.BarcodeFormat
    formats = zxingcpp.BarcodeFormats([names.QRCode, names.DataMatrix, names.Code128])
    found = zxingcpp.read_barcodes(
        _gray(picture), formats=formats, text_mode=zxingcpp.TextMode.Plain
    )
    return [code.text for code in found]


def zbar(picture: bytes) -> list[str]:
    """Return the texts that pyzbar reads: QR and Code 128."""
    assert pyzbar
    symbols = [pyzbar.ZBarSymbol.QRCODE, pyzbar.ZBarSymbol.CODE128]
    found = cast("list[_Code]", pyzbar.decode(_gray(picture), symbols))  # pyright: ignore[reportUnknownMemberType]
    return [code.data.decode("utf-8", "replace") for code in found]


def opencv(picture: bytes) -> list[str]:
    """Return the texts that OpenCV's better QR detector reads."""
    try:
        found = cv2.QRCodeDetectorAruco().detectAndDecodeBytesMulti(np.asarray(_gray(picture)))
    except cv2.error:
        return []
    return [text.decode("utf-8", "replace") for text in found[1] if text]


def present() -> tuple[str, ...]:
    """Return the names of the engines that this machine has."""
    here = {"zxing": zxingcpp is not None, "zbar": pyzbar is not None, "opencv": True}
    return tuple(name for name, found in here.items() if found)


def _gray(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture)).convert("L")
