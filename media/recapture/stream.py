"""Does a camera's stream come from a sensor? Looked at where an adapter can give frames in a row.

A sensor never gives the same frame twice: its noise is another one each time, and the time between
frames wavers. A still picture, or one read from a file, shows itself by that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.capture_trust import SIGN_EVEN, SIGN_FROZEN, SIGN_REPEAT, StreamLimits

Gray = NDArray[np.uint8]
EDGE: Final = 256  # of the middle of a frame, at full size: smaller ones lose their noise
_BLACK, _WHITE = 4, 251  # a lens that is covered or blinded shows no noise


@dataclass(frozen=True, slots=True)
class Frame:
    """The middle of one frame, and when it came (monotonic microseconds)."""

    gray: Gray
    at_us: int


@dataclass(frozen=True, slots=True)
class About:
    """What an adapter knows of its camera: "" and None where it does not.

    `name`: as the platform calls the device; `stamps`: its pictures carry EXIF.
    """

    name: str = ""
    stamps: bool | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the camera of the app said of itself when it gave a picture."""

    about: About = field(default_factory=About)
    frames: Sequence[Frame] = ()


def middle(frame: NDArray[np.uint8]) -> Gray:
    """Return the middle of a grey frame, a copy that outlives it."""
    height, width = frame.shape[:2]
    top, left = max(0, height - EDGE) // 2, max(0, width - EDGE) // 2
    return frame[top : top + EDGE, left : left + EDGE].copy()


def signs(frames: Sequence[Frame], limits: StreamLimits) -> tuple[str, ...]:
    """Return the signs of frames in a row; none where there are fewer than `limits.frames`."""
    if len(frames) < limits.frames:
        return ()
    found: list[str] = []
    changes = [_change(one.gray, two.gray) for one, two in pairwise(frames)]
    seen = [change for change in changes if change is not None]
    if seen and sum(change == 0 for change in seen) >= limits.same * len(changes):
        found.append(SIGN_REPEAT)
    elif seen and float(np.median(seen)) < limits.frozen:
        found.append(SIGN_FROZEN)
    gaps = np.diff([frame.at_us for frame in frames]).astype(np.float64)
    if gaps.mean() > 0 and gaps.std() < limits.even * gaps.mean():
        found.append(SIGN_EVEN)
    return tuple(found)


def _change(one: Gray, two: Gray) -> float | None:
    """Return by how many grey levels two frames differ; None where neither shows anything."""
    if one.shape != two.shape or not one.size:
        return None
    shown = (one > _BLACK) & (one < _WHITE)
    if shown.mean() < 0.1:
        return None
    apart = one[shown].astype(np.int16) - two[shown]
    return float(np.abs(apart).mean())
