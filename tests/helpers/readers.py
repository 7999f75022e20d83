"""The code readers by name, imported only where this machine may have them."""

import pytest

from media.adapters.pyzbar_reader import PyzbarReader
from media.cascade import Accept
from media.ports import CodeReader

READERS = [pytest.param("zxing", marks=pytest.mark.desktop), "pyzbar"]


def reader(name: str, accept: Accept | None = None) -> CodeReader:
    """Return the reader of that name."""
    if name == "pyzbar":
        return PyzbarReader(accept)
    from media.adapters.zxing_reader import ZxingReader  # phones have no wheel of it

    return ZxingReader(accept)
