"""Pictures of the check for people: the after photo laid on the before photo, and the heat on it.

Both are JPEG files in the before photo's view, so that a slider can lie between them.
"""

import cv2
import numpy as np
from PIL import Image

from media import images
from media.rectify import photos
from media.rectify.check import Checked
from media.rectify.photos import Picture

EDGE = 1280
QUALITY = 85
_COLD, _HOT = np.array([255, 220, 0]), np.array([220, 20, 20])  # yellow, red
_STRENGTH = 0.6
_BOX = (255, 255, 255)


def plain(checked: Checked) -> bytes:
    """Return the before photo in the size of the others."""
    before = checked.before.rgb
    return _jpeg(photos.reduced(before, min(1.0, EDGE / max(before.shape))))


def registered(checked: Checked) -> bytes:
    """Return the after photo as seen from the before photo; as it is where they did not fit."""
    return _jpeg(_view(checked)[0])


def overlay(checked: Checked) -> bytes:
    """Return the registered after photo with what changed in colour, and the region's outline."""
    view, factor = _view(checked)
    picture = view.astype(np.float32)
    if checked.heat is not None and checked.frame is not None:
        size = (view.shape[1], view.shape[0])
        lay = np.diag([factor, factor, 1.0]) @ checked.frame
        heat = np.asarray(cv2.warpPerspective(checked.heat, lay, size, flags=cv2.INTER_LINEAR))
        colour = _COLD + (_HOT - _COLD) * heat[..., None]
        alpha = (np.minimum(1.0, heat * 2) * _STRENGTH)[..., None]
        picture = picture * (1 - alpha) + colour * alpha
    drawn = np.ascontiguousarray(picture.clip(0, 255).astype(np.uint8))
    if checked.fit is not None:  # else the region lies somewhere else, or nowhere
        left, top, right, bottom = (round(side * factor) for side in checked.box)
        width = max(2, round(max(view.shape) / 400))
        for ink, thick in (((0, 0, 0), width + 2), (_BOX, width)):
            cv2.rectangle(drawn, (left, top), (right, bottom), ink, thick)
    return _jpeg(drawn)


def _view(checked: Checked) -> tuple[Picture, float]:
    """Return the after photo in the before photo's view, and that view over the decoded photo."""
    before, after = checked.before.rgb, checked.after.rgb
    factor = min(1.0, EDGE / max(before.shape))
    size = (round(before.shape[1] * factor), round(before.shape[0] * factor))
    if checked.fit is None:
        other = photos.reduced(after, min(1.0, EDGE / max(after.shape)))
        return other, other.shape[1] / after.shape[1]
    fit = checked.fit @ np.diag([1 / factor, 1 / factor, 1.0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    view = cv2.warpPerspective(after, fit, size, flags=flags, borderValue=(96, 96, 96))
    return view.astype(np.uint8, copy=False), factor


def _jpeg(picture: Picture) -> bytes:
    return images.encode(Image.fromarray(picture), QUALITY)
