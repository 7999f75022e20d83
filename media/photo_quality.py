"""How a photo looks, measured: sharp, dark, blown out."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from domain.evidence import PhotoQuality

EDGE = 800  # px; measured on the picture at this size, so that megapixels make no difference
WHITE = 250


def measure(picture: Image.Image) -> PhotoQuality:
    """Return the quality of a decoded picture. Takes some 10 ms."""
    longest = max(picture.size)
    small = picture.convert("L")
    if longest > EDGE:
        size = (max(1, picture.width * EDGE // longest), max(1, picture.height * EDGE // longest))
        small = small.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    gray = np.asarray(small)
    return PhotoQuality(
        sharp=sharpness(gray),
        light=_level(gray, 0.95),
        blown=float(np.mean(gray >= WHITE) * 100),
    )


def sharpness(gray: NDArray[np.uint8]) -> float:
    """Return how steep the sharpest edges are, in percent of the picture's contrast.

    Noise is smoothed away first: a blurred night shot is not sharp because it is noisy.
    """
    soft = cv2.GaussianBlur(gray, (0, 0), 1.0).astype(np.float32)
    levels = soft.astype(np.uint8)
    low, high = _level(levels, 0.02), _level(levels, 0.98)
    edges = np.abs(cv2.Laplacian(soft, cv2.CV_32F))
    return float(np.quantile(edges, 0.995) / max(high - low, 8.0) * 100)


def _level(gray: NDArray[np.uint8], share: float) -> int:
    """Return the level that this share of the picture does not exceed (sorting would take long)."""
    counts = np.cumsum(np.bincount(gray.ravel(), minlength=256))
    return int(np.searchsorted(counts, share * gray.size))
