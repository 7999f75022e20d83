"""Does the second shot fit what was asked? Both photos are laid on each other as a whole.

The same place must be in both, they must be two exposures (a picture shown by a program is one),
and the camera must have come closer, gone to another side, or moved.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.capture_trust import Challenge, ChallengeLimits, Kind, Why
from domain.errors import PictureError, PictureTooLargeError
from media.rectify import align, copies, photos
from media.rectify.align import Alignment

_WHOLE: Final = 0.15  # share of a photo that would be looked at closely: no more than usual
_NO_BOX: Final = (-2.0, -2.0, -1.0, -1.0)


@dataclass(frozen=True, slots=True)
class Moved:
    """How the second shot differs.

    `parallax_px`: error in pixels at 800 of the best turn, scale and shift; `shift_percent`: of the
    longer side.
    """

    scale: float
    parallax_px: float
    shift_percent: float


def settled(first: bytes, second: bytes, kind: Kind, limits: ChallengeLimits) -> Challenge:
    """Return what came of a challenge; `photo` is left to the caller. Takes about a second."""
    try:
        found = measured(first, second)
    except (PictureError, PictureTooLargeError):
        return Challenge(kind, "failed", "unreadable")
    if found is None:
        return Challenge(kind, "failed", "other_place")
    why = _why(found, kind, limits)
    return Challenge(kind, "failed" if why else "met", why)


def measured(first: bytes, second: bytes) -> Moved | None:
    """Return how the second shot differs; None where the place is another one.

    Raises PictureError, PictureTooLargeError.
    """
    small: list[NDArray[np.uint8]] = []
    for data in (first, second):
        opened = photos.opened(data, _WHOLE).rgb
        shrink = min(1.0, photos.REGISTER_EDGE / max(opened.shape))
        small.append(photos.grey(photos.reduced(opened, shrink)))
    found = align.register(small[0], small[1], _NO_BOX)
    if found is None:
        return None
    height, width = small[0].shape
    turn = align.jacobian(found.fits[0], (0.0, 0.0, float(width), float(height)))
    edge = max(small[0].shape)
    return Moved(
        scale=float(np.sqrt(abs(np.linalg.det(turn)))),
        parallax_px=copies.residual(found, edge),
        shift_percent=_shift(found) / edge * 100,
    )


def _shift(found: Alignment) -> float:
    """Return how far points moved, in the middle of all."""
    apart = found.target - found.source
    return float(np.median(np.hypot(apart[:, 0], apart[:, 1])))


def _why(found: Moved, kind: Kind, limits: ChallengeLimits) -> Why:
    """Return what is missing; "" where nothing is."""
    if found.parallax_px < limits.copy_px:
        return "same_exposure"
    enough = {
        "closer": found.scale >= limits.closer,
        "aside": found.parallax_px >= limits.aside_px,
        "shake": found.shift_percent >= limits.shake_percent,
    }
    return "" if enough[kind] else "not_moved"
