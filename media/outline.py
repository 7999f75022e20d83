"""The ghost of a photo: its edges alone, to lay over a camera's preview and stand where it stood.

A pure function of the file and the box, bounded by the size that it works on. What is drawn is
white with a dark edge, so that it shows on any scene, by day and by night.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from media import images

EDGE: Final = 720  # pixels of the longer side: more lines would hide the scene
SMOOTH: Final = 1.6  # pixels: what is finer is noise
STRONG: Final = 88.0  # percentile of the gradient that begins a line; half of it goes on with one
LEAST: Final = 18.0  # of a gradient: flat scenes have no lines, only noise
LENGTH_MIN: Final = 28  # pixels of a line that helps to find the place
LINES_MAX: Final = 1500  # the longest count
INK: Final = (255, 255, 255, 235)
SHADE: Final = (0, 0, 0, 120)
MARK: Final = (77, 183, 255, 255)  # BGR: the amber of a marked region
Box = tuple[float, float, float, float]

_Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Outline:
    """A picture (PNG, transparent but for the lines) with its size; `share` of it is lines."""

    picture: bytes
    width: int
    height: int
    share: float

    @property
    def helps(self) -> bool:
        """Whether there is enough to recognise a place by."""
        return self.share >= 0.002


def outline(photo: bytes, box: Box | None = None) -> Outline:
    """Return the outline of a photo, turned as it is looked at; raises PictureError.

    `box` is the marked region: left, top, right, bottom in shares of the sides.
    """
    small = np.frombuffer(images.preview(photo, EDGE), np.uint8)
    grey = cv2.imdecode(small, cv2.IMREAD_GRAYSCALE)
    lines = _lines(_gray(grey))
    height, width = lines.shape
    drawn = np.zeros((height, width, 4), np.uint8)
    drawn[cv2.dilate(lines, np.ones((5, 5), np.uint8)) > 0] = SHADE
    drawn[cv2.dilate(lines, np.ones((2, 2), np.uint8)) > 0] = INK
    if box is not None:
        left, right = (round(side * width) for side in (box[0], box[2]))
        top, bottom = (round(side * height) for side in (box[1], box[3]))
        cv2.rectangle(drawn, (left, top), (right, bottom), SHADE, 7)
        cv2.rectangle(drawn, (left, top), (right, bottom), MARK, 3)
    _, data = cv2.imencode(".png", drawn, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    return Outline(data.tobytes(), width, height, float(np.count_nonzero(lines)) / lines.size)


def _lines(grey: _Gray) -> _Gray:
    """Return the long edges: 255 on a line of one pixel."""
    smooth = cv2.GaussianBlur(grey, (0, 0), SMOOTH)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strong = max(LEAST, float(np.percentile(np.abs(across) + np.abs(down), STRONG)))
    edges = cv2.Canny(smooth, strong / 2, strong)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
    length = stats[:, cv2.CC_STAT_AREA].copy()
    length[0] = 0  # what is no line
    keep = np.zeros(count, np.uint8)
    longest = np.argsort(length)[::-1][:LINES_MAX]
    keep[longest] = np.where(length[longest] >= LENGTH_MIN, 255, 0)
    return keep[np.asarray(labels, np.intp)]


def _gray(picture: NDArray[np.generic] | None) -> _Gray:
    assert picture is not None, "our own JPEG can be read"
    return picture.astype(np.uint8, copy=False)
