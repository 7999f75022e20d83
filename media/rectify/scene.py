"""How well the scene outside the marked region agrees, once the photos lie on each other.

Every cell of a small copy of the before photo is looked for nearby in the other one. What counts is
the share of texture that is found again, over the part both photos show. Measured: same place at
least 0.36 (strong parallax), median 1; other places laid on each other anyhow median 0.23, nine of
ten below 0.34. Matches that agree are asked for before.
"""

import cv2
import numpy as np

from media.rectify.align import Box, Gray, Matrix
from media.rectify.cells import search

EDGE = 160
_CELL = 9
_REACH = 6
_NOTHING, _ALL = 0.35, 0.85  # mean likeness of another place, of the same one


def agreement(before: Gray, after: Gray, box: Box, fit: Matrix) -> float:
    """Return 0 to 1; `fit` leads from before to after, all in pixels of the pictures given."""
    scale = EDGE / max(before.shape)
    size = (round(before.shape[1] * scale), round(before.shape[0] * scale))
    grid = np.diag([1 / scale, 1 / scale, 1.0])
    one = cv2.resize(before, size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(after, (0, 0), 0.4 / scale)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    two = cv2.warpPerspective(soft, fit @ grid, size, flags=flags)
    full = np.full(after.shape, 255, np.uint8)
    seen = cv2.warpPerspective(full, fit @ grid, size, flags=flags) > 250
    left, top, right, bottom = (round(side * scale) for side in box)
    seen[max(0, top) : bottom, max(0, left) : right] = False
    found, _ = search(one.astype(np.float32), two.astype(np.float32), _CELL, _REACH)
    counted = seen & ~np.isnan(found.likeness)
    if counted.sum() < 0.1 * seen.size:  # too little in common to say anything
        return 0.0
    weight = np.clip(found.texture[counted], 0, 25) + 0.1
    mean = float(np.average(found.likeness[counted], weights=weight))
    return min(1.0, max(0.0, (mean - _NOTHING) / (_ALL - _NOTHING)))
