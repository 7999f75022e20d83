"""Is the after photo only the before photo again, edited or not? One exposure fits itself too well.

A hand never comes back to the very same point: between two real shots something moves against
something else. Measured at 800 pixels (error of the best turn, scale and shift, taken together with
the neighbours'): copies, also cropped, re-lit, painted over, blurred or saved badly, stay below
0.23 (44 pairs); real second shots begin at 0.74 (159), flat views made by computer at 0.28. A phone
on a tripod looks the same: so this is a reason to ask a person, never to refuse. A copy that was
also tilted escapes; a perspective would fit it perfectly, but just so it fits two honest shots of a
flat wall.
"""

from media.rectify.align import Alignment, similarity_residual

_EDGE = 800


def residual(alignment: Alignment, edge: int) -> float:
    """Return how badly the best turn, scale and shift fits, in pixels at 800.

    `edge`: the longer side that was registered.
    """
    return similarity_residual(alignment.source, alignment.target) * _EDGE / edge
