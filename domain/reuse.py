"""What a likeness to an earlier photo means: only proof blocks, the rest is a hint."""

from dataclasses import dataclass

from domain.rectification import Reuse

# matches that agree, their share, error in pixels, how coherent and how bent what is left of it is
Fitted = tuple[int, float, float, float, float]


@dataclass(frozen=True, slots=True)
class ReuseLimits:
    """What a copy shows; assets/models/limits.yaml says what each number is."""

    waves: int
    slopes: int
    candidates: int
    agree: int
    share: float
    error: float
    certain: float
    coherent: float
    bent: float
    hint_agree: int
    hint_share: float
    hint_error: float
    near: int


def action(
    *,
    exact: bool,
    apart: int,
    fit: Fitted | None,
    limits: ReuseLimits,
) -> Reuse:
    """Return what to do; `fit` is None where the two could not be compared."""
    if exact:
        return "block"
    if fit is None:
        return "hint" if apart <= limits.near else "none"
    agree, share, error, coherent, bent = fit
    moved = coherent >= limits.coherent or bent >= limits.bent
    if error >= limits.certain and moved:
        return "none"  # what deviates, deviates together: another exposure, from a step aside
    if agree >= limits.agree and share >= limits.share and error < limits.error:
        return "block"
    near = agree >= limits.hint_agree and share >= limits.hint_share
    return "hint" if near and error < limits.hint_error else "none"
