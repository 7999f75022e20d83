"""Choose the code reader that this platform has."""

from importlib import import_module

from domain.errors import CameraError
from media.cascade import Accept
from media.ports import CodeReader

_BEST_FIRST = (
    ("media.adapters.zxing_reader", "ZxingReader"),
    ("media.adapters.pyzbar_reader", "PyzbarReader"),
)


def choose_reader(accept: Accept | None = None) -> CodeReader:
    """Return zxing, else pyzbar; raises CameraError "unsupported" where neither is installed."""
    for module, name in _BEST_FIRST:
        try:
            found = import_module(module)
        except ImportError:
            continue
        reader: CodeReader = getattr(found, name)(accept)
        return reader
    raise CameraError(reason="unsupported")
