"""The code reader as machines have it: with every engine, as on a phone, with OpenCV alone."""

import pytest

from media.adapters.readers import engines
from media.code_front import Accept, CodeFront

READERS = [pytest.param("desktop", marks=pytest.mark.desktop), "phone", "opencv"]
_ENGINES = {
    "desktop": ("zxing", "zbar", "opencv"),
    "phone": ("zbar", "opencv"),
    "opencv": ("opencv",),
}


def reader(name: str, accept: Accept | None = None) -> CodeFront:
    """Return the front over the engines of that kind of machine; it takes all the time it wants."""
    found = engines(_ENGINES[name])
    assert [engine.name for engine in found] == list(_ENGINES[name])
    return CodeFront(found, accept)


def texts_of(front: CodeFront, picture: bytes, *, fast: bool = False) -> list[str]:
    """Return only the texts that it reads."""
    return [code.text for code in front.read(picture, fast)]
