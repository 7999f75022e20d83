"""The two photos as the check sees them: upright, RGB, decoded no larger than needed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media import exif as exif_block
from media import images
from media.rectify.align import Box, Gray

Picture = NDArray[np.uint8]  # (height, width, 3), RGB
REGISTER_EDGE = 800
BOX_EDGE = 112  # pixels of the marked region that the comparison wants
PIXELS_MAX = 12_500_000  # decoded: a small box in a large photo asks for no more


@dataclass(frozen=True, slots=True)
class Photo:
    """`rgb` at `scale` decoded pixels per pixel of the upright original, which is `edge` long."""

    rgb: Picture
    scale: float
    edge: int


def opened(data: bytes, box_share: float) -> Photo:
    """Decode a photo so that a box of that share of its longer side is sharp enough.

    Raises PictureError and PictureTooLargeError.
    """
    picture = images.open_picture(data)
    orientation = exif_block.read(picture).orientation
    edge = max(picture.size)
    wanted = max(REGISTER_EDGE, round(BOX_EDGE / max(box_share, 1e-3)))
    pixels = picture.width * picture.height
    scale = next(s for s in (8, 4, 2, 1) if s == 1 or edge // s >= wanted)
    while scale < 8 and pixels // (scale * scale) > PIXELS_MAX:
        scale *= 2
    small = images.upright(images.decode(picture, scale), orientation)
    return Photo(np.asarray(small), max(small.size) / edge, edge)


def grey(picture: Picture) -> Gray:
    """Return the picture in grey."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def reduced(picture: Picture, factor: float) -> Picture:
    """Return the picture smaller by `factor` (at most 1: larger ones stay as they are)."""
    if factor >= 1:
        return picture
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def share_of(box: Box, width: int, height: int) -> float:
    """Return the box's longer side over the photo's."""
    return max(box[2] - box[0], box[3] - box[1]) / max(width, height)
