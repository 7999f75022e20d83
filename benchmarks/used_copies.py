"""For the bench `reuse`: what people do to a photo to use it again, kind by kind.

`EASY` and `HARD` are the kinds that are asked for. They are the friendly ones of their sort: cut
alike on all sides, shown on an empty screen. `UNKIND` are those that are not, and count apart.
"""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

EASY: Final = ("resaved", "resized", "crop5", "mirrored", "screenshot")
HARD: Final = ("crop10", "rotated3", "rotated90")
UNKIND: Final = ("crop5_aside", "crop10_aside", "screenshot_bars", "relit")
Picture = NDArray[np.uint8]


def copies(data: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield what people do to a photo to use it again; crops take that share off each side."""
    picture = _decoded(data)
    height, width = picture.shape[:2]
    rng = np.random.default_rng(seed)
    yield "resaved", _jpeg(picture, int(rng.integers(50, 80)))
    factor = float(rng.uniform(0.4, 0.75))
    yield "resized", _jpeg(cv2.resize(picture, None, fx=factor, fy=factor), 85)
    for kind, share in (("crop5", 0.05), ("crop10", 0.10)):
        down, aside = round(share * height), round(share * width)
        yield kind, _jpeg(picture[down : height - down, aside : width - aside], 85)
    yield "mirrored", _jpeg(picture[:, ::-1], 85)
    screen = np.full((round(width * 1.9), width, 3), int(rng.integers(0, 30)), np.uint8)
    top = (screen.shape[0] - height) // 2
    screen[top : top + height] = picture
    yield "screenshot", _jpeg(cv2.resize(screen, None, fx=0.8, fy=0.8), 80)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.choice([-3, 3])), 1.08)
    yield "rotated3", _jpeg(cv2.warpAffine(picture, turn, (width, height)), 85)
    yield "rotated90", _jpeg(np.rot90(picture), 85)


def unkind(data: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield copies that are less alike: cut on some sides only, with a phone's bars, re-lit."""
    picture = _decoded(data)
    height, width = picture.shape[:2]
    rng = np.random.default_rng((seed, 1))
    for kind, share in (("crop5_aside", 0.05), ("crop10_aside", 0.10)):
        above, before = (float(part) for part in rng.uniform(0, 2 * share, 2))
        top, left = round(above * height), round(before * width)
        bottom, right = round((2 * share - above) * height), round((2 * share - before) * width)
        yield kind, _jpeg(picture[top : height - bottom, left : width - right], 85)
    yield "screenshot_bars", _jpeg(_on_a_phone(picture, rng), 80)
    light = 255 * (picture / 255.0) ** rng.uniform(0.7, 1.4) * rng.uniform(0.85, 1.15)
    yield "relit", _jpeg(light.clip(0, 255), 75)


def _on_a_phone(picture: Picture, rng: Generator) -> Picture:
    """Return the photo in a viewer: the time and the battery above, buttons below."""
    height, width = picture.shape[:2]
    high = round(width * 1.9)
    screen = np.full((high, width, 3), int(rng.choice([12, 250])), np.uint8)
    ink = (255 - int(screen[0, 0, 0]),) * 3
    top = (high - height) // 2
    screen[top : top + height] = picture
    size, thick = width / 700, max(1, round(width / 350))
    for word, at in (("12:41", 0.05), ("LTE 83%", 0.75)):
        where = (round(at * width), round(0.035 * high))
        cv2.putText(screen, word, where, cv2.FONT_HERSHEY_SIMPLEX, size, ink, thick)
    for button in range(5):
        where = (round((0.1 + 0.2 * button) * width), round(0.95 * high))
        cv2.circle(screen, where, round(0.03 * width), ink, thick)
    return cv2.resize(screen, None, fx=0.8, fy=0.8).astype(np.uint8, copy=False)


def _decoded(data: bytes) -> Picture:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(np.uint8, copy=False)


def _jpeg(picture: NDArray[np.generic], quality: int) -> bytes:
    solid = np.ascontiguousarray(picture).astype(np.uint8, copy=False)
    return bytes(cv2.imencode(".jpg", solid, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
