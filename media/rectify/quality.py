"""Is a photo good enough to be compared? The gate before the rectification check.

Measured on the picture at registration's size. The limits are far from what usable photos have: a
photo that fails shows nothing a person could judge either.
"""

from typing import Literal

import numpy as np

from domain.rectification import Flaw, Quality
from media.photo_quality import sharpness
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
