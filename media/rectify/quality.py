"""Is a photo good enough to be compared? The gate before the rectification check.

Measured on the picture at registration's size. The limits are far from what usable photos have: a
photo that fails shows nothing a person could judge either.
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.rectification import Flaw, Quality
from media.rectify.align import Gray


def flaws(
    picture: Gray, which: Literal["before", "after"], edge: int, least: Quality
) -> tuple[Flaw, ...]:
    """Return what is wrong with a grey picture whose original is `edge` pixels long."""
    if edge < least.edge:
        return (Flaw(which, "small"),)
    if np.quantile(picture, 0.95) < least.dark:
        return (Flaw(which, "dark"),)
    if np.quantile(picture, 0.4) >= least.blown:
        return (Flaw(which, "blown"),)
    if sharpness(picture) < least.sharp:
        return (Flaw(which, "blurred"),)
    return ()


def sharpness(picture: Gray) -> float:
    """Return how steep the sharpest edges are, in percent of the picture's contrast.

    Sensor noise is smoothed away first: a blurred night shot is not sharp because it is noisy.
    """
    soft = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float32)
    low, high = np.quantile(soft, (0.02, 0.98))
    edges: NDArray[np.float32] = np.abs(cv2.Laplacian(soft, cv2.CV_32F))
    return float(np.quantile(edges, 0.995) / max(high - low, 8.0) * 100)
