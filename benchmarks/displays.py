"""Pictures of displays, and streams of virtual cameras, made by computer: no real one was measured.

A display is drawn with its stripes (or diamond-less PenTile pairs) and the black between, seen from
a hand that is never quite straight, by a lens that is never quite sharp, on a sensor with one
colour a pixel, noise and JPEG. A genuine photo goes the same way without the display.
"""

from collections.abc import Iterator
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from media.recapture.stream import EDGE, Frame

Picture = NDArray[np.uint8]
Light = NDArray[np.float32]  # linear, 0 to 1
SIZE: Final = (1200, 900)
KINDS: Final[tuple[tuple[str, float, Literal["stripes", "pairs"]], ...]] = (
    ("stripes_1.3", 1.3, "stripes"),
    ("stripes_1.8", 1.8, "stripes"),
    ("stripes_2.4", 2.4, "stripes"),
    ("stripes_3.3", 3.3, "stripes"),
    ("stripes_5", 5.0, "stripes"),
    ("pairs_2.1", 2.1, "pairs"),
    ("pairs_3.7", 3.7, "pairs"),
)  # name, pixels of the camera per pixel of the display, how it makes colours
STREAMS: Final = ("sensor", "picture", "picture_even", "resaved")
_FINE: Final = 6  # points of light per pixel of the display
_COLOUR_Q: Final = (70, 95)


def recaptured(
    picture: Picture, pitch: float, pattern: Literal["stripes", "pairs"], rng: np.random.Generator
) -> bytes:
    """Return a JPEG of a photo of a display that shows `picture` (RGB)."""
    across, down = (round(side * 1.08 / pitch) for side in SIZE)
    shown = cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA).astype(np.float32)
    light = (shown / 255) ** rng.uniform(2.0, 2.4)
    drawn = _drawn(light.repeat(_FINE, 0).repeat(_FINE, 1).astype(np.float32), pattern)
    step = pitch / _FINE
    soft = cv2.GaussianBlur(drawn, (0, 0), max(0.01, rng.uniform(0.25, 0.9) / step))
    twice = (2 * SIZE[0], 2 * SIZE[1])
    view = np.diag([2.0, 2.0, 1.0]) @ _view(step, drawn.shape[1], drawn.shape[0], rng)
    seen = cv2.warpPerspective(soft, view, twice, borderMode=cv2.BORDER_REFLECT)
    seen = cv2.resize(seen, SIZE, interpolation=cv2.INTER_AREA) * rng.uniform(0.7, 1.1)
    return _shot(np.asarray(seen, np.float32), rng)


def genuine(picture: Picture, rng: np.random.Generator) -> bytes:
    """Return a JPEG of the place itself by the same camera."""
    seen = cv2.resize(picture, SIZE, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    return _shot(np.asarray(np.clip(seen, 0, 1) ** 2.2, np.float32), rng)


def stream(picture: Picture, kind: str, rng: np.random.Generator, number: int = 8) -> list[Frame]:
    """Return frames in a row: of a sensor, or of a program that shows a picture.

    "picture_even" keeps an exact beat, "resaved" changes a little with each frame as a video does.
    """
    gray = cv2.cvtColor(cv2.resize(picture, SIZE), cv2.COLOR_RGB2GRAY)
    frames: list[Frame] = []
    at_us = 0
    for view in _frames(gray.astype(np.uint8, copy=False), kind, rng, number):
        top, left = (SIZE[1] - EDGE) // 2, (SIZE[0] - EDGE) // 2
        frames.append(Frame(view[top : top + EDGE, left : left + EDGE].copy(), at_us))
        at_us += 33_333 + (0 if kind == "picture_even" else round(rng.normal(0, 700)))
    return frames


def _frames(
    gray: NDArray[np.uint8], kind: str, rng: np.random.Generator, number: int
) -> Iterator[NDArray[np.uint8]]:
    for turn in range(number):
        if kind == "sensor":
            moved = np.roll(gray, (turn // 3, turn // 2), (0, 1))
            noise = rng.normal(0, rng.uniform(0.7, 2.5), gray.shape)
            yield (moved + noise).clip(0, 255).astype(np.uint8)
        elif kind == "resaved":
            flicker = rng.random(gray.shape) < 0.02
            yield np.where(flicker, gray ^ 1, gray).astype(np.uint8)
        else:
            yield gray


def _drawn(light: Light, pattern: Literal["stripes", "pairs"]) -> Light:
    """Return what a display's pixels send out, each drawn with its parts and the black between."""
    height, width = int(light.shape[0]), int(light.shape[1])
    line: NDArray[np.bool_] = (np.arange(height) % _FINE < _FINE - 1)[:, None]
    column: NDArray[np.intp] = np.arange(width)
    part: NDArray[np.intp] = column % _FINE
    drawn = np.zeros_like(light)
    if pattern == "stripes":
        for colour in range(3):
            drawn[..., colour] = light[..., colour] * ((part // 2 == colour)[None] & line) * 3.2
        return drawn
    turn: NDArray[np.intp] = ((np.arange(height) // _FINE)[:, None] + (column // _FINE)[None]) % 2
    drawn[..., 1] = light[..., 1] * ((part < 2)[None] & line) * 3.2
    beside: NDArray[np.bool_] = (part >= 3)[None] & line
    drawn[..., 0] = light[..., 0] * (beside & (turn == 0)) * 4.4
    drawn[..., 2] = light[..., 2] * (beside & (turn == 1)) * 4.4
    return drawn


def _view(step: float, width: int, height: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return where the display is in the picture: some degrees turned, some aside."""
    x, y = SIZE[0] / 2, SIZE[1] / 2
    lie = np.array([[step, 0, -step * width / 2], [0, step, -step * height / 2], [0, 0, 1]])
    turn = np.radians(rng.uniform(-6, 6))
    turned = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    slanted = np.eye(3)
    slanted[2, :2] = rng.uniform(-6e-5, 6e-5, 2)
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]]) @ slanted @ turned @ lie


def _shot(light: Light, rng: np.random.Generator) -> bytes:
    """Return what a camera makes of it: noise, one colour a pixel, gamma, sharpening, JPEG."""
    wide = rng.uniform(1e-4, 6e-4), rng.uniform(5e-6, 4e-5)
    noise = rng.normal(0, 1, light.shape) * np.sqrt(np.clip(light, 0, 1) * wide[0] + wide[1])
    seen = np.clip(light + noise, 0, 1)
    sensor = np.zeros(light.shape[:2], np.float32)
    for top, left, colour in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        sensor[top::2, left::2] = seen[top::2, left::2, colour]
    mosaic = (sensor * 65535).astype(np.uint16)
    full = cv2.cvtColor(mosaic, cv2.COLOR_BayerBG2RGB).astype(np.float32) / 65535
    picture = (full ** (1 / 2.2) * 255).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        picture = cv2.addWeighted(picture, 1.5, soft, -0.5, 0).astype(np.uint8, copy=False)
    quality = int(rng.integers(*_COLOUR_Q))
    solid = np.ascontiguousarray(picture[..., ::-1])
    return bytes(cv2.imencode(".jpg", solid, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
