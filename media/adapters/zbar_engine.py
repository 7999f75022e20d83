"""zbar, through the package pyzbar: what phones have, and a second eye elsewhere.

It knows QR and Code 128, no DataMatrix. `pyzbar.decode` lets zbar guess the character set of a code
(10 wrong texts of 137), so the library is called as that function does it, with two settings more:
bytes as they are in the code, and a look for light codes on dark ground. Without the library,
importing is an ImportError.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from ctypes import c_void_p, string_at
from typing import Any

import numpy as np
from pyzbar import wrapper  # pyright: ignore[reportMissingTypeStubs]

from media.codes import Code, Kind, outline, text_of
from media.vision import Gray

# Named, never "all": on a sharpened picture zbar once invented an Interleaved 2 of 5 number.
_KINDS: dict[int, Kind] = {64: "qr", 128: "code128"}  # zbar_symbol_type_t
_ALL, _QR = 0, 64
_ENABLE, _BINARY, _INVERTED = 0, 4, 0x81  # zbar_config_t; the last two since zbar 0.23
_GRAY = 0x30303859  # "Y800": one byte a pixel
_zbar: Any = wrapper  # functions made at import, which have no types


class ZbarEngine:
    """Implements the port CodeEngine."""

    name = "zbar"

    def find(self, picture: Gray, *, thorough: bool) -> list[Code]:
        """Return the codes in a grey picture; `thorough` also light ones on dark ground."""
        height, width = picture.shape
        pixels = np.ascontiguousarray(picture)  # zbar keeps a pointer: it must outlive the scan
        with _scanner(thorough=thorough) as scanner, _image() as image:
            _zbar.zbar_image_set_format(image, _GRAY)
            _zbar.zbar_image_set_size(image, width, height)
            _zbar.zbar_image_set_data(image, c_void_p(pixels.ctypes.data), pixels.size, None)
            if _zbar.zbar_scan_image(scanner, image) <= 0:
                return []
            return list(_codes(image, width, height))


def _codes(image: object, width: int, height: int) -> Iterator[Code]:
    symbol = _zbar.zbar_image_first_symbol(image)
    while symbol:
        kind = _KINDS.get(symbol.contents.type)
        length = _zbar.zbar_symbol_get_data_length(symbol)
        if kind and length:
            corners = [
                (_zbar.zbar_symbol_get_loc_x(symbol, at), _zbar.zbar_symbol_get_loc_y(symbol, at))
                for at in range(_zbar.zbar_symbol_get_loc_size(symbol))
            ]
            if kind != "qr":  # of a bar code it tells every line that it read
                corners = _box(corners)
            data = string_at(_zbar.zbar_symbol_get_data(symbol), length)
            yield Code(text_of(data), kind, outline(corners, width, height))
        symbol = _zbar.zbar_symbol_next(symbol)


def _box(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if not points:
        return []
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


@contextmanager
def _scanner(*, thorough: bool) -> Generator[object]:
    scanner = _zbar.zbar_image_scanner_create()
    if not scanner:
        raise MemoryError
    try:
        configure = _zbar.zbar_image_scanner_set_config
        configure(scanner, _ALL, _ENABLE, 0)
        for symbol in _KINDS:
            configure(scanner, symbol, _ENABLE, 1)
        configure(scanner, _QR, _BINARY, 1)  # an older library refuses these two, and goes on
        configure(scanner, _ALL, _INVERTED, int(thorough))
        yield scanner
    finally:
        _zbar.zbar_image_scanner_destroy(scanner)


@contextmanager
def _image() -> Generator[object]:
    image = _zbar.zbar_image_create()
    if not image:
        raise MemoryError
    try:
        yield image
    finally:
        _zbar.zbar_image_destroy(image)
