"""Put the code reader together from the engines that this platform has."""

from collections.abc import Callable, Sequence
from importlib import import_module

from domain.errors import CameraError
from media.code_front import Accept, CodeFront
from media.codes import CodeEngine

ENGINES = {
    "zxing": ("media.adapters.zxing_engine", "ZxingEngine"),
    "zbar": ("media.adapters.zbar_engine", "ZbarEngine"),
    "opencv": ("media.adapters.opencv_engine", "OpencvEngine"),
}


def engines(names: Sequence[str] | None = None) -> list[CodeEngine]:
    """Return those of the named engines (none named: all) whose libraries are here."""
    found: list[CodeEngine] = []
    for name in ENGINES if names is None else names:
        module, kind = ENGINES[name]
        try:
            engine: CodeEngine = getattr(import_module(module), kind)()
        except ImportError:  # phones have no zxing-cpp; a desktop may lack libzbar
            continue
        found.append(engine)
    return found


def choose_reader(
    accept: Accept | None = None, now_ms: Callable[[], int] | None = None
) -> CodeFront:
    """Return the front over all engines here; raises CameraError "unsupported" without any.

    `accept` says whether a text is worth stopping for; `now_ms` is a monotonic clock, without which
    no search has an end but its own.
    """
    found = engines()
    if not found:
        raise CameraError(reason="unsupported")
    return CodeFront(found, accept, now_ms)
