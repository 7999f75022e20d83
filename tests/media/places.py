"""Places to photograph: textured planes at several depths, seen from a hand that moves a little."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.media.pictures import jpeg

Picture = NDArray[np.uint8]
SIZE = (960, 720)
BOX = (380.0, 260.0, 560.0, 420.0)  # where the defect is


def wall(seed: int, size: tuple[int, int] = SIZE) -> Picture:
    """Return a picture full of things: patches of many sizes and colours, and their shades."""
    rng = np.random.default_rng(seed)
    width, height = size
    picture = np.full((height, width, 3), rng.integers(90, 160, 3), np.uint8)
    for _ in range(420):
        x, y = rng.integers(0, width), rng.integers(0, height)
        half = rng.integers(4, 60, 2)
        colour = tuple(int(v) for v in rng.integers(20, 235, 3))
        if rng.random() < 0.5:
            cv2.rectangle(
                picture, (x - half[0], y - half[1]), (x + half[0], y + half[1]), colour, -1
            )
        else:
            cv2.ellipse(
                picture, (int(x), int(y)), (int(half[0]), int(half[1])), 30, 0, 360, colour, -1
            )
    return grainy(cv2.GaussianBlur(picture, (0, 0), 1.2).astype(np.uint8), seed)


def grainy(picture: Picture, seed: int, sigma: float = 3) -> Picture:
    """Return the picture with the noise of another exposure."""
    noise = np.random.default_rng(seed).normal(0, sigma, (*picture.shape[:2], 1))
    return (picture + noise).clip(0, 255).astype(np.uint8)


def second_shot(picture: Picture, seed: int) -> Picture:
    """Return the place from a step aside: near things move more than far ones, other noise."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    rng = np.random.default_rng(seed)
    turn = rng.uniform(-0.03, 0.03)
    shift = rng.uniform(-12, 12, 2)
    near = 5 * np.sin(x / 170 + seed) + 4 * np.cos(y / 140)  # parallax, smooth over the scene
    across = x + turn * (y - height / 2) + shift[0] + near
    down = y - turn * (x - width / 2) + shift[1] + 0.3 * near
    moved = cv2.remap(
        picture,
        across.astype(np.float32),
        down.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return grainy(moved.astype(np.uint8), seed + 1)


def with_defect(picture: Picture) -> Picture:
    """Return the place with a thing in the box that should not be there."""
    drawn = picture.copy()
    left, top, right, bottom = (int(side) for side in BOX)
    centre = ((left + right) // 2, (top + bottom) // 2)
    cv2.ellipse(drawn, centre, (70, 55), 15, 0, 360, (200, 60, 30), -1)
    for step in range(-60, 61, 20):
        cv2.line(
            drawn, (centre[0] + step, top + 25), (centre[0] - step, bottom - 25), (20, 20, 25), 5
        )
    return drawn


def file(picture: Picture, **how: object) -> bytes:
    """Return the picture as a JPEG file."""
    return jpeg(Image.fromarray(picture), quality=88, **how)


def from_aside(picture: Picture, degrees: float, zoom: float, seed: int) -> Picture:
    """Return the place, as if flat, seen from so many degrees aside and so much nearer."""
    width, height = SIZE
    focal = 1.1 * width
    turn = np.radians(degrees)
    centred = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    # the plane stands at the focal length and turns about its own middle
    view = np.array(
        [
            [np.cos(turn), 0, 0],
            [0, 1, 0],
            [np.sin(turn) / focal, 0, 1],
        ]
    )
    back = np.array([[zoom, 0, width / 2], [0, zoom, height / 2], [0, 0, 1.0]])
    seen = cv2.warpPerspective(picture, back @ view @ centred, SIZE, borderMode=cv2.BORDER_REFLECT)
    return grainy(seen.astype(np.uint8), seed)
