"""The least that looks at two photos: decode both and describe them with ORB, nothing compared."""

import cv2
import numpy as np


def describe(before: bytes, after: bytes) -> int:
    """Decode both photos whole, find and describe ORB points; returns how many there were."""
    found = 0
    for data in (before, after):
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        points, _ = cv2.ORB.create().detectAndCompute(picture, np.empty(0, np.uint8))
        found += len(points)
    return found
