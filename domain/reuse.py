"""What a likeness to an earlier photo means: only proof blocks, the rest is a hint."""

from dataclasses import dataclass

from domain.rectification import Reuse


@dataclass(frozen=True, slots=True)
class ReuseLimits:
    """What a copy shows; assets/models/limits.yaml says what each number is."""

    waves: int
    slopes: int
    candidates: int
    agree: int
    share: float
    error: float
    hint_agree: int
    hint_share: float
    hint_error: float
    near: int


def action(
    *,
    exact: bool,
    apart: int,
    fit: tuple[int, float, float] | None,
    limits: ReuseLimits,
) -> Reuse:
    """Return what to do; `fit` is (agree, share, error), None where it could not be compared."""
    if exact:
        return "block"
    if fit is None:
        return "hint" if apart <= limits.near else "none"
    agree, share, error = fit
    if agree >= limits.agree and share >= limits.share and error < limits.error:
        return "block"
    near = agree >= limits.hint_agree and share >= limits.hint_share
    return "hint" if near and error < limits.hint_error else "none"
